/* SPDX-License-Identifier: Apache-2.0
 * The engine end to end at toy parameters: packed input -> linear -> tables -> linear -> tables ->
 * answer, each step opened with the secret key, for every variant, both torus widths, several k.
 * Errors are held to 9 predicted standard deviations or to a bound that the margin of the toy sets
 * allows. */
#include "noise/noise.h"
#include "tfhe_fixture.h"

enum { BITS = 3, MESSAGES = 1 << BITS, COUNT = 37 };

/* Messages m sit at m / 16: a padding bit above them. */
static uint64_t encode(uint64_t m)
{
    return m << (63 - BITS);
}

static uint64_t decode(uint64_t phase)
{
    return (phase + ((uint64_t)1 << (62 - BITS))) >> (63 - BITS);
}

/* The table m -> f(m) as a test polynomial; look-ups add half a box to the phase. */
static void fill_table(uint64_t *poly, uint32_t n, uint64_t (*f)(uint64_t))
{
    for (uint32_t j = 0; j < n; j++)
        poly[j] = encode(f(j / (n >> BITS)));
}

static uint64_t identity(uint64_t m)
{
    return m;
}

static uint64_t square(uint64_t m)
{
    return m * m % MESSAGES;
}

static void lookups(tfhe_fixture *f)
{
    const nescio_tfhe_params *p = &f->secret->params;
    const size_t n = p->poly_size;
    uint64_t *polys = calloc(2 * n, sizeof *polys), phases[COUNT], got[COUNT];
    const uint64_t post_add[2] = {0, encode(1)};
    uint32_t which[COUNT];
    _Atomic size_t done = 0;
    nescio_lwe_batch in = new_batch(p, COUNT), out = new_batch(p, COUNT);
    const nescio_table_batch tables = {.count = COUNT,
                                       .phase_offset = (uint64_t)1 << (62 - BITS),
                                       .polys = polys,
                                       .post_add = post_add,
                                       .which = which,
                                       .n_polys = 2};

    fill_table(polys, p->poly_size, identity);
    fill_table(polys + n, p->poly_size, square);
    for (size_t i = 0; i < COUNT; i++) {
        phases[i] = encode(i % MESSAGES);
        which[i] = i % 3 == 0;
    }
    expect_ok(f->ctx, nescio_lwe_encrypt(f->ctx, f->secret, &in, phases));
    nescio_engine_tables(f->engine, f->pool, &out, &in, &tables, 1, &done);
    assert_int_equal(done, COUNT);
    nescio_lwe_phases(f->secret, &out, got);
    for (size_t i = 0; i < COUNT; i++) {
        const uint64_t m = i % MESSAGES, want = which[i] ? square(m) + 1 : m;

        if (decode(got[i]) != want || fabs(as_fraction(got[i] - encode(want))) > 0x1p-12)
            fail_msg("look-up %zu of %u: phase %.6f, not %.6f", i, (unsigned)m, as_fraction(got[i]),
                     as_fraction(encode(want)));
    }
    nescio_engine_tables(f->engine, f->pool, &in, &in, &tables, 1,
                         NULL); /* in place: the same bits */
    assert_memory_equal(in.words, out.words, nescio_lwe_batch_bytes(p, COUNT));
    free_batch(&in);
    free_batch(&out);
    free(polys);
}

static uint64_t negated(uint64_t m)
{
    return (MESSAGES - m) % MESSAGES;
}

/* log2 of the probability that a look-up leaves its box when n tables share the rotation. */
static double log2_miss(const nescio_tfhe_params *p, size_t n_tables)
{
    return nescio_noise_log2_fail(nescio_noise_fresh(p, 64) + nescio_noise_keyswitch(p) +
                                      nescio_noise_modulus_switch(p, nescio_share_log(n_tables)),
                                  ldexp(1, -BITS - 2));
}

/* The last n of three tables by one rotation, the last in place and with a choice of polynomials:
 * what the tables give one by one. Phases are rounded to steps of 2^share_log, so boxes start half
 * such a step early. */
static void shared_lookups(tfhe_fixture *f)
{
    const nescio_tfhe_params *p = &f->secret->params;
    const size_t n = p->poly_size, n_tables = log2_miss(p, 3) < -40 ? 3 : 2, first = 3 - n_tables;
    uint64_t (*const of[4])(uint64_t) = {identity, square, negated, identity};
    uint64_t *polys = calloc(4 * n, sizeof *polys), phases[COUNT], got[COUNT];
    const uint64_t post_add[2] = {0, encode(1)};
    const uint64_t half_step = ((uint64_t)1 << 63) / n << nescio_share_log(n_tables) >> 1;
    uint32_t which[COUNT];
    nescio_table_batch tables[3];
    nescio_lwe_batch in = new_batch(p, COUNT),
                     outs[3] = {new_batch(p, COUNT), new_batch(p, COUNT), in};

    assert_true(log2_miss(p, n_tables) < -40);
    for (uint32_t t = 0; t < 4; t++)
        fill_table(polys + t * n, p->poly_size, of[t]);
    for (uint32_t t = 0; t < 3; t++)
        tables[t] = (nescio_table_batch){.count = COUNT,
                                         .phase_offset = ((uint64_t)1 << (62 - BITS)) - half_step,
                                         .polys = polys + t * n,
                                         .post_add = post_add,
                                         .which = t == 2 ? which : NULL,
                                         .n_polys = t == 2 ? 2 : 1};
    for (size_t i = 0; i < COUNT; i++) {
        phases[i] = encode(i % MESSAGES);
        which[i] = i % 5 == 0;
    }
    expect_ok(f->ctx, nescio_lwe_encrypt(f->ctx, f->secret, &in, phases));
    nescio_engine_tables(f->engine, f->pool, outs + first, &in, tables + first, n_tables, NULL);
    for (size_t t = first; t < 3; t++) {
        nescio_lwe_phases(f->secret, &outs[t], got);
        for (size_t i = 0; i < COUNT; i++) {
            const uint64_t m = i % MESSAGES, second = t == 2 ? which[i] : 0;
            const uint64_t want = of[t + second](m) + second;

            if (decode(got[i]) != want || fabs(as_fraction(got[i] - encode(want))) > 0x1p-12)
                fail_msg("table %zu, look-up %zu of %u: phase %.6f, not %.6f", t, i, (unsigned)m,
                         as_fraction(got[i]), as_fraction(encode(want)));
        }
    }
    free_batch(&outs[0]);
    free_batch(&outs[1]);
    free_batch(&outs[2]);
    free(polys);
}

/* A 9 x 30 matrix with small weights, dense and with half of its entries sparse. */
typedef struct weights {
    int32_t dense[9 * 30], sparse[9 * 30];
    uint32_t columns[9 * 30], row_start[10];
} weights;

static void fill_weights(weights *w)
{
    uint32_t n = 0;

    for (uint32_t r = 0; r < 9; r++) {
        w->row_start[r] = n;
        for (uint32_t c = 0; c < 30; c++) {
            const int32_t v = (int32_t)((r * 7 + c * 13) % 15) - 7;

            w->dense[r * 30 + c] = v;
            if ((r + c) % 2 == 0) {
                w->columns[n] = c;
                w->sparse[n++] = v;
            }
        }
    }
    w->row_start[9] = n;
}

static uint64_t row_value(const weights *w, size_t r, const uint64_t *x, bool sparse)
{
    uint64_t sum = 0;

    for (size_t c = 0; c < 30; c++)
        if (!sparse || (r + c) % 2 == 0)
            sum += (uint64_t)(int64_t)w->dense[r * 30 + c] * x[c];
    return sum;
}

static void expect_phases(const tfhe_fixture *f, const nescio_lwe_batch *b, const uint64_t *want,
                          double tolerance, const char *what)
{
    uint64_t got[64];

    assert_in_range(b->count, 1, 64);
    nescio_lwe_phases(f->secret, b, got);
    for (size_t i = 0; i < b->count; i++)
        if (fabs(as_fraction(got[i] - want[i])) > tolerance)
            fail_msg("%s %zu: off by %g", what, i, as_fraction(got[i] - want[i]));
}

/* The packed input extracted and multiplied, and the LWE matrix product, against integers. */
static void linears(tfhe_fixture *f)
{
    static const uint8_t seed[NESCIO_SEED_BYTES] = {9};
    const nescio_tfhe_params *p = &f->secret->params;
    const double tolerance = p->torus_log == 32 ? 0x1p-19 : 0x1p-35;
    nescio_lwe_batch x = new_batch(p, 30), y = new_batch(p, 9);
    uint64_t phases[30], bodies[30], want[9];
    weights *w = calloc(1, sizeof *w);
    const nescio_packed_input input = {.seed = {9}, .index = 3, .body = bodies, .n = 30};
    const nescio_int_matrix dense = {.n_rows = 9, .n_columns = 30, .dense = w->dense};
    const nescio_int_matrix sparse = {.n_rows = 9,
                                      .n_columns = 30,
                                      .row_start = w->row_start,
                                      .columns = w->columns,
                                      .weights = w->sparse};

    fill_weights(w);
    for (size_t i = 0; i < 30; i++)
        phases[i] = i * 0x9e3779b97f4a7c15u;
    expect_ok(f->ctx, nescio_encrypt_packed(f->ctx, f->secret, seed, 3, phases, 30, bodies));
    nescio_engine_input_extract(f->engine, &x, &input);
    expect_phases(f, &x, phases, tolerance, "extracted element");
    for (size_t pass = 0; pass < 4; pass++) {
        const nescio_int_matrix *m = pass % 2 ? &sparse : &dense;

        for (size_t r = 0; r < 9; r++)
            want[r] = row_value(w, r, phases, pass % 2) * (pass < 2 ? 1 : 2);
        nescio_lwe_linear(f->pool, &y, m, &x, false);
        if (pass >= 2)
            nescio_lwe_linear(f->pool, &y, m, &x, true);
        expect_phases(f, &y, want, tolerance * 64, "linear row");
        assert_int_equal(nescio_engine_input_linear(f->engine, f->pool, &y, m, &input, false),
                         NESCIO_OK);
        if (pass >= 2)
            assert_int_equal(nescio_engine_input_linear(f->engine, f->pool, &y, m, &input, true),
                             NESCIO_OK);
        expect_phases(f, &y, want, tolerance * 64, "input row");
    }
    assert_int_equal(nescio_engine_input_linear(f->engine, f->pool, &x,
                                                &(nescio_int_matrix){.n_columns = 29}, &input, 0),
                     NESCIO_E_ARG);
    free(w);
    free_batch(&x);
    free_batch(&y);
}

static void answers(tfhe_fixture *f)
{
    const nescio_tfhe_params *p = &f->secret->params;

    for (size_t count = 1; count <= p->out_poly_size; count += 5)
        for (unsigned log = 12; log <= 24; log += 4) {
            /* Eight standard deviations: one miss in 10^15. */
            const double tolerance =
                8 * sqrt(nescio_noise_answer(p, count, log) + nescio_noise_fresh(p, 64)) + 0x1p-30;
            nescio_lwe_batch b = new_batch(p, count);
            const size_t bytes = nescio_answer_bytes(p, count, log);
            uint8_t *answer = malloc(bytes);
            uint64_t phases[64], got[64];

            assert_int_equal(bytes, ((p->out_glwe_dim * p->out_poly_size + count) * log + 7) / 8);
            for (size_t i = 0; i < count; i++)
                phases[i] = encode(i) + i;
            expect_ok(f->ctx, nescio_lwe_encrypt(f->ctx, f->secret, &b, phases));
            nescio_engine_answer(f->engine, f->pool, answer, &b, log);
            expect_ok(f->ctx,
                      nescio_decrypt_answer(f->ctx, f->secret, answer, bytes, count, log, got));
            for (size_t i = 0; i < count; i++)
                if (fabs(as_fraction(got[i] - phases[i])) > tolerance)
                    fail_msg("answer %zu of %zu at %u bits: off by %g", i, count, log,
                             as_fraction(got[i] - phases[i]));
            free(answer);
            free_batch(&b);
        }
}

/* Encrypted in one packed GLWE, a layer of sums, a table, a sum of pairs, a table, the answer:
 * small exact messages. */
static void whole_way(tfhe_fixture *f)
{
    const nescio_tfhe_params *p = &f->secret->params;
    const uint64_t zero = 0;
    uint64_t *poly = calloc(p->poly_size, sizeof *poly), phases[16], bodies[16], got[8];
    int32_t pairs[8 * 16] = {0}, shift[8 * 8] = {0};
    uint8_t answer[4096];
    nescio_lwe_batch a = new_batch(p, 8), b = new_batch(p, 8);
    const nescio_packed_input input = {.seed = {77}, .index = 0, .body = bodies, .n = 16};
    const nescio_table_batch tables = {.count = 8,
                                       .phase_offset = (uint64_t)1 << (62 - BITS),
                                       .polys = poly,
                                       .post_add = &zero,
                                       .n_polys = 1};
    const size_t bytes = nescio_answer_bytes(p, 8, 16);

    fill_table(poly, p->poly_size, square);
    for (size_t i = 0; i < 16; i++) {
        phases[i] = encode(i / 5);
        pairs[i / 2 * 16 + i] = 1;
    }
    for (size_t i = 0; i < 8; i++) {
        shift[i * 8 + i] = 1;
        shift[i * 8 + (i + 1) % 8] += 1;
    }
    expect_ok(f->ctx, nescio_encrypt_packed(f->ctx, f->secret, input.seed, 0, phases, 16, bodies));
    assert_int_equal(nescio_engine_input_linear(
                         f->engine, f->pool, &a,
                         &(nescio_int_matrix){.n_rows = 8, .n_columns = 16, .dense = pairs}, &input,
                         false),
                     NESCIO_OK);
    nescio_engine_tables(f->engine, f->pool, &b, &a, &tables, 1, NULL);
    nescio_lwe_linear(f->pool, &a,
                      &(nescio_int_matrix){.n_rows = 8, .n_columns = 8, .dense = shift}, &b, false);
    nescio_engine_answer(f->engine, f->pool, answer, &a, 16);
    expect_ok(f->ctx, nescio_decrypt_answer(f->ctx, f->secret, answer, bytes, 8, 16, got));
    for (size_t i = 0; i < 8; i++) {
        const size_t j = (i + 1) % 8;
        const uint64_t want =
            square(2 * i / 5 + (2 * i + 1) / 5) + square(2 * j / 5 + (2 * j + 1) / 5);

        assert_int_equal(decode(got[i]), want & 15);
    }
    free(poly);
    free_batch(&a);
    free_batch(&b);
}

static void every_step(const nescio_tfhe_params *p, unsigned threads)
{
    tfhe_fixture f = open_fixture(p, threads);

    assert_true(nescio_tfhe_params_equal(nescio_engine_params(f.engine), p));
    lookups(&f);
    shared_lookups(&f);
    linears(&f);
    answers(&f);
    whole_way(&f);
    close_fixture(&f);
}

static void variants(void **state)
{
    static const uint32_t variants[] = {0, 1, 2, 3, 4, 8};

    (void)state;
    for (size_t i = 0; i < 6; i++) {
        const nescio_tfhe_params p = toy_variant(variants[i], 32, 1 + (uint32_t)i % 3);

        every_step(&p, 1 + (unsigned)i % 2);
    }
}

static void shapes(void **state)
{
    static const struct {
        uint32_t variant, torus, k, n, levels, base_log;
    } cases[] = {
        {0, 64, 1, 256, 2, 15},  {1, 64, 2, 256, 2, 15},  {3, 64, 1, 256, 2, 15},
        {0, 64, 1, 512, 4, 9},   {1, 64, 1, 256, 3, 11},  {0, 64, 1, 256, 1, 24},
        {0, 32, 6, 256, 1, 23},  {1, 32, 1, 512, 2, 10},  {0, 32, 1, 256, 3, 8},
        {1, 32, 1, 2048, 1, 22}, {0, 32, 1, 4096, 1, 22}, {4, 64, 1, 8192, 2, 15},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nescio_tfhe_params p = toy_variant(cases[i].variant, cases[i].torus, cases[i].k);

        p.poly_size = cases[i].n;
        p.pbs_levels = cases[i].levels;
        p.pbs_base_log = cases[i].base_log;
        print_message("%s torus %u k=%u N=%u l=%u b=%u\n", nescio_pbs_variant_name(p.variant),
                      p.torus_log, p.glwe_dim, p.poly_size, p.pbs_levels, p.pbs_base_log);
        every_step(&p, 1 + (unsigned)i % 2);
    }
}

static void a_128_bit_set(void **state)
{
    (void)state;
    every_step(&real_k2, 2);
}

/* The same key, ciphertexts and tables on one worker and on three: the same bits. */
static void workers_do_not_change_bits(void **state)
{
    const nescio_tfhe_params p = toy_variant(NESCIO_PBS_UNROLLED2, 32, 1);
    tfhe_fixture f = open_fixture(&p, 1);
    nescio_lwe_batch in = new_batch(&p, COUNT), a = new_batch(&p, COUNT), b = new_batch(&p, COUNT);
    uint64_t *poly = calloc(p.poly_size, sizeof *poly), phases[COUNT] = {0};
    const uint64_t zero = 0;
    const nescio_table_batch tables = {
        .count = COUNT, .polys = poly, .post_add = &zero, .n_polys = 1};
    nescio_engine *other;
    nescio_ctx *ctx;

    (void)state;
    fill_table(poly, p.poly_size, identity);
    assert_int_equal(nescio_ctx_new(&ctx), NESCIO_OK);
    expect_ok(ctx, nescio_ctx_set_threads(ctx, 3));
    expect_ok(ctx, nescio_engine_new(ctx, &f.evaluation, &other));
    expect_ok(f.ctx, nescio_lwe_encrypt(f.ctx, f.secret, &in, phases));
    nescio_engine_tables(f.engine, NULL, &a, &in, &tables, 1, NULL);
    nescio_engine_tables(other, nescio_ctx_pool(ctx), &b, &in, &tables, 1, NULL);
    assert_memory_equal(a.words, b.words, nescio_lwe_batch_bytes(&p, COUNT));
    assert_true(nescio_engine_bytes(other) > nescio_engine_bytes(f.engine));
    nescio_engine_free(other);
    nescio_ctx_free(ctx);
    free(poly);
    free_batch(&in);
    free_batch(&a);
    free_batch(&b);
    close_fixture(&f);
}

static void wrong_sizes_are_refused(void **state)
{
    tfhe_fixture f = open_fixture(&toy, 1);
    nescio_evaluation_key key = f.evaluation;
    nescio_engine *engine;

    (void)state;
    key.output_bytes--;
    assert_int_equal(nescio_engine_new(f.ctx, &key, &engine), NESCIO_E_MISMATCH);
    assert_null(engine);
    key = f.evaluation;
    key.params.lwe_dim += 2;
    assert_int_equal(nescio_engine_new(f.ctx, &key, &engine), NESCIO_E_MISMATCH);
    key.params.poly_size = 3;
    assert_int_equal(nescio_engine_new(f.ctx, &key, &engine), NESCIO_E_ARG);
    close_fixture(&f);
}

/* What a plan is told before any key exists is what the engine then takes, within a tenth. */
static void memory_is_known_beforehand(void **state)
{
    tfhe_fixture f = open_fixture(&toy, 2);
    const double told = (double)nescio_engine_bytes_for(&toy, 2),
                 taken = (double)nescio_engine_bytes(f.engine);

    (void)state;
    if (fabs(told / taken - 1) > 0.1)
        fail_msg("%.0f bytes were told, %.0f taken", told, taken);
    close_fixture(&f);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest real[] = {cmocka_unit_test(a_128_bit_set)};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(variants),
        cmocka_unit_test(shapes),
        cmocka_unit_test(workers_do_not_change_bits),
        cmocka_unit_test(wrong_sizes_are_refused),
        cmocka_unit_test(memory_is_known_beforehand),
    };

    if (argc > 1 && strcmp(argv[1], "real") == 0)
        return cmocka_run_group_tests(real, NULL, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
