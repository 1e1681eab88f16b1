/* SPDX-License-Identifier: Apache-2.0
 * Key-switch product and digits: every instruction set gives the bits of plain arithmetic, writes
 * nothing else, changes no input; odd sizes, every base, extreme digits. */
#include "kernels/keyswitch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t rng_state = 7;
static uint64_t rnd(void) /* splitmix64: seeded, so a failure repeats */
{
    uint64_t z = (rng_state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

enum { MAX_ROWS = 2100, MAX_COLUMNS = 70, MAX_COUNT = 17, STRIDE = 96 };

static uint32_t words[MAX_ROWS][MAX_COLUMNS];
static _Alignas(64) int8_t digits[MAX_COUNT][MAX_ROWS];
static _Alignas(64) uint32_t out[MAX_COUNT][STRIDE];

static void fill(const nescio_keyswitch_shape *s, int extreme)
{
    const int half = 1 << (s->base_log - 1);

    for (size_t r = 0; r < s->n_rows; r++)
        for (size_t c = 0; c < s->n_columns; c++)
            words[r][c] = extreme ? UINT32_MAX : (uint32_t)rnd();
    for (size_t t = 0; t < MAX_COUNT; t++)
        for (size_t r = 0; r < s->n_rows; r++)
            digits[t][r] = (int8_t)(extreme ? -half : (int)(rnd() % (unsigned)(2 * half)) - half);
}

static int check_product(const nescio_keyswitch_kernels *k, const nescio_keyswitch_shape *s,
                         size_t count)
{
    const uint32_t mask = s->modulus_log == 32 ? UINT32_MAX : (1u << 24) - 1;
    const size_t bytes = k->key_bytes(s);
    void *key = aligned_alloc(64, bytes);
    int same = key != NULL && bytes % 64 == 0;

    if (!same)
        return 0;
    memset(key, 0, bytes);
    for (size_t g = 0; g < s->n_rows / 4; g++) {
        const uint32_t *rows[4] = {words[4 * g], words[4 * g + 1], words[4 * g + 2],
                                   words[4 * g + 3]};

        k->set_rows(key, s, g, rows);
    }
    memset(out, 0xaa, sizeof out);
    k->product(out[0], STRIDE, key, s, digits[0], MAX_ROWS, count);
    for (size_t t = 0; t < MAX_COUNT; t++)
        for (size_t c = 0; c < STRIDE; c++) {
            uint32_t want = 0;

            if (t < count && c < s->n_columns) {
                for (size_t r = 0; r < s->n_rows; r++)
                    want += (uint32_t)digits[t][r] * words[r][c];
                same &= out[t][c] == (want & mask);
            } else if (t >= count || c >= (s->n_columns + 15) / 16 * 16)
                same &= out[t][c] == 0xaaaaaaaa;
        }
    free(key);
    return same;
}

/* Digits recompose to the word rounded to its top bits, and lie in range. */
static int check_digits(const nescio_keyswitch_kernels *k, unsigned levels, unsigned base_log)
{
    enum { N = 64 };
    static _Alignas(64) uint32_t a[N];
    static int8_t d[31 * N];
    const unsigned shift = 32 - levels * base_log;
    int64_t rest = 0;
    int same = 1;

    for (int i = 0; i < N; i++)
        a[i] = (uint32_t)rnd();
    a[0] = 0;
    a[1] = UINT32_MAX;
    a[2] = 0x80000000u;
    a[3] = 0x7fffffffu;
    a[4] = 1u << (shift - 1);
    const int64_t got = k->digits(d, a, N, levels, base_log);
    for (int i = 0; i < N; i++) {
        const uint32_t rounded =
            (uint32_t)(((uint64_t)a[i] + (1u << (shift - 1))) >> shift << shift);
        uint32_t sum = 0;

        for (unsigned j = 0; j < levels; j++) {
            const int v = d[j * N + (unsigned)i];

            same &= v >= -(1 << (base_log - 1)) && v < 1 << (base_log - 1);
            sum += (uint32_t)v << (32 - (j + 1) * base_log);
        }
        same &= sum == rounded;
        rest += (int32_t)(a[i] - rounded);
    }
    return same && rest == got;
}

int main(void)
{
    static const size_t shapes[][2] = {{4, 1}, {8, 16}, {60, 17}, {2100, 70}, {2052, 33}};
    int failed = 0, ran = 0;

    for (int isa = NESCIO_ISA_SCALAR; isa < NESCIO_ISA_COUNT; isa++) {
        nescio_keyswitch_kernels k;

        if (isa > (int)nescio_isa_detect()) {
            printf("skip %s\n", nescio_isa_name((nescio_isa)isa));
            continue;
        }
        nescio_keyswitch_kernels_for((nescio_isa)isa, &k);
        for (unsigned base_log = 1; base_log <= 7; base_log++)
            for (unsigned levels = 1; levels * base_log <= 31; levels++, ran++)
                if (!check_digits(&k, levels, base_log)) {
                    printf("FAIL digits %s %u x 2^%u\n", nescio_isa_name((nescio_isa)isa), levels,
                           base_log);
                    failed++;
                }
        for (unsigned base_log = 1; base_log <= 7; base_log++)
            for (size_t i = 0; i < 2 * sizeof shapes / sizeof *shapes; i++)
                for (size_t count = 1; count <= MAX_COUNT; count += 1 + count / 4, ran++) {
                    const nescio_keyswitch_shape s = {shapes[i / 2][0], shapes[i / 2][1],
                                                      i % 2 ? 32 : 24, base_log};

                    fill(&s, base_log % 2 == 1 && count == 1);
                    if (!check_product(&k, &s, count)) {
                        printf("FAIL product %s %zu x %zu mod 2^%u base 2^%u count %zu\n",
                               nescio_isa_name((nescio_isa)isa), s.n_rows, s.n_columns,
                               s.modulus_log, base_log, count);
                        failed++;
                    }
                }
    }
    printf("%d passed, %d failed\n", ran - failed, failed);
    return failed != 0;
}
