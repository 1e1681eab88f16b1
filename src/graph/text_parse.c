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

#include <string.h>

#define BODIES_MAX 32

/** A declared type. */
typedef struct declared {
    nescio_dtype dtype;
    nescio_shape shape;
    const char *name;
} declared;

static nescio_status parse_graph(nescio_parser *p, nescio_graph *g);

/* A new value of a name that nothing has yet. */
static nescio_status new_value(nescio_parser *p, nescio_graph *g, const char *name,
                               nescio_dtype dtype, const nescio_shape *shape, nescio_value **out)
{
    if (nescio_names_find(g->names, name, NULL))
        return nescio_graph_lexer_fail(&p->lx, "'%.200s' is defined twice", name);
    *out = nescio_graph_value(g, name, dtype, shape);
    return *out ? NESCIO_OK : nescio_parser_no_memory(p);
}

/* '(' type name, ... ')'; calls back for each. */
static nescio_status parse_declarations(nescio_parser *p, declared **out, size_t *out_count)
{
    size_t count = 0, capacity = 0;
    declared *list = NULL;

    NESCIO_TRY(nescio_parser_expect(p, '('));
    while (!nescio_parser_at(p, ')')) {
        if (count > 0)
            NESCIO_TRY(nescio_parser_expect(p, ','));
        if (count == capacity) {
            declared *longer =
                nescio_arena_array(p->lx.arena, capacity ? 2 * capacity : 4, sizeof *longer);

            if (!longer)
                return nescio_parser_no_memory(p);
            if (count > 0)
                memcpy(longer, list, count * sizeof *list);
            list = longer;
            capacity = capacity ? 2 * capacity : 4;
        }
        NESCIO_TRY(nescio_parser_type(p, &list[count].dtype, &list[count].shape));
        NESCIO_TRY(nescio_parser_name(p, &list[count].name));
        count++;
    }
    *out = list;
    *out_count = count;
    return nescio_parser_next(p);
}

/* '<' type name '=' elements, ... '>' */
static nescio_status parse_constants(nescio_parser *p, nescio_graph *g)
{
    NESCIO_TRY(nescio_parser_expect(p, '<'));
    for (bool first = true; !nescio_parser_at(p, '>'); first = false) {
        declared d = {0};
        nescio_tensor t;

        if (!first)
            NESCIO_TRY(nescio_parser_expect(p, ','));
        NESCIO_TRY(nescio_parser_type(p, &d.dtype, &d.shape));
        NESCIO_TRY(nescio_parser_name(p, &d.name));
        NESCIO_TRY(nescio_parser_expect(p, '='));
        if (nescio_names_find(g->names, d.name, NULL))
            return nescio_graph_lexer_fail(&p->lx, "'%.200s' is defined twice", d.name);
        NESCIO_TRY(nescio_parser_elements(p, d.dtype, &d.shape, &t));
        if (!nescio_graph_constant(g, d.name, &t, true))
            return nescio_parser_no_memory(p);
    }
    return nescio_parser_next(p);
}

/* name, , name: left-out ones are empty. Stops before `stop`. */
static nescio_status parse_names(nescio_parser *p, char stop, const char ***out, size_t *out_count)
{
    size_t count = 0, capacity = 4;
    const char **list = nescio_arena_array(p->lx.arena, capacity, sizeof *list);

    if (!list)
        return nescio_parser_no_memory(p);
    while (!nescio_parser_at(p, stop) || count > 0) {
        if (count == capacity) {
            const char **longer = nescio_arena_array(p->lx.arena, capacity * 2, sizeof *longer);

            if (!longer)
                return nescio_parser_no_memory(p);
            memcpy(longer, list, count * sizeof *list);
            list = longer;
            capacity *= 2;
        }
        list[count] = "";
        if (nescio_parser_at_name(p)) {
            list[count] = p->lx.text;
            NESCIO_TRY(nescio_parser_next(p));
        }
        count++;
        if (!nescio_parser_at(p, ','))
            break;
        NESCIO_TRY(nescio_parser_next(p));
    }
    if (!nescio_parser_at(p, stop))
        return nescio_graph_lexer_fail(&p->lx, "',' or '%c' expected", stop);
    *out = list;
    *out_count = count;
    return NESCIO_OK;
}

/* domain.with.dots.Op */
static nescio_status parse_op(nescio_parser *p, nescio_op *out)
{
    const char *domain = "", *name;

    if (p->lx.token != NESCIO_TOKEN_NAME)
        return nescio_graph_lexer_fail(&p->lx, "an operator expected");
    name = p->lx.text;
    NESCIO_TRY(nescio_parser_next(p));
    while (nescio_parser_at(p, '.')) {
        domain = *domain ? nescio_arena_printf(p->lx.arena, "%s.%s", domain, name) : name;
        if (!domain)
            return nescio_parser_no_memory(p);
        if (strlen(domain) > 200)
            return nescio_graph_lexer_fail(&p->lx, "a domain of more than 200 characters");
        NESCIO_TRY(nescio_parser_next(p));
        if (p->lx.token != NESCIO_TOKEN_NAME)
            return nescio_graph_lexer_fail(&p->lx, "an operator expected");
        name = p->lx.text;
        NESCIO_TRY(nescio_parser_next(p));
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

static nescio_status grow_list(const nescio_parser *p, list *l)
{
    const size_t capacity = l->capacity ? 2 * l->capacity : 8;
    void *longer;

    if (l->count < l->capacity)
        return NESCIO_OK;
    longer = nescio_arena_array(p->lx.arena, capacity, 8);
    if (!longer)
        return nescio_parser_no_memory(p);
    if (l->kind == NESCIO_ATTR_STRINGS)
        l->strings = l->count ? memcpy(longer, l->strings, l->count * sizeof *l->strings) : longer;
    else if (l->kind == NESCIO_ATTR_FLOATS)
        l->floats = l->count ? memcpy(longer, l->floats, l->count * sizeof *l->floats) : longer;
    else
        l->ints = l->count ? memcpy(longer, l->ints, l->count * sizeof *l->ints) : longer;
    l->capacity = capacity;
    return NESCIO_OK;
}

static nescio_status parse_list_element(nescio_parser *p, list *l)
{
    NESCIO_TRY(grow_list(p, l));
    if (l->kind == NESCIO_ATTR_FLOATS)
        return nescio_parser_attribute(p, &l->floats[l->count++]);
    if (l->kind == NESCIO_ATTR_INTS)
        return nescio_parser_int(p, &l->ints[l->count++]);
    if (p->lx.token != NESCIO_TOKEN_STRING)
        return nescio_graph_lexer_fail(&p->lx, "a string expected");
    l->strings[l->count++] = p->lx.text;
    return nescio_parser_next(p);
}

/* '[' ... ']': the kind of its first element, or `kind` when that is stated. */
static nescio_status parse_list(nescio_parser *p, nescio_node *node, const char *name,
                                const char *kind)
{
    const void *made;
    list l = {.kind = NESCIO_ATTR_INTS};

    NESCIO_TRY(nescio_parser_expect(p, '['));
    if (strcmp(kind, "strings") == 0 || (*kind == '\0' && p->lx.token == NESCIO_TOKEN_STRING))
        l.kind = NESCIO_ATTR_STRINGS;
    else if (strcmp(kind, "floats") == 0 ||
             (*kind == '\0' && nescio_parser_at_number(p) && p->lx.token != NESCIO_TOKEN_INT))
        l.kind = NESCIO_ATTR_FLOATS;
    while (!nescio_parser_at(p, ']')) {
        if (l.count > 0)
            NESCIO_TRY(nescio_parser_expect(p, ','));
        NESCIO_TRY(parse_list_element(p, &l));
    }
    if (l.kind == NESCIO_ATTR_STRINGS)
        made = nescio_node_set_strings(node, name, l.strings, l.count);
    else if (l.kind == NESCIO_ATTR_FLOATS)
        made = nescio_node_set_floats(node, name, l.floats, l.count);
    else
        made = nescio_node_set_ints(node, name, l.ints, l.count);
    return made ? nescio_parser_next(p) : nescio_parser_no_memory(p);
}

/* A value that begins with a name: a tensor (its type), or a graph. */
static nescio_status parse_named_value(nescio_parser *p, nescio_node *node, const char *name)
{
    nescio_graph *body = NULL;
    nescio_shape shape;
    nescio_dtype dtype;
    nescio_tensor t;

    if (p->lx.token == NESCIO_TOKEN_NAME && nescio_text_type_find(p->lx.text, &dtype)) {
        NESCIO_TRY(nescio_parser_type(p, &dtype, &shape));
        NESCIO_TRY(nescio_parser_elements(p, dtype, &shape, &t));
        return nescio_node_set_tensor(node, name, &t, true) ? NESCIO_OK
                                                            : nescio_parser_no_memory(p);
    }
    if (p->depth >= BODIES_MAX)
        return nescio_graph_lexer_fail(&p->lx, "bodies nested deeper than %d", BODIES_MAX);
    p->depth++;
    NESCIO_TRY(nescio_graph_new(p->lx.ctx, node->graph, NULL, &body));
    NESCIO_TRY(parse_graph(p, body));
    p->depth--;
    return nescio_node_set_graph(node, name, body) ? NESCIO_OK : nescio_parser_no_memory(p);
}

static nescio_status parse_attr(nescio_parser *p, nescio_node *node)
{
    const char *name = NULL, *kind = "";
    const void *made = node;
    int64_t i = 0;
    double f = 0;

    NESCIO_TRY(nescio_parser_name(p, &name));
    if (nescio_node_attr(node, name))
        return nescio_graph_lexer_fail(&p->lx, "attribute '%.100s' stands twice", name);
    if (nescio_parser_at(p, ':')) {
        NESCIO_TRY(nescio_parser_next(p));
        NESCIO_TRY(nescio_parser_name(p, &kind));
    }
    NESCIO_TRY(nescio_parser_expect(p, '='));
    if (nescio_parser_at(p, '['))
        return parse_list(p, node, name, kind);
    if (p->lx.token == NESCIO_TOKEN_INT && strcmp(kind, "float") != 0) {
        NESCIO_TRY(nescio_parser_int(p, &i));
        made = nescio_node_set_int(node, name, i);
    } else if (nescio_parser_at_number(p)) {
        NESCIO_TRY(nescio_parser_attribute(p, &f));
        made = nescio_node_set_float(node, name, f);
    } else if (p->lx.token == NESCIO_TOKEN_STRING && strcmp(kind, "graph") != 0) {
        made = nescio_node_set_string(node, name, p->lx.text);
        NESCIO_TRY(nescio_parser_next(p));
    } else {
        return parse_named_value(p, node, name);
    }
    return made ? NESCIO_OK : nescio_parser_no_memory(p);
}

static nescio_status parse_attrs(nescio_parser *p, nescio_node *node)
{
    NESCIO_TRY(nescio_parser_expect(p, '<'));
    for (bool first = true; !nescio_parser_at(p, '>'); first = false) {
        if (!first)
            NESCIO_TRY(nescio_parser_expect(p, ','));
        NESCIO_TRY(parse_attr(p, node));
    }
    return nescio_parser_next(p);
}

static nescio_status connect(nescio_parser *p, nescio_node *node, const char *const *in,
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

static nescio_status parse_node(nescio_parser *p, nescio_graph *g)
{
    const char **in, **out, *name = NULL;
    size_t n_in, n_out;
    nescio_node *node;
    nescio_op op = NESCIO_OP_COUNT;

    if (nescio_parser_at(p, '[')) {
        NESCIO_TRY(nescio_parser_next(p));
        NESCIO_TRY(nescio_parser_name(p, &name));
        NESCIO_TRY(nescio_parser_expect(p, ']'));
    }
    NESCIO_TRY(parse_names(p, '=', &out, &n_out));
    NESCIO_TRY(nescio_parser_next(p));
    NESCIO_TRY(parse_op(p, &op));
    node = nescio_graph_node(g, NULL, op, name, 0, 0);
    if (!node)
        return nescio_parser_no_memory(p);
    if (nescio_parser_at(p, '<'))
        NESCIO_TRY(parse_attrs(p, node));
    NESCIO_TRY(nescio_parser_expect(p, '('));
    NESCIO_TRY(parse_names(p, ')', &in, &n_in));
    NESCIO_TRY(nescio_parser_next(p));
    if (nescio_parser_at(p, '<') && node->n_attrs == 0)
        NESCIO_TRY(parse_attrs(p, node));
    if (!nescio_op_takes(op, n_in, n_out))
        return nescio_graph_lexer_fail(&p->lx, "%s does not take %zu inputs and %zu outputs",
                                       nescio_op_name(op), n_in, n_out);
    node->inputs = nescio_arena_array(p->lx.arena, n_in, sizeof(nescio_value *));
    node->outputs = nescio_arena_array(p->lx.arena, n_out, sizeof(nescio_value *));
    if (!node->inputs || !node->outputs)
        return nescio_parser_no_memory(p);
    node->n_inputs = (uint32_t)n_in;
    node->n_outputs = (uint32_t)n_out;
    return connect(p, node, in, out);
}

/* A declared output: what is made under its name has that type. */
static nescio_status add_output(nescio_parser *p, nescio_graph *g, const declared *d)
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
    return nescio_graph_add_output(g, value) == NESCIO_OK ? NESCIO_OK : nescio_parser_no_memory(p);
}

static nescio_status parse_graph(nescio_parser *p, nescio_graph *g)
{
    declared *inputs, *outputs;
    size_t n_inputs, n_outputs;

    NESCIO_TRY(nescio_parser_name(p, &g->name));
    NESCIO_TRY(parse_declarations(p, &inputs, &n_inputs));
    if (p->lx.token != NESCIO_TOKEN_ARROW)
        return nescio_graph_lexer_fail(&p->lx, "'=>' expected");
    NESCIO_TRY(nescio_parser_next(p));
    NESCIO_TRY(parse_declarations(p, &outputs, &n_outputs));
    for (size_t i = 0; i < n_inputs; i++) {
        nescio_value *value;

        NESCIO_TRY(new_value(p, g, inputs[i].name, inputs[i].dtype, &inputs[i].shape, &value));
        if (nescio_graph_add_input(g, value) != NESCIO_OK)
            return nescio_parser_no_memory(p);
    }
    if (nescio_parser_at(p, '<'))
        NESCIO_TRY(parse_constants(p, g));
    NESCIO_TRY(nescio_parser_expect(p, '{'));
    while (!nescio_parser_at(p, '}'))
        NESCIO_TRY(parse_node(p, g));
    for (size_t i = 0; i < n_outputs; i++)
        NESCIO_TRY(add_output(p, g, &outputs[i]));
    return nescio_parser_next(p);
}

/* opset_import: ["" : 21, "ai.onnx.ml" : 3]. Only what op_table.h means. */
static nescio_status parse_opsets(nescio_parser *p)
{
    NESCIO_TRY(nescio_parser_expect(p, '['));
    for (bool first = true; !nescio_parser_at(p, ']'); first = false) {
        const char *domain;
        int64_t version;
        bool known = false;

        if (!first)
            NESCIO_TRY(nescio_parser_expect(p, ','));
        if (p->lx.token != NESCIO_TOKEN_STRING)
            return nescio_graph_lexer_fail(&p->lx, "a domain in quotes expected");
        domain = strcmp(p->lx.text, "ai.onnx") == 0 ? "" : p->lx.text;
        NESCIO_TRY(nescio_parser_next(p));
        NESCIO_TRY(nescio_parser_expect(p, ':'));
        NESCIO_TRY(nescio_parser_int(p, &version));
        for (unsigned op = 0; op < NESCIO_OP_COUNT; op++)
            known = known || (strcmp(nescio_op_get((nescio_op)op)->domain, domain) == 0 &&
                              nescio_op_get((nescio_op)op)->version == version);
        if (!known)
            return nescio_fail(p->lx.ctx, NESCIO_E_UNSUPPORTED,
                               "line %zu: opset %lld of '%.100s' is not the canonical one (ai.onnx "
                               "21, ai.onnx.ml 3 or 5, com.microsoft 1, qonnx.custom_op.general 2)",
                               p->lx.line, (long long)version, *domain ? domain : "ai.onnx");
    }
    return nescio_parser_next(p);
}

static nescio_status parse_header(nescio_parser *p)
{
    bool has_opsets = false;

    NESCIO_TRY(nescio_parser_expect(p, '<'));
    for (bool first = true; !nescio_parser_at(p, '>'); first = false) {
        const char *key = NULL;

        if (!first)
            NESCIO_TRY(nescio_parser_expect(p, ','));
        NESCIO_TRY(nescio_parser_name(p, &key));
        NESCIO_TRY(nescio_parser_expect(p, ':'));
        if (strcmp(key, "opset_import") == 0) {
            NESCIO_TRY(parse_opsets(p));
            has_opsets = true;
        } else if (p->lx.token == NESCIO_TOKEN_INT || p->lx.token == NESCIO_TOKEN_STRING) {
            NESCIO_TRY(nescio_parser_next(p));
        } else {
            return nescio_graph_lexer_fail(&p->lx, "a number or string expected");
        }
    }
    return has_opsets ? nescio_parser_next(p)
                      : nescio_graph_lexer_fail(&p->lx, "opset_import is missing");
}

static nescio_status parse_model(nescio_parser *p, nescio_graph *g)
{
    NESCIO_TRY(nescio_parser_next(p));
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
    nescio_parser p = {.bytes = bytes};
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
