/* SPDX-License-Identifier: Apache-2.0
 * Common subexpressions: of two nodes with the same operator, attributes and inputs the later one
 * goes. Small constants count as the same when their elements are. One hash table over the nodes
 * in order. Needs nothing, breaks nothing. */
#include "passes/passes_internal.h"

#include <stdlib.h>
#include <string.h>

/* Bigger constants are compared by identity: exporters repeat numbers and shapes, not weights. */
#define NESCIO_SMALL_CONSTANT_BYTES 1024

static size_t small_bytes(const nescio_value *v)
{
    const nescio_tensor *const t = v->constant;
    size_t bytes;

    if (!t || t->dtype == NESCIO_STRING || !nescio_tensor_is_contiguous(t))
        return 0;
    bytes = nescio_tensor_count(t) * nescio_dtype_bytes(t->dtype);
    return bytes <= NESCIO_SMALL_CONSTANT_BYTES ? bytes : 0;
}

static bool same_input(const nescio_value *a, const nescio_value *b)
{
    size_t bytes;

    if (a == b)
        return true;
    if (!a || !b)
        return false;
    bytes = small_bytes(a);
    return bytes > 0 && bytes == small_bytes(b) && a->constant->dtype == b->constant->dtype &&
           a->constant->rank == b->constant->rank &&
           memcmp(a->constant->dims, b->constant->dims,
                  (size_t)a->constant->rank * sizeof a->constant->dims[0]) == 0 &&
           memcmp(a->constant->data, b->constant->data, bytes) == 0;
}

static bool same_tensor(const nescio_tensor *a, const nescio_tensor *b)
{
    const nescio_value x = {.constant = a}, y = {.constant = b};

    return a == b || same_input(&x, &y);
}

static bool same_attr(const nescio_attr *a, const nescio_attr *b)
{
    if (a->kind != b->kind || a->count != b->count)
        return false;
    switch (a->kind) {
    case NESCIO_ATTR_INT: return a->i == b->i;
    case NESCIO_ATTR_FLOAT: return memcmp(&a->f, &b->f, sizeof a->f) == 0;
    case NESCIO_ATTR_STRING: return strcmp(a->s, b->s) == 0;
    case NESCIO_ATTR_TENSOR: return same_tensor(a->t, b->t);
    case NESCIO_ATTR_INTS:
        return a->count == 0 || memcmp(a->ints, b->ints, a->count * sizeof *a->ints) == 0;
    case NESCIO_ATTR_FLOATS:
        return a->count == 0 || memcmp(a->floats, b->floats, a->count * sizeof *a->floats) == 0;
    case NESCIO_ATTR_STRINGS:
        for (size_t i = 0; i < a->count; i++) {
            if (strcmp(a->strings[i], b->strings[i]) != 0)
                return false;
        }
        return true;
    default: return false; /* bodies */
    }
}

static bool same_node(const nescio_node *a, const nescio_node *b)
{
    if (a->op != b->op || a->n_inputs != b->n_inputs || a->n_outputs != b->n_outputs ||
        a->n_attrs != b->n_attrs)
        return false;
    for (uint32_t i = 0; i < a->n_inputs; i++) {
        if (!same_input(a->inputs[i], b->inputs[i]))
            return false;
    }
    for (uint32_t i = 0; i < a->n_outputs; i++) {
        if (!a->outputs[i] && b->outputs[i])
            return false;
    }
    for (uint32_t i = 0; i < a->n_attrs; i++) {
        const nescio_attr *const other = nescio_node_attr(b, a->attrs[i].name);

        if (!other || !same_attr(&a->attrs[i], other))
            return false;
    }
    return true;
}

/* FNV-1a, of what equal nodes surely share. */
static uint64_t mix(uint64_t hash, uint64_t word)
{
    for (int i = 0; i < 8; i++)
        hash = (hash ^ (word >> 8 * i & 0xff)) * 0x100000001b3u;
    return hash;
}

static uint64_t hash_node(const nescio_node *node)
{
    uint64_t hash = mix(0xcbf29ce484222325u, (uint64_t)node->op);

    for (uint32_t i = 0; i < node->n_inputs; i++) {
        const nescio_value *const in = node->inputs[i];
        const size_t bytes = in ? small_bytes(in) : 0;

        if (bytes == 0) {
            hash = mix(hash, in ? (uint64_t)in->id + 1 : 0);
            continue;
        }
        for (size_t k = 0; k < bytes; k++)
            hash = (hash ^ ((const unsigned char *)in->constant->data)[k]) * 0x100000001b3u;
    }
    return hash;
}

/* Uses of the later node's outputs go to the earlier one. */
static nescio_status merge(nescio_rewrite *rw, nescio_node *later, const nescio_node *earlier)
{
    if (later->n_outputs == 1)
        return nescio_rewrite_alias(rw, later, earlier->outputs[0]);
    for (uint32_t i = 0; i < later->n_outputs; i++) {
        if (later->outputs[i] && nescio_rewrite_is_output(rw, later->outputs[i]))
            return NESCIO_OK; /* keeps its name */
    }
    for (uint32_t i = 0; i < later->n_outputs; i++) {
        if (later->outputs[i])
            NESCIO_TRY(nescio_rewrite_replace(rw, later->outputs[i], earlier->outputs[i]));
    }
    nescio_rewrite_remove(rw, later);
    return NESCIO_OK;
}

static nescio_status merge_all(nescio_rewrite *rw, nescio_node **table, size_t capacity)
{
    nescio_node *next;

    for (nescio_node *node = rw->graph->first; node; node = next) {
        size_t at = (size_t)hash_node(node) & (capacity - 1);

        next = node->next;
        /* An Identity is left only where both its ends are names of the model's border. */
        if (node->op == NESCIO_OP_IDENTITY || node->n_outputs == 0 || !node->outputs[0])
            continue;
        while (table[at] && !same_node(table[at], node))
            at = (at + 1) & (capacity - 1);
        if (table[at])
            NESCIO_TRY(merge(rw, node, table[at]));
        else
            table[at] = node;
    }
    return NESCIO_OK;
}

nescio_status nescio_pass_merge_common(nescio_rewrite *rw)
{
    size_t n = 0, capacity = 64;
    nescio_node **table;
    nescio_status st;

    for (const nescio_node *node = rw->graph->first; node; node = node->next)
        n++;
    while (capacity < 2 * n)
        capacity *= 2;
    table = calloc(capacity, sizeof(nescio_node *));
    if (!table)
        return nescio_rewrite_nomem(rw);
    st = merge_all(rw, table, capacity);
    free(table);
    return st;
}
