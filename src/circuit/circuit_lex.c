/* SPDX-License-Identifier: Apache-2.0
 * Tokens of the circuit text form. Everything fails once and for all with line and column. */
#include "circuit/circuit_lex_internal.h"

#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

nescio_status nescio_lexer_fail(nescio_lexer *lexer, const char *format, ...)
{
    char text[256];
    va_list args;
    size_t line = 1, column = 1;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    for (size_t i = 0; i < lexer->at; i++) {
        column = lexer->text[i] == '\n' ? 1 : column + 1;
        line += lexer->text[i] == '\n';
    }
    return nescio_fail(lexer->ctx, NESCIO_E_FORMAT, "circuit text %zu:%zu: %s", line, column, text);
}

void nescio_lexer_skip(nescio_lexer *lexer)
{
    while (lexer->at < lexer->bytes) {
        const char c = lexer->text[lexer->at];

        if (c == '#') {
            while (lexer->at < lexer->bytes && lexer->text[lexer->at] != '\n')
                lexer->at++;
        } else if (c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == ',') {
            lexer->at++;
        } else {
            return;
        }
    }
}

bool nescio_lexer_end(nescio_lexer *lexer)
{
    nescio_lexer_skip(lexer);
    return lexer->at == lexer->bytes;
}

bool nescio_lexer_is(nescio_lexer *lexer, char c)
{
    nescio_lexer_skip(lexer);
    if (lexer->at == lexer->bytes || lexer->text[lexer->at] != c)
        return false;
    lexer->at++;
    return true;
}

nescio_status nescio_lexer_expect(nescio_lexer *lexer, const char *mark)
{
    const size_t n = strlen(mark);

    nescio_lexer_skip(lexer);
    if (lexer->bytes - lexer->at < n || memcmp(lexer->text + lexer->at, mark, n) != 0)
        return nescio_lexer_fail(lexer, "expected '%s'", mark);
    lexer->at += n;
    return NESCIO_OK;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

nescio_status nescio_lexer_word(nescio_lexer *lexer, char word[static NESCIO_WORD_BYTES])
{
    size_t n = 0;

    nescio_lexer_skip(lexer);
    while (lexer->at + n < lexer->bytes && is_letter(lexer->text[lexer->at + n]) &&
           n < NESCIO_WORD_BYTES - 1)
        n++;
    if (n == 0)
        return nescio_lexer_fail(lexer, "expected a word");
    memcpy(word, lexer->text + lexer->at, n);
    word[n] = '\0';
    lexer->at += n;
    return NESCIO_OK;
}

static int hex_digit(char c)
{
    return is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One character of a quoted text, escapes undone. */
static bool quoted_character(nescio_lexer *lexer, char *out)
{
    const char *const s = lexer->text + lexer->at;
    const size_t left = lexer->bytes - lexer->at;

    if (left < 1 || (uint8_t)s[0] < 0x20)
        return false;
    if (s[0] != '\\') {
        *out = s[0];
        lexer->at += 1;
        return true;
    }
    if (left >= 2 && (s[1] == '"' || s[1] == '\\')) {
        *out = s[1];
        lexer->at += 2;
        return true;
    }
    if (left < 4 || s[1] != 'x' || hex_digit(s[2]) < 0 || hex_digit(s[3]) < 0)
        return false;
    *out = (char)(hex_digit(s[2]) * 16 + hex_digit(s[3]));
    lexer->at += 4;
    return *out != '\0';
}

nescio_status nescio_lexer_quoted(nescio_lexer *lexer, const char **out)
{
    size_t end, n = 0;

    NESCIO_TRY(nescio_lexer_expect(lexer, "\""));
    for (end = lexer->at; end < lexer->bytes && lexer->text[end] != '"'; end++)
        end += lexer->text[end] == '\\';
    if (end >= lexer->bytes)
        return nescio_lexer_fail(lexer, "quoted text does not end");
    if (end == lexer->at)
        return nescio_lexer_fail(lexer, "empty name");
    char *const text =
        nescio_arena_alloc(lexer->arena, end - lexer->at + 1); /* escapes never lengthen */

    if (!text)
        return nescio_fail_nomem(lexer->ctx, end - lexer->at + 1);
    while (lexer->at < end) {
        if (!quoted_character(lexer, &text[n++]))
            return nescio_lexer_fail(lexer, "bad character or escape in a quoted text");
    }
    lexer->at = end + 1;
    *out = text;
    return NESCIO_OK;
}

nescio_status nescio_lexer_name(nescio_lexer *lexer, const char **out)
{
    size_t n = 0;

    NESCIO_TRY(nescio_lexer_expect(lexer, "%"));
    const char *const s = lexer->text + lexer->at;
    const size_t left = lexer->bytes - lexer->at;

    if (left && s[0] == '"')
        return nescio_lexer_quoted(lexer, out);
    while (n < left &&
           (is_letter(s[n]) || is_digit(s[n]) || s[n] == '.' || s[n] == '/' || s[n] == ':'))
        n++;
    if (n == 0)
        return nescio_lexer_fail(lexer, "expected a wire name");
    *out = nescio_arena_strndup(lexer->arena, s, n);
    lexer->at += n;
    return *out ? NESCIO_OK : nescio_fail_nomem(lexer->ctx, n);
}

nescio_status nescio_lexer_integer(nescio_lexer *lexer, int64_t lo, int64_t hi, int64_t *out)
{
    nescio_lexer_skip(lexer);
    const char *const s = lexer->text + lexer->at;
    const size_t left = lexer->bytes - lexer->at;
    const bool negative = left && s[0] == '-';
    size_t n = negative;
    int64_t v = 0;

    if (n == left || !is_digit(s[n]))
        return nescio_lexer_fail(lexer, "expected an integer");
    for (; n < left && is_digit(s[n]); n++) {
        const int64_t digit = s[n] - '0';

        if (__builtin_mul_overflow(v, 10, &v) ||
            __builtin_add_overflow(v, negative ? -digit : digit, &v))
            return nescio_lexer_fail(lexer, "integer does not fit 64 bits");
    }
    if (v < lo || v > hi)
        return nescio_lexer_fail(lexer, "%lld is outside %lld..%lld", (long long)v, (long long)lo,
                                 (long long)hi);
    lexer->at += n;
    *out = v;
    return NESCIO_OK;
}

nescio_status nescio_lexer_range(nescio_lexer *lexer, int64_t *lo, int64_t *hi)
{
    NESCIO_TRY(nescio_lexer_integer(lexer, INT64_MIN, INT64_MAX, lo));
    NESCIO_TRY(nescio_lexer_expect(lexer, ".."));
    return nescio_lexer_integer(lexer, INT64_MIN, INT64_MAX, hi);
}

nescio_status nescio_lexer_real(nescio_lexer *lexer, double *out)
{
    char text[64];
    size_t n = 0, m = 0;

    nescio_lexer_skip(lexer);
    const char *const s = lexer->text + lexer->at;
    const size_t left = lexer->bytes - lexer->at;
    const char *const point =
        localeconv()->decimal_point; /* what strtod expects in the caller's locale */

    for (; n < left && m + strlen(point) < sizeof text - 1 &&
           (is_digit(s[n]) || (s[n] && strchr("+-.eE", s[n])));
         n++) {
        if (s[n] == '.') {
            memcpy(text + m, point, strlen(point));
            m += strlen(point);
        } else {
            text[m++] = s[n];
        }
    }
    text[m] = '\0';
    char *end;
    const double x = strtod(text, &end);

    if (n == 0 || *end != '\0')
        return nescio_lexer_fail(lexer, "expected a number");
    lexer->at += n;
    *out = x;
    return NESCIO_OK;
}
