/* SPDX-License-Identifier: Apache-2.0
 * Steps of blind rotation against arithmetic in the clear, on every instruction set.
 *
 * The key is made here without noise: GGSW rows with random masks under a sparse secret, so that
 * products by the secret are a few rotations. Then a step must multiply the accumulator's phase by
 * X^e (or 1), but for the rounding of its digits and the error of the f64 FFT, which
 * NESCIO_FFT_ERROR_C states. */
#include "check.h"
#include "kernels/rotate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SECRET_WEIGHT = 6, STEPS = 3 };

typedef struct toy {
    nescio_rotation_shape shape;
    uint32_t n;
    uint32_t secret[NESCIO_ROTATE_MAX_COLUMNS - 1][SECRET_WEIGHT]; /* positions of its ones */
    uint64_t *acc, *message, *rows; /* words of torus_log bits in 64 */
} toy;

static void *alloc(size_t bytes)
{
    void *p = aligned_alloc(64, (bytes + 63) / 64 * 64);
    if (!p)
        exit(2);
    return p;
}

/* to += sign X^e from */
static void add_rotated(uint64_t *to, const uint64_t *from, uint32_t n, uint32_t e, bool negative)
{
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t at = (i + e) & (2 * n - 1);
        to[at & (n - 1)] += ((at & n) != 0) == negative ? from[i] : 0 - from[i];
    }
}

/* body += sum_p mask_p S_p, or -= */
static void add_secret_product(const toy *t, uint64_t *body, const uint64_t *masks, bool negative)
{
    for (uint32_t p = 0; p + 1 < t->shape.n_columns; p++)
        for (int i = 0; i < SECRET_WEIGHT; i++)
            add_rotated(body, masks + (size_t)p * t->n, t->n, t->secret[p][i], negative);
}

/* One row: a fresh encryption of zero without noise, plus bit * 2^(64 - (level+1) b) in polynomial
 * `poly`. */
static void make_row(const toy *t, uint32_t poly, uint32_t level, uint32_t bit)
{
    uint64_t *body = t->rows + (size_t)(t->shape.n_columns - 1) * t->n;

    memset(body, 0, t->n * sizeof *body);
    for (uint64_t *w = t->rows; w < body; w++)
        *w = rnd();
    add_secret_product(t, body, t->rows, false);
    t->rows[(size_t)poly * t->n] += (uint64_t)bit << (64 - (level + 1) * t->shape.base_log);
}

static void make_block(const toy *t, const nescio_rotation *r, double *block, uint32_t hot)
{
    double *scratch = alloc(t->n * sizeof(double));

    for (uint32_t key = 0; key < t->shape.keys; key++)
        for (uint32_t poly = 0; poly < t->shape.n_columns; poly++)
            for (uint32_t level = 0; level < t->shape.levels; level++) {
                make_row(t, poly, level, key == hot);
                nescio_rotation_pack_row(r, block, key, poly * t->shape.levels + level, t->rows,
                                         scratch);
            }
    free(scratch);
}

/* Largest difference that rounding and FFT may leave in the phase after `steps` steps, in words of
 * W bits. */
static double tolerance(const toy *t, int steps)
{
    const double w = t->shape.torus_log, lb = t->shape.levels * t->shape.base_log;
    const double weight = 1 + SECRET_WEIGHT * (t->shape.n_columns - 1.0);
    const double growth =
        t->shape.classical ? 1 : 2; /* X^e - 1 multiplies the error of the digits */
    const double rounding = growth * weight * ldexp(1, (int)(w - lb) - 1) + weight;
    const double products =
        t->shape.n_columns * t->shape.levels * (t->shape.classical ? 1 : 2.0 * t->shape.keys);
    const double fft = NESCIO_FFT_ERROR_C * (log2(t->n) - 3) * ldexp(1, -106) * products * t->n *
                       ldexp(1, 2 * (int)t->shape.base_log) / 12 * ldexp(1, 2 * (int)w) / 12 *
                       weight;
    return steps * (rounding + 7 * sqrt(fft));
}

/* The accumulator's words from 64-bit staging to the step's width, and back. */
static void narrow(const toy *t, void *words, const uint64_t *from)
{
    const size_t n = (size_t)t->n * t->shape.n_columns;
    for (size_t i = 0; i < n; i++)
        if (t->shape.torus_log == 32)
            ((uint32_t *)words)[i] = (uint32_t)from[i];
        else
            ((uint64_t *)words)[i] = from[i];
}

static void widen(const toy *t, uint64_t *to, const void *words)
{
    const size_t n = (size_t)t->n * t->shape.n_columns;
    for (size_t i = 0; i < n; i++)
        to[i] =
            t->shape.torus_log == 32 ? ((const uint32_t *)words)[i] : ((const uint64_t *)words)[i];
}

/* Distance of two words of W bits on the circle. */
static double distance(const toy *t, uint64_t a, uint64_t b)
{
    const uint64_t d = a - b;
    return fabs(t->shape.torus_log == 32 ? (double)(int32_t)(uint32_t)d : (double)(int64_t)d);
}

static double worst_phase_error(const toy *t, const uint64_t *acc, const uint64_t *want)
{
    uint64_t *body = alloc(t->n * sizeof *body);
    double worst = 0;

    memcpy(body, acc + (size_t)(t->shape.n_columns - 1) * t->n, t->n * sizeof *body);
    add_secret_product(t, body, acc, true);
    for (uint32_t i = 0; i < t->n; i++)
        worst = fmax(worst, distance(t, body[i], want[i]));
    free(body);
    return worst;
}

static void start(toy *t)
{
    uint64_t *body = t->acc + (size_t)(t->shape.n_columns - 1) * t->n;

    for (uint32_t p = 0; p + 1 < t->shape.n_columns; p++)
        for (int i = 0; i < SECRET_WEIGHT; i++)
            t->secret[p][i] = (uint32_t)rnd() & (t->n - 1);
    for (uint64_t *w = t->acc; w < body; w++)
        *w = rnd();
    for (uint32_t i = 0; i < t->n; i++)
        body[i] = t->message[i] = i & 1 ? rnd() : 0 - (uint64_t)(i == 0); /* extremes: 0 and -1 */
    add_secret_product(t, body, t->acc, false);
}

static void check_steps(toy *t, nescio_isa isa)
{
    nescio_fft *fft;
    nescio_rotation *r;
    nescio_rotation_part part;
    const size_t words = (size_t)t->n * t->shape.n_columns;
    uint64_t *moved = alloc(t->n * sizeof *moved);
    void *flat = alloc(words * 8);
    double worst;

    if (nescio_fft_new_for(NULL, isa, t->n, &fft) != NESCIO_OK ||
        nescio_rotation_new(NULL, fft, t->shape, &r) != NESCIO_OK)
        exit(2);
    double *block = alloc(nescio_rotation_block_doubles(r) * sizeof *block);
    void *padded = alloc(nescio_rotation_acc_bytes(r)),
         *scratch = alloc(nescio_rotation_scratch_bytes(r));

    start(t);
    narrow(t, flat, t->acc);
    nescio_rotation_acc_load(r, padded, flat);
    part.padded = padded;
    for (int step = 0; step < STEPS; step++) {
        const uint32_t hot = (uint32_t)rnd() % (t->shape.keys + 1); /* == keys: no bit is set */

        make_block(t, r, block, hot);
        for (uint32_t j = 0; j < t->shape.keys; j++)
            part.exponents[j] = step == 0 ? (2 * t->n - 1 - j) : (uint32_t)rnd() & (2 * t->n - 1);
        nescio_rotation_step(r, &part, 1, block,
                             (nescio_prefetch){step > 0 ? block : NULL, 4096, step == 1}, scratch);
        if (hot < t->shape.keys) {
            memset(moved, 0, t->n * sizeof *moved);
            add_rotated(moved, t->message, t->n, part.exponents[hot], false);
            memcpy(t->message, moved, t->n * sizeof *moved);
        }
    }
    nescio_rotation_acc_store(r, flat, padded);
    widen(t, t->acc, flat);
    worst = worst_phase_error(t, t->acc, t->message);
    CHECK(worst <= tolerance(t, STEPS),
          "%s N=%u k=%u l=%u b=%u torus=%u keys=%u%s: phase off by 2^%.1f, allowed 2^%.1f",
          nescio_isa_name(isa), t->n, t->shape.n_columns - 1, t->shape.levels, t->shape.base_log,
          t->shape.torus_log, t->shape.keys, t->shape.classical ? " classical" : "", log2(worst),
          log2(tolerance(t, STEPS)));
    nescio_rotation_free(r);
    nescio_fft_free(fft);
    free(block);
    free(padded);
    free(scratch);
    free(flat);
    free(moved);
}

/* Accumulators that share a step come out as they do alone, to the bit. */
static void check_company(nescio_isa isa, uint32_t n, nescio_rotation_shape shape)
{
    nescio_fft *fft;
    nescio_rotation *r;
    nescio_rotation_part parts[NESCIO_ROTATE_TOGETHER], alone;
    const nescio_prefetch none = {.next = NULL};

    if (nescio_fft_new_for(NULL, isa, n, &fft) != NESCIO_OK ||
        nescio_rotation_new(NULL, fft, shape, &r) != NESCIO_OK)
        exit(2);
    const unsigned n_parts = nescio_rotation_together(r);
    const size_t bytes = nescio_rotation_acc_bytes(r),
                 block_doubles = nescio_rotation_block_doubles(r);
    uint8_t *acc = alloc(NESCIO_ROTATE_TOGETHER * bytes), *kept = alloc(bytes * n_parts);
    double *block = alloc(block_doubles * sizeof *block);
    void *scratch = alloc(nescio_rotation_scratch_bytes(r));

    for (size_t i = 0; i < block_doubles; i++)
        block[i] = ldexp((double)(int64_t)rnd(), -32) / n;
    for (size_t i = 0; i < n_parts * bytes; i++)
        acc[i] = kept[i] = (uint8_t)rnd();
    for (unsigned t = 0; t < n_parts; t++) {
        parts[t].padded = acc + t * bytes;
        for (uint32_t j = 0; j < shape.keys; j++)
            parts[t].exponents[j] = (uint32_t)rnd() & (2 * n - 1);
    }
    nescio_rotation_step(r, parts, n_parts, block, none, scratch);
    for (unsigned t = 0; t < n_parts; t++) {
        alone = parts[t];
        alone.padded = kept + t * bytes;
        nescio_rotation_step(r, &alone, 1, block, none, scratch);
    }
    CHECK(memcmp(acc, kept, n_parts * bytes) == 0,
          "%s N=%u k=%u l=%u keys=%u%s: other words in company", nescio_isa_name(isa), n,
          shape.n_columns - 1, shape.levels, shape.keys, shape.classical ? " classical" : "");
    nescio_rotation_free(r);
    nescio_fft_free(fft);
    free(acc);
    free(kept);
    free(block);
    free(scratch);
}

static void check_shape(nescio_isa isa, uint32_t n, nescio_rotation_shape shape)
{
    toy t = {.n = n, .shape = shape};
    const size_t bytes = (size_t)n * shape.n_columns * sizeof(uint64_t);

    rng_state = n * 1000003u + shape.n_columns * 1009 + shape.levels * 101 + shape.keys;
    t.acc = alloc(bytes);
    t.rows = alloc(bytes);
    t.message = alloc(n * sizeof *t.message);
    check_steps(&t, isa);
    if (n <= 1024)
        check_company(isa, n, shape);
    free(t.acc);
    free(t.rows);
    free(t.message);
}

/* k = 1 ... 6, l = 1 ... 4, both words, for one N. */
static void check_all_shapes(nescio_isa isa, uint32_t n)
{
    static const uint32_t base32[] = {23, 11, 7, 5}, base64[] = {24, 15, 12, 9};

    for (uint32_t columns = 2; columns <= NESCIO_ROTATE_MAX_COLUMNS; columns++)
        for (uint32_t levels = 1; levels <= NESCIO_ROTATE_MAX_LEVELS; levels++) {
            check_shape(isa, n,
                        (nescio_rotation_shape){columns, levels, base32[levels - 1], 32, 1, true});
            check_shape(isa, n,
                        (nescio_rotation_shape){columns, levels, base64[levels - 1], 64, 1, true});
            check_shape(isa, n,
                        (nescio_rotation_shape){columns, levels, base32[levels - 1], 32, 3, false});
            check_shape(isa, n,
                        (nescio_rotation_shape){columns, levels, base64[levels - 1], 64, 2, false});
        }
}

static void check_sizes(nescio_isa isa)
{
    for (uint32_t n = NESCIO_FFT_MIN_POLY; n <= NESCIO_FFT_MAX_POLY; n *= 2) {
        check_shape(isa, n, (nescio_rotation_shape){2, 1, 22, 32, 1, true});
        check_shape(isa, n, (nescio_rotation_shape){2, 2, 15, 64, 1, true});
        check_shape(isa, n, (nescio_rotation_shape){2, 1, 22, 32, 3, false});
        check_shape(isa, n, (nescio_rotation_shape){2, 2, 15, 64, 4, false});
    }
    for (uint32_t keys = 1; keys <= NESCIO_ROTATE_MAX_KEYS; keys++)
        check_shape(isa, 1024, (nescio_rotation_shape){3, 1, 20, 32, keys, false});
}

static void check_refusals(void)
{
    static const nescio_rotation_shape bad[] = {
        {1, 1, 8, 32, 1, true}, {8, 1, 8, 32, 1, true},  {2, 0, 8, 32, 1, true},
        {2, 5, 4, 32, 1, true}, {2, 2, 16, 32, 1, true}, {2, 1, 32, 64, 1, true},
        {2, 1, 8, 48, 1, true}, {2, 1, 8, 32, 0, false}, {2, 1, 8, 32, 9, false},
        {2, 1, 8, 32, 2, true},
    };
    nescio_fft *fft;
    nescio_rotation *r;

    if (nescio_fft_new_for(NULL, NESCIO_ISA_SCALAR, 256, &fft) != NESCIO_OK)
        exit(2);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(nescio_rotation_new(NULL, fft, bad[i], &r) == NESCIO_E_ARG && !r,
              "bad shape %zu accepted", i);
    nescio_fft_free(fft);
}

int main(void)
{
    check_refusals();
    for (int isa = NESCIO_ISA_SCALAR; isa <= NESCIO_ISA_AVX512; isa++) {
        if (!can_run((nescio_isa)isa))
            continue;
        check_all_shapes((nescio_isa)isa, 256);
        check_all_shapes((nescio_isa)isa, 1024);
        check_sizes((nescio_isa)isa);
    }
    return check_result();
}
