/* SPDX-License-Identifier: Apache-2.0
 * Parses declared options and prints help from the same declarations. */
#include "cli.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static unsigned default_threads(void)
{
    const long n = sysconf(_SC_NPROCESSORS_ONLN);

    return n < 1 ? 1 : n > 64 ? 64 : (unsigned)n;
}

int usage_error(const command *self, const char *format, ...)
{
    va_list args;

    fprintf(stderr, "nescio %s: ", self->name);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, " (see nescio %s --help)\n", self->name);
    return EXIT_USAGE;
}

/* Columns of "--name VALUE". */
static int left_width(const option_spec *o)
{
    return (int)strlen(o->name) + 1 + (o->metavar ? (int)strlen(o->metavar) : 0);
}

static void print_help(const command *self, const option_spec *lists[2])
{
    int width = 0;

    printf("usage: nescio %s %s%s[options]\n%s\n\n", self->name, self->arguments,
           *self->arguments ? " " : "", self->summary);
    for (int k = 0; k < 2; k++)
        for (const option_spec *o = lists[k]; o->name; o++)
            width = left_width(o) > width ? left_width(o) : width;
    for (int k = 0; k < 2; k++)
        for (const option_spec *o = lists[k]; o->name; o++)
            printf("  %s %-*s  %s%s\n", o->name, width - (int)strlen(o->name) - 1,
                   o->metavar ? o->metavar : "", o->help, o->required ? " (required)" : "");
}

static const option_spec *find_option(const option_spec *lists[2], const char *arg, size_t n)
{
    for (int k = 0; k < 2; k++)
        for (const option_spec *o = lists[k]; o->name; o++)
            if (strlen(o->name) == n && strncmp(o->name, arg, n) == 0)
                return o;
    return NULL;
}

/* log2 of "2^-40" or of a plain positive number. */
static bool parse_log2(const char *value, double *out)
{
    char *end;
    const bool power = strncmp(value, "2^", 2) == 0;
    const char *number = power ? value + 2 : value;
    const double v = strtod(number, &end);

    if (*end || end == number || (!power && !(v > 0)))
        return false;
    *out = power ? v : log2(v);
    return isfinite(*out);
}

static bool store(const option_spec *o, const char *value)
{
    char *end;

    switch (o->kind) {
    case OPTION_FLAG: *(bool *)o->target = true; return true;
    case OPTION_STRING: *(const char **)o->target = value; return true;
    case OPTION_UNSIGNED: {
        const unsigned long v = strtoul(value, &end, 10);
        *(unsigned *)o->target = (unsigned)v;
        return *value >= '0' && *value <= '9' && !*end && v <= 1u << 30;
    }
    case OPTION_DOUBLE: *(double *)o->target = strtod(value, &end); return *value && !*end;
    case OPTION_LOG2: return parse_log2(value, o->target);
    case OPTION_LIST: {
        string_list *list = o->target;
        if (list->n == sizeof list->items / sizeof *list->items)
            return false;
        list->items[list->n++] = value;
        return true;
    }
    }
    return false;
}

static bool is_set(const option_spec *o)
{
    return o->kind == OPTION_LIST ? ((const string_list *)o->target)->n > 0
                                  : *(const char *const *)o->target != NULL;
}

/* One argument that starts with '-'. Advances *i over its value. */
static int take_option(const command *self, const option_spec *lists[2], int argc, char **argv,
                       int *i)
{
    const char *arg = argv[*i], *equals = strncmp(arg, "--", 2) == 0 ? strchr(arg, '=') : NULL;
    const size_t n = equals ? (size_t)(equals - arg) : strlen(arg);
    const option_spec *o = find_option(lists, arg, n);
    const char *value = NULL;

    if (!o)
        return usage_error(self, "unknown option '%.*s'", (int)n, arg);
    if (o->kind == OPTION_FLAG && equals)
        return usage_error(self, "%s takes no value", o->name);
    if (o->kind != OPTION_FLAG) {
        value = equals ? equals + 1 : *i + 1 < argc ? argv[++*i] : NULL;
        if (!value)
            return usage_error(self, "%s needs a value (%s)", o->name, o->metavar);
    }
    if (!store(o, value))
        return usage_error(self, "bad value '%s' for %s (%s)", value, o->name, o->metavar);
    return 0;
}

static int check_call(const call *c, const command *self, const option_spec *specs)
{
    if (c->n_positional < self->min_positional)
        return usage_error(self, "needs %s", self->arguments);
    for (const option_spec *o = specs; o->name; o++)
        if (o->required && !is_set(o))
            return usage_error(self, "needs %s %s", o->name, o->metavar);
    if (c->common.threads < 1 || c->common.threads > 256)
        return usage_error(self, "--threads takes 1 to 256");
    return 0;
}

int options_parse(call *c, const command *self, const option_spec *specs, int argc, char **argv,
                  int *status)
{
    const option_spec common[] = {
        {"--threads", "N", OPTION_UNSIGNED, &c->common.threads,
         "threads for heavy work (default: all processors)", false},
        {"--quiet", NULL, OPTION_FLAG, &c->common.quiet, "no progress, no report", false},
        {"--json", NULL, OPTION_FLAG, &c->common.json,
         "report as JSON on standard output", false},
        {"--help", NULL, OPTION_FLAG, &c->common.help, "this text", false},
        {NULL, NULL, OPTION_FLAG, NULL, NULL, false}};
    const option_spec *lists[2] = {specs, common};

    c->common.threads = default_threads();
    for (int i = 0; i < argc; i++) {
        if (argv[i][0] == '-' && argv[i][1]) {
            *status = take_option(self, lists, argc, argv, &i);
            if (*status)
                return 1;
        } else if (c->n_positional < self->max_positional) {
            c->positional[c->n_positional++] = argv[i];
        } else {
            *status = usage_error(self, "unexpected argument '%s'", argv[i]);
            return 1;
        }
    }
    if (c->common.help) {
        print_help(self, lists);
        *status = 0;
        return 1;
    }
    *status = check_call(c, self, specs);
    if (*status)
        return 1;
    if (nescio_ctx_new(&c->ctx) != NESCIO_OK ||
        nescio_ctx_set_threads(c->ctx, c->common.threads) != NESCIO_OK) {
        *status = fail(c);
        return 1;
    }
    progress_attach(c);
    return 0;
}
