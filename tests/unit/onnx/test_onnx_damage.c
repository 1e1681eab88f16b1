/* SPDX-License-Identifier: Apache-2.0
 * Damaged files: every truncation and every flipped bit of small models, random mutations, messages
 * nested to death. A graph or a clean refusal; never a crash, and never an unbounded allocation
 * (run under the sanitizers in CI). */
#include "model_builder.h"
#include "sample_graphs.h"

#define N_SAMPLES (sizeof sample_graphs / sizeof *sample_graphs)

static nescio_ctx *ctx;
static nescio_buffer samples[N_SAMPLES];

static int set_up(void **state)
{
    (void)state;
    if (nescio_ctx_new(&ctx) != NESCIO_OK)
        return 1;
    for (size_t i = 0; i < N_SAMPLES; i++) {
        nescio_graph *g;

        if (nescio_graph_parse(ctx, sample_graphs[i], strlen(sample_graphs[i]), &g) != NESCIO_OK)
            return 1;
        if (nescio_onnx_write_buffer(ctx, g, &samples[i]) != NESCIO_OK)
            return 1;
        nescio_graph_free(g);
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_SAMPLES; i++)
        nescio_buffer_free(&samples[i]);
    nescio_ctx_free(ctx);
    return 0;
}

/* Reads from a block of exactly that size, so that the sanitizer sees a byte too far. */
static nescio_status read_exactly(const uint8_t *data, size_t n)
{
    uint8_t *copy = malloc(n ? n : 1);
    nescio_graph *g;
    nescio_status st;

    memcpy(copy, data, n);
    st = nescio_onnx_parse(ctx, copy, n, NULL, NULL, &g);
    if (st == NESCIO_OK) {
        assert_int_equal(nescio_graph_verify(ctx, g), NESCIO_OK);
        assert_true(nescio_arena_bytes(g->arena) <= 8 * n + ((size_t)33 << 20));
    } else {
        assert_null(g);
        assert_true(st == NESCIO_E_FORMAT || st == NESCIO_E_UNSUPPORTED);
        assert_true(*nescio_ctx_message(ctx));
    }
    nescio_graph_free(g);
    free(copy);
    return st;
}

static void truncated_models_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_SAMPLES; i++) {
        for (size_t n = 0; n < samples[i].bytes; n++) {
            if (read_exactly(samples[i].data, n) == NESCIO_OK)
                fail_msg("sample %zu was read without its last %zu bytes", i, samples[i].bytes - n);
        }
    }
}

static void flipped_bits_do_no_harm(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_SAMPLES; i++) {
        for (size_t bit = 0; bit < 8 * samples[i].bytes; bit++) {
            samples[i].data[bit / 8] ^= (uint8_t)(1u << bit % 8);
            (void)read_exactly(samples[i].data, samples[i].bytes);
            samples[i].data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
    }
}

static void mutations_do_no_harm(void **state)
{
    uint64_t seed = 2024;

    (void)state;
    for (int turn = 0; turn < 10000; turn++) {
        const nescio_buffer *const from = &samples[test_range(&seed, 0, N_SAMPLES - 1)];
        uint8_t *data = malloc(2 * from->bytes);
        size_t n = from->bytes;

        memcpy(data, from->data, n);
        for (int64_t k = test_range(&seed, 1, 4); k > 0; k--) {
            const size_t at = (size_t)test_range(&seed, 0, (int64_t)n - 1);
            const size_t length =
                (size_t)test_range(&seed, 1, 8) < n - at ? (size_t)test_range(&seed, 1, 8) : n - at;

            switch (test_range(&seed, 0, 2)) {
            case 0: data[at] = (uint8_t)test_random(&seed); break;
            case 1: /* a piece twice */
                if (n + length <= 2 * from->bytes && at + length <= n) {
                    memmove(data + at + length, data + at, n - at);
                    n += length;
                }
                break;
            default: /* a piece less */
                if (n > length && at + length <= n) {
                    memmove(data + at, data + at + length, n - at - length);
                    n -= length;
                }
                break;
            }
        }
        (void)read_exactly(data, n);
        free(data);
    }
}

/* Attribute in node in graph in attribute ... : each level wraps the one before, so 64 levels of 3
 * are too many. */
static void deep_nests_are_refused(void **state)
{
    nescio_buffer inner = {0};
    builder m = {.opset = 13};
    nescio_buffer bytes;
    nescio_graph *g;

    (void)state;
    for (int i = 0; i < 3000; i++) {
        nescio_buffer graph = {0}, a = {0};

        put_graph_attr(&a, "then_branch", &inner);
        put_node(&graph, 1, "If", "", "c", "y", &a);
        inner = graph;
    }
    m.graph = inner;
    assert_int_equal(read_model(ctx, &m, &bytes, &g), NESCIO_E_FORMAT);
    assert_non_null(strstr(nescio_ctx_message(ctx), "nested deeper than 64"));
    nescio_buffer_free(&bytes);
}

/* A million empty messages, which cost two bytes each in the file and far more as structs. */
static void amplification_is_bounded(void **state)
{
    nescio_buffer graph = {0}, bytes = {0};

    (void)state;
    for (int i = 0; i < 1000000; i++) {
        nescio_write_u8(&graph, 5 << 3 | 2); /* an empty initializer */
        nescio_write_u8(&graph, 0);
    }
    nescio_wire_put_int(&bytes, 1, 8);
    nescio_wire_put_message(&bytes, 7, &graph);
    assert_int_equal(read_exactly(bytes.data, bytes.bytes), NESCIO_E_FORMAT);
    assert_non_null(strstr(nescio_ctx_message(ctx), "memory"));
    nescio_buffer_free(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(truncated_models_are_refused), cmocka_unit_test(flipped_bits_do_no_harm),
        cmocka_unit_test(mutations_do_no_harm),         cmocka_unit_test(deep_nests_are_refused),
        cmocka_unit_test(amplification_is_bounded),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
