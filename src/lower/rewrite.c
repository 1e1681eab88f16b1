/* SPDX-License-Identifier: Apache-2.0
 * What every pass needs: walking, appending, sweeping, and the few gates that lowerings are made
 * of. */
#include <stdlib.h>
#include <string.h>

#include "lower/lower_internal.h"

nescio_status nescio_lower_nomem(nescio_lowering *l)
{
    return nescio_fail_nomem(l->ctx, nescio_arena_bytes(l->circuit->arena));
}

nescio_status nescio_lower_keep(nescio_lowering *l, nescio_gate *gate)
{
    nescio_circuit *const c = l->circuit;

    if (c->n_gates == c->cap_gates) {
        const size_t more = c->cap_gates ? 2 * c->cap_gates : 16;
        nescio_gate **const bigger = nescio_arena_array(c->arena, more, sizeof(nescio_gate *));

        if (!bigger)
            return nescio_lower_nomem(l);
        if (c->n_gates)
            memcpy(bigger, c->gates, c->n_gates * sizeof *bigger);
        c->gates = bigger;
        c->cap_gates = more;
    }
    c->gates[c->n_gates++] = gate;
    return NESCIO_OK;
}

/* Drops what no OUTPUT needs; inputs stay, they are the circuit's face. */
static nescio_status sweep(nescio_lowering *l)
{
    nescio_circuit *const c = l->circuit;
    bool *const needed = calloc(c->n_wires + 1, sizeof *needed);
    size_t n = 0;

    if (!needed)
        return nescio_lower_nomem(l);
    for (size_t g = c->n_gates; g-- > 0;) {
        nescio_gate *const gate = c->gates[g];

        if (gate->op == NESCIO_GATE_OUTPUT || gate->op == NESCIO_GATE_INPUT)
            needed[gate->output->id] = true;
        for (uint32_t i = 0; needed[gate->output->id] && i < gate->n_inputs; i++)
            needed[gate->inputs[i]->id] = true;
    }
    for (size_t g = 0; g < c->n_gates; g++) {
        if (needed[c->gates[g]->output->id])
            c->gates[n++] = c->gates[g];
    }
    free(needed);
    c->n_gates = n;
    for (size_t g = 0; g < n; g++) { /* there were at least as many wires */
        c->wires[g] = c->gates[g]->output;
        c->wires[g]->id = (uint32_t)g;
    }
    c->n_wires = n;
    return NESCIO_OK;
}

nescio_status nescio_lower_rewrite(nescio_lowering *l, nescio_lower_gate_fn fn)
{
    nescio_circuit *const c = l->circuit;
    nescio_gate **const old = c->gates;
    const size_t n = c->n_gates;
    nescio_status st = NESCIO_OK;

    l->uses = calloc(c->n_wires + 1, sizeof *l->uses);
    if (!l->uses)
        return nescio_lower_nomem(l);
    for (size_t g = 0; g < n; g++) {
        for (uint32_t i = 0; i < old[g]->n_inputs; i++)
            l->uses[old[g]->inputs[i]->id]++;
    }
    c->gates = NULL;
    c->n_gates = c->cap_gates = 0;
    for (size_t g = 0; g < n && st == NESCIO_OK; g++)
        st = fn(l, old[g]);
    free(l->uses);
    l->uses = NULL;
    return st == NESCIO_OK ? sweep(l) : st;
}

/* A sparse diagonal matrix. */
static bool diagonal(nescio_arena *arena, size_t count, int32_t weight, nescio_int_matrix *out)
{
    uint32_t *const start = nescio_arena_array(arena, count + 1, sizeof *start);
    uint32_t *const column = nescio_arena_array(arena, count, sizeof *column);
    int32_t *const w = nescio_arena_array(arena, count, sizeof *w);

    if (!start || !column || !w)
        return false;
    for (size_t i = 0; i < count; i++) {
        start[i + 1] = (uint32_t)i + 1;
        column[i] = (uint32_t)i;
        w[i] = weight;
    }
    *out = (nescio_int_matrix){(uint32_t)count, (uint32_t)count, NULL, start, column, w};
    return true;
}

nescio_status nescio_lower_become_combination(nescio_lowering *l, nescio_gate *gate, nescio_wire *a,
                                              int32_t wa, nescio_wire *b, int32_t wb)
{
    nescio_arena *const arena = l->circuit->arena;
    const uint32_t n = b ? 2 : 1;
    nescio_wire **const inputs = nescio_arena_array(arena, n, sizeof(nescio_wire *));
    nescio_int_matrix *const m = nescio_arena_array(arena, n, sizeof *m);

    if (!inputs || !m || !diagonal(arena, a->count, wa, &m[0]) ||
        (b && !diagonal(arena, a->count, wb, &m[1])))
        return nescio_lower_nomem(l);
    inputs[0] = a;
    if (b)
        inputs[1] = b;
    gate->op = NESCIO_GATE_LINEAR;
    gate->inputs = inputs;
    gate->n_inputs = n;
    gate->linear.matrix = m;
    gate->linear.bias = NULL;
    l->changed = true;
    return NESCIO_OK;
}

/* w * [lo, hi]; the verifier bounded the wires by 2^61, and w is 1 or -1 here. */
static void add_range(int64_t *lo, int64_t *hi, const nescio_wire *in, int32_t w)
{
    *lo += w > 0 ? in->lo : -in->hi;
    *hi += w > 0 ? in->hi : -in->lo;
}

nescio_gate *nescio_lower_combine(nescio_lowering *l, const char *name, nescio_wire *a, int32_t wa,
                                  nescio_wire *b, int32_t wb)
{
    nescio_wire *const inputs[2] = {a, b};
    nescio_gate *const gate =
        nescio_circuit_gate(l->circuit, NESCIO_GATE_LINEAR, name, inputs, b ? 2 : 1, a->count);

    if (!gate || nescio_lower_become_combination(l, gate, a, wa, b, wb) != NESCIO_OK)
        return NULL;
    add_range(&gate->output->lo, &gate->output->hi, a, wa);
    if (b)
        add_range(&gate->output->lo, &gate->output->hi, b, wb);
    return gate;
}

nescio_status nescio_lower_check_bits(nescio_lowering *l, const char *name, int64_t lo, int64_t hi)
{
    const uint64_t last = (uint64_t)hi - (uint64_t)lo;
    int bits = 0;

    while (bits < 63 && (last >> bits) != 0)
        bits++;
    if (bits > l->options->exact_bits_max)
        return nescio_fail(l->ctx, NESCIO_E_UNSUPPORTED,
                           "gate '%s': an exact table on %lld..%lld needs %d bits; one "
                           "bootstrapping does %d (fewer bits, "
                           "or approximate rounding)",
                           name, (long long)lo, (long long)hi, bits, l->options->exact_bits_max);
    return NESCIO_OK;
}

nescio_status nescio_lower_table(nescio_lowering *l, const char *name, nescio_wire *in,
                                 int64_t (*f)(int64_t), nescio_gate **out)
{
    NESCIO_TRY(nescio_lower_check_bits(l, name, in->lo, in->hi));
    const size_t n = (size_t)(in->hi - in->lo) + 1;
    nescio_gate *const gate =
        nescio_circuit_gate(l->circuit, NESCIO_GATE_TABLE, name, &in, 1, in->count);
    int64_t *const entries = nescio_arena_array(l->circuit->arena, n, sizeof *entries);

    if (!gate || !entries)
        return nescio_lower_nomem(l);
    for (size_t i = 0; i < n; i++) {
        entries[i] = f(in->lo + (int64_t)i);
        gate->output->lo = i == 0 || entries[i] < gate->output->lo ? entries[i] : gate->output->lo;
        gate->output->hi = i == 0 || entries[i] > gate->output->hi ? entries[i] : gate->output->hi;
    }
    gate->table = (nescio_table){.first = in->lo,
                                 .step = 1,
                                 .n_entries = (uint32_t)n,
                                 .n_tables = 1,
                                 .entries = entries,
                                 .exact = true};
    *out = gate;
    return NESCIO_OK;
}
