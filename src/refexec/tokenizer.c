/* SPDX-License-Identifier: Apache-2.0
 * Tokenizer (com.microsoft): each text becomes a row of words along a new last axis, short rows are
 * padded. Words are what an expression matches, or what lies between separators, or single
 * characters (one empty separator). */
#include "refexec/run_table.h"
#include "refexec/text_chars.h"
#include "refexec/token_pattern.h"

#define SEPARATORS_MAX 256 /* a compiled one takes about 100 KB */

typedef struct word {
    const char *at;
    size_t bytes;
} word;

typedef struct cutter {
    nescio_pattern **separators;
    size_t n_separators;
    nescio_pattern *expression; /* NULL: separators */
    bool by_character;
    int64_t least; /* characters of a word */
} cutter;

static nescio_status read_cutter(const nescio_refexec_call *call, cutter *c)
{
    const nescio_attr *const list = nescio_node_attr(call->node, "separators");
    const char *const expression = nescio_node_string(call->node, "tokenexp", "");

    *c = (cutter){.least = nescio_node_int(call->node, "mincharnum", 1)};
    if (c->least < 1)
        return nescio_call_fail(call, NESCIO_E_FORMAT, "mincharnum is %lld", (long long)c->least);
    if (*expression)
        return nescio_pattern_compile(call, expression, &c->expression);
    if (!list || list->kind != NESCIO_ATTR_STRINGS || list->count == 0)
        return nescio_call_fail(call, NESCIO_E_FORMAT, "neither separators nor tokenexp");
    if (list->count > SEPARATORS_MAX)
        return nescio_call_fail(call, NESCIO_E_UNSUPPORTED,
                                "%zu separators; at most %d are accepted", list->count,
                                SEPARATORS_MAX);
    c->by_character = list->count == 1 && list->strings[0][0] == '\0';
    c->n_separators = c->by_character ? 0 : list->count;
    c->separators = nescio_call_scratch(call, (int64_t)list->count, sizeof *c->separators);
    if (!c->separators)
        return nescio_call_nomem(call);
    for (size_t i = 0; i < c->n_separators; i++) {
        if (list->strings[i][0] == '\0')
            return nescio_call_fail(call, NESCIO_E_FORMAT, "an empty separator among others");
        NESCIO_TRY(nescio_pattern_compile(call, list->strings[i], &c->separators[i]));
    }
    return NESCIO_OK;
}

/* Appends [at, end) where it is long enough. A word has a byte at least. */
static size_t keep(const cutter *c, word *words, size_t n, const char *at, const char *end)
{
    int64_t characters = 0;

    for (const char *s = at; s < end && characters < c->least; characters++)
        nescio_char_next(&s, end);
    if (characters < c->least)
        return n;
    words[n] = (word){at, (size_t)(end - at)};
    return n + 1;
}

static size_t cut_characters(const cutter *c, const char *text, const char *end, word *words)
{
    size_t n = 0;

    while (text < end) {
        const char *const at = text;

        nescio_char_next(&text, end);
        n = keep(c, words, n, at, text);
    }
    return n;
}

static size_t cut_matches(const cutter *c, const char *text, const char *end, word *words)
{
    const char *from = text, *first, *last;
    size_t n = 0;

    while (from < end && nescio_pattern_find(c->expression, text, from, end, &first, &last)) {
        n = keep(c, words, n, first, last);
        from = last;
        if (first == last && from < end)
            nescio_char_next(&from, end);
    }
    return n;
}

/* What lies between matches of a separator in one piece of text. */
static size_t cut_between(const cutter *c, nescio_pattern *separator, const word *piece,
                          word *words, size_t n)
{
    const char *const end = piece->at + piece->bytes;
    const char *from = piece->at, *first, *last;

    while (nescio_pattern_find(separator, piece->at, from, end, &first, &last)) {
        n = keep(c, words, n, from, first);
        from = last;
        if (first == last) {
            if (from >= end)
                return n;
            nescio_char_next(&from, end);
        }
    }
    return keep(c, words, n, from, end);
}

/* Each separator cuts what the ones before it left. `words` and `spare` hold as many words as the
 * text has bytes; the result is in `words`. */
static size_t cut_at_separators(const cutter *c, const char *text, const char *end, word *words,
                                word *spare)
{
    size_t n = text < end ? 1 : 0;

    words[0] = (word){text, (size_t)(end - text)};
    for (size_t s = 0; s < c->n_separators; s++) {
        size_t m = 0;

        for (size_t k = 0; k < n; k++)
            m = cut_between(c, c->separators[s], &words[k], spare, m);
        memcpy(words, spare, m * sizeof *words);
        n = m;
    }
    return n;
}

static size_t cut(const cutter *c, const char *text, word *words, word *spare)
{
    const char *const end = text + strlen(text);

    if (c->by_character)
        return cut_characters(c, text, end, words);
    if (c->expression)
        return cut_matches(c, text, end, words);
    return cut_at_separators(c, text, end, words, spare);
}

/* What does not match may also be what would have taken too much work. */
static nescio_status check_patterns(const nescio_refexec_call *call, const cutter *c)
{
    bool refused = c->expression && nescio_pattern_refused(c->expression);

    for (size_t i = 0; i < c->n_separators && !refused; i++)
        refused = nescio_pattern_refused(c->separators[i]);
    if (refused)
        return nescio_call_fail(call, NESCIO_E_UNSUPPORTED,
                                "needs more work than it may cause here");
    return NESCIO_OK;
}

/* The words of all texts one behind the other, counts[i] of text i. */
static nescio_status cut_all(const nescio_refexec_call *call, const cutter *c, word **words,
                             size_t *counts)
{
    const nescio_tensor *const x = call->inputs[0];
    const char *const *const texts = x->data;
    const int64_t n = nescio_count(x);
    size_t all = 1, longest = 1, used = 0;
    word *spare;

    for (int64_t i = 0; i < n; i++) {
        const size_t bytes = strlen(texts[i]);

        NESCIO_TRY(nescio_call_spend(call, (int64_t)bytes + 1, 1, 1)); /* one text many times */
        all += bytes + 1; /* an empty text still uses a place for a moment */
        longest = bytes > longest ? bytes : longest;
    }
    *words = nescio_call_scratch(call, (int64_t)all, sizeof **words);
    spare = nescio_call_scratch(call, (int64_t)longest, sizeof *spare);
    if (!*words || !spare)
        return nescio_call_nomem(call);
    for (int64_t i = 0; i < n; i++) {
        counts[i] = cut(c, texts[i], *words + used, spare);
        used += counts[i];
        NESCIO_TRY(check_patterns(call, c));
    }
    return NESCIO_OK;
}

static nescio_status write_rows(nescio_refexec_call *call, const word *words, const size_t *counts,
                                int64_t width, bool marks)
{
    const char *const pad = nescio_node_string(call->node, "pad_value", "");
    const int64_t n = nescio_count(call->inputs[0]);
    const char **out = call->outputs[0].data;

    for (int64_t i = 0; i < n; i++) {
        const char **const row_end = out + width;

        if (marks)
            *out++ = "\x02";
        for (size_t k = 0; k < counts[i]; k++, out++) {
            *out = nescio_arena_strndup(call->arena, words->at, words->bytes);
            words++;
            if (!*out)
                return nescio_call_nomem(call);
        }
        if (marks)
            *out++ = "\x03";
        while (out < row_end)
            *out++ = pad;
    }
    return NESCIO_OK;
}

nescio_status nescio_run_tokenizer(nescio_refexec_call *call)
{
    const bool marks = nescio_node_int(call->node, "mark", 0) != 0;
    int64_t dims[NESCIO_RANK_MAX], width = 0, n;
    size_t *counts;
    word *words;
    cutter c;

    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_STRING, 1, NESCIO_RANK_MAX - 1));
    NESCIO_TRY(read_cutter(call, &c));
    n = nescio_count(call->inputs[0]);
    counts = nescio_call_scratch(call, n + 1, sizeof *counts);
    if (!counts)
        return nescio_call_nomem(call);
    NESCIO_TRY(cut_all(call, &c, &words, counts));
    for (int64_t i = 0; i < n; i++)
        width = (int64_t)counts[i] > width ? (int64_t)counts[i] : width;
    width += marks ? 2 : 0;
    memcpy(dims, call->inputs[0]->dims, sizeof dims);
    dims[call->inputs[0]->rank] = width;
    NESCIO_TRY(nescio_call_output(call, 0, NESCIO_STRING, call->inputs[0]->rank + 1, dims));
    return write_rows(call, words, counts, width, marks);
}
