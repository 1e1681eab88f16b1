/* SPDX-License-Identifier: Apache-2.0
 * Lanes of two doubles in portable C: the vector extension of gcc and clang, which every target
 * lowers to what it has (SSE2, NEON, plain registers). Multiply-add rounds twice. See
 * lanes_internal.h for what each function means. */
#ifndef NESCIO_KERNELS_LANES_SCALAR_INTERNAL_H
#define NESCIO_KERNELS_LANES_SCALAR_INTERNAL_H
#include <stdint.h>
#include <string.h>

#define LANES 2

typedef double lanes __attribute__((vector_size(16)));
typedef int64_t lanes_bits __attribute__((vector_size(16)));

static inline lanes lanes_set1(double x)
{
    return (lanes){x, x};
}

static inline lanes lanes_load(const double *p)
{
    lanes x;
    memcpy(&x, p, sizeof x);
    return x;
}

static inline void lanes_store(double *p, lanes x)
{
    memcpy(p, &x, sizeof x);
}

static inline lanes lanes_keep(lanes x)
{
    return x;
}

static inline lanes lanes_minus(lanes a, lanes b)
{
    return a - b;
}

static inline lanes lanes_fma(lanes a, lanes b, lanes c)
{
    return a * b + c;
}

static inline lanes lanes_fms(lanes a, lanes b, lanes c)
{
    return a * b - c;
}

static inline lanes lanes_fnma(lanes a, lanes b, lanes c)
{
    return c - a * b;
}

static inline void lanes_load_rows(lanes x[8], const double *p)
{
    for (int column = 0; column < 8; column += 2) {
        const lanes a = lanes_load(p + column), b = lanes_load(p + 16 + column);
        x[column] = (lanes){a[0], b[0]};
        x[column + 1] = (lanes){a[1], b[1]};
    }
}

static inline void lanes_store_rows(double *p, const lanes x[8])
{
    for (int column = 0; column < 8; column += 2) {
        const lanes a = x[column], b = x[column + 1];
        lanes_store(p + column, (lanes){a[0], b[0]});
        lanes_store(p + 16 + column, (lanes){a[1], b[1]});
    }
}

static inline lanes lanes_from_i32(const int32_t *p)
{
    return (lanes){(double)p[0], (double)p[1]};
}

static inline lanes lanes_from_i64(const int64_t *p)
{
    return (lanes){(double)p[0], (double)p[1]};
}

/* Adding 1.5 * 2^52 to |x| < 2^51 leaves round(x) in the low bits of the mantissa: rounding without
 * a branch and without a library call. */
#define LANES_MAGIC 0x1.8p52

static inline lanes lanes_round(lanes x)
{
    return (x + lanes_set1(LANES_MAGIC)) - lanes_set1(LANES_MAGIC);
}

static inline lanes_bits lanes_low_bits(lanes x)
{
    const lanes magic = x + lanes_set1(LANES_MAGIC);
    lanes_bits bits;
    memcpy(&bits, &magic, sizeof bits);
    return bits;
}

/* x reduced into [-2^(log-1), 2^(log-1)]: exact, because the result is a multiple of x's last
 * place. */
static inline lanes lanes_wrap(lanes x, double modulus, double inverse)
{
    return x - lanes_round(x * lanes_set1(inverse)) * lanes_set1(modulus);
}

static inline void lanes_add_to_u32(uint32_t *p, lanes x)
{
    const lanes_bits word = lanes_low_bits(lanes_wrap(x, 0x1p32, 0x1p-32));
    p[0] += (uint32_t)(uint64_t)word[0];
    p[1] += (uint32_t)(uint64_t)word[1];
}

static inline void lanes_add_pair_to_u32(uint32_t *p, uint32_t *q, lanes x, lanes y)
{
    lanes_add_to_u32(p, x);
    lanes_add_to_u32(q, y);
}

static inline void lanes_add_to_u64(uint64_t *p, lanes x)
{
    const lanes y = lanes_wrap(x, 0x1p64, 0x1p-64);
    const lanes high = lanes_round(y * lanes_set1(0x1p-32));
    const lanes_bits h = lanes_low_bits(high), l = lanes_low_bits(y - high * lanes_set1(0x1p32));
    uint64_t zero_point;
    const double magic = LANES_MAGIC;

    memcpy(&zero_point, &magic, sizeof zero_point);
    for (int i = 0; i < 2; i++)
        p[i] += ((uint64_t)h[i] << 32) + ((uint64_t)l[i] - zero_point);
}
#endif /* NESCIO_KERNELS_LANES_SCALAR_INTERNAL_H */
