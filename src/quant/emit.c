/* SPDX-License-Identifier: Apache-2.0
 * The circuit: INPUT, LINEAR and TABLE a layer, OUTPUT. Ranges are stated last: windows, inside
 * what interval arithmetic proves. */
#include "quant/net_internal.h"

#include <math.h>
#include <string.h>

/* A dense matrix where at least a quarter of it is set: half the memory, and loops that vectorise.
 */
static bool is_dense(const nescio_affine_map *m, size_t nonzero)
{
    return nonzero >= m->n_rows * m->n_columns / 4;
}

static bool emit_dense(nescio_arena *arena, const nescio_affine_map *m, const int32_t *w,
                       nescio_int_matrix *out)
{
    int32_t *const dense = nescio_arena_array(arena, m->n_rows * m->n_columns, sizeof *dense);

    if (!dense)
        return false;
    for (size_t i = 0; i < m->n_rows; i++) {
        for (size_t k = m->start[i]; k < m->start[i + 1]; k++)
            dense[i * m->n_columns + m->column[k]] = w[k];
    }
    out->dense = dense;
    return true;
}

static bool emit_sparse(nescio_arena *arena, const nescio_affine_map *m, const int32_t *w,
                        size_t nonzero, nescio_int_matrix *out)
{
    uint32_t *const start = nescio_arena_array(arena, m->n_rows + 1, sizeof *start);
    uint32_t *const column = nescio_arena_array(arena, nonzero, sizeof *column);
    int32_t *const weight = nescio_arena_array(arena, nonzero, sizeof *weight);
    uint32_t n = 0;

    if (!start || !column || !weight)
        return false;
    for (size_t i = 0; i < m->n_rows; i++) {
        for (size_t k = m->start[i]; k < m->start[i + 1]; k++) {
            if (w[k] == 0)
                continue;
            column[n] = m->column[k];
            weight[n++] = w[k];
        }
        start[i + 1] = n;
    }
    out->row_start = start;
    out->columns = column;
    out->weights = weight;
    return true;
}

static bool emit_matrix(nescio_arena *arena, const nescio_affine_map *m, const int32_t *w,
                        nescio_int_matrix *out)
{
    size_t nonzero = 0;

    for (size_t k = 0; k < m->start[m->n_rows]; k++)
        nonzero += w[k] != 0;
    *out = (nescio_int_matrix){.n_rows = (uint32_t)m->n_rows, .n_columns = (uint32_t)m->n_columns};
    return is_dense(m, nonzero) ? emit_dense(arena, m, w, out)
                                : emit_sparse(arena, m, w, nonzero, out);
}

static void set_shape(nescio_wire *wire, int rank, const int64_t *dims)
{
    if (rank < 1 || dims[0] != 1)
        return;
    wire->rank = rank - 1; /* without the batch */
    memcpy(wire->dims, dims + 1, (size_t)(rank - 1) * sizeof *dims);
}

static bool copy_quantizer(nescio_arena *arena, nescio_quantizer *q, const double *scale,
                           const int64_t *zero, size_t n)
{
    double *const s = nescio_arena_array(arena, n, sizeof *s);
    int64_t *const z = nescio_arena_array(arena, n, sizeof *z);
    bool same = true;

    if (!s || !z)
        return false;
    memcpy(s, scale, n * sizeof *s);
    memcpy(z, zero, n * sizeof *z);
    for (size_t i = 1; i < n; i++)
        same &= s[i] == s[0] && z[i] == z[0];
    q->n = same ? 1 : n;
    q->scale = s;
    q->zero_point = z;
    return true;
}

/* Integer zero points of a base: where its real 0 lies. */
static int64_t *zero_points(nescio_arena *arena, const nescio_quant_base *b)
{
    int64_t *const zero = nescio_arena_array(arena, b->count, sizeof *zero);

    for (size_t i = 0; zero && i < b->count; i++)
        zero[i] = (int64_t)nearbyint(-b->offset[i] / b->scale[i]);
    return zero;
}

static bool emit_input(nescio_quant_net *net, nescio_circuit *circuit, nescio_quant_base *b)
{
    const nescio_value *const value = net->graph->inputs[b->from];
    nescio_gate *const gate =
        nescio_circuit_gate(circuit, NESCIO_GATE_INPUT, value->name, NULL, 0, b->count);
    const int64_t *const zero = zero_points(net->arena, b);

    if (!gate || !zero ||
        !copy_quantizer(circuit->arena, &gate->quantizer, b->scale, zero, b->count))
        return false;
    gate->quantizer.lo = b->least[0];
    gate->quantizer.hi = b->most[0];
    set_shape(gate->output, net->values[value->id].sample.rank, net->values[value->id].sample.dims);
    b->wire = gate->output;
    return true;
}

static nescio_gate *emit_linear(nescio_quant_net *net, nescio_circuit *circuit,
                                nescio_quant_layer_work *l)
{
    nescio_wire **const inputs =
        nescio_arena_array(net->arena, l->in->n_terms, sizeof(nescio_wire *));
    nescio_int_matrix *const matrix =
        nescio_arena_array(circuit->arena, l->in->n_terms, sizeof *matrix);
    int64_t *const bias = nescio_arena_array(circuit->arena, l->count, sizeof *bias);

    if (!inputs || !matrix || !bias)
        return NULL;
    for (uint32_t t = 0; t < l->in->n_terms; t++) {
        inputs[t] = net->bases[l->in->base[t]].wire;
        if (!emit_matrix(circuit->arena, &l->in->map[t], l->w[t], &matrix[t]))
            return NULL;
    }
    memcpy(bias, l->bias, l->count * sizeof *bias);
    nescio_gate *const gate =
        nescio_circuit_gate(circuit, NESCIO_GATE_LINEAR, l->name, inputs, l->in->n_terms, l->count);
    if (!gate)
        return NULL;
    gate->linear.matrix = matrix;
    gate->linear.bias = bias;
    set_shape(gate->output, l->rank, l->dims);
    return gate;
}

/* Where all tables are constant: cells [0, lo] and [hi, end). */
static void find_plateaus(const nescio_quant_layer_work *l, uint32_t *lo, uint32_t *hi)
{
    *lo = l->n_entries - 1;
    *hi = 0;
    for (size_t c = 0; c < l->n_channels; c++) {
        const int64_t *const e = l->entries + c * l->n_entries;
        uint32_t i = 0, j = l->n_entries - 1;

        while (i + 1 < l->n_entries && e[i + 1] == e[0])
            i++;
        while (j > 0 && e[j - 1] == e[l->n_entries - 1])
            j--;
        *lo = i < *lo ? i : *lo;
        *hi = j > *hi ? j : *hi;
    }
    if (*lo > *hi) /* every table is one plateau */
        *lo = *hi;
}

/* The node that ends the chain; for a part of a pair, the pair's node. */
static const char *table_name(const nescio_quant_layer_work *l)
{
    const nescio_value *const result = l->function.result;

    return result && result->producer ? result->producer->name : l->name;
}

static bool emit_table(nescio_quant_net *net, nescio_circuit *circuit, nescio_quant_layer_work *l,
                       nescio_wire *in)
{
    nescio_gate *const gate =
        nescio_circuit_gate(circuit, NESCIO_GATE_TABLE, table_name(l), &in, 1, l->count);
    const size_t n = (size_t)l->n_entries * l->n_channels;
    int64_t *const entries = nescio_arena_array(circuit->arena, n, sizeof *entries);
    uint32_t *const which = nescio_arena_array(circuit->arena, l->count, sizeof *which);
    uint32_t lo, hi;

    if (!gate || !entries || !which)
        return false;
    memcpy(entries, l->entries, n * sizeof *entries);
    memcpy(which, l->channel, l->count * sizeof *which);
    find_plateaus(l, &lo, &hi);
    gate->table = (nescio_table){.first = l->first,
                                 .step = l->step,
                                 .n_entries = l->n_entries,
                                 .n_tables = (uint32_t)l->n_channels,
                                 .which = l->n_channels > 1 ? which : NULL,
                                 .entries = entries,
                                 .exact = net->options.rounding == NESCIO_ROUNDING_EXACT};
    if (!gate->table.exact) {
        gate->table.saturating = true;
        gate->table.turn = l->turn;
        gate->table.ramp_lo = l->first + (int64_t)lo * l->step + l->step - 1;
        gate->table.ramp_hi = l->first + (int64_t)hi * l->step;
        if (gate->table.ramp_hi < gate->table.ramp_lo)
            gate->table.ramp_hi = gate->table.ramp_lo;
    }
    set_shape(gate->output, l->rank, l->dims);
    net->bases[l->base].wire = gate->output;
    return true;
}

static bool emit_answer(nescio_quant_net *net, nescio_circuit *circuit, size_t i,
                        nescio_wire *const *linear)
{
    const struct nescio_quant_answer *const a = &net->answers[i];
    const nescio_tensor *const sample = &net->values[a->value->id].sample;
    nescio_wire *in = a->layer == UINT32_MAX ? net->bases[a->base].wire : linear[a->layer];
    const double *scale = NULL;
    int64_t *zero = NULL;

    if (a->layer == UINT32_MAX) {
        scale = net->bases[a->base].scale;
        zero = zero_points(net->arena, &net->bases[a->base]);
    } else {
        const nescio_quant_layer_work *const l = &net->layers[a->layer];

        scale = l->scale; /* every element of an answer is its own channel */
        zero = nescio_arena_array(net->arena, l->count, sizeof *zero);
        for (size_t k = 0; zero && k < l->count; k++)
            zero[k] = -l->z[k];
    }
    nescio_gate *const gate =
        nescio_circuit_gate(circuit, NESCIO_GATE_OUTPUT, a->value->name, &in, 1, in->count);

    if (!gate || !zero || !copy_quantizer(circuit->arena, &gate->quantizer, scale, zero, in->count))
        return false;
    set_shape(gate->output, sample->rank, sample->dims);
    return true;
}

/* Windows inside what is proven; OUTPUTs state the range that decoding unwraps into. */
static nescio_status state_ranges(nescio_quant_net *net, nescio_circuit *circuit,
                                  nescio_wire *const *linear)
{
    NESCIO_TRY(nescio_circuit_ranges(net->ctx, circuit));
    for (uint32_t i = 0; i < net->n_layers; i++) {
        nescio_quant_layer_work *const l = &net->layers[i];
        nescio_wire *const wire = linear[i];

        l->lo = l->lo > wire->lo && l->lo <= wire->hi ? l->lo : wire->lo;
        l->hi = l->hi < wire->hi && l->hi >= wire->lo ? l->hi : wire->hi;
        wire->lo = l->lo;
        wire->hi = l->hi;
    }
    NESCIO_TRY(nescio_circuit_ranges(net->ctx, circuit));
    for (size_t g = 0; g < circuit->n_gates; g++) {
        nescio_gate *const gate = circuit->gates[g];

        if (gate->op == NESCIO_GATE_OUTPUT) {
            gate->quantizer.lo = gate->output->lo;
            gate->quantizer.hi = gate->output->hi;
        }
    }
    return nescio_circuit_verify(net->ctx, circuit);
}

static bool emit_gates(nescio_quant_net *net, nescio_circuit *circuit, nescio_wire **linear)
{
    bool ok = true;

    for (uint32_t b = 0; b < net->n_bases && ok; b++) {
        if (net->bases[b].is_input)
            ok = emit_input(net, circuit, &net->bases[b]);
    }
    for (uint32_t i = 0; i < net->n_layers && ok; i++) {
        nescio_gate *const gate = emit_linear(net, circuit, &net->layers[i]);

        ok = gate != NULL;
        if (!ok)
            break;
        linear[i] = gate->output;
        if (net->layers[i].has_function)
            ok = emit_table(net, circuit, &net->layers[i], gate->output);
    }
    for (size_t i = 0; i < net->graph->n_outputs && ok; i++)
        ok = emit_answer(net, circuit, i, linear);
    return ok;
}

nescio_status nescio_quant_emit(nescio_quant_net *net, nescio_circuit **out)
{
    nescio_wire **const linear =
        nescio_arena_array(net->arena, net->n_layers, sizeof(nescio_wire *));
    nescio_circuit *circuit;
    nescio_status st;

    *out = NULL;
    if (!linear)
        return nescio_quant_nomem(net);
    NESCIO_TRY(nescio_circuit_new(net->ctx, &circuit));
    st = emit_gates(net, circuit, linear) ? state_ranges(net, circuit, linear)
                                          : nescio_quant_nomem(net);
    if (st != NESCIO_OK) {
        nescio_circuit_free(circuit);
        return st;
    }
    *out = circuit;
    return NESCIO_OK;
}
