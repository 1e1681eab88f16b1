/* SPDX-License-Identifier: Apache-2.0
 * Parameters, names, quantizers, and the tensor "client", as bytes. Each X_read mirrors its X_write
 * line by line. */
#include "format/package_internal.h"

#include <math.h>
#include <string.h>

nescio_status nescio_fail_malformed(nescio_ctx *ctx, const nescio_arena *arena, const char *file,
                                    const char *what, size_t at)
{
    if (nescio_arena_failed(arena))
        return nescio_fail_nomem(ctx, at);
    return nescio_fail(ctx, NESCIO_E_FORMAT, "'%s': %s is malformed at byte %zu", file, what, at);
}

nescio_status nescio_blame_file(nescio_ctx *ctx, const char *file, nescio_status st)
{
    return nescio_fail_in(ctx, st == NESCIO_E_ARG ? NESCIO_E_FORMAT : st, file);
}

void nescio_params_write(nescio_buffer *b, const nescio_tfhe_params *p)
{
    const uint32_t fields[] = {
        p->lwe_dim,      p->glwe_dim,     p->poly_size,      p->pbs_levels,    p->pbs_base_log,
        p->ks_levels,    p->ks_base_log,  p->ks_modulus_log, p->lwe_noise_log, p->glwe_noise_log,
        p->torus_log,    p->variant,      p->out_glwe_dim,   p->out_poly_size, p->out_levels,
        p->out_base_log, p->out_noise_log};

    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        nescio_write_u32(b, fields[i]);
}

void nescio_params_read(nescio_cursor *r, nescio_tfhe_params *p)
{
    uint32_t *const fields[] = {&p->lwe_dim,        &p->glwe_dim,       &p->poly_size,
                                &p->pbs_levels,     &p->pbs_base_log,   &p->ks_levels,
                                &p->ks_base_log,    &p->ks_modulus_log, &p->lwe_noise_log,
                                &p->glwe_noise_log, &p->torus_log,      &p->variant,
                                &p->out_glwe_dim,   &p->out_poly_size,  &p->out_levels,
                                &p->out_base_log,   &p->out_noise_log};

    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        *fields[i] = nescio_read_u32(r);
}

void nescio_params_id(uint8_t id[NESCIO_ID_BYTES], const nescio_tfhe_params *p)
{
    /* Every field is one 32-bit word, so the struct is its own serial form and a digest cannot
     * fail. */
    _Static_assert(sizeof *p == 17 * sizeof(uint32_t),
                   "a new field belongs into nescio_params_write, too");
    nescio_digest_id(id, p, sizeof *p);
}

void nescio_text_write(nescio_buffer *b, const char *s)
{
    const size_t n = strlen(s);

    nescio_write_u32(b, (uint32_t)n);
    nescio_write_bytes(b, s, n);
}

const char *nescio_text_read(nescio_cursor *r, nescio_arena *arena)
{
    const uint32_t n = nescio_read_u32(r);
    const uint8_t *bytes = n <= NESCIO_TEXT_MAX ? nescio_read_bytes(r, n) : NULL;
    const char *text =
        bytes && !memchr(bytes, 0, n) ? nescio_arena_strndup(arena, (const char *)bytes, n) : NULL;

    if (!text)
        r->bad = true;
    return text ? text : "";
}

void nescio_quantizer_write(nescio_buffer *b, const nescio_quantizer *q)
{
    nescio_write_u64(b, q->n);
    nescio_write_i64(b, q->lo);
    nescio_write_i64(b, q->hi);
    for (size_t i = 0; i < q->n; i++)
        nescio_write_f64(b, q->scale[i]);
    for (size_t i = 0; i < q->n; i++)
        nescio_write_i64(b, q->zero_point[i]);
}

bool nescio_quantizer_read(nescio_cursor *r, nescio_arena *arena, size_t count, nescio_quantizer *q)
{
    const uint64_t n = nescio_read_u64(r);
    double *scale;
    int64_t *zero_point;

    q->lo = nescio_read_i64(r);
    q->hi = nescio_read_i64(r);
    if (r->bad || (n != 1 && n != count) || n > nescio_cursor_left(r) / 16 || q->lo > q->hi)
        return false;
    q->n = (size_t)n;
    scale = nescio_arena_array(arena, q->n, sizeof *scale);
    zero_point = nescio_arena_array(arena, q->n, sizeof *zero_point);
    if (!scale || !zero_point)
        return false;
    for (size_t i = 0; i < q->n; i++) {
        scale[i] = nescio_read_f64(r);
        if (!(scale[i] > 0) || !isfinite(scale[i]))
            return false;
    }
    for (size_t i = 0; i < q->n; i++)
        zero_point[i] = nescio_read_i64(r);
    q->scale = scale;
    q->zero_point = zero_point;
    return !r->bad;
}

void nescio_report_write(nescio_buffer *b, const nescio_plan_report *p)
{
    nescio_write_u64(b, p->n_pbs);
    nescio_write_f64(b, p->log2_p_fail);
    nescio_write_f64(b, p->range_rate);
    nescio_write_u8(b, p->approximate);
    nescio_write_f64(b, p->security_bits);
    nescio_write_u64(b, p->evaluation_key_bytes);
    nescio_write_u64(b, p->upload_bytes);
    nescio_write_u64(b, p->download_bytes);
    nescio_write_u64(b, p->memory_bytes);
    nescio_write_f64(b, p->cost);
}

void nescio_report_read(nescio_cursor *r, nescio_plan_report *p)
{
    p->n_pbs = nescio_read_u64(r);
    p->log2_p_fail = nescio_read_f64(r);
    p->range_rate = nescio_read_f64(r);
    p->approximate = nescio_read_u8(r) != 0;
    p->security_bits = nescio_read_f64(r);
    p->evaluation_key_bytes = nescio_read_u64(r);
    p->upload_bytes = nescio_read_u64(r);
    p->download_bytes = nescio_read_u64(r);
    p->memory_bytes = nescio_read_u64(r);
    p->cost = nescio_read_f64(r);
}

void nescio_plan_input_write(nescio_buffer *b, const nescio_plan_input *in)
{
    nescio_text_write(b, in->name);
    nescio_write_u32(b, in->gate);
    nescio_write_u32(b, in->count);
    nescio_write_u32(b, in->n_packed);
    nescio_write_u32(b, in->body_log);
    nescio_write_u64(b, in->delta);
}

void nescio_plan_input_read(nescio_cursor *r, nescio_arena *arena, nescio_plan_input *in)
{
    in->name = nescio_text_read(r, arena);
    in->gate = nescio_read_u32(r);
    in->count = nescio_read_u32(r);
    in->n_packed = nescio_read_u32(r);
    in->body_log = nescio_read_u32(r);
    in->delta = nescio_read_u64(r);
}

void nescio_plan_output_write(nescio_buffer *b, const nescio_plan_output *out)
{
    nescio_text_write(b, out->name);
    nescio_write_u32(b, out->gate);
    nescio_write_u32(b, out->count);
    nescio_write_u32(b, out->n_answers);
    nescio_write_u32(b, out->answer_log);
    nescio_write_u64(b, out->delta);
    nescio_write_i64(b, out->lo);
    nescio_write_i64(b, out->hi);
    nescio_write_f64(b, out->std);
}

void nescio_plan_output_read(nescio_cursor *r, nescio_arena *arena, nescio_plan_output *out)
{
    out->name = nescio_text_read(r, arena);
    out->gate = nescio_read_u32(r);
    out->count = nescio_read_u32(r);
    out->n_answers = nescio_read_u32(r);
    out->answer_log = nescio_read_u32(r);
    out->delta = nescio_read_u64(r);
    out->lo = nescio_read_i64(r);
    out->hi = nescio_read_i64(r);
    out->std = nescio_read_f64(r);
}

void nescio_shape_write(nescio_buffer *b, int rank, const int64_t *dims)
{
    nescio_write_u8(b, (uint8_t)rank);
    for (int i = 0; i < rank; i++)
        nescio_write_i64(b, dims[i]);
}

size_t nescio_shape_read(nescio_cursor *r, int *rank, int64_t *dims)
{
    uint64_t product = 1;

    *rank = nescio_read_u8(r);
    if (r->bad || *rank > NESCIO_RANK_MAX)
        return 0;
    for (int i = 0; i < *rank; i++) {
        dims[i] = nescio_read_i64(r);
        if (dims[i] < 1 || dims[i] > (int64_t)NESCIO_CIRCUIT_COUNT_MAX ||
            (product *= (uint64_t)dims[i]) > NESCIO_CIRCUIT_COUNT_MAX)
            return 0;
    }
    return (size_t)product;
}

void nescio_border_write(nescio_buffer *b, const nescio_package_source *s)
{
    const nescio_plan *plan = s->plan;

    nescio_write_u8(b, (uint8_t)plan->scheme);
    nescio_params_write(b, &plan->params);
    nescio_text_write(b, plan->set_name);
    nescio_report_write(b, &plan->report);
    nescio_write_u8(b, (uint8_t)s->results);
    nescio_write_u32(b, plan->n_inputs);
    nescio_write_u32(b, plan->n_outputs);
    for (uint32_t i = 0; i < plan->n_inputs; i++) {
        const nescio_gate *gate = s->circuit->gates[plan->inputs[i].gate];
        nescio_plan_input_write(b, &plan->inputs[i]);
        nescio_quantizer_write(b, &gate->quantizer);
        nescio_shape_write(b, gate->output->rank, gate->output->dims);
    }
    for (uint32_t i = 0; i < plan->n_outputs; i++) {
        const nescio_gate *gate = s->circuit->gates[plan->outputs[i].gate];
        nescio_plan_output_write(b, &plan->outputs[i]);
        nescio_quantizer_write(b, &gate->quantizer);
        nescio_shape_write(b, gate->output->rank, gate->output->dims);
    }
}

/* What decoding and encoding rely on, beyond sizes. */
static bool input_is_sane(const nescio_border_input *in, const nescio_tfhe_params *p)
{
    const nescio_plan_input *q = &in->plan;

    return q->count > 0 && q->count <= NESCIO_CIRCUIT_COUNT_MAX &&
           q->n_packed == (q->count - 1) / p->poly_size + 1 && q->body_log >= 16 &&
           q->body_log <= 64;
}

static bool output_is_sane(const nescio_border_output *out, const nescio_tfhe_params *p)
{
    const nescio_plan_output *q = &out->plan;

    return q->count > 0 && q->count <= NESCIO_CIRCUIT_COUNT_MAX &&
           q->n_answers == (q->count - 1) / p->out_poly_size + 1 && q->answer_log >= 12 &&
           q->answer_log <= 24 && q->delta > 0 && q->lo <= q->hi;
}

/* To the end of the tensor. */
static bool read_borders(nescio_cursor *r, nescio_arena *arena, nescio_client_part *out)
{
    out->n_inputs = nescio_read_u32(r);
    out->n_outputs = nescio_read_u32(r);
    if (r->bad || out->n_inputs > nescio_cursor_left(r) / 32 ||
        out->n_outputs > nescio_cursor_left(r) / 32)
        return false;
    out->inputs = nescio_arena_array(arena, out->n_inputs, sizeof *out->inputs);
    out->outputs = nescio_arena_array(arena, out->n_outputs, sizeof *out->outputs);
    if (!out->inputs || !out->outputs)
        return false;
    for (uint32_t i = 0; i < out->n_inputs; i++) {
        nescio_border_input *in = &out->inputs[i];
        nescio_plan_input_read(r, arena, &in->plan);
        if (!nescio_quantizer_read(r, arena, in->plan.count, &in->quantizer) ||
            nescio_shape_read(r, &in->rank, in->dims) != in->plan.count ||
            !input_is_sane(in, &out->params))
            return false;
    }
    for (uint32_t i = 0; i < out->n_outputs; i++) {
        nescio_border_output *o = &out->outputs[i];
        nescio_plan_output_read(r, arena, &o->plan);
        if (!nescio_quantizer_read(r, arena, o->plan.count, &o->quantizer) ||
            nescio_shape_read(r, &o->rank, o->dims) != o->plan.count ||
            !output_is_sane(o, &out->params))
            return false;
    }
    return !r->bad && nescio_cursor_left(r) == 0;
}

nescio_status nescio_border_read(nescio_ctx *ctx, nescio_arena *arena, const char *file,
                                 const nescio_entry *entry, nescio_client_part *out)
{
    nescio_cursor r = nescio_cursor_over(entry->data, entry->bytes);
    const uint8_t scheme = nescio_read_u8(&r);
    uint8_t results;

    if (scheme != NESCIO_SCHEME_TFHE)
        return nescio_fail(ctx, NESCIO_E_UNSUPPORTED,
                           "'%s': scheme number %u, this program knows tfhe (0)", file, scheme);
    out->scheme = NESCIO_SCHEME_TFHE;
    nescio_params_read(&r, &out->params);
    out->set_name = nescio_text_read(&r, arena);
    nescio_report_read(&r, &out->report);
    results = nescio_read_u8(&r);
    if (r.bad || results > NESCIO_RESULTS_SHARED)
        return nescio_fail_malformed(ctx, arena, file, "tensor 'client'", r.at);
    out->results = (nescio_results)results;
    NESCIO_TRY(nescio_blame_file(ctx, file, nescio_tfhe_params_check(ctx, &out->params)));
    if (!read_borders(&r, arena, out))
        return nescio_fail_malformed(ctx, arena, file, "tensor 'client'", r.at);
    nescio_params_id(out->params_id, &out->params);
    nescio_digest_id(out->encoding_id, entry->data, entry->bytes);
    return NESCIO_OK;
}
