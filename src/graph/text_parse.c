/* SPDX-License-Identifier: Apache-2.0
 * Text to graph: recursive descent over ONNX's text syntax, canonical opsets only.
 *
 *   model ::= '<' key ':' value, ... '>' graph
 *   graph ::= name '(' type name, ... ')' '=>' '(' type name, ... ')' [ '<' type name '=' elements,
 * ... '>' ] '{' node* '}' node  ::= [ '[' name ']' ] name, ... '=' domain.Op [ '<' attr, ... '>' ]
 * '(' name, ... ')' [ '<' attr, ... '>' ] attr  ::= name [ ':' kind ] '=' ( number | string | '['
 * ... ']' | type elements | graph )
 *
 * Hostile input: bodies nest at most 32 deep, a tensor has no more elements than the text has
 * bytes, and names are looked up in the graph's own table. */
#include "graph/graph_internal.h"
#include "graph/text_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BODIES_MAX 32

typedef struct parser {
    nescio_graph_lexer lx;
    int depth;
    size_t bytes; /* of the whole text */
} parser;

/** A declared type. */
typedef struct declared {
    nescio_dtype dtype;
    nescio_shape shape;
    const char *name;
} declared;

static nescio_status parse_graph(parser *p, nescio_graph *g);

static nescio_status no_memory(const parser *p)
{
    return nescio_fail_nomem(p->lx.ctx, sizeof(nescio_value));
}

static nescio_status next(parser *p)
{
    return nescio_graph_lexer_next(&p->lx);
}

static bool at_mark(const parser *p, char mark)
{
    return p->lx.token == NESCIO_TOKEN_MARK && p->lx.mark == mark;
}

/* The mark, and the token after it. */
static nescio_status expect(parser *p, char mark)
{
    return at_mark(p, mark) ? next(p) : nescio_graph_lexer_fail(&p->lx, "'%c' expected", mark);
}

static bool at_name(const parser *p)
{
    return p->lx.token == NESCIO_TOKEN_NAME || p->lx.token == NESCIO_TOKEN_STRING;
}

static nescio_status parse_name(parser *p, const char **out)
{
    if (!at_name(p) || *p->lx.text == '\0')
        return nescio_graph_lexer_fail(&p->lx, "a name expected");
    *out = p->lx.text;
    return next(p);
}

static nescio_status to_int64(const parser *p, int64_t *out)
{
    char *end;

    errno = 0;
    *out = strtoll(p->lx.text, &end, 10);
    return p->lx.token == NESCIO_TOKEN_INT && errno == 0 && *end == '\0'
               ? NESCIO_OK
               : nescio_graph_lexer_fail(&p->lx, "an integer of 64 bits expected");
}

static nescio_status parse_int(parser *p, int64_t *out)
{
    if (p->lx.token != NESCIO_TOKEN_INT)
        return nescio_graph_lexer_fail(&p->lx, "an integer expected");
    NESCIO_TRY(to_int64(p, out));
    return next(p);
}

static bool at_number(const parser *p)
{
    return p->lx.token == NESCIO_TOKEN_INT || p->lx.token == NESCIO_TOKEN_FLOAT ||
           (p->lx.token == NESCIO_TOKEN_NAME &&
            (strcmp(p->lx.text, "inf") == 0 || strcmp(p->lx.text, "nan") == 0));
}

static nescio_status parse_double(parser *p, double *out)
{
    if (!at_number(p))
        return nescio_graph_lexer_fail(&p->lx, "a number expected");
    *out = nescio_text_double(p->lx.text);
    return next(p);
}

/* float[N, 3, ?]; float[]: rank unknown; float: a scalar. */
static nescio_status parse_type(parser *p, nescio_dtype *dtype, nescio_shape *shape)
{
    *shape = (nescio_shape){0};
    if (p->lx.token != NESCIO_TOKEN_NAME || !nescio_text_type_find(p->lx.text, dtype))
        return nescio_graph_lexer_fail(&p->lx, "an element type expected");
    NESCIO_TRY(next(p));
    if (!at_mark(p, '['))
        return NESCIO_OK;
    NESCIO_TRY(next(p));
    if (at_mark(p, ']')) {
        shape->rank = NESCIO_RANK_UNKNOWN;
        return next(p);
    }
    for (;;) {
        const int d = shape->rank;

        if (d == NESCIO_RANK_MAX)
            return nescio_graph_lexer_fail(&p->lx, "more than %d dims", NESCIO_RANK_MAX);
        shape->dims[d] = NESCIO_DIM_UNKNOWN;
        if (at_mark(p, '?'))
            NESCIO_TRY(next(p));
        else if (at_name(p))
            NESCIO_TRY(parse_name(p, &shape->symbol[d]));
        else
            NESCIO_TRY(parse_int(p, &shape->dims[d]));
        if (shape->dims[d] < 0 && shape->dims[d] != NESCIO_DIM_UNKNOWN)
            return nescio_graph_lexer_fail(&p->lx, "a dim below 0");
        shape->rank++;
        if (at_mark(p, ']'))
            return next(p);
        NESCIO_TRY(expect(p, ','));
    }
}

static nescio_status put_element(parser *p, nescio_tensor *t, size_t i)
{
    int64_t v = 0;
    double f = 0;

    switch (t->dtype) {
    case NESCIO_STRING:
        if (p->lx.token != NESCIO_TOKEN_STRING)
            return nescio_graph_lexer_fail(&p->lx, "a string expected");
        ((const char **)t->data)[i] = p->lx.text;
        return next(p);
    case NESCIO_F32:
        NESCIO_TRY(parse_double(p, &f));
        ((float *)t->data)[i] = (float)f;
        return NESCIO_OK;
    case NESCIO_F64:
        NESCIO_TRY(parse_double(p, &f));
        ((double *)t->data)[i] = f;
        return NESCIO_OK;
    case NESCIO_U64:
        if (p->lx.token != NESCIO_TOKEN_INT || *p->lx.text == '-')
            return nescio_graph_lexer_fail(&p->lx, "an integer expected");
        errno = 0;
        ((uint64_t *)t->data)[i] = strtoull(p->lx.text, NULL, 10);
        return errno ? nescio_graph_lexer_fail(&p->lx, "an integer of 64 bits expected") : next(p);
    default: break;
    }
    NESCIO_TRY(parse_int(p, &v));
    switch (t->dtype) {
    case NESCIO_BOOL: ((uint8_t *)t->data)[i] = v != 0; break;
    case NESCIO_U8: ((uint8_t *)t->data)[i] = (uint8_t)v; break;
    case NESCIO_I8: ((int8_t *)t->data)[i] = (int8_t)v; break;
    case NESCIO_U16: ((uint16_t *)t->data)[i] = (uint16_t)v; break;
    case NESCIO_I16: ((int16_t *)t->data)[i] = (int16_t)v; break;
    case NESCIO_I32: ((int32_t *)t->data)[i] = (int32_t)v; break;
    case NESCIO_U32: ((uint32_t *)t->data)[i] = (uint32_t)v; break;
    default: ((int64_t *)t->data)[i] = v; break;
    }
    return nescio_tensor_get_i64(t, i) == v || (t->dtype == NESCIO_BOOL && (v == 0 || v == 1))
               ? NESCIO_OK
               : nescio_graph_lexer_fail(&p->lx, "%lld does not fit %s", (long long)v,
                                         nescio_dtype_name(t->dtype));
}

/* {1, 2, 3} of a type and shape already read. */
static nescio_status parse_elements(parser *p, nescio_dtype dtype, const nescio_shape *shape,
                                    nescio_tensor *t)
{
    size_t count = 1;

    if (dtype == NESCIO_DTYPE_NONE || shape->rank == NESCIO_RANK_UNKNOWN)
        return nescio_graph_lexer_fail(&p->lx, "the type of a constant must be known");
    for (int d = 0; d < shape->rank; d++) {
        if (shape->dims[d] < 0 || !nescio_size_mul(&count, count, (size_t)shape->dims[d]))
            return nescio_graph_lexer_fail(&p->lx, "the shape of a constant must be known");
    }
    if (count > p->bytes) /* an element takes at least one byte of text */
        return nescio_graph_lexer_fail(
            &p->lx, "a constant of %zu elements, more than the text can hold", count);
    NESCIO_TRY(expect(p, '{'));
    if (p->lx.token == NESCIO_TOKEN_DOTS)
        return nescio_graph_lexer_fail(&p->lx, "the elements of a constant are left out");
    NESCIO_TRY(nescio_tensor_arena(p->lx.ctx, p->lx.arena, t, dtype, shape->rank, shape->dims));
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            NESCIO_TRY(expect(p, ','));
        NESCIO_TRY(put_element(p, t, i));
    }
    return expect(p, '}');
}

/* A new value of a name that nothing has yet. */
static nescio_status new_value(parser *p, nescio_graph *g, const char *name, nescio_dtype dtype,
                               const nescio_shape *shape, nescio_value **out)
{
    if (nescio_names_find(g->names, name, NULL))
        return nescio_graph_lexer_fail(&p->lx, "'%.200s' is defined twice", name);
    *out = nescio_graph_value(g, name, dtype, shape);
    return *out ? NESCIO_OK : no_memory(p);
}

/* '(' type name, ... ')'; calls back for each. */
static nescio_status parse_declarations(parser *p, declared **out, size_t *out_count)
{
    size_t count = 0, capacity = 0;
    declared *list = NULL;

    NESCIO_TRY(expect(p, '('));
    while (!at_mark(p, ')')) {
        if (count > 0)
            NESCIO_TRY(expect(p, ','));
        if (count == capacity) {
            declared *longer =
                nescio_arena_array(p->lx.arena, capacity ? 2 * capacity : 4, sizeof *longer);

            if (!longer)
                return no_memory(p);
            if (count > 0)
                memcpy(longer, list, count * sizeof *list);
            list = longer;
            capacity = capacity ? 2 * capacity : 4;
        }
        NESCIO_TRY(parse_type(p, &list[count].dtype, &list[count].shape));
        NESCIO_TRY(parse_name(p, &list[count].name));
        count++;
    }
    *out = list;
    *out_count = count;
    return next(p);
}

/* '<' type name '=' elements, ... '>' */
static nescio_status parse_constants(parser *p, nescio_graph *g)
{
    NESCIO_TRY(expect(p, '<'));
    for (bool first = true; !at_mark(p, '>'); first = false) {
        declared d = {0};
        nescio_tensor t;

        if (!first)
            NESCIO_TRY(expect(p, ','));
        NESCIO_TRY(parse_type(p, &d.dtype, &d.shape));
        NESCIO_TRY(parse_name(p, &d.name));
        NESCIO_TRY(expect(p, '='));
        if (nescio_names_find(g->names, d.name, NULL))
            return nescio_graph_lexer_fail(&p->lx, "'%.200s' is defined twice", d.name);
        NESCIO_TRY(parse_elements(p, d.dtype, &d.shape, &t));
        if (!nescio_graph_constant(g, d.name, &t, true))
            return no_memory(p);
    }
    return next(p);
}

/* name, , name: left-out ones are empty. Stops before `stop`. */
static nescio_status parse_names(parser *p, char stop, const char ***out, size_t *out_count)
{
    size_t count = 0, capacity = 4;
    const char **list = nescio_arena_array(p->lx.arena, capacity, sizeof *list);

    if (!list)
        return no_memory(p);
    while (!at_mark(p, stop) || count > 0) {
        if (count == capacity) {
            const char **longer = nescio_arena_array(p->lx.arena, capacity * 2, sizeof *longer);

            if (!longer)
                return no_memory(p);
            memcpy(longer, list, count * sizeof *list);
            list = longer;
            capacity *= 2;
        }
        list[count] = "";
        if (at_name(p)) {
            list[count] = p->lx.text;
            NESCIO_TRY(next(p));
        }
        count++;
        if (!at_mark(p, ','))
            break;
        NESCIO_TRY(next(p));
    }
    if (!at_mark(p, stop))
        return nescio_graph_lexer_fail(&p->lx, "',' or '%c' expected", stop);
    *out = list;
    *out_count = count;
    return NESCIO_OK;
}

/* domain.with.dots.Op */
static nescio_status parse_op(parser *p, nescio_op *out)
{
    const char *domain = "", *name;

    if (p->lx.token != NESCIO_TOKEN_NAME)
        return nescio_graph_lexer_fail(&p->lx, "an operator expected");
    name = p->lx.text;
    NESCIO_TRY(next(p));
    while (at_mark(p, '.')) {
        domain = *domain ? nescio_arena_printf(p->lx.arena, "%s.%s", domain, name) : name;
        if (!domain)
            return no_memory(p);
        if (strlen(domain) > 200)
            return nescio_graph_lexer_fail(&p->lx, "a domain of more than 200 characters");
        NESCIO_TRY(next(p));
        if (p->lx.token != NESCIO_TOKEN_NAME)
            return nescio_graph_lexer_fail(&p->lx, "an operator expected");
        name = p->lx.text;
        NESCIO_TRY(next(p));
    }
    *out = nescio_op_find(domain, name);
    return *out < NESCIO_OP_COUNT
               ? NESCIO_OK
               : nescio_graph_lexer_fail(&p->lx, "no operator %.100s in domain '%s'", name, domain);
}

/** Elements of a list attribute while they are read. */
typedef struct list {
    size_t count, capacity;
    nescio_attr_kind kind;
    int64_t *ints;
    double *floats;
    const char **strings;
} list;

static nescio_status grow_list(const parser *p, list *l)
{
    const size_t capacity = l->capacity ? 2 * l->capacity : 8;
    void *longer;

    if (l->count < l->capacity)
        return NESCIO_OK;
    longer = nescio_arena_array(p->lx.arena, capacity, 8);
    if (!longer)
        return no_memory(p);
    if (l->kind == NESCIO_ATTR_STRINGS)
        l->strings = l->count ? memcpy(longer, l->strings, l->count * sizeof *l->strings) : longer;
    else if (l->kind == NESCIO_ATTR_FLOATS)
        l->floats = l->count ? memcpy(longer, l->floats, l->count * sizeof *l->floats) : longer;
    else
        l->ints = l->count ? memcpy(longer, l->ints, l->count * sizeof *l->ints) : longer;
    l->capacity = capacity;
    return NESCIO_OK;
}

static nescio_status parse_list_element(parser *p, list *l)
{
    NESCIO_TRY(grow_list(p, l));
    if (l->kind == NESCIO_ATTR_FLOATS)
        return parse_double(p, &l->floats[l->count++]);
    if (l->kind == NESCIO_ATTR_INTS)
        return parse_int(p, &l->ints[l->count++]);
    if (p->lx.token != NESCIO_TOKEN_STRING)
        return nescio_graph_lexer_fail(&p->lx, "a string expected");
    l->strings[l->count++] = p->lx.text;
    return next(p);
}

/* '[' ... ']': the kind of its first element, or `kind` when that is stated. */
static nescio_status parse_list(parser *p, nescio_node *node, const char *name, const char *kind)
{
    const void *made;
    list l = {.kind = NESCIO_ATTR_INTS};

    NESCIO_TRY(expect(p, '['));
    if (strcmp(kind, "strings") == 0 || (*kind == '\0' && p->lx.token == NESCIO_TOKEN_STRING))
        l.kind = NESCIO_ATTR_STRINGS;
    else if (strcmp(kind, "floats") == 0 ||
             (*kind == '\0' && at_number(p) && p->lx.token != NESCIO_TOKEN_INT))
        l.kind = NESCIO_ATTR_FLOATS;
    while (!at_mark(p, ']')) {
        if (l.count > 0)
            NESCIO_TRY(expect(p, ','));
        NESCIO_TRY(parse_list_element(p, &l));
    }
    if (l.kind == NESCIO_ATTR_STRINGS)
        made = nescio_node_set_strings(node, name, l.strings, l.count);
    else if (l.kind == NESCIO_ATTR_FLOATS)
        made = nescio_node_set_floats(node, name, l.floats, l.count);
    else
        made = nescio_node_set_ints(node, name, l.ints, l.count);
    return made ? next(p) : no_memory(p);
}

/* A value that begins with a name: a tensor (its type), or a graph. */
static nescio_status parse_named_value(parser *p, nescio_node *node, const char *name)
{
    nescio_graph *body = NULL;
    nescio_shape shape;
    nescio_dtype dtype;
    nescio_tensor t;

    if (p->lx.token == NESCIO_TOKEN_NAME && nescio_text_type_find(p->lx.text, &dtype)) {
        NESCIO_TRY(parse_type(p, &dtype, &shape));
        NESCIO_TRY(parse_elements(p, dtype, &shape, &t));
        return nescio_node_set_tensor(node, name, &t, true) ? NESCIO_OK : no_memory(p);
    }
    if (p->depth >= BODIES_MAX)
        return nescio_graph_lexer_fail(&p->lx, "bodies nested deeper than %d", BODIES_MAX);
    p->depth++;
    NESCIO_TRY(nescio_graph_new(p->lx.ctx, node->graph, NULL, &body));
    NESCIO_TRY(parse_graph(p, body));
    p->depth--;
    return nescio_node_set_graph(node, name, body) ? NESCIO_OK : no_memory(p);
}

static nescio_status parse_attr(parser *p, nescio_node *node)
{
    const char *name = NULL, *kind = "";
    const void *made = node;
    int64_t i = 0;
    double f = 0;

    NESCIO_TRY(parse_name(p, &name));
    if (nescio_node_attr(node, name))
        return nescio_graph_lexer_fail(&p->lx, "attribute '%.100s' stands twice", name);
    if (at_mark(p, ':')) {
        NESCIO_TRY(next(p));
        NESCIO_TRY(parse_name(p, &kind));
    }
    NESCIO_TRY(expect(p, '='));
    if (at_mark(p, '['))
        return parse_list(p, node, name, kind);
    if (p->lx.token == NESCIO_TOKEN_INT && strcmp(kind, "float") != 0) {
        NESCIO_TRY(parse_int(p, &i));
        made = nescio_node_set_int(node, name, i);
    } else if (at_number(p)) {
        NESCIO_TRY(parse_double(p, &f));
        made = nescio_node_set_float(node, name, f);
    } else if (p->lx.token == NESCIO_TOKEN_STRING && strcmp(kind, "graph") != 0) {
        made = nescio_node_set_string(node, name, p->lx.text);
        NESCIO_TRY(next(p));
    } else {
        return parse_named_value(p, node, name);
    }
    return made ? NESCIO_OK : no_memory(p);
}

static nescio_status parse_attrs(parser *p, nescio_node *node)
{
    NESCIO_TRY(expect(p, '<'));
    for (bool first = true; !at_mark(p, '>'); first = false) {
        if (!first)
            NESCIO_TRY(expect(p, ','));
        NESCIO_TRY(parse_attr(p, node));
    }
    return next(p);
}

static nescio_status connect(parser *p, nescio_node *node, const char *const *in,
                             const char *const *out)
{
    for (uint32_t i = 0; i < node->n_inputs; i++) {
        if (*in[i] == '\0')
            continue;
        node->inputs[i] = nescio_graph_find(node->graph, in[i]);
        if (!node->inputs[i])
            return nescio_graph_lexer_fail(&p->lx, "nothing above makes '%.200s'", in[i]);
    }
    for (uint32_t i = 0; i < node->n_outputs; i++) {
        nescio_value *value;

        if (*out[i] == '\0')
            continue;
        NESCIO_TRY(new_value(p, node->graph, out[i], NESCIO_DTYPE_NONE, NULL, &value));
        nescio_node_set_output(node, i, value);
    }
    return NESCIO_OK;
}

static nescio_status parse_node(parser *p, nescio_graph *g)
{
    const char **in, **out, *name = NULL;
    size_t n_in, n_out;
    nescio_node *node;
    nescio_op op = NESCIO_OP_COUNT;

    if (at_mark(p, '[')) {
        NESCIO_TRY(next(p));
        NESCIO_TRY(parse_name(p, &name));
        NESCIO_TRY(expect(p, ']'));
    }
    NESCIO_TRY(parse_names(p, '=', &out, &n_out));
    NESCIO_TRY(next(p));
    NESCIO_TRY(parse_op(p, &op));
    node = nescio_graph_node(g, NULL, op, name, 0, 0);
    if (!node)
        return no_memory(p);
    if (at_mark(p, '<'))
        NESCIO_TRY(parse_attrs(p, node));
    NESCIO_TRY(expect(p, '('));
    NESCIO_TRY(parse_names(p, ')', &in, &n_in));
    NESCIO_TRY(next(p));
    if (at_mark(p, '<') && node->n_attrs == 0)
        NESCIO_TRY(parse_attrs(p, node));
    if (!nescio_op_takes(op, n_in, n_out))
        return nescio_graph_lexer_fail(&p->lx, "%s does not take %zu inputs and %zu outputs",
                                       nescio_op_name(op), n_in, n_out);
    node->inputs = nescio_arena_array(p->lx.arena, n_in, sizeof(nescio_value *));
    node->outputs = nescio_arena_array(p->lx.arena, n_out, sizeof(nescio_value *));
    if (!node->inputs || !node->outputs)
        return no_memory(p);
    node->n_inputs = (uint32_t)n_in;
    node->n_outputs = (uint32_t)n_out;
    return connect(p, node, in, out);
}

/* A declared output: what is made under its name has that type. */
static nescio_status add_output(parser *p, nescio_graph *g, const declared *d)
{
    nescio_value *const value = nescio_graph_find(g, d->name);

    if (!value)
        return nescio_graph_lexer_fail(&p->lx, "nothing makes the output '%.200s'", d->name);
    if (value->dtype == NESCIO_DTYPE_NONE)
        value->dtype = d->dtype;
    if (value->producer && value->shape.rank == NESCIO_RANK_UNKNOWN)
        value->shape = d->shape;
    if (d->dtype != NESCIO_DTYPE_NONE && d->dtype != value->dtype)
        return nescio_graph_lexer_fail(&p->lx, "output '%.200s' is declared %s, but is %s", d->name,
                                       nescio_dtype_name(d->dtype),
                                       nescio_dtype_name(value->dtype));
    return nescio_graph_add_output(g, value) == NESCIO_OK ? NESCIO_OK : no_memory(p);
}

static nescio_status parse_graph(parser *p, nescio_graph *g)
{
    declared *inputs, *outputs;
    size_t n_inputs, n_outputs;

    NESCIO_TRY(parse_name(p, &g->name));
    NESCIO_TRY(parse_declarations(p, &inputs, &n_inputs));
    if (p->lx.token != NESCIO_TOKEN_ARROW)
        return nescio_graph_lexer_fail(&p->lx, "'=>' expected");
    NESCIO_TRY(next(p));
    NESCIO_TRY(parse_declarations(p, &outputs, &n_outputs));
    for (size_t i = 0; i < n_inputs; i++) {
        nescio_value *value;

        NESCIO_TRY(new_value(p, g, inputs[i].name, inputs[i].dtype, &inputs[i].shape, &value));
        if (nescio_graph_add_input(g, value) != NESCIO_OK)
            return no_memory(p);
    }
    if (at_mark(p, '<'))
        NESCIO_TRY(parse_constants(p, g));
    NESCIO_TRY(expect(p, '{'));
    while (!at_mark(p, '}'))
        NESCIO_TRY(parse_node(p, g));
    for (size_t i = 0; i < n_outputs; i++)
        NESCIO_TRY(add_output(p, g, &outputs[i]));
    return next(p);
}

/* opset_import: ["" : 21, "ai.onnx.ml" : 3]. Only what op_table.h means. */
static nescio_status parse_opsets(parser *p)
{
    NESCIO_TRY(expect(p, '['));
    for (bool first = true; !at_mark(p, ']'); first = false) {
        const char *domain;
        int64_t version;
        bool known = false;

        if (!first)
            NESCIO_TRY(expect(p, ','));
        if (p->lx.token != NESCIO_TOKEN_STRING)
            return nescio_graph_lexer_fail(&p->lx, "a domain in quotes expected");
        domain = strcmp(p->lx.text, "ai.onnx") == 0 ? "" : p->lx.text;
        NESCIO_TRY(next(p));
        NESCIO_TRY(expect(p, ':'));
        NESCIO_TRY(parse_int(p, &version));
        for (unsigned op = 0; op < NESCIO_OP_COUNT; op++)
            known = known || (strcmp(nescio_op_get((nescio_op)op)->domain, domain) == 0 &&
                              nescio_op_get((nescio_op)op)->version == version);
        if (!known)
            return nescio_fail(p->lx.ctx, NESCIO_E_UNSUPPORTED,
                               "line %zu: opset %lld of '%.100s' is not the canonical one (ai.onnx "
                               "21, ai.onnx.ml 3 or 5, com.microsoft 1, qonnx.custom_op.general 2)",
                               p->lx.line, (long long)version, *domain ? domain : "ai.onnx");
    }
    return next(p);
}

static nescio_status parse_header(parser *p)
{
    bool has_opsets = false;

    NESCIO_TRY(expect(p, '<'));
    for (bool first = true; !at_mark(p, '>'); first = false) {
        const char *key = NULL;

        if (!first)
            NESCIO_TRY(expect(p, ','));
        NESCIO_TRY(parse_name(p, &key));
        NESCIO_TRY(expect(p, ':'));
        if (strcmp(key, "opset_import") == 0) {
            NESCIO_TRY(parse_opsets(p));
            has_opsets = true;
        } else if (p->lx.token == NESCIO_TOKEN_INT || p->lx.token == NESCIO_TOKEN_STRING) {
            NESCIO_TRY(next(p));
        } else {
            return nescio_graph_lexer_fail(&p->lx, "a number or string expected");
        }
    }
    return has_opsets ? next(p) : nescio_graph_lexer_fail(&p->lx, "opset_import is missing");
}

static nescio_status parse_model(parser *p, nescio_graph *g)
{
    NESCIO_TRY(next(p));
    NESCIO_TRY(parse_header(p));
    NESCIO_TRY(parse_graph(p, g));
    if (p->lx.token != NESCIO_TOKEN_END)
        return nescio_graph_lexer_fail(&p->lx, "text after the graph");
    if (g->n_outputs == 0)
        return nescio_graph_lexer_fail(&p->lx, "the graph has no outputs");
    NESCIO_TRY(nescio_graph_verify(p->lx.ctx, g));
    return nescio_graph_infer(p->lx.ctx, g);
}

nescio_status nescio_graph_parse(nescio_ctx *ctx, const char *text, size_t bytes,
                                 nescio_graph **out)
{
    nescio_graph *graph = NULL;
    parser p = {.bytes = bytes};
    nescio_status st;

    *out = NULL;
    NESCIO_TRY(nescio_graph_new(ctx, NULL, NULL, &graph));
    p.lx = (nescio_graph_lexer){.ctx = ctx,
                                .arena = graph->arena,
                                .at = text,
                                .end = text + bytes,
                                .line_start = text,
                                .line = 1,
                                .start = text};
    st = parse_model(&p, graph);
    if (st != NESCIO_OK) {
        nescio_graph_free(graph);
        return st;
    }
    *out = graph;
    return NESCIO_OK;
}
