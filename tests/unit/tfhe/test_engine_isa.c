/* SPDX-License-Identifier: Apache-2.0
 * One evaluation key on every instruction set: integer steps give the same bits, steps through the
 * FFT stay within the noise that the model gives it. */
#include "base/isa.h"
#include "noise/noise.h"
#include "tfhe/engine_internal.h"
#include "tfhe_fixture.h"

enum { COUNT = 19 };

/* What one instruction set made of the same ciphertexts. */
typedef struct outcome {
    uint32_t small[64]; /* key switch of ciphertext 0, first words */
    uint8_t answer[256];
    uint64_t tables[COUNT];  /* phases */
    uint64_t input_rows[4];  /* phases */
    uint64_t linear_rows[4]; /* phases */
} outcome;

typedef struct task {
    tfhe_fixture f;
    nescio_lwe_batch in;
    uint64_t bodies[32], poly[256];
} task;

static void run(const task *t, nescio_isa isa, outcome *o)
{
    const nescio_tfhe_params *p = &t->f.secret->params;
    const int32_t weights[4 * 32] = {3, -2, 1, 5, 0, -7, 1, 15, -15, 2};
    const nescio_int_matrix m = {.n_rows = 4, .n_columns = 32, .dense = weights};
    const nescio_int_matrix square = {.n_rows = 4, .n_columns = COUNT, .dense = weights};
    const nescio_packed_input input = {.seed = {5}, .index = 1, .body = t->bodies, .n = 32};
    const uint64_t zero = 0;
    const nescio_table_batch tables = {
        .count = COUNT, .polys = t->poly, .post_add = &zero, .n_polys = 1};
    nescio_lwe_batch out = new_batch(p, COUNT), rows = new_batch(p, 4);
    nescio_lwe_batch eight = t->in;
    int8_t *digits;
    uint32_t *small;
    nescio_engine *engine;

    memset(o, 0, sizeof *o);
    assert_int_equal(setenv("NESCIO_ISA", nescio_isa_name(isa), 1), 0);
    expect_ok(t->f.ctx, nescio_engine_new(t->f.ctx, &t->f.evaluation, &engine));
    digits = (int8_t *)engine->scratch + engine->worker.digits;
    small = (uint32_t *)(void *)(engine->scratch + engine->worker.small);
    nescio_switch_digits(engine, &engine->small, &t->in, 0, digits,
                         (uint32_t *)(void *)engine->scratch);
    engine->ks.product(small, engine->worker.small_stride, engine->small.key, &engine->small.shape,
                       digits, engine->small.shape.n_rows, 1);
    memcpy(o->small, small, (p->lwe_dim + 1) * sizeof *small);
    eight.count = 8;
    nescio_engine_answer(engine, t->f.pool, o->answer, &eight, 17);
    nescio_engine_tables(engine, t->f.pool, &out, &t->in, &tables, 1, NULL);
    nescio_lwe_phases(t->f.secret, &out, o->tables);
    assert_int_equal(nescio_engine_input_linear(engine, t->f.pool, &rows, &m, &input, false),
                     NESCIO_OK);
    nescio_lwe_phases(t->f.secret, &rows, o->input_rows);
    nescio_lwe_linear(t->f.pool, &rows, &square, &t->in, false);
    nescio_lwe_phases(t->f.secret, &rows, o->linear_rows);
    nescio_engine_free(engine);
    free_batch(&out);
    free_batch(&rows);
}

static void compare(const outcome *a, const outcome *b, const nescio_tfhe_params *p,
                    const char *name)
{
    const double apart = 9 * sqrt(2 * nescio_noise_blind_rotation(p));
    const double rounding =
        p->torus_log == 32 ? 0x1p-26 : 0x1p-40; /* kN / 2 roundings of the last bit; FFT */

    assert_memory_equal(a->small, b->small, sizeof a->small);
    assert_memory_equal(a->answer, b->answer, sizeof a->answer);
    assert_memory_equal(a->linear_rows, b->linear_rows, sizeof a->linear_rows);
    for (size_t i = 0; i < COUNT; i++)
        if (fabs(as_fraction(a->tables[i] - b->tables[i])) > apart)
            fail_msg("%s: table %zu is off by %g", name, i,
                     as_fraction(a->tables[i] - b->tables[i]));
    for (size_t i = 0; i < 4; i++)
        if (fabs(as_fraction(a->input_rows[i] - b->input_rows[i])) > rounding)
            fail_msg("%s: input row %zu is off by %g", name, i,
                     as_fraction(a->input_rows[i] - b->input_rows[i]));
}

static void instruction_sets_agree(const nescio_tfhe_params *p)
{
    const char *before = getenv("NESCIO_ISA");
    char *cap = before ? strdup(before) : NULL;
    nescio_isa fastest;
    uint64_t phases[COUNT];
    outcome scalar, other;
    task t = {.f = open_fixture(p, 2), .in = new_batch(p, COUNT)};

    assert_int_equal(nescio_isa_in_force(&fastest), NESCIO_OK);
    for (size_t i = 0; i < 256; i++)
        t.poly[i] = i << 54;
    for (size_t i = 0; i < COUNT; i++)
        phases[i] = i << 59;
    for (size_t i = 0; i < 32; i++)
        t.bodies[i] = i * 0x9e3779b97f4a7c15u;
    expect_ok(t.f.ctx, nescio_lwe_encrypt(t.f.ctx, t.f.secret, &t.in, phases));
    run(&t, NESCIO_ISA_SCALAR, &scalar);
    for (int isa = NESCIO_ISA_AVX2; isa <= (int)fastest; isa++) {
        run(&t, (nescio_isa)isa, &other);
        compare(&scalar, &other, p, nescio_isa_name((nescio_isa)isa));
    }
    if (cap)
        setenv("NESCIO_ISA", cap, 1);
    else
        unsetenv("NESCIO_ISA");
    free(cap);
    free_batch(&t.in);
    close_fixture(&t.f);
}

static void on_the_narrow_torus(void **state)
{
    const nescio_tfhe_params p = toy_variant(NESCIO_PBS_UNROLLED2, 32, 2);

    (void)state;
    instruction_sets_agree(&p);
}

static void on_the_wide_torus(void **state)
{
    const nescio_tfhe_params p = toy_variant(NESCIO_PBS_CLASSICAL, 64, 1);

    (void)state;
    instruction_sets_agree(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(on_the_narrow_torus),
        cmocka_unit_test(on_the_wide_torus),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
