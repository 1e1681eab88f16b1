/* SPDX-License-Identifier: Apache-2.0
 * Streams against a second ChaCha20 written from RFC 8439; samplers against their definitions and
 * moments. Seeds are fixed, so a test of moments either always passes or never. */
#include "random/random.h"
#include "support.h"

#include <math.h>

#define N_SAMPLES 200000

static const uint8_t seed[NESCIO_SEED_BYTES] = {1, 2, 3, 4, 250, 251, 252, 253};

static uint32_t rotate(uint32_t x, unsigned n)
{
    return x << n | x >> (32 - n);
}

static void quarter_round(uint32_t *s, int a, int b, int c, int d)
{
    s[a] += s[b], s[d] = rotate(s[d] ^ s[a], 16);
    s[c] += s[d], s[b] = rotate(s[b] ^ s[c], 12);
    s[a] += s[b], s[d] = rotate(s[d] ^ s[a], 8);
    s[c] += s[d], s[b] = rotate(s[b] ^ s[c], 7);
}

/* RFC 8439, section 2.3; the last four state words as two 64-bit numbers. */
static void chacha20_block(uint8_t out[64], const uint8_t key[32], uint64_t counter, uint64_t nonce)
{
    uint32_t start[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574}, s[16];

    for (size_t i = 0; i < 8; i++)
        for (size_t k = 0; k < 4; k++)
            start[4 + i] |= (uint32_t)key[4 * i + k] << (8 * k);
    start[12] = (uint32_t)counter, start[13] = (uint32_t)(counter >> 32);
    start[14] = (uint32_t)nonce, start[15] = (uint32_t)(nonce >> 32);
    memcpy(s, start, sizeof s);
    for (int i = 0; i < 10; i++) {
        quarter_round(s, 0, 4, 8, 12), quarter_round(s, 1, 5, 9, 13);
        quarter_round(s, 2, 6, 10, 14), quarter_round(s, 3, 7, 11, 15);
        quarter_round(s, 0, 5, 10, 15), quarter_round(s, 1, 6, 11, 12);
        quarter_round(s, 2, 7, 8, 13), quarter_round(s, 3, 4, 9, 14);
    }
    for (size_t i = 0; i < 64; i++)
        out[i] = (uint8_t)((s[i / 4] + start[i / 4]) >> (8 * (i % 4)));
}

/* The example of RFC 8439, section 2.3.2, checks the checker. */
static void second_chacha20_is_right(void **state)
{
    static const uint8_t expected[64] = {
        0x10, 0xf1, 0xe7, 0xe4, 0xd1, 0x3b, 0x59, 0x15, 0x50, 0x0f, 0xdd, 0x1f, 0xa3,
        0x20, 0x71, 0xc4, 0xc7, 0xd1, 0xf4, 0xc7, 0x33, 0xc0, 0x68, 0x03, 0x04, 0x22,
        0xaa, 0x9a, 0xc3, 0xd4, 0x6c, 0x4e, 0xd2, 0x82, 0x64, 0x46, 0x07, 0x9f, 0xaa,
        0x09, 0x14, 0xc2, 0xd7, 0x05, 0xd9, 0x8b, 0x02, 0xa2, 0xb5, 0x12, 0x9c, 0xd1,
        0xde, 0x16, 0x4e, 0xb9, 0xcb, 0xd0, 0x83, 0xe8, 0xa2, 0x50, 0x3c, 0x4e};
    uint8_t key[32], out[64];

    (void)state;
    for (int i = 0; i < 32; i++)
        key[i] = (uint8_t)i;
    chacha20_block(out, key, 0x0900000000000001u, 0x000000004a000000u);
    assert_memory_equal(out, expected, 64);
}

static void stream_is_chacha20(void **state)
{
    static uint8_t got[5000];
    const uint64_t index = 0x00123456789abcdeu;
    nescio_stream s;

    (void)state;
    nescio_stream_init(&s, seed, NESCIO_STREAM_NOISE, index);
    nescio_stream_bytes(&s, got, sizeof got);
    for (size_t i = 0; i < sizeof got; i++) {
        uint8_t block[64];

        if (i % 64 == 0)
            chacha20_block(block, seed, i / 64, (uint64_t)NESCIO_STREAM_NOISE << 56 | index);
        assert_int_equal(got[i], block[i % 64]);
    }
}

static void cuts_do_not_matter(void **state)
{
    static uint8_t whole[60000], parts[60000];
    uint64_t cut = 5;
    nescio_stream s;

    (void)state;
    nescio_stream_init(&s, seed, NESCIO_STREAM_TEST, 9);
    nescio_stream_bytes(&s, whole, sizeof whole);
    for (int round = 0; round < 20; round++) {
        nescio_stream_init(&s, seed, NESCIO_STREAM_TEST, 9);
        for (size_t at = 0, n; at < sizeof parts; at += n) {
            n = (size_t)test_range(&cut, 0,
                                   round % 4 == 0   ? 9
                                   : round % 4 == 1 ? 200
                                   : round % 4 == 2 ? 3000
                                                    : 20000);
            n = n < sizeof parts - at ? n : sizeof parts - at;
            nescio_stream_bytes(&s, parts + at, n);
        }
        assert_memory_equal(whole, parts, sizeof whole);
    }
}

static void streams_differ(void **state)
{
    static const nescio_stream_use uses[] = {NESCIO_STREAM_MASK_BOOTSTRAP, NESCIO_STREAM_SECRET,
                                             NESCIO_STREAM_TEST};
    static const uint64_t indexes[] = {0, 1, 255, 256, ((uint64_t)1 << 56) - 1};
    uint64_t first[2 * 3 * 5];
    size_t n = 0;

    (void)state;
    for (int which = 0; which < 2; which++)
        for (int u = 0; u < 3; u++)
            for (int i = 0; i < 5; i++) {
                uint8_t other[NESCIO_SEED_BYTES];
                nescio_stream s;

                memcpy(other, seed, sizeof other);
                other[31] = (uint8_t)which;
                nescio_stream_init(&s, other, uses[u], indexes[i]);
                first[n++] = nescio_stream_u64(&s);
            }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++)
            assert_true(first[i] != first[j]);
}

/* Words, 24-bit words and bits are the bytes of the stream, cut as the header says. */
static void words_are_bytes(void **state)
{
    enum { N = 1000 };
    static uint8_t bytes[8 * N];
    static uint64_t u64[N];
    static uint32_t u32[N], u24[N], bits[3 * N];
    nescio_stream s;

    (void)state;
    nescio_stream_init(&s, seed, NESCIO_STREAM_TEST, 1);
    nescio_stream_bytes(&s, bytes, sizeof bytes);
    nescio_stream_init(&s, seed, NESCIO_STREAM_TEST, 1);
    nescio_stream_fill_u64(&s, u64, N);
    nescio_stream_init(&s, seed, NESCIO_STREAM_TEST, 1);
    nescio_stream_fill_u32(&s, u32, N);
    nescio_stream_init(&s, seed, NESCIO_STREAM_TEST, 1);
    nescio_stream_fill_u24(&s, u24, N);
    nescio_stream_init(&s, seed, NESCIO_STREAM_TEST, 1);
    nescio_stream_bits(&s, bits, 3 * N);
    for (size_t i = 0; i < N; i++) {
        uint64_t w64 = 0;

        for (size_t k = 0; k < 8; k++)
            w64 += (uint64_t)bytes[8 * i + k] << (8 * k);
        assert_true(u64[i] == w64);
        assert_int_equal(u32[i], bytes[4 * i] + 256u * bytes[4 * i + 1] +
                                     65536u * bytes[4 * i + 2] + 16777216u * bytes[4 * i + 3]);
        assert_int_equal(u24[i],
                         bytes[3 * i] + 256u * bytes[3 * i + 1] + 65536u * bytes[3 * i + 2]);
    }
    for (size_t i = 0; i < 3 * N; i++)
        assert_int_equal(bits[i], bytes[i / 8] >> (i % 8) & 1);
}

/* 2^21 bits: the sum is normal with deviation 2^9.5; pairs of neighbours likewise. */
static void bits_are_balanced(void **state)
{
    enum { N = 1 << 21 };
    uint32_t *bits = malloc(N * sizeof *bits);
    double ones = 0, equal = 0;
    nescio_stream s;

    (void)state;
    assert_non_null(bits);
    nescio_stream_init(&s, seed, NESCIO_STREAM_SECRET, 0);
    nescio_stream_bits(&s, bits, N);
    for (size_t i = 0; i < N; i++) {
        assert_true(bits[i] <= 1);
        ones += bits[i];
        equal += i > 0 && bits[i] == bits[i - 1];
    }
    assert_true(fabs(ones - N / 2.0) < 4 * sqrt(N / 4.0));
    assert_true(fabs(equal - N / 2.0) < 4 * sqrt(N / 4.0));
    free(bits);
}

/* Every value of TUniform(b) for small b, by count; end points have half weight. */
static void tuniform_counts(void **state)
{
    static uint64_t x[N_SAMPLES];
    nescio_stream s;

    (void)state;
    for (unsigned b = 0; b <= 4; b++) {
        const int64_t end = (int64_t)1 << b;
        double count[33] = {0};

        nescio_stream_init(&s, seed, NESCIO_STREAM_NOISE, b);
        nescio_stream_tuniform(&s, x, N_SAMPLES, b);
        for (size_t i = 0; i < N_SAMPLES; i++) {
            const int64_t v = (int64_t)x[i];

            assert_true(v >= -end && v <= end);
            count[v + end]++;
        }
        for (int64_t v = -end; v <= end; v++) {
            const double p = (v == -end || v == end ? 0.5 : 1.0) / (double)(2 * end);

            assert_true(fabs(count[v + end] - N_SAMPLES * p) < 5 * sqrt(N_SAMPLES * p * (1 - p)));
        }
    }
}

/* Mean and variance for every b: both ways of drawing, and the largest. */
static void tuniform_moments(void **state)
{
    static uint64_t x[N_SAMPLES];
    nescio_stream s;

    (void)state;
    for (unsigned b = 0; b <= 61; b++) {
        const double variance = (ldexp(1, (int)(2 * b + 1)) + 1) / 6, end = ldexp(1, (int)b);
        double sum = 0, squares = 0;

        nescio_stream_init(&s, seed, NESCIO_STREAM_NOISE, 1000 + b);
        nescio_stream_tuniform(&s, x, N_SAMPLES, b);
        for (size_t i = 0; i < N_SAMPLES; i++) {
            const double v = (double)(int64_t)x[i];

            assert_true(fabs(v) <= end);
            sum += v;
            squares += v * v;
        }
        assert_true(fabs(sum / N_SAMPLES) < 5 * sqrt(variance / N_SAMPLES));
        /* the square of a uniform value deviates by less than its mean times 1.1 */
        assert_true(fabs(squares / N_SAMPLES - variance) < 5 * 1.1 * variance / sqrt(N_SAMPLES));
    }
}

/* ceil(u / 2) - 2^b of the low b + 2 bits of each word, from the bytes; n not a multiple of
 * anything. */
static void tuniform_by_definition(void **state)
{
    enum { N = 777 };
    static uint64_t x[N];
    static const unsigned bs[] = {0, 17, 30, 31, 45, 61};

    (void)state;
    for (size_t k = 0; k < sizeof bs / sizeof bs[0]; k++) {
        const unsigned b = bs[k];
        nescio_stream s, t;

        nescio_stream_init(&s, seed, NESCIO_STREAM_NOISE, 5);
        nescio_stream_init(&t, seed, NESCIO_STREAM_NOISE, 5);
        nescio_stream_tuniform(&s, x, N, b);
        for (size_t i = 0; i < N; i++) {
            uint32_t w32;
            uint64_t u;

            if (b + 2 <= 32)
                nescio_stream_fill_u32(&t, &w32, 1), u = w32;
            else
                u = nescio_stream_u64(&t);
            u %= (uint64_t)1 << (b + 2);
            assert_true((int64_t)x[i] == (int64_t)(u / 2 + u % 2) - ((int64_t)1 << b));
        }
    }
}

static void uniform_and_gaussian(void **state)
{
    double sum = 0, squares = 0, g1 = 0, g2 = 0, g4 = 0;
    size_t beyond = 0;
    nescio_stream s;

    (void)state;
    nescio_stream_init(&s, seed, NESCIO_STREAM_SIMULATION, 0);
    for (size_t i = 0; i < N_SAMPLES; i++) {
        const double u = nescio_stream_uniform(&s), g = nescio_stream_gaussian(&s);

        assert_true(u >= 0 && u < 1 && isfinite(g));
        sum += u, squares += u * u;
        g1 += g, g2 += g * g, g4 += g * g * g * g;
        beyond += fabs(g) > 1.959963985; /* 5 % of a normal law */
    }
    assert_true(fabs(sum / N_SAMPLES - 0.5) < 5 * sqrt(1.0 / 12 / N_SAMPLES));
    assert_true(fabs(squares / N_SAMPLES - 1.0 / 3) < 5 * sqrt(4.0 / 45 / N_SAMPLES));
    assert_true(fabs(g1 / N_SAMPLES) < 5 * sqrt(1.0 / N_SAMPLES));
    assert_true(fabs(g2 / N_SAMPLES - 1) < 5 * sqrt(2.0 / N_SAMPLES));
    assert_true(fabs(g4 / N_SAMPLES - 3) < 5 * sqrt(96.0 / N_SAMPLES));
    assert_true(fabs((double)beyond / N_SAMPLES - 0.05) < 5 * sqrt(0.05 * 0.95 / N_SAMPLES));
}

static void wipe_leaves_nothing(void **state)
{
    static const uint8_t zero[sizeof(nescio_stream)] = {0};
    nescio_stream s;

    (void)state;
    nescio_stream_init(&s, seed, NESCIO_STREAM_SECRET, 3);
    (void)nescio_stream_u64(&s);
    nescio_stream_wipe(&s);
    assert_memory_equal(s.key, zero, sizeof s.key);
    assert_memory_equal(s.buffer, zero, sizeof s.buffer);
}

static void system_bytes_differ(void **state)
{
    uint8_t a[32] = {0}, b[32] = {0};
    nescio_ctx *ctx;

    (void)state;
    assert_int_equal(nescio_ctx_new(&ctx), NESCIO_OK);
    assert_int_equal(nescio_random_bytes(ctx, a, sizeof a), NESCIO_OK);
    assert_int_equal(nescio_random_bytes(ctx, b, sizeof b), NESCIO_OK);
    assert_memory_not_equal(a, b, sizeof a);
    assert_int_equal(nescio_random_bytes(ctx, NULL, 0), NESCIO_OK);
    nescio_ctx_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(second_chacha20_is_right), cmocka_unit_test(stream_is_chacha20),
        cmocka_unit_test(cuts_do_not_matter),       cmocka_unit_test(streams_differ),
        cmocka_unit_test(words_are_bytes),          cmocka_unit_test(bits_are_balanced),
        cmocka_unit_test(tuniform_counts),          cmocka_unit_test(tuniform_moments),
        cmocka_unit_test(tuniform_by_definition),   cmocka_unit_test(uniform_and_gaussian),
        cmocka_unit_test(wipe_leaves_nothing),      cmocka_unit_test(system_bytes_differ)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
