/* SPDX-License-Identifier: Apache-2.0
 * Reads comma-separated numbers (RFC 4180's quotes and line ends). Every value takes at least one
 * byte of the file and 8 of memory, so a hostile file cannot ask for more than 8 times its size. */
#include "tensor/tensor.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NUMBER_MOST 400 /* characters: more than any double needs written out in full */

typedef struct csv_reader {
    nescio_ctx *ctx;
    const char *name;
    const char *at, *end;
    size_t line;   /* from 1 */
    size_t column; /* of the field that was read last, from 1 */
    locale_t c_locale;
} csv_reader;

/* One field, without its quotes and outer blanks. */
typedef struct csv_field {
    char text[NUMBER_MOST + 1]; /* the first NUMBER_MOST characters */
    size_t length;              /* of the whole field */
    bool ends_line;
} csv_field;

static nescio_status fail_at(const csv_reader *r, const char *what)
{
    return nescio_fail(r->ctx, NESCIO_E_FORMAT, "'%s': line %zu, column %zu: %s", r->name, r->line,
                       r->column, what);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool at_line_end(const csv_reader *r)
{
    return r->at == r->end || *r->at == '\n' ||
           (*r->at == '\r' && r->end - r->at > 1 && r->at[1] == '\n');
}

static void put(csv_field *f, char c)
{
    if (f->length < NUMBER_MOST)
        f->text[f->length] = c;
    f->length++;
}

/* The inside of a quoted field; two quotes stand for one. */
static nescio_status read_quoted(csv_reader *r, csv_field *f)
{
    const size_t line = r->line;

    for (r->at++; r->at < r->end; r->at++) {
        if (*r->at == '"' && ++r->at < r->end && *r->at != '"')
            return NESCIO_OK;
        if (r->at == r->end)
            return NESCIO_OK; /* the closing quote was the last character */
        r->line += *r->at == '\n';
        put(f, *r->at);
    }
    r->line = line;
    return fail_at(r, "the quote is not closed");
}

static nescio_status read_field(csv_reader *r, csv_field *f)
{
    f->length = 0;
    r->column++;
    while (r->at < r->end && is_blank(*r->at))
        r->at++;
    if (r->at < r->end && *r->at == '"') {
        NESCIO_TRY(read_quoted(r, f));
        while (r->at < r->end && is_blank(*r->at))
            r->at++;
        if (!at_line_end(r) && *r->at != ',')
            return fail_at(r, "something follows the closing quote");
    } else {
        while (!at_line_end(r) && *r->at != ',')
            put(f, *r->at++);
    }
    while (f->length > 0 && f->length <= NUMBER_MOST && is_blank(f->text[f->length - 1]))
        f->length--;
    f->text[f->length < NUMBER_MOST ? f->length : NUMBER_MOST] = '\0';
    f->ends_line = at_line_end(r);
    if (!f->ends_line)
        r->at++; /* the comma */
    return NESCIO_OK;
}

/* Past the end of the line, if there is one. */
static void end_line(csv_reader *r)
{
    if (r->at < r->end && *r->at == '\r')
        r->at++;
    if (r->at < r->end)
        r->at++;
    r->line++;
    r->column = 0;
}

/* A decimal number, inf or nan; never hexadecimal, never with the comma of some locale. */
static bool read_number(const csv_reader *r, const csv_field *f, double *out)
{
    const char *unsigned_part = f->text + (f->text[0] == '+' || f->text[0] == '-');
    const locale_t c = r->c_locale;
    char *end;

    if (f->length == 0 || f->length > NUMBER_MOST || strlen(f->text) != f->length)
        return false;
    if (strcasecmp_l(unsigned_part, "nan", c) != 0 && strcasecmp_l(unsigned_part, "inf", c) != 0 &&
        strcasecmp_l(unsigned_part, "infinity", c) != 0 &&
        strspn(f->text, "0123456789.eE+-") != f->length)
        return false;
    *out = strtod_l(f->text, &end, c);
    return *end == '\0';
}

static bool only_blank_lines_left(const csv_reader *r)
{
    for (const char *p = r->at; p < r->end; p++)
        if (!is_blank(*p) && *p != '\n' && *p != '\r')
            return false;
    return true;
}

/* A word for a missing number: in the first line it does not make a header, or a row would be lost
 * without a word. */
static bool is_hole(const csv_reader *r, const csv_field *f)
{
    static const char *const words[] = {"na", "n/a", "#n/a", "null", "none", "?", "-"};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasecmp_l(f->text, words[i], r->c_locale) == 0)
            return true;
    return false;
}

/* Takes the first line when it is a header, else leaves it; the number of columns either way. */
static nescio_status read_first_line(csv_reader *r, size_t *columns)
{
    const csv_reader start = *r;
    bool is_header = false;
    csv_field f;
    double v;

    do {
        NESCIO_TRY(read_field(r, &f));
        is_header |= f.length > 0 ? !read_number(r, &f, &v) && !is_hole(r, &f) : r->column == 1;
    } while (!f.ends_line);
    *columns = r->column;
    if (is_header && *columns == 1 && strpbrk(f.text, ";\t")) {
        r->column = 1;
        return fail_at(r, "no comma, but another separator: columns are separated by commas");
    }
    if (is_header)
        end_line(r);
    else
        *r = start;
    return NESCIO_OK;
}

static nescio_status read_row(csv_reader *r, size_t columns, nescio_buffer *values)
{
    csv_field f;
    double v;

    do {
        NESCIO_TRY(read_field(r, &f));
        if (r->column > columns)
            return nescio_fail(r->ctx, NESCIO_E_FORMAT,
                               "'%s': line %zu, column %zu: the first line has %zu columns",
                               r->name, r->line, r->column, columns);
        if (!read_number(r, &f, &v))
            return nescio_fail(r->ctx, NESCIO_E_FORMAT,
                               "'%s': line %zu, column %zu: '%.40s' is not a number", r->name,
                               r->line, r->column, f.text);
        nescio_write_bytes(values, &v, sizeof v);
    } while (!f.ends_line);
    if (r->column < columns)
        return nescio_fail(r->ctx, NESCIO_E_FORMAT,
                           "'%s': line %zu, column %zu: the line ends; the first has %zu columns",
                           r->name, r->line, r->column, columns);
    end_line(r);
    return NESCIO_OK;
}

static nescio_status read_all(csv_reader *r, nescio_tensor *out)
{
    nescio_buffer values = {0};
    nescio_status st = NESCIO_OK;
    size_t columns = 0, rows = 0;

    if (only_blank_lines_left(r))
        return nescio_fail(r->ctx, NESCIO_E_FORMAT, "'%s': has no lines", r->name);
    st = read_first_line(r, &columns);
    while (st == NESCIO_OK && !only_blank_lines_left(r)) {
        st = read_row(r, columns, &values);
        rows++;
    }
    if (st == NESCIO_OK && values.bad)
        st = nescio_fail_nomem(r->ctx, values.bytes);
    if (st == NESCIO_OK)
        st = nescio_tensor_new(r->ctx, out, NESCIO_F64, 2,
                               (int64_t[]){(int64_t)rows, (int64_t)columns});
    if (st == NESCIO_OK && values.bytes > 0)
        memcpy(out->data, values.data, values.bytes);
    nescio_buffer_free(&values);
    return st;
}

nescio_status nescio_csv_parse(nescio_ctx *ctx, nescio_tensor *out, const void *data, size_t bytes,
                               const char *name)
{
    csv_reader r = {.ctx = ctx, .name = name, .line = 1};
    nescio_status st;

    *out = (nescio_tensor){0};
    r.at = bytes > 0 ? data : "";
    r.end = r.at + bytes;
    if (bytes >= 3 && memcmp(r.at, "\xef\xbb\xbf", 3) == 0)
        r.at += 3; /* byte order mark */
    r.c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!r.c_locale)
        return nescio_fail(ctx, NESCIO_E_NOMEM, "'%s': no memory to read numbers", name);
    st = read_all(&r, out);
    freelocale(r.c_locale);
    return st;
}

nescio_status nescio_csv_read(nescio_ctx *ctx, nescio_tensor *out, const char *path)
{
    nescio_file file;
    nescio_status st;

    *out = (nescio_tensor){0};
    NESCIO_TRY(nescio_file_open(ctx, &file, path));
    st = nescio_csv_parse(ctx, out, file.data, file.bytes, strcmp(path, "-") == 0 ? "stdin" : path);
    nescio_file_close(&file);
    return st;
}
