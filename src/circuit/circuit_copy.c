/* SPDX-License-Identifier: Apache-2.0
 * Deep copies of circuits. Allocation failures are gathered in one flag, asked once a gate. */
#include "circuit/circuit.h"

#include <string.h>

typedef struct copier {
    nescio_arena *arena;
    bool bad; /* an allocation failed */
} copier;

/* Copy of n elements; NULL stays NULL. */
static void *copy_array(copier *c, const void *from, size_t n, size_t size)
{
    if (!from)
        return NULL;
    void *const to = nescio_arena_array(c->arena, n, size);

    if (!to)
        c->bad = true;
    else if (n)
        memcpy(to, from, n * size);
    return to;
}

static const char *copy_text(copier *c, const char *from)
{
    return copy_array(c, from, strlen(from) + 1, 1);
}

static void copy_linear(copier *c, const nescio_gate *from, nescio_gate *to)
{
    nescio_int_matrix *const m = copy_array(c, from->linear.matrix, from->n_inputs, sizeof *m);

    for (uint32_t i = 0; m && i < from->n_inputs; i++) {
        const nescio_int_matrix *const f = &from->linear.matrix[i];
        const size_t nonzero = f->dense ? 0 : f->row_start[f->n_rows];

        m[i].dense = copy_array(c, f->dense, (size_t)f->n_rows * f->n_columns, sizeof *f->dense);
        m[i].row_start = copy_array(c, f->row_start, (size_t)f->n_rows + 1, sizeof *f->row_start);
        m[i].columns = copy_array(c, f->columns, nonzero, sizeof *f->columns);
        m[i].weights = copy_array(c, f->weights, nonzero, sizeof *f->weights);
    }
    to->linear.matrix = m;
    to->linear.bias =
        copy_array(c, from->linear.bias, from->output->count, sizeof *from->linear.bias);
}

static void copy_trees(copier *c, const nescio_gate *from, nescio_gate *to)
{
    nescio_tree *const t = copy_array(c, from->trees.tree, from->trees.n_trees, sizeof *t);

    to->trees = from->trees;
    to->trees.tree = t;
    for (uint32_t i = 0; t && i < from->trees.n_trees; i++) {
        const nescio_tree *const f = &from->trees.tree[i];

        t[i].feature = copy_array(c, f->feature, f->n_nodes, sizeof *f->feature);
        t[i].threshold = copy_array(c, f->threshold, f->n_nodes, sizeof *f->threshold);
        t[i].yes = copy_array(c, f->yes, f->n_nodes, sizeof *f->yes);
        t[i].no = copy_array(c, f->no, f->n_nodes, sizeof *f->no);
        t[i].leaves = copy_array(c, f->leaves, (size_t)f->n_leaves * from->trees.n_targets,
                                 sizeof *f->leaves);
    }
}

static void copy_payload(copier *c, const nescio_gate *from, nescio_gate *to)
{
    const size_t count = from->output->count;

    switch (from->op) {
    case NESCIO_GATE_LINEAR: copy_linear(c, from, to); break;
    case NESCIO_GATE_GATHER:
        to->gather = copy_array(c, from->gather, count, sizeof *from->gather);
        break;
    case NESCIO_GATE_CONSTANT:
        to->constant = copy_array(c, from->constant, count, sizeof *from->constant);
        break;
    case NESCIO_GATE_TREES: copy_trees(c, from, to); break;
    case NESCIO_GATE_TABLE:
        to->table = from->table;
        to->table.which = copy_array(c, from->table.which, count, sizeof *from->table.which);
        to->table.entries =
            copy_array(c, from->table.entries, (size_t)from->table.n_tables * from->table.n_entries,
                       sizeof *from->table.entries);
        break;
    case NESCIO_GATE_INPUT:
    case NESCIO_GATE_OUTPUT:
        to->quantizer = from->quantizer;
        to->quantizer.scale =
            copy_array(c, from->quantizer.scale, from->quantizer.n, sizeof *from->quantizer.scale);
        to->quantizer.zero_point = copy_array(c, from->quantizer.zero_point, from->quantizer.n,
                                              sizeof *from->quantizer.zero_point);
        break;
    default: break;
    }
}

/* Copies one gate; map[id] is the copy of wire id. */
static bool copy_gate(nescio_circuit *copy, const nescio_gate *from, nescio_wire **map)
{
    copier c = {copy->arena, false};
    nescio_wire **const inputs =
        nescio_arena_array(copy->arena, from->n_inputs, sizeof(nescio_wire *));

    if (!inputs)
        return false;
    for (uint32_t i = 0; i < from->n_inputs; i++)
        inputs[i] = map[from->inputs[i]->id];
    /* Wire names of a circuit differ, so this one is taken as it is. */
    nescio_gate *const to = nescio_circuit_gate(copy, from->op, from->output->name, inputs,
                                                from->n_inputs, from->output->count);
    if (!to)
        return false;
    nescio_wire *const wire = to->output;
    const uint32_t id = wire->id;
    const char *const name = wire->name;

    *wire = *from->output;
    wire->id = id;
    wire->name = name;
    wire->producer = to;
    to->name = copy_text(&c, from->name);
    copy_payload(&c, from, to);
    map[from->output->id] = wire;
    return !c.bad;
}

nescio_status nescio_circuit_copy(nescio_ctx *ctx, const nescio_circuit *in, nescio_circuit **out)
{
    nescio_circuit *copy;

    *out = NULL;
    NESCIO_TRY(nescio_circuit_new(ctx, &copy));
    nescio_wire **const map = nescio_arena_array(copy->arena, in->n_wires, sizeof *map);

    for (size_t g = 0; map && g < in->n_gates; g++) {
        if (!copy_gate(copy, in->gates[g], map)) {
            nescio_circuit_free(copy);
            return nescio_fail_nomem(ctx, nescio_arena_bytes(in->arena));
        }
    }
    if (!map) {
        nescio_circuit_free(copy);
        return nescio_fail_nomem(ctx, in->n_wires * sizeof *map);
    }
    *out = copy;
    return NESCIO_OK;
}
