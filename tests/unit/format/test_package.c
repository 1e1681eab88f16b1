/* SPDX-License-Identifier: Apache-2.0
 * Packages: what is written is read; parts belong together; whatever the bytes are, a reader
 * refuses them in one line that names the file, or gives a package that can be walked from end to
 * end. */
#include "format/container_internal.h"
#include "format/package_internal.h"
#include "support.h"
#include "toy_model.h"
#include "walk_package.h"

static const char *const kinds[] = {NESCIO_FILE_MODEL, NULL};

static nescio_ctx *new_ctx(void)
{
    nescio_ctx *ctx = NULL;

    assert_int_equal(nescio_ctx_new(&ctx), NESCIO_OK);
    return ctx;
}

static nescio_package *parse(nescio_ctx *ctx, const nescio_buffer *bytes)
{
    nescio_package *p = NULL;

    if (nescio_package_parse(ctx, bytes->data, bytes->bytes, "toy", true, true, &p) != NESCIO_OK)
        fail_msg("%s", nescio_ctx_message(ctx));
    return p;
}

static void expect_equal_bytes(const nescio_buffer *a, const nescio_buffer *b)
{
    assert_int_equal(a->bytes, b->bytes);
    assert_memory_equal(a->data, b->data, a->bytes);
}

static void circuits_are_equal(nescio_ctx *ctx, const nescio_circuit *a, const nescio_circuit *b)
{
    nescio_buffer text[2] = {{0}, {0}};

    assert_int_equal(nescio_circuit_print(ctx, a, 0, &text[0]), NESCIO_OK);
    assert_int_equal(nescio_circuit_print(ctx, b, 0, &text[1]), NESCIO_OK);
    expect_equal_bytes(&text[0], &text[1]);
    nescio_buffer_free(&text[0]);
    nescio_buffer_free(&text[1]);
}

static void plans_are_equal(nescio_ctx *ctx, const nescio_plan *a, const nescio_plan *b)
{
    nescio_buffer text[2] = {{0}, {0}};

    assert_int_equal(nescio_plan_print(ctx, a, &text[0]), NESCIO_OK);
    assert_int_equal(nescio_plan_print(ctx, b, &text[1]), NESCIO_OK);
    expect_equal_bytes(&text[0], &text[1]);
    nescio_buffer_free(&text[0]);
    nescio_buffer_free(&text[1]);
    assert_true(nescio_tfhe_params_equal(&a->params, &b->params));
    assert_memory_equal(&a->report, &b->report, sizeof a->report);
    assert_string_equal(a->set_name, b->set_name);
    for (uint32_t i = 0; i < a->n_slots; i++)
        assert_memory_equal(&a->slots[i], &b->slots[i], sizeof *a->slots);
}

static void what_is_written_is_read(void **state)
{
    nescio_ctx *ctx = new_ctx();
    toy_model m = toy_model_new(ctx);
    nescio_buffer bytes = toy_model_bytes(ctx, &m), again;
    nescio_package *p = parse(ctx, &bytes);
    const nescio_client_part *c = p->client;
    toy_model read = {.source = {.circuit = p->server->circuit,
                                 .plan = p->server->plan,
                                 .results = c->results,
                                 .head = c->head,
                                 .tail = c->tail,
                                 .head_bytes = c->head_bytes,
                                 .tail_bytes = c->tail_bytes}};

    (void)state;
    circuits_are_equal(ctx, m.circuit, p->server->circuit);
    assert_int_equal(nescio_plan_bind(ctx, m.plan, m.circuit), NESCIO_OK); /* a read one is bound */
    plans_are_equal(ctx, m.plan, p->server->plan);
    assert_true(nescio_tfhe_params_equal(&c->params, &m.plan->params));
    assert_int_equal(c->head_bytes, m.source.head_bytes);
    assert_memory_equal(c->head, m.source.head, c->head_bytes);
    assert_int_equal(c->tail_bytes, m.source.tail_bytes);
    assert_memory_equal(c->tail, m.source.tail, c->tail_bytes);
    assert_int_equal(c->n_inputs, 1);
    assert_string_equal(c->inputs[0].plan.name, "x");
    assert_int_equal(c->inputs[0].plan.delta, m.plan->inputs[0].delta);
    assert_int_equal(c->inputs[0].quantizer.hi, 3);
    assert_int_equal(c->inputs[0].dims[0], 3);
    assert_int_equal(c->n_outputs, 1);
    assert_int_equal(c->outputs[0].plan.delta, m.plan->outputs[0].delta);
    assert_int_equal(c->outputs[0].plan.lo, m.plan->outputs[0].lo);
    assert_memory_equal(&c->report, &m.plan->report, sizeof c->report);
    assert_memory_equal(c->params_id, p->server->params_id, NESCIO_ID_BYTES);
    assert_memory_equal(c->encoding_id, p->server->encoding_id, NESCIO_ID_BYTES);
    again = toy_model_bytes(ctx, &read);
    expect_equal_bytes(&bytes, &again);
    nescio_buffer_free(&again);
    nescio_buffer_free(&bytes);
    nescio_package_free(p);
    toy_model_free(&m);
    nescio_ctx_free(ctx);
}

static void parts_are_split_and_opened(void **state)
{
    nescio_ctx *ctx = new_ctx();
    toy_model m = toy_model_new(ctx);
    nescio_package *p = NULL, *part = NULL;
    char folder[64];

    (void)state;
    test_enter_folder(folder);
    assert_int_equal(nescio_package_write(ctx, &m.source, "m.nescio"), NESCIO_OK);
    assert_int_equal(nescio_package_open(ctx, "m.nescio", true, true, &p), NESCIO_OK);
    assert_int_equal(nescio_package_split(ctx, p, NESCIO_FILE_CLIENT, "c.nescio"), NESCIO_OK);
    assert_int_equal(nescio_package_split(ctx, p, NESCIO_FILE_SERVER, "s.nescio"), NESCIO_OK);

    assert_int_equal(nescio_package_open(ctx, "c.nescio", true, false, &part), NESCIO_OK);
    assert_true(part->client && !part->server);
    assert_memory_equal(part->client->encoding_id, p->client->encoding_id, NESCIO_ID_BYTES);
    assert_null(nescio_container_find(part->file, "plan"));
    assert_null(nescio_container_find(part->file, "circuit.i32"));
    assert_int_equal(nescio_package_split(ctx, part, NESCIO_FILE_SERVER, "x"), NESCIO_E_MISMATCH);
    nescio_package_free(part);

    assert_int_equal(nescio_package_open(ctx, "s.nescio", false, true, &part), NESCIO_OK);
    assert_true(part->server && !part->client);
    assert_memory_equal(part->server->encoding_id, p->client->encoding_id, NESCIO_ID_BYTES);
    circuits_are_equal(ctx, p->server->circuit, part->server->circuit);
    assert_null(nescio_container_find(part->file, "client"));
    nescio_package_free(part);

    assert_int_equal(nescio_package_open(ctx, "s.nescio", true, false, &part), NESCIO_E_MISMATCH);
    expect_refusal(ctx, NESCIO_E_MISMATCH, "s.nescio");
    assert_int_equal(nescio_package_open(ctx, "c.nescio", false, true, &part), NESCIO_E_MISMATCH);
    assert_int_equal(nescio_package_open(ctx, "c.nescio", true, true, &part), NESCIO_E_MISMATCH);
    assert_int_equal(nescio_package_open(ctx, "absent", true, true, &part), NESCIO_E_IO);
    assert_null(part);
    nescio_package_free(p);
    toy_model_free(&m);
    assert_int_equal(unlink("m.nescio") | unlink("c.nescio") | unlink("s.nescio"), 0);
    test_leave_folder(folder);
    nescio_ctx_free(ctx);
}

static void every_cut_and_every_changed_byte_is_refused(void **state)
{
    nescio_ctx *ctx = new_ctx();
    toy_model m = toy_model_new(ctx);
    nescio_buffer bytes = toy_model_bytes(ctx, &m);
    nescio_package *p = NULL;

    (void)state;
    for (size_t n = 0; n < bytes.bytes; n++) {
        expect_refusal(ctx, nescio_package_parse(ctx, bytes.data, n, "toy", true, true, &p), "toy");
        assert_null(p);
        bytes.data[n] ^= 0x10;
        expect_refusal(
            ctx, nescio_package_parse(ctx, bytes.data, bytes.bytes, "toy", true, true, &p), "toy");
        assert_null(p);
        bytes.data[n] ^= 0x10;
    }
    nescio_buffer_free(&bytes);
    toy_model_free(&m);
    nescio_ctx_free(ctx);
}

/* Refused in one line, or a package without loose ends. user: counts of both. */
static void refused_or_whole(nescio_ctx *ctx, const uint8_t *file, size_t bytes, void *user)
{
    size_t *counts = user;
    nescio_package *p = (nescio_package *)8;
    const nescio_status st = nescio_package_parse(ctx, file, bytes, "toy", false, false, &p);

    counts[st == NESCIO_OK]++;
    if (st != NESCIO_OK) {
        assert_null(p);
        expect_refusal(ctx, st, "toy");
        return;
    }
    assert_null(walk_package(ctx, p));
    nescio_package_free(p);
}

static void damage_behind_the_hash_is_met(void **state)
{
    nescio_ctx *ctx = new_ctx();
    toy_model m = toy_model_new(ctx);
    nescio_buffer bytes = toy_model_bytes(ctx, &m);
    size_t counts[2] = {0};

    (void)state;
    damage_behind_hash(ctx, &bytes, 0, bytes.bytes, refused_or_whole, counts);
    print_message("%zu bytes: %zu damaged files refused, %zu read\n", bytes.bytes, counts[0],
                  counts[1]);
    assert_true(counts[0] > 3 * bytes.bytes / 4);
    nescio_buffer_free(&bytes);
    toy_model_free(&m);
    nescio_ctx_free(ctx);
}

static void tensors_of_other_lengths_are_refused(void **state)
{
    nescio_ctx *ctx = new_ctx();
    toy_model m = toy_model_new(ctx);
    nescio_buffer bytes = toy_model_bytes(ctx, &m);
    size_t counts[2] = {0};

    (void)state;
    damage_by_cutting(ctx, &bytes, kinds, refused_or_whole, counts);
    /* Head and tail are any text to this room, and pools of arrays may be longer than what is used:
     * damage_by_cutting leaves out the middles of long tensors. */
    assert_true(counts[1] <= 2 * (64 + 64 + 1) + 3);
    assert_true(counts[0] > 300);
    nescio_buffer_free(&bytes);
    toy_model_free(&m);
    nescio_ctx_free(ctx);
}

/* A model file with the client part of `a` and the server part of `b`, ids as `a` states them. */
static nescio_buffer mixed(nescio_ctx *ctx, const nescio_package *a, const nescio_package *b)
{
    nescio_builder builder = {0};
    nescio_buffer out = {0};

    nescio_builder_meta(&builder, "nescio.params", nescio_container_meta(a->file, "nescio.params"));
    nescio_builder_meta(&builder, "nescio.encoding",
                        nescio_container_meta(a->file, "nescio.encoding"));
    for (size_t i = 0; i < nescio_container_count(a->file); i++) {
        const bool client = strncmp(nescio_container_at(a->file, i)->name, "client", 6) == 0;
        const nescio_entry *e = nescio_container_at(client ? a->file : b->file, i);

        nescio_builder_add(&builder, e->name, e->dtype, e->data, e->count);
    }
    assert_int_equal(nescio_builder_bytes(ctx, &builder, NESCIO_FILE_MODEL, &out), NESCIO_OK);
    nescio_builder_free(&builder);
    return out;
}

static void parts_of_two_models_do_not_mix(void **state)
{
    nescio_ctx *ctx = new_ctx();
    toy_model m = toy_model_new(ctx);
    nescio_buffer bytes[2] = {toy_model_bytes(ctx, &m), {0}}, both;
    nescio_package *p[2], *none = NULL;

    (void)state;
    m.plan->inputs[0].body_log = 40;
    bytes[1] = toy_model_bytes(ctx, &m);
    for (int i = 0; i < 2; i++)
        p[i] = parse(ctx, &bytes[i]);
    for (int i = 0; i < 2; i++) {
        both = mixed(ctx, p[i], p[1 - i]);
        expect_refusal(ctx,
                       nescio_package_parse(ctx, both.data, both.bytes, "both", true, true, &none),
                       "both");
        assert_null(none);
        nescio_buffer_free(&both);
    }
    for (int i = 0; i < 2; i++) {
        nescio_package_free(p[i]);
        nescio_buffer_free(&bytes[i]);
    }
    toy_model_free(&m);
    nescio_ctx_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(parts_are_split_and_opened),
        cmocka_unit_test(every_cut_and_every_changed_byte_is_refused),
        cmocka_unit_test(damage_behind_the_hash_is_met),
        cmocka_unit_test(tensors_of_other_lengths_are_refused),
        cmocka_unit_test(parts_of_two_models_do_not_mix),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
