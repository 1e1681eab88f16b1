/* SPDX-License-Identifier: Apache-2.0
 * Regular expressions, read by recursive descent into steps (Thompson's construction). */
#include "refexec/text_chars.h"
#include "refexec/token_pattern_internal.h"

#include <stdlib.h>

#define STEPS_MAX  4096
#define RANGES_MAX 4096
#define SETS_MAX   1024
#define DEPTH_MAX  50
#define CHAR_MAX_  0x10FFFFu

typedef struct reader {
    nescio_pattern *p;
    const char *at, *end;
    const char *problem; /* NULL: none so far; the first counts */
    int depth;
} reader;

static bool more(const reader *r)
{
    return !r->problem && r->at < r->end;
}

static void refuse(reader *r, const char *problem)
{
    if (!r->problem)
        r->problem = problem;
}

static void emit(reader *r, nescio_step_kind kind, int32_t a, int32_t b)
{
    nescio_pattern *const p = r->p;

    if (p->n_steps >= STEPS_MAX)
        refuse(r, "it is too long");
    else
        p->steps[p->n_steps++] = (nescio_step){kind, a, b};
}

/* A step in front of those from `at` on. */
static void insert(reader *r, int32_t at, nescio_step_kind kind, int32_t a, int32_t b)
{
    nescio_pattern *const p = r->p;

    emit(r, kind, a, b);
    if (r->problem)
        return;
    memmove(p->steps + at + 1, p->steps + at, (size_t)(p->n_steps - 1 - at) * sizeof *p->steps);
    p->steps[at] = (nescio_step){kind, a, b};
}

/* --- sets of characters ----------------------------------------------------------------------- */

static void add_range(reader *r, uint32_t low, uint32_t high)
{
    nescio_pattern *const p = r->p;

    if (p->n_ranges >= RANGES_MAX)
        refuse(r, "its sets are too large");
    else
        p->ranges[p->n_ranges++] = (nescio_char_range){low, high};
}

static void begin_set(reader *r, bool negated)
{
    nescio_pattern *const p = r->p;

    if (p->n_sets >= SETS_MAX) {
        refuse(r, "it has too many sets");
        return;
    }
    p->sets[p->n_sets++] = (nescio_char_set){p->n_ranges, 0, negated};
}

static void end_set(reader *r)
{
    nescio_pattern *const p = r->p;

    if (r->problem)
        return;
    p->sets[p->n_sets - 1].count = p->n_ranges - p->sets[p->n_sets - 1].first;
    emit(r, NESCIO_STEP_SET, p->n_sets - 1, 0);
}

/* The ranges of \d, \w, \s; of their opposites for the capital. False: another letter. */
static bool add_class(reader *r, uint32_t letter)
{
    static const nescio_char_range digits[] = {{'0', '9'}},
                                   word[] = {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}},
                                   space[] = {{'\t', '\n'}, {'\f', '\r'}, {' ', ' '}};
    const uint32_t small = letter | 0x20;
    const nescio_char_range *const from = small == 'd' ? digits : small == 'w' ? word : space;
    const size_t n = small == 'd' ? 1 : small == 'w' ? 4 : 3;
    uint32_t low = 0;

    if (small != 'd' && small != 'w' && small != 's')
        return false;
    for (size_t i = 0; i < n; i++) {
        if (letter == small)
            add_range(r, from[i].low, from[i].high);
        else
            add_range(r, low, from[i].low - 1);
        low = from[i].high + 1;
    }
    if (letter != small)
        add_range(r, low, CHAR_MAX_);
    return true;
}

/* \xHH or \x{H...}, behind the x. */
static uint32_t hexadecimal(reader *r)
{
    const bool braces = more(r) && *r->at == '{';
    const char *const close = braces                ? memchr(r->at, '}', (size_t)(r->end - r->at))
                              : r->end - r->at >= 2 ? r->at + 2
                                                    : NULL;
    uint32_t c = 0;

    r->at += braces;
    if (!close || close == r->at || close - r->at > 6) {
        refuse(r, "\\x wants hexadecimal digits");
        return 0;
    }
    for (; r->at < close; r->at++) {
        const char digit[2] = {*r->at, '\0'};
        char *stop;

        c = c << 4 | (uint32_t)strtoul(digit, &stop, 16);
        if (*stop || *r->at == '-' || *r->at == '+' || *r->at == ' ')
            refuse(r, "\\x wants hexadecimal digits");
    }
    r->at += braces;
    return c;
}

/* The character that an escape stands for; the backslash is read. */
static uint32_t escaped(reader *r)
{
    static const char letters[] = "abfnrtv", means[] = "\a\b\f\n\r\t\v";
    const uint32_t c = nescio_char_next(&r->at, r->end);
    const char *const known = c && c < 0x80 ? strchr(letters, (int)c) : NULL;
    const bool named = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

    if (c == 'x')
        return hexadecimal(r);
    if (known)
        return (uint32_t)means[known - letters];
    if (named)
        refuse(r, "an escape of that letter is not known");
    return c;
}

/* [:alpha:] and such, between the brackets of a set. False: it is none. */
static bool add_named_class(reader *r)
{
    static const struct {
        const char *name;
        nescio_char_range ranges[4];
    } names[] = {
        {"[:alpha:]", {{'A', 'Z'}, {'a', 'z'}}},
        {"[:digit:]", {{'0', '9'}}},
        {"[:alnum:]", {{'0', '9'}, {'A', 'Z'}, {'a', 'z'}}},
        {"[:upper:]", {{'A', 'Z'}}},
        {"[:lower:]", {{'a', 'z'}}},
        {"[:space:]", {{'\t', '\r'}, {' ', ' '}}},
        {"[:punct:]", {{'!', '/'}, {':', '@'}, {'[', '`'}, {'{', '~'}}},
        {"[:word:]", {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}},
    };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const size_t n = strlen(names[i].name);

        if ((size_t)(r->end - r->at) < n || memcmp(r->at, names[i].name, n) != 0)
            continue;
        for (size_t k = 0; k < 4 && names[i].ranges[k].high; k++)
            add_range(r, names[i].ranges[k].low, names[i].ranges[k].high);
        r->at += n;
        return true;
    }
    return false;
}

/* One end of a range; UINT32_MAX: a whole class has been added instead. */
static uint32_t set_character(reader *r)
{
    uint32_t c;

    if (*r->at == '[' && add_named_class(r))
        return UINT32_MAX;
    c = nescio_char_next(&r->at, r->end);
    if (c != '\\')
        return c;
    if (!more(r)) {
        refuse(r, "it ends in a backslash");
        return UINT32_MAX;
    }
    if (add_class(r, (unsigned char)*r->at)) {
        r->at++;
        return UINT32_MAX;
    }
    return escaped(r);
}

/* Behind the '['. */
static void read_set(reader *r)
{
    const bool negated = more(r) && *r->at == '^';
    bool first = true;

    r->at += negated;
    begin_set(r, negated);
    for (; more(r) && (first || *r->at != ']'); first = false) {
        const uint32_t low = set_character(r);
        uint32_t high = low;

        if (low == UINT32_MAX)
            continue;
        if (r->end - r->at > 1 && r->at[0] == '-' && r->at[1] != ']') {
            r->at++;
            high = set_character(r);
        }
        if (high == UINT32_MAX || high < low)
            refuse(r, "a range of a set is empty");
        add_range(r, low, high);
    }
    if (!more(r))
        refuse(r, "a set is not closed");
    else
        r->at++;
    end_set(r);
}

/* --- expressions ------------------------------------------------------------------------------ */

static void read_alternatives(reader *r);

/* Behind the '('. */
static void read_group(reader *r)
{
    if (r->end - r->at > 1 && r->at[0] == '?') {
        if (r->at[1] != ':')
            refuse(r, "a group with flags or a name");
        r->at += 2;
    }
    if (++r->depth > DEPTH_MAX)
        refuse(r, "groups are too deep");
    read_alternatives(r);
    r->depth--;
    if (!more(r) || *r->at != ')')
        refuse(r, "a group is not closed");
    else
        r->at++;
}

/* Behind the backslash, outside sets. */
static void read_escape(reader *r)
{
    static const char letters[] = "bBAz";
    static const nescio_step_kind kinds[] = {NESCIO_STEP_EDGE, NESCIO_STEP_NO_EDGE,
                                             NESCIO_STEP_BEGIN, NESCIO_STEP_END};
    const char *known;

    if (!more(r)) {
        refuse(r, "it ends in a backslash");
        return;
    }
    known = *r->at ? strchr(letters, *r->at) : NULL;
    if (known) {
        r->at++;
        emit(r, kinds[known - letters], 0, 0);
        return;
    }
    begin_set(r, false);
    if (add_class(r, (unsigned char)*r->at)) {
        r->at++;
    } else {
        const uint32_t c = escaped(r);

        add_range(r, c, c);
    }
    end_set(r);
}

static void read_atom(reader *r)
{
    const uint32_t c = nescio_char_next(&r->at, r->end);

    switch (c) {
    case '(': read_group(r); break;
    case '[': read_set(r); break;
    case '\\': read_escape(r); break;
    case '^': emit(r, NESCIO_STEP_BEGIN, 0, 0); break;
    case '$': emit(r, NESCIO_STEP_END, 0, 0); break;
    case '*':
    case '+':
    case '?': refuse(r, "nothing is repeated"); break;
    default:
        begin_set(r, c == '.');
        add_range(r, c == '.' ? '\n' : c, c == '.' ? '\n' : c);
        end_set(r);
    }
}

/* {n}, {n,} or {n,m}; false: another thing, so the brace is a character. *most -1: no limit. */
static bool read_counts(reader *r, int32_t *least, int32_t *most)
{
    const char *s = r->at;
    int32_t bounds[2] = {-1, -1};
    int k = 0;

    if (*s++ != '{')
        return false;
    for (; s < r->end && *s != '}'; s++) {
        if (*s == ',' && k == 0 && bounds[0] >= 0)
            k = 1;
        else if (*s >= '0' && *s <= '9' && bounds[k] <= STEPS_MAX)
            bounds[k] = (bounds[k] < 0 ? 0 : bounds[k] * 10) + (*s - '0');
        else
            return false;
    }
    if (s == r->end || bounds[0] < 0)
        return false;
    *least = bounds[0];
    *most = k ? bounds[1] : bounds[0];
    r->at = s + 1;
    return true;
}

/* The steps from `from` on, between `least` and `most` times. */
static void repeat(reader *r, int32_t from, int32_t least, int32_t most)
{
    nescio_pattern *const p = r->p;
    const int32_t n = p->n_steps - from;
    const int32_t copies = most < 0 ? (least > 1 ? least : 1) : most;

    if (most >= 0 && most < least)
        refuse(r, "a repetition from more to less");
    if (n == 0) /* what is empty stays so, without 10^4 rounds for each {9999} */
        return;
    if (most == 0)
        p->n_steps = from;
    for (int32_t k = 1; k < copies && !r->problem; k++) {
        if (k >= least && most >= 0)
            emit(r, NESCIO_STEP_FORK, 1, n + 1);
        for (int32_t i = 0; i < n && !r->problem; i++)
            emit(r, p->steps[from + i].kind, p->steps[from + i].a, p->steps[from + i].b);
    }
    if (most < 0)
        emit(r, NESCIO_STEP_FORK, -n, 1);
    if (least == 0 && most != 0) /* the first time may be left out as well */
        insert(r, from, NESCIO_STEP_FORK, 1, most < 0 ? n + 2 : n + 1);
}

static void read_repeated(reader *r)
{
    const int32_t from = r->p->n_steps;

    read_atom(r);
    while (more(r)) {
        int32_t least = 0, most = -1;

        switch (*r->at) {
        case '*': r->at++; break;
        case '+': r->at++, least = 1; break;
        case '?': r->at++, most = 1; break;
        default:
            if (!read_counts(r, &least, &most))
                return;
        }
        repeat(r, from, least, most);
        if (more(r) && *r->at == '?') /* as few as possible: all the same to the longest match */
            r->at++;
    }
}

static void read_sequence(reader *r)
{
    while (more(r) && *r->at != '|' && *r->at != ')')
        read_repeated(r);
}

static void read_alternatives(reader *r)
{
    const int32_t from = r->p->n_steps;

    read_sequence(r);
    while (more(r) && *r->at == '|') {
        int32_t n = r->p->n_steps - from, jump;

        r->at++;
        insert(r, from, NESCIO_STEP_FORK, 1, n + 2);
        jump = r->p->n_steps;
        emit(r, NESCIO_STEP_FORK, 1, 1);
        read_sequence(r);
        n = r->p->n_steps - jump;
        if (!r->problem)
            r->p->steps[jump] = (nescio_step){NESCIO_STEP_FORK, n, n};
    }
}

static bool make_room(const nescio_refexec_call *call, nescio_pattern *p)
{
    p->steps = nescio_call_scratch(call, STEPS_MAX, sizeof *p->steps);
    p->ranges = nescio_call_scratch(call, RANGES_MAX, sizeof *p->ranges);
    p->sets = nescio_call_scratch(call, SETS_MAX, sizeof *p->sets);
    return p->steps && p->ranges && p->sets;
}

nescio_status nescio_pattern_compile(const nescio_refexec_call *call, const char *text,
                                     nescio_pattern **out)
{
    nescio_pattern *const p = nescio_call_scratch(call, 1, sizeof *p);
    reader r = {.p = p, .at = text, .end = text + strlen(text)};

    if (!p || !make_room(call, p))
        return nescio_call_nomem(call);
    read_alternatives(&r);
    if (more(&r))
        refuse(&r, "a group is closed that was not opened");
    emit(&r, NESCIO_STEP_ACCEPT, 0, 0);
    if (r.problem)
        return nescio_call_fail(call, NESCIO_E_UNSUPPORTED, "pattern '%.80s': %s", text, r.problem);
    p->now = nescio_call_scratch(call, p->n_steps, sizeof *p->now);
    p->next = nescio_call_scratch(call, p->n_steps, sizeof *p->next);
    p->stack = nescio_call_scratch(call, 2 * (int64_t)p->n_steps + 1, sizeof *p->stack);
    p->seen = nescio_call_scratch(call, p->n_steps, sizeof *p->seen);
    if (!p->now || !p->next || !p->stack || !p->seen)
        return nescio_call_nomem(call);
    p->call = call;
    *out = p;
    return NESCIO_OK;
}
