/* SPDX-License-Identifier: Apache-2.0
 * What the text parser reads everywhere: marks, names, numbers, types, the elements of a tensor. */
#include "graph/text_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

nescio_status nescio_parser_no_memory(const nescio_parser *p)
{
    return nescio_fail_nomem(p->lx.ctx, sizeof(nescio_value));
}

nescio_status nescio_parser_next(nescio_parser *p)
{
    return nescio_graph_lexer_next(&p->lx);
}

bool nescio_parser_at(const nescio_parser *p, char mark)
{
    return p->lx.token == NESCIO_TOKEN_MARK && p->lx.mark == mark;
}

/* The mark, and the token after it. */
nescio_status nescio_parser_expect(nescio_parser *p, char mark)
{
    return nescio_parser_at(p, mark) ? nescio_parser_next(p)
                                     : nescio_graph_lexer_fail(&p->lx, "'%c' expected", mark);
}

bool nescio_parser_at_name(const nescio_parser *p)
{
    return p->lx.token == NESCIO_TOKEN_NAME || p->lx.token == NESCIO_TOKEN_STRING;
}

nescio_status nescio_parser_name(nescio_parser *p, const char **out)
{
    if (!nescio_parser_at_name(p) || *p->lx.text == '\0')
        return nescio_graph_lexer_fail(&p->lx, "a name expected");
    *out = p->lx.text;
    return nescio_parser_next(p);
}

static nescio_status to_int64(const nescio_parser *p, int64_t *out)
{
    char *end;

    errno = 0;
    *out = strtoll(p->lx.text, &end, 10);
    return p->lx.token == NESCIO_TOKEN_INT && errno == 0 && *end == '\0'
               ? NESCIO_OK
               : nescio_graph_lexer_fail(&p->lx, "an integer of 64 bits expected");
}

nescio_status nescio_parser_int(nescio_parser *p, int64_t *out)
{
    if (p->lx.token != NESCIO_TOKEN_INT)
        return nescio_graph_lexer_fail(&p->lx, "an integer expected");
    NESCIO_TRY(to_int64(p, out));
    return nescio_parser_next(p);
}

bool nescio_parser_at_number(const nescio_parser *p)
{
    return p->lx.token == NESCIO_TOKEN_INT || p->lx.token == NESCIO_TOKEN_FLOAT ||
           (p->lx.token == NESCIO_TOKEN_NAME &&
            (strcmp(p->lx.text, "inf") == 0 || strcmp(p->lx.text, "nan") == 0));
}

static nescio_status read_real(nescio_parser *p, double (*meaning)(const char *text), double *out)
{
    if (!nescio_parser_at_number(p))
        return nescio_graph_lexer_fail(&p->lx, "a number expected");
    *out = meaning(p->lx.text);
    return nescio_parser_next(p);
}

nescio_status nescio_parser_double(nescio_parser *p, double *out)
{
    return read_real(p, nescio_text_double, out);
}

nescio_status nescio_parser_attribute(nescio_parser *p, double *out)
{
    return read_real(p, nescio_text_attribute, out);
}

/* float[N, 3, ?]; float[]: rank unknown; float: a scalar. */
nescio_status nescio_parser_type(nescio_parser *p, nescio_dtype *dtype, nescio_shape *shape)
{
    *shape = (nescio_shape){0};
    if (p->lx.token != NESCIO_TOKEN_NAME || !nescio_text_type_find(p->lx.text, dtype))
        return nescio_graph_lexer_fail(&p->lx, "an element type expected");
    NESCIO_TRY(nescio_parser_next(p));
    if (!nescio_parser_at(p, '['))
        return NESCIO_OK;
    NESCIO_TRY(nescio_parser_next(p));
    if (nescio_parser_at(p, ']')) {
        shape->rank = NESCIO_RANK_UNKNOWN;
        return nescio_parser_next(p);
    }
    for (;;) {
        const int d = shape->rank;

        if (d == NESCIO_RANK_MAX)
            return nescio_graph_lexer_fail(&p->lx, "more than %d dims", NESCIO_RANK_MAX);
        shape->dims[d] = NESCIO_DIM_UNKNOWN;
        if (nescio_parser_at(p, '?'))
            NESCIO_TRY(nescio_parser_next(p));
        else if (nescio_parser_at_name(p))
            NESCIO_TRY(nescio_parser_name(p, &shape->symbol[d]));
        else
            NESCIO_TRY(nescio_parser_int(p, &shape->dims[d]));
        if (shape->dims[d] < 0 && shape->dims[d] != NESCIO_DIM_UNKNOWN)
            return nescio_graph_lexer_fail(&p->lx, "a dim below 0");
        shape->rank++;
        if (nescio_parser_at(p, ']'))
            return nescio_parser_next(p);
        NESCIO_TRY(nescio_parser_expect(p, ','));
    }
}

static nescio_status put_element(nescio_parser *p, nescio_tensor *t, size_t i)
{
    int64_t v = 0;
    double f = 0;

    switch (t->dtype) {
    case NESCIO_STRING:
        if (p->lx.token != NESCIO_TOKEN_STRING)
            return nescio_graph_lexer_fail(&p->lx, "a string expected");
        ((const char **)t->data)[i] = p->lx.text;
        return nescio_parser_next(p);
    case NESCIO_F32:
        NESCIO_TRY(nescio_parser_double(p, &f));
        ((float *)t->data)[i] = (float)f;
        return NESCIO_OK;
    case NESCIO_F64:
        NESCIO_TRY(nescio_parser_double(p, &f));
        ((double *)t->data)[i] = f;
        return NESCIO_OK;
    case NESCIO_U64:
        if (p->lx.token != NESCIO_TOKEN_INT || *p->lx.text == '-')
            return nescio_graph_lexer_fail(&p->lx, "an integer expected");
        errno = 0;
        ((uint64_t *)t->data)[i] = strtoull(p->lx.text, NULL, 10);
        return errno ? nescio_graph_lexer_fail(&p->lx, "an integer of 64 bits expected")
                     : nescio_parser_next(p);
    default: break;
    }
    NESCIO_TRY(nescio_parser_int(p, &v));
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
nescio_status nescio_parser_elements(nescio_parser *p, nescio_dtype dtype,
                                     const nescio_shape *shape, nescio_tensor *t)
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
    NESCIO_TRY(nescio_parser_expect(p, '{'));
    if (p->lx.token == NESCIO_TOKEN_DOTS)
        return nescio_graph_lexer_fail(&p->lx, "the elements of a constant are left out");
    if (nescio_tensor_shape(p->lx.ctx, t, dtype, shape->rank, shape->dims) != NESCIO_OK)
        return nescio_graph_lexer_fail(&p->lx, "the dims of a constant, but for zeros, ask for "
                                               "more than 2^48 bytes");
    NESCIO_TRY(nescio_tensor_arena(p->lx.ctx, p->lx.arena, t, dtype, shape->rank, shape->dims));
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            NESCIO_TRY(nescio_parser_expect(p, ','));
        NESCIO_TRY(put_element(p, t, i));
    }
    return nescio_parser_expect(p, '}');
}
