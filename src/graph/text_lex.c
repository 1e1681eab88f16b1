/* SPDX-License-Identifier: Apache-2.0
 * Tokens of the text form. '#' begins a comment that ends with the line. */
#include "graph/text_internal.h"

#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_BYTES_MAX 64
#define F32_DIGITS       9

static const char *const type_names[] = {
    [NESCIO_DTYPE_NONE] = "undefined",
    [NESCIO_F32] = "float",
    [NESCIO_U8] = "uint8",
    [NESCIO_I8] = "int8",
    [NESCIO_U16] = "uint16",
    [NESCIO_I16] = "int16",
    [NESCIO_I32] = "int32",
    [NESCIO_I64] = "int64",
    [NESCIO_STRING] = "string",
    [NESCIO_BOOL] = "bool",
    [NESCIO_F16] = "float16",
    [NESCIO_F64] = "double",
    [NESCIO_U32] = "uint32",
    [NESCIO_U64] = "uint64",
    [NESCIO_BF16] = "bfloat16",
};

/* Not isalpha and friends: they ask the locale. */
static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool nescio_text_is_identifier(const char *name)
{
    if (!is_letter(*name))
        return false;
    while (is_letter(*name) || is_digit(*name))
        name++;
    return *name == '\0';
}

const char *nescio_text_type_name(nescio_dtype t)
{
    return (size_t)t < sizeof type_names / sizeof *type_names && type_names[t] ? type_names[t]
                                                                               : "undefined";
}

bool nescio_text_type_find(const char *name, nescio_dtype *out)
{
    for (size_t t = 0; t < sizeof type_names / sizeof *type_names; t++) {
        if (type_names[t] && t != NESCIO_F16 && t != NESCIO_BF16 &&
            strcmp(name, type_names[t]) == 0) {
            *out = (nescio_dtype)t;
            return true;
        }
    }
    return false;
}

double nescio_text_double(const char *text)
{
    char copy[NUMBER_BYTES_MAX + 1];
    const struct lconv *const locale = localeconv();
    const char point = locale && *locale->decimal_point ? *locale->decimal_point : '.';
    char *dot;

    (void)snprintf(copy, sizeof copy, "%s", text);
    dot = strchr(copy, '.');
    if (dot)
        *dot = point; /* strtod reads the locale's point */
    return strtod(copy, NULL);
}

/* Of the mantissa, from its first digit that is not 0. */
static int significant_digits(const char *text)
{
    int n = 0;

    for (; *text && *text != 'e' && *text != 'E'; text++)
        n += is_digit(*text) && (n > 0 || *text != '0');
    return n;
}

double nescio_text_attribute(const char *text)
{
    const double v = nescio_text_double(text);

    return significant_digits(text) <= F32_DIGITS ? (double)(float)v : v;
}

nescio_status nescio_graph_lexer_fail(const nescio_graph_lexer *lx, const char *format, ...)
{
    char text[400];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return nescio_fail(lx->ctx, NESCIO_E_FORMAT, "line %zu, column %zu: %s", lx->line,
                       (size_t)(lx->start - lx->line_start) + 1, text);
}

static void skip_space(nescio_graph_lexer *lx)
{
    for (; lx->at < lx->end; lx->at++) {
        if (*lx->at == '#') {
            while (lx->at < lx->end && *lx->at != '\n')
                lx->at++;
            if (lx->at == lx->end)
                return;
        }
        if (*lx->at == '\n') {
            lx->line++;
            lx->line_start = lx->at + 1;
        } else if (*lx->at != ' ' && *lx->at != '\t' && *lx->at != '\r') {
            return;
        }
    }
}

static nescio_status keep_text(nescio_graph_lexer *lx, nescio_token token, size_t n)
{
    lx->token = token;
    lx->text = nescio_arena_strndup(lx->arena, lx->start, n);
    lx->at = lx->start + n;
    return lx->text ? NESCIO_OK : nescio_fail_nomem(lx->ctx, n);
}

/* [-]digits[.digits][e[+-]digits], -inf */
static nescio_status read_number(nescio_graph_lexer *lx)
{
    const char *p = lx->at + (*lx->at == '-' || *lx->at == '+');
    const char *const digits = p;
    bool is_float = false;

    if (lx->end - p >= 3 && memcmp(p, "inf", 3) == 0)
        return keep_text(lx, NESCIO_TOKEN_FLOAT, (size_t)(p + 3 - lx->at));
    while (p < lx->end && is_digit(*p))
        p++;
    if (p == digits)
        return nescio_graph_lexer_fail(lx, "a sign without a number");
    if (p < lx->end && *p == '.') {
        is_float = true;
        for (p++; p < lx->end && is_digit(*p);)
            p++;
    }
    if (p < lx->end && (*p == 'e' || *p == 'E')) {
        is_float = true;
        p++;
        p += p < lx->end && (*p == '-' || *p == '+');
        while (p < lx->end && is_digit(*p))
            p++;
    }
    if (p - lx->at > NUMBER_BYTES_MAX)
        return nescio_graph_lexer_fail(lx, "a number of more than %d characters", NUMBER_BYTES_MAX);
    lx->token = is_float ? NESCIO_TOKEN_FLOAT : NESCIO_TOKEN_INT;
    lx->text = lx->number;
    (void)snprintf(lx->number, sizeof lx->number, "%.*s", (int)(p - lx->at), lx->at);
    lx->at = p;
    return NESCIO_OK;
}

static int hex_digit(char c)
{
    if (is_digit(c))
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static nescio_status read_string(nescio_graph_lexer *lx)
{
    const char *p = lx->at + 1;
    char *out, *text;

    while (p < lx->end && *p != '"' && *p != '\n')
        p += *p == '\\' && p + 1 < lx->end ? 2 : 1;
    if (p >= lx->end || *p != '"')
        return nescio_graph_lexer_fail(lx, "a string that does not end on its line");
    text = out = nescio_arena_alloc(lx->arena, (size_t)(p - lx->at));
    if (!out)
        return nescio_fail_nomem(lx->ctx, (size_t)(p - lx->at));
    for (const char *q = lx->at + 1; q < p; q++) {
        char c = *q;

        if (c == '\\') {
            c = *++q;
            if (c == 'x' && p - q > 2 && hex_digit(q[1]) >= 0 && hex_digit(q[2]) >= 0) {
                c = (char)(hex_digit(q[1]) * 16 + hex_digit(q[2]));
                q += 2;
            } else if (c != '"' && c != '\\') {
                return nescio_graph_lexer_fail(lx, "an escape that is none of \\\" \\\\ \\xHH");
            }
        }
        if (c == '\0')
            return nescio_graph_lexer_fail(lx, "a zero byte in a string");
        *out++ = c;
    }
    lx->token = NESCIO_TOKEN_STRING;
    lx->text = text;
    lx->at = p + 1;
    return NESCIO_OK;
}

nescio_status nescio_graph_lexer_next(nescio_graph_lexer *lx)
{
    skip_space(lx);
    lx->start = lx->at;
    if (lx->at >= lx->end) {
        lx->token = NESCIO_TOKEN_END;
        return NESCIO_OK;
    }
    if (is_letter(*lx->at)) {
        const char *p = lx->at;

        while (p < lx->end && (is_letter(*p) || is_digit(*p)))
            p++;
        return keep_text(lx, NESCIO_TOKEN_NAME, (size_t)(p - lx->at));
    }
    if (is_digit(*lx->at) || *lx->at == '-' || *lx->at == '+')
        return read_number(lx);
    if (*lx->at == '"')
        return read_string(lx);
    if (lx->end - lx->at >= 3 && memcmp(lx->at, "...", 3) == 0) {
        lx->token = NESCIO_TOKEN_DOTS;
        lx->at += 3;
        return NESCIO_OK;
    }
    if (lx->end - lx->at >= 2 && memcmp(lx->at, "=>", 2) == 0) {
        lx->token = NESCIO_TOKEN_ARROW;
        lx->at += 2;
        return NESCIO_OK;
    }
    if (*lx->at == '\0' || !strchr("<>(){}[],:=.?", *lx->at))
        return nescio_graph_lexer_fail(lx, "a character that has no meaning here");
    lx->token = NESCIO_TOKEN_MARK;
    lx->mark = *lx->at++;
    return NESCIO_OK;
}
