/* SPDX-License-Identifier: Apache-2.0
 * The key-switch product, scalar: the definition. Its key is plain words, [row][column], columns
 * padded to 16: one multiplication does what the byte planes need three or four for. */
#include "kernels/keyswitch_internal.h"

#include <string.h>

enum { COLUMNS = NESCIO_KEYSWITCH_COLUMNS, ROWS = NESCIO_KEYSWITCH_ROWS };

static size_t padded_columns(const nescio_keyswitch_shape *shape)
{
    return (shape->n_columns + COLUMNS - 1) / COLUMNS * COLUMNS;
}

static size_t key_bytes_scalar(const nescio_keyswitch_shape *shape)
{
    return shape->n_rows * padded_columns(shape) * sizeof(uint32_t);
}

static void set_rows_scalar(void *key, const nescio_keyswitch_shape *shape, size_t i_group,
                            const uint32_t *const rows[4])
{
    uint32_t *at = (uint32_t *)key + i_group * ROWS * padded_columns(shape);

    for (size_t r = 0; r < ROWS; r++)
        memcpy(at + r * padded_columns(shape), rows[r], shape->n_columns * sizeof *at);
}

/* out += four rows times four digits. The inner loop has a fixed length, so that compilers
 * vectorize it. */
static void add_group(uint32_t *out, const uint32_t *rows, size_t width, const int8_t *digits)
{
    const uint32_t d0 = (uint32_t)digits[0], d1 = (uint32_t)digits[1];
    const uint32_t d2 = (uint32_t)digits[2], d3 = (uint32_t)digits[3];

    for (size_t c = 0; c < width; c += COLUMNS) {
        const uint32_t *k = rows + c;
        uint32_t *o = out + c;

        for (size_t i = 0; i < COLUMNS; i++)
            o[i] += d0 * k[i] + d1 * k[width + i] + d2 * k[2 * width + i] + d3 * k[3 * width + i];
    }
}

static void product_scalar(uint32_t *out, size_t out_stride, const void *key,
                           const nescio_keyswitch_shape *shape, const int8_t *digits,
                           size_t digit_stride, size_t count)
{
    const size_t width = padded_columns(shape);
    const uint32_t mask = shape->modulus_log == 32 ? UINT32_MAX : (1u << shape->modulus_log) - 1;
    const uint32_t *rows = key;

    for (size_t t = 0; t < count; t++)
        memset(out + t * out_stride, 0, width * sizeof *out);
    for (size_t r = 0; r < shape->n_rows; r += ROWS, rows += ROWS * width)
        for (size_t t = 0; t < count; t++)
            add_group(out + t * out_stride, rows, width, digits + t * digit_stride + r);
    for (size_t t = 0; t < count; t++)
        for (size_t c = 0; c < width; c++)
            out[t * out_stride + c] &= mask;
}

/* Adding B/2 at every level before cutting makes all digits non-negative without carries; B/2 comes
 * off each digit after. */
static int64_t digits_scalar(int8_t *digits, const uint32_t *a, size_t n, unsigned levels,
                             unsigned base_log)
{
    const unsigned shift = 32 - levels * base_log; /* >= 1 */
    const uint32_t half_step = 1u << (shift - 1);
    const uint32_t half_base = 1u << (base_log - 1);
    uint32_t offset = half_step;
    int64_t rest = 0;

    for (unsigned j = 0; j < levels; j++)
        offset += half_base << (32 - (j + 1) * base_log);
    for (size_t i = 0; i < n; i++)
        rest += (int64_t)((a[i] + half_step) & ((1u << shift) - 1)) - half_step;
    for (unsigned j = 0; j < levels; j++) {
        const unsigned at = 32 - (j + 1) * base_log;

        for (size_t i = 0; i < n; i++) {
            const uint32_t u = (a[i] + offset) >> at & ((1u << base_log) - 1);

            digits[j * n + i] = (int8_t)((int32_t)u - (int32_t)half_base);
        }
    }
    return rest;
}

void nescio_keyswitch_use_scalar(nescio_keyswitch_kernels *k)
{
    k->key_bytes = key_bytes_scalar;
    k->set_rows = set_rows_scalar;
    k->product = product_scalar;
    k->digits = digits_scalar;
}
