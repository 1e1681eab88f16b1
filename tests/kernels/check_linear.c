/* SPDX-License-Identifier: Apache-2.0
 * Linear combinations of torus words: every instruction set gives the bits of plain arithmetic,
 * writes only rows and their padding, changes no input; odd sizes, extreme weights, dense and by
 * columns, written and accumulated. */
#include "kernels/linear.h"

#include <stdio.h>
#include <string.h>

static uint64_t rng_state = 11;
static uint64_t rnd(void) /* splitmix64: seeded, so a failure repeats */
{
    uint64_t z = (rng_state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

enum { MAX_ROWS = 11, MAX_TERMS = 23, MAX_WIDTH = 200, STRIDE = 208, LD = 29 };

static _Alignas(64) uint64_t in[MAX_TERMS * STRIDE], in0[MAX_TERMS * STRIDE];
static _Alignas(64) uint64_t out[MAX_ROWS * STRIDE], before[MAX_ROWS * STRIDE];
static int32_t weights[MAX_ROWS * LD];
static uint32_t columns[MAX_TERMS];

static uint64_t word(const uint64_t *from, size_t at, unsigned bits)
{
    uint32_t narrow;

    if (bits == 64)
        return from[at];
    memcpy(&narrow, (const char *)from + 4 * at, sizeof narrow);
    return narrow;
}

static void fill(void)
{
    static const int32_t extremes[] = {INT32_MIN, INT32_MAX, -1, 0, 1};

    for (size_t i = 0; i < MAX_TERMS * STRIDE; i++)
        in[i] = in0[i] = rnd();
    for (size_t i = 0; i < MAX_ROWS * STRIDE; i++)
        out[i] = before[i] = rnd();
    for (size_t i = 0; i < MAX_ROWS * LD; i++)
        weights[i] = rnd() % 4 ? (int32_t)(rnd() % 63) - 31 : extremes[rnd() % 5];
    for (size_t i = 0; i < MAX_TERMS; i++)
        columns[i] = (uint32_t)(rnd() % MAX_TERMS);
}

static int check(const nescio_linear_kernels *k, nescio_linear_block b, unsigned bits)
{
    const size_t lanes = 512 / bits, padded = (b.width + lanes - 1) / lanes * lanes;
    int same = 1;

    fill();
    (bits == 32 ? k->rows32 : k->rows64)(&b);
    for (size_t r = 0; r < MAX_ROWS; r++)
        for (size_t w = 0; w < STRIDE; w++) {
            uint64_t want = r < b.n_rows && !b.accumulate ? 0 : word(before, r * STRIDE + w, bits);

            if (r < b.n_rows && w >= b.width && w < padded)
                continue;
            for (size_t i = 0; r < b.n_rows && w < b.width && i < b.n_terms; i++)
                want += (uint64_t)(int64_t)weights[r * LD + i] *
                        word(in, (b.columns ? columns[i] : i) * STRIDE + w, bits);
            if (r < b.n_rows && w >= padded)
                want = word(before, r * STRIDE + w, bits);
            same &= word(out, r * STRIDE + w, bits) == (bits == 32 ? (uint32_t)want : want);
        }
    return same && memcmp(in, in0, sizeof in) == 0;
}

int main(void)
{
    static const size_t widths[] = {1, 8, 16, 65, 200};
    int failed = 0, ran = 0;

    for (int isa = NESCIO_ISA_SCALAR; isa < NESCIO_ISA_COUNT; isa++) {
        nescio_linear_kernels k;

        if (isa > (int)nescio_isa_detect()) {
            printf("skip %s\n", nescio_isa_name((nescio_isa)isa));
            continue;
        }
        nescio_linear_kernels_for((nescio_isa)isa, &k);
        for (unsigned i = 0; i < 5 * 8 * MAX_ROWS; i++, ran++) {
            const size_t n_rows = 1 + i / 40;
            const unsigned bits = i % 2 ? 32 : 64;
            const nescio_linear_block b = {.out = out,
                                           .in = in,
                                           .out_stride = STRIDE,
                                           .in_stride = STRIDE,
                                           .width = widths[i / 8 % 5],
                                           .n_rows = i % 8 >= 4 ? 1 : n_rows,
                                           .weights = weights,
                                           .ld = LD,
                                           .columns = i % 8 >= 4 ? columns : NULL,
                                           .n_terms = rnd() % (MAX_TERMS + 1),
                                           .accumulate = i / 2 % 2};

            if (!check(&k, b, bits)) {
                printf("FAIL linear %s %u bits, %zu rows, width %zu, %zu terms\n",
                       nescio_isa_name((nescio_isa)isa), bits, b.n_rows, b.width, b.n_terms);
                failed++;
            }
        }
    }
    printf("%d passed, %d failed\n", ran - failed, failed);
    return failed != 0;
}
