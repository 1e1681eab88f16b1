/* SPDX-License-Identifier: Apache-2.0
 * StringNormalizer: elements that are stop words are left out, the others change case. If none is
 * left, one empty text is. */
#include "refexec/run_table.h"
#include "refexec/text_chars.h"

typedef uint32_t (*case_fn)(uint32_t c);

/* The text in another case; NULL: no memory. A character takes three bytes at most where it took
 * two: what changes length stays within twice the bytes. */
static const char *change(const nescio_refexec_call *call, const char *text, case_fn to)
{
    const char *const end = text + strlen(text);
    char *const out = nescio_call_scratch(call, 3 * (end - text) + 4, 1);
    char *at = out;

    if (!out)
        return NULL;
    while (text < end)
        at += nescio_char_put(at, to(nescio_char_next(&text, end)));
    *at = '\0';
    return out;
}

/* Stop words as they are compared. */
typedef struct stop_list {
    const char **words;
    size_t n;
    bool any_case;
} stop_list;

static nescio_status read_stops(const nescio_refexec_call *call, stop_list *s)
{
    const nescio_attr *const a = nescio_node_attr(call->node, "stopwords");

    *s = (stop_list){.any_case = nescio_node_int(call->node, "is_case_sensitive", 0) == 0};
    if (!a || a->kind != NESCIO_ATTR_STRINGS || a->count == 0)
        return NESCIO_OK;
    s->words = nescio_call_scratch(call, (int64_t)a->count, sizeof *s->words);
    if (!s->words)
        return nescio_call_nomem(call);
    for (; s->n < a->count; s->n++) {
        s->words[s->n] =
            s->any_case ? change(call, a->strings[s->n], nescio_char_lower) : a->strings[s->n];
        if (!s->words[s->n])
            return nescio_call_nomem(call);
    }
    return NESCIO_OK;
}

static nescio_status is_stop(const nescio_refexec_call *call, const stop_list *s, const char *text,
                             bool *stop)
{
    const char *const key = s->any_case && s->n ? change(call, text, nescio_char_lower) : text;

    *stop = false;
    if (!key)
        return nescio_call_nomem(call);
    NESCIO_TRY(nescio_call_spend(call, (int64_t)s->n, (int64_t)strlen(key) + 1, 1));
    for (size_t i = 0; i < s->n && !*stop; i++)
        *stop = strcmp(key, s->words[i]) == 0;
    return NESCIO_OK;
}

static nescio_status read_case(const nescio_refexec_call *call, case_fn *to)
{
    const char *const action = nescio_node_string(call->node, "case_change_action", "NONE");

    *to = strcmp(action, "LOWER") == 0   ? nescio_char_lower
          : strcmp(action, "UPPER") == 0 ? nescio_char_upper
                                         : NULL;
    if (!*to && strcmp(action, "NONE") != 0)
        return nescio_call_fail(call, NESCIO_E_UNSUPPORTED, "case_change_action '%.20s'", action);
    return NESCIO_OK;
}

nescio_status nescio_run_string_normalizer(nescio_refexec_call *call)
{
    const char **kept;
    const nescio_tensor *x;
    int64_t dims[2], n, n_kept = 0;
    stop_list stops;
    case_fn to;

    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_STRING, 1, 2));
    NESCIO_TRY(read_case(call, &to));
    NESCIO_TRY(read_stops(call, &stops));
    x = call->inputs[0];
    if (x->rank == 2 && x->dims[0] != 1)
        return nescio_call_fail(call, NESCIO_E_ARG, "%lld rows; one is accepted",
                                (long long)x->dims[0]);
    n = nescio_count(x);
    kept = nescio_call_scratch(call, n + 1, sizeof *kept);
    if (!kept)
        return nescio_call_nomem(call);
    for (int64_t i = 0; i < n; i++) {
        const char *const text = ((const char *const *)x->data)[i];
        bool stop;

        NESCIO_TRY(is_stop(call, &stops, text, &stop));
        if (stop)
            continue;
        kept[n_kept] = to ? change(call, text, to) : text;
        if (!kept[n_kept++])
            return nescio_call_nomem(call);
    }
    if (n_kept == 0)
        kept[n_kept++] = "";
    dims[0] = x->rank == 2 ? 1 : n_kept;
    dims[1] = n_kept;
    NESCIO_TRY(nescio_call_output(call, 0, NESCIO_STRING, x->rank, dims));
    memcpy(call->outputs[0].data, kept, (size_t)n_kept * sizeof *kept);
    return NESCIO_OK;
}
