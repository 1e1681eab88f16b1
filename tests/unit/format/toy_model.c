/* SPDX-License-Identifier: Apache-2.0
 * The toy model, and files damaged so that their hash is right. */
#include "toy_model.h"

#include "../plan/plan_by_hand.h"
#include "../support.h"
#include "format/container_internal.h"

static const char head_text[] = "<ir_version: 10, opset_import: [\"\" : 21]>\n"
                                "head (float[rows,3] x) => (float[rows,3] x) {\n}\n";
static const char tail_text[] = "<ir_version: 10, opset_import: [\"\" : 21]>\n"
                                "tail (float[rows,4] y) => (float[rows,4] y) {\n}\n";

toy_model toy_model_new(nescio_ctx *ctx)
{
    toy_model m = {.circuit = circuit_by_hand(ctx)};

    m.plan = plan_by_hand(ctx, m.circuit);
    m.plan->report = (nescio_plan_report){.n_pbs = 2,
                                          .log2_p_fail = -41.5,
                                          .security_bits = 12,
                                          .evaluation_key_bytes = 1000,
                                          .upload_bytes = nescio_plan_upload_bytes(m.plan),
                                          .download_bytes = nescio_plan_download_bytes(m.plan),
                                          .memory_bytes = 4096,
                                          .cost = 0.5};
    m.source = (nescio_package_source){.circuit = m.circuit,
                                       .plan = m.plan,
                                       .head = head_text,
                                       .head_bytes = sizeof head_text - 1,
                                       .tail = tail_text,
                                       .tail_bytes = sizeof tail_text - 1};
    return m;
}

void toy_model_free(toy_model *model)
{
    nescio_plan_free(model->plan);
    nescio_circuit_free(model->circuit);
    memset(model, 0, sizeof *model);
}

nescio_buffer toy_model_bytes(nescio_ctx *ctx, const toy_model *model)
{
    nescio_buffer out = {0};

    if (nescio_package_bytes(ctx, &model->source, &out) != NESCIO_OK)
        fail_msg("%s", nescio_ctx_message(ctx));
    return out;
}

static uint8_t *bytes_from(uint64_t *random, size_t n)
{
    uint8_t *bytes = malloc(n + 1);

    assert_non_null(bytes);
    for (size_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)test_random(random);
    return bytes;
}

nescio_evaluation_key toy_evaluation_key(nescio_ctx *ctx, const nescio_tfhe_params *p)
{
    nescio_evaluation_key key;
    uint64_t random = 7;

    if (nescio_evaluation_key_sizes(ctx, p, &key) != NESCIO_OK)
        fail_msg("%s", nescio_ctx_message(ctx));
    key.params = *p;
    key.bootstrap = bytes_from(&random, key.bootstrap_bytes);
    key.keyswitch = bytes_from(&random, key.keyswitch_bytes);
    key.output = bytes_from(&random, key.output_bytes);
    for (size_t i = 0; i < sizeof key.id; i++)
        key.id[i] = (uint8_t)test_random(&random);
    for (size_t i = 0; i < sizeof key.seed; i++)
        key.seed[i] = (uint8_t)test_random(&random);
    return key;
}

void damage_behind_hash(nescio_ctx *ctx, const nescio_buffer *file, size_t first, size_t end,
                        damage_fn told, void *user)
{
    static const uint8_t changes[] = {0x01, 0x80, 0xff};
    uint8_t *copy = malloc(file->bytes);

    assert_non_null(copy);
    for (size_t i = first; i < end; i++)
        for (size_t k = 0; k < sizeof changes; k++) {
            memcpy(copy, file->data, file->bytes);
            copy[i] ^= changes[k];
            nescio_container_rehash(copy, file->bytes);
            told(ctx, copy, file->bytes, user);
        }
    free(copy);
}

/* The container written again, tensor `cut` with `count` elements. */
static nescio_buffer rewrite(nescio_ctx *ctx, const nescio_container *c, size_t cut, size_t count)
{
    static const char *const metas[] = {"nescio.scheme", "nescio.params", "nescio.key",
                                        "nescio.encoding"};
    uint8_t *longer = NULL;
    nescio_builder b = {0};
    nescio_buffer out = {0};

    for (size_t i = 0; i < sizeof metas / sizeof *metas; i++)
        if (nescio_container_meta(c, metas[i]))
            nescio_builder_meta(&b, metas[i], nescio_container_meta(c, metas[i]));
    for (size_t i = 0; i < nescio_container_count(c); i++) {
        const nescio_entry *e = nescio_container_at(c, i);
        const void *data = e->data;

        if (i == cut && count > e->count) {
            longer = calloc(count, nescio_dtype_bytes(e->dtype));
            assert_non_null(longer);
            if (e->bytes)
                memcpy(longer, e->data, e->bytes);
            data = longer;
        }
        nescio_builder_add(&b, e->name, e->dtype, data, i == cut ? count : e->count);
    }
    assert_int_equal(nescio_builder_bytes(ctx, &b, nescio_container_kind(c), &out), NESCIO_OK);
    nescio_builder_free(&b);
    free(longer);
    return out;
}

void damage_by_cutting(nescio_ctx *ctx, const nescio_buffer *file, const char *const *kinds,
                       damage_fn told, void *user)
{
    nescio_container *c = NULL;

    assert_int_equal(nescio_container_parse(ctx, file->data, file->bytes, "whole", kinds, &c),
                     NESCIO_OK);
    for (size_t i = 0; i < nescio_container_count(c); i++) {
        const size_t count = nescio_container_at(c, i)->count;

        for (size_t n = 0; n <= count + 1; n++) {
            nescio_buffer cut;

            if (n == count || (n > 64 && n + 64 < count)) /* the middle of long ones is all alike */
                continue;
            cut = rewrite(ctx, c, i, n);
            told(ctx, cut.data, cut.bytes, user);
            nescio_buffer_free(&cut);
        }
    }
    nescio_container_free(c);
}

void expect_refusal(nescio_ctx *ctx, nescio_status st, const char *name)
{
    const char *message = nescio_ctx_message(ctx);

    if (st != NESCIO_E_FORMAT && st != NESCIO_E_UNSUPPORTED && st != NESCIO_E_MISMATCH)
        fail_msg("status %s: %s", nescio_status_name(st), message);
    if (!strstr(message, name) || strchr(message, '\n'))
        fail_msg("message does not name %s in one line: %s", name, message);
}
