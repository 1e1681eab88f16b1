/* SPDX-License-Identifier: Apache-2.0
 * The text form of a circuit, read (circuit_print.c shows it). Hostile input: list lengths are
 * checked against declared shapes before anything is kept, memory stays proportional to the text,
 * and the whole circuit goes through the verifier. */
#include "circuit/circuit_internal.h"
#include "circuit/circuit_lex_internal.h"

#include <stdlib.h>
#include <string.h>

typedef struct parser {
    nescio_lexer lexer;
    nescio_circuit *circuit;
    int64_t *list; /* the list just read; owned, reused */
    size_t n, capacity;
} parser;

#define FAIL(...) return nescio_lexer_fail(&p->lexer, __VA_ARGS__)

static nescio_status keep(parser *p, int64_t v)
{
    if (p->n == p->capacity) {
        const size_t more = p->capacity ? 2 * p->capacity : 64;
        int64_t *const bigger = realloc(p->list, more * sizeof *bigger);

        if (!bigger)
            return nescio_fail_nomem(p->lexer.ctx, more * sizeof *bigger);
        p->list = bigger;
        p->capacity = more;
    }
    p->list[p->n++] = v;
    return NESCIO_OK;
}

/* [1 2 3] into p->list, each in [lo, hi]; exactly n of them unless n is SIZE_MAX. */
static nescio_status read_list(parser *p, size_t n, int64_t lo, int64_t hi)
{
    int64_t v;

    p->n = 0;
    NESCIO_TRY(nescio_lexer_expect(&p->lexer, "["));
    while (!nescio_lexer_is(&p->lexer, ']')) {
        if (p->lexer.at < p->lexer.bytes && p->lexer.text[p->lexer.at] == '.')
            FAIL("this list was left out when the text was printed; print it whole");
        if (p->n == n)
            FAIL("more than %zu numbers", n);
        NESCIO_TRY(nescio_lexer_integer(&p->lexer, lo, hi, &v));
        NESCIO_TRY(keep(p, v));
    }
    if (n != SIZE_MAX && p->n != n)
        FAIL("%zu numbers, not %zu", p->n, n);
    return NESCIO_OK;
}

static nescio_status list_i64(parser *p, size_t n, const int64_t **out)
{
    NESCIO_TRY(read_list(p, n, INT64_MIN, INT64_MAX));
    int64_t *const v = nescio_arena_array(p->circuit->arena, p->n, sizeof *v);

    if (!v)
        return nescio_fail_nomem(p->lexer.ctx, p->n * sizeof *v);
    if (p->n)
        memcpy(v, p->list, p->n * sizeof *v);
    *out = v;
    return NESCIO_OK;
}

static nescio_status list_i32(parser *p, size_t n, const int32_t **out)
{
    NESCIO_TRY(read_list(p, n, INT32_MIN, INT32_MAX));
    int32_t *const v = nescio_arena_array(p->circuit->arena, p->n, sizeof *v);

    if (!v)
        return nescio_fail_nomem(p->lexer.ctx, p->n * sizeof *v);
    for (size_t i = 0; i < p->n; i++)
        v[i] = (int32_t)p->list[i];
    *out = v;
    return NESCIO_OK;
}

static nescio_status list_u32(parser *p, size_t n, const uint32_t **out)
{
    NESCIO_TRY(read_list(p, n, 0, UINT32_MAX));
    uint32_t *const v = nescio_arena_array(p->circuit->arena, p->n, sizeof *v);

    if (!v)
        return nescio_fail_nomem(p->lexer.ctx, p->n * sizeof *v);
    for (size_t i = 0; i < p->n; i++)
        v[i] = (uint32_t)p->list[i];
    *out = v;
    return NESCIO_OK;
}

static nescio_status list_reals(parser *p, const double **out, size_t *n_out)
{
    p->n = 0;
    NESCIO_TRY(nescio_lexer_expect(&p->lexer, "["));
    while (!nescio_lexer_is(&p->lexer, ']')) {
        double x;
        int64_t bits;

        NESCIO_TRY(nescio_lexer_real(&p->lexer, &x));
        memcpy(&bits, &x, sizeof bits);
        NESCIO_TRY(keep(p, bits));
    }
    double *const v = nescio_arena_array(p->circuit->arena, p->n, sizeof *v);

    if (!v)
        return nescio_fail_nomem(p->lexer.ctx, p->n * sizeof *v);
    if (p->n)
        memcpy(v, p->list, p->n * sizeof *v);
    *out = v;
    *n_out = p->n;
    return NESCIO_OK;
}

/* A word that must be this one. */
static nescio_status expect_word(parser *p, const char *expected)
{
    char word[NESCIO_WORD_BYTES];

    NESCIO_TRY(nescio_lexer_word(&p->lexer, word));
    if (strcmp(word, expected) != 0)
        FAIL("expected '%s', found '%s'", expected, word);
    return NESCIO_OK;
}

/* codes lo..hi scale [...] zero [...] */
static nescio_status read_quantizer(parser *p, nescio_gate *gate)
{
    nescio_quantizer *const q = &gate->quantizer;

    NESCIO_TRY(expect_word(p, "codes"));
    NESCIO_TRY(nescio_lexer_range(&p->lexer, &q->lo, &q->hi));
    NESCIO_TRY(expect_word(p, "scale"));
    NESCIO_TRY(list_reals(p, &q->scale, &q->n));
    if (q->n != 1 && q->n != gate->output->count)
        FAIL("%zu scales for %zu elements", q->n, gate->output->count);
    NESCIO_TRY(expect_word(p, "zero"));
    return list_i64(p, q->n, &q->zero_point);
}

static nescio_status read_sparse(parser *p, nescio_int_matrix *m)
{
    NESCIO_TRY(expect_word(p, "starts"));
    NESCIO_TRY(list_u32(p, (size_t)m->n_rows + 1, &m->row_start));
    NESCIO_TRY(expect_word(p, "columns"));
    NESCIO_TRY(list_u32(p, m->row_start[m->n_rows], &m->columns));
    NESCIO_TRY(expect_word(p, "weights"));
    return list_i32(p, m->row_start[m->n_rows], &m->weights);
}

/* One matrix an input, in order, then perhaps a bias. */
static nescio_status read_linear(parser *p, nescio_gate *gate)
{
    nescio_int_matrix *const m = nescio_arena_array(p->circuit->arena, gate->n_inputs, sizeof *m);
    char word[NESCIO_WORD_BYTES];

    if (!m)
        return nescio_fail_nomem(p->lexer.ctx, gate->n_inputs * sizeof *m);
    gate->linear.matrix = m;
    for (uint32_t i = 0; i < gate->n_inputs; i++) {
        m[i].n_rows = (uint32_t)gate->output->count;
        m[i].n_columns = (uint32_t)gate->inputs[i]->count;
        NESCIO_TRY(nescio_lexer_word(&p->lexer, word));
        if (strcmp(word, "dense") == 0)
            NESCIO_TRY(list_i32(p, (size_t)m[i].n_rows * m[i].n_columns, &m[i].dense));
        else if (strcmp(word, "sparse") == 0)
            NESCIO_TRY(read_sparse(p, &m[i]));
        else
            FAIL("expected 'dense' or 'sparse', found '%s'", word);
    }
    nescio_lexer_skip(&p->lexer);
    if (p->lexer.at < p->lexer.bytes && p->lexer.text[p->lexer.at] == '}')
        return NESCIO_OK;
    NESCIO_TRY(expect_word(p, "bias"));
    return list_i64(p, gate->output->count, &gate->linear.bias);
}

static nescio_status read_u32(parser *p, uint32_t *out)
{
    int64_t v;

    NESCIO_TRY(nescio_lexer_integer(&p->lexer, 0, UINT32_MAX, &v));
    *out = (uint32_t)v;
    return NESCIO_OK;
}

/* exact|approximate, first, step, entries, tables, then ramp, turn, which as they are given, then
 * values. */
static nescio_status read_table(parser *p, nescio_gate *gate)
{
    nescio_table *const t = &gate->table;
    char word[NESCIO_WORD_BYTES];
    size_t n;

    NESCIO_TRY(nescio_lexer_word(&p->lexer, word));
    t->exact = strcmp(word, "exact") == 0;
    if (!t->exact && strcmp(word, "approximate") != 0)
        FAIL("expected 'exact' or 'approximate', found '%s'", word);
    NESCIO_TRY(expect_word(p, "first"));
    NESCIO_TRY(nescio_lexer_integer(&p->lexer, INT64_MIN, INT64_MAX, &t->first));
    NESCIO_TRY(expect_word(p, "step"));
    NESCIO_TRY(nescio_lexer_integer(&p->lexer, 1, INT64_MAX, &t->step));
    NESCIO_TRY(expect_word(p, "entries"));
    NESCIO_TRY(read_u32(p, &t->n_entries));
    NESCIO_TRY(expect_word(p, "tables"));
    NESCIO_TRY(read_u32(p, &t->n_tables));
    for (;;) {
        NESCIO_TRY(nescio_lexer_word(&p->lexer, word));
        if (strcmp(word, "ramp") == 0) {
            t->saturating = true;
            NESCIO_TRY(nescio_lexer_range(&p->lexer, &t->ramp_lo, &t->ramp_hi));
        } else if (strcmp(word, "turn") == 0) {
            NESCIO_TRY(nescio_lexer_integer(&p->lexer, 0, INT64_MAX, &t->turn));
        } else if (strcmp(word, "which") == 0) {
            NESCIO_TRY(list_u32(p, gate->output->count, &t->which));
        } else if (strcmp(word, "values") == 0) {
            break;
        } else {
            FAIL("expected 'ramp', 'turn', 'which' or 'values', found '%s'", word);
        }
    }
    if (!nescio_size_mul(&n, t->n_entries, t->n_tables))
        FAIL("too many entries");
    return list_i64(p, n, &t->entries);
}

static nescio_status read_tree(parser *p, const nescio_gate *gate, nescio_tree *t)
{
    NESCIO_TRY(expect_word(p, "feature"));
    NESCIO_TRY(list_u32(p, SIZE_MAX, &t->feature));
    const size_t n = p->n;

    if (n > INT32_MAX)
        FAIL("a tree of %zu nodes", n);
    NESCIO_TRY(expect_word(p, "threshold"));
    NESCIO_TRY(list_i64(p, n, &t->threshold));
    NESCIO_TRY(expect_word(p, "yes"));
    NESCIO_TRY(list_i32(p, n, &t->yes));
    NESCIO_TRY(expect_word(p, "no"));
    NESCIO_TRY(list_i32(p, n, &t->no));
    NESCIO_TRY(expect_word(p, "leaves"));
    NESCIO_TRY(list_i64(p, SIZE_MAX, &t->leaves));
    if (p->n % gate->output->count || p->n / gate->output->count > INT32_MAX)
        FAIL("%zu leaf values for %zu targets", p->n, gate->output->count);
    t->n_nodes = (uint32_t)n;
    t->n_leaves = (uint32_t)(p->n / gate->output->count);
    return NESCIO_OK;
}

static nescio_status read_trees(parser *p, nescio_gate *gate)
{
    size_t capacity = 0, n = 0;
    nescio_tree *trees = NULL;

    do {
        NESCIO_TRY(expect_word(p, "tree"));
        if (n == capacity) {
            nescio_tree *const bigger =
                nescio_arena_array(p->circuit->arena, capacity ? 2 * capacity : 8, sizeof *bigger);

            if (!bigger)
                return nescio_fail_nomem(p->lexer.ctx, capacity * sizeof *bigger);
            if (n)
                memcpy(bigger, trees, n * sizeof *bigger);
            trees = bigger;
            capacity = capacity ? 2 * capacity : 8;
        }
        NESCIO_TRY(read_tree(p, gate, &trees[n++]));
        nescio_lexer_skip(&p->lexer);
    } while (p->lexer.at < p->lexer.bytes && p->lexer.text[p->lexer.at] == 't');
    gate->trees.tree = trees;
    gate->trees.n_trees = (uint32_t)n; /* a tree takes over 40 bytes of text */
    gate->trees.n_targets = (uint32_t)gate->output->count;
    return NESCIO_OK;
}

static nescio_status read_payload(parser *p, nescio_gate *gate)
{
    switch (gate->op) {
    case NESCIO_GATE_INPUT:
    case NESCIO_GATE_OUTPUT: return read_quantizer(p, gate);
    case NESCIO_GATE_CONSTANT:
        NESCIO_TRY(expect_word(p, "values"));
        return list_i64(p, gate->output->count, &gate->constant);
    case NESCIO_GATE_LINEAR: return read_linear(p, gate);
    case NESCIO_GATE_GATHER:
        NESCIO_TRY(expect_word(p, "index"));
        return list_i64(p, gate->output->count, &gate->gather);
    case NESCIO_GATE_TABLE: return read_table(p, gate);
    case NESCIO_GATE_TREES: return read_trees(p, gate);
    default: FAIL("'%s' takes nothing in braces", nescio_gate_op_name(gate->op));
    }
}

/* (%a, %b): wires made above, into an arena array. */
static nescio_status read_inputs(parser *p, nescio_wire ***out, uint32_t *n_out)
{
    p->n = 0;
    while (!nescio_lexer_is(&p->lexer, ')')) {
        const char *name;

        NESCIO_TRY(nescio_lexer_name(&p->lexer, &name));
        const nescio_wire *const wire = nescio_circuit_find(p->circuit, name);

        if (!wire)
            FAIL("wire '%s' is not made above", name);
        NESCIO_TRY(keep(p, wire->id));
    }
    nescio_wire **const wires = nescio_arena_array(p->circuit->arena, p->n, sizeof(nescio_wire *));

    if (!wires)
        return nescio_fail_nomem(p->lexer.ctx, p->n * sizeof(nescio_wire *));
    for (size_t i = 0; i < p->n; i++)
        wires[i] = p->circuit->wires[p->list[i]];
    *out = wires;
    *n_out = (uint32_t)p->n; /* an input takes 3 bytes of text */
    return NESCIO_OK;
}

/* [2 3] into dims; the element count. */
static nescio_status read_shape(parser *p, size_t *count)
{
    NESCIO_TRY(read_list(p, SIZE_MAX, 1, (int64_t)NESCIO_CIRCUIT_COUNT_MAX));
    if (p->n > NESCIO_RANK_MAX)
        FAIL("rank %zu is above %d", p->n, NESCIO_RANK_MAX);
    *count = 1;
    for (size_t i = 0; i < p->n; i++) {
        *count *= (size_t)p->list[i]; /* below 2^52 */
        if (*count > NESCIO_CIRCUIT_COUNT_MAX)
            FAIL("more than %zu elements", NESCIO_CIRCUIT_COUNT_MAX);
    }
    return NESCIO_OK;
}

static nescio_status read_op(parser *p, nescio_gate_op *op)
{
    char word[NESCIO_WORD_BYTES];

    NESCIO_TRY(nescio_lexer_word(&p->lexer, word));
    for (unsigned i = 0; i < NESCIO_GATE_COUNT; i++) {
        if (strcmp(word, nescio_gate_op_name((nescio_gate_op)i)) == 0) {
            *op = (nescio_gate_op)i;
            return NESCIO_OK;
        }
    }
    FAIL("unknown operator '%s'", word);
}

/* in lo..hi, then perhaps: clear, from "node" */
static nescio_status read_flags(parser *p, nescio_gate *gate)
{
    char word[NESCIO_WORD_BYTES];

    NESCIO_TRY(expect_word(p, "in"));
    NESCIO_TRY(nescio_lexer_range(&p->lexer, &gate->output->lo, &gate->output->hi));
    for (;;) {
        nescio_lexer_skip(&p->lexer);
        if (p->lexer.at == p->lexer.bytes || p->lexer.text[p->lexer.at] == '%' ||
            p->lexer.text[p->lexer.at] == '{')
            return NESCIO_OK;
        NESCIO_TRY(nescio_lexer_word(&p->lexer, word));
        if (strcmp(word, "from") == 0)
            NESCIO_TRY(nescio_lexer_quoted(&p->lexer, &gate->name));
        else if (strcmp(word, "clear") == 0 && gate->op == NESCIO_GATE_INPUT)
            gate->output->encrypted = false;
        else
            FAIL("expected 'from' or '{', found '%s'", word);
    }
}

static nescio_status read_gate(parser *p)
{
    const char *name;
    nescio_gate_op op = NESCIO_GATE_COUNT;
    nescio_wire **inputs = NULL;
    uint32_t n_inputs = 0;
    size_t count = 0;

    NESCIO_TRY(nescio_lexer_name(&p->lexer, &name));
    if (nescio_circuit_find(p->circuit, name))
        FAIL("wire '%s' is made twice", name);
    NESCIO_TRY(nescio_lexer_expect(&p->lexer, "="));
    NESCIO_TRY(read_op(p, &op));
    if (nescio_lexer_is(&p->lexer, '('))
        NESCIO_TRY(read_inputs(p, &inputs, &n_inputs));
    NESCIO_TRY(read_shape(p, &count));
    nescio_gate *const gate = nescio_circuit_gate(p->circuit, op, name, inputs, n_inputs, count);

    if (!gate)
        return nescio_fail_nomem(p->lexer.ctx, sizeof *gate);
    gate->output->rank = (int)p->n;
    for (size_t i = 0; i < p->n; i++)
        gate->output->dims[i] = p->list[i];
    NESCIO_TRY(read_flags(p, gate));
    if (nescio_lexer_is(&p->lexer, '{')) {
        NESCIO_TRY(read_payload(p, gate));
        NESCIO_TRY(nescio_lexer_expect(&p->lexer, "}"));
    }
    return NESCIO_OK;
}

static nescio_status read_circuit(parser *p)
{
    int64_t version;

    NESCIO_TRY(expect_word(p, "circuit"));
    NESCIO_TRY(nescio_lexer_integer(&p->lexer, 0, INT64_MAX, &version));
    if (version != 1)
        FAIL("version %lld of the text form; this is 1", (long long)version);
    while (!nescio_lexer_end(&p->lexer))
        NESCIO_TRY(read_gate(p));
    return nescio_circuit_verify(p->lexer.ctx, p->circuit);
}

nescio_status nescio_circuit_parse(nescio_ctx *ctx, const char *text, size_t bytes,
                                   nescio_circuit **out)
{
    parser p = {.lexer = {.ctx = ctx, .text = text, .bytes = bytes}};
    nescio_status st;

    *out = NULL;
    NESCIO_TRY(nescio_circuit_new(ctx, &p.circuit));
    p.lexer.arena = p.circuit->arena;
    st = read_circuit(&p);
    free(p.list);
    if (st != NESCIO_OK) {
        nescio_circuit_free(p.circuit);
        return st;
    }
    *out = p.circuit;
    return NESCIO_OK;
}
