/* SPDX-License-Identifier: Apache-2.0
 * Runs a pattern's program as the set of steps that the text so far can have led to. */
#include "refexec/text_chars.h"
#include "refexec/token_pattern_internal.h"

/* Counts ranges looked at in *work. */
static bool in_set(const nescio_pattern *p, int32_t i_set, uint32_t c, int64_t *work)
{
    const nescio_char_set *const set = &p->sets[i_set];

    *work += set->count;

    for (int32_t i = set->first; i < set->first + set->count; i++) {
        if (c >= p->ranges[i].low && c <= p->ranges[i].high)
            return !set->negated;
    }
    return set->negated;
}

static bool is_word(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

static bool holds(nescio_step_kind kind, const char *begin, const char *at, const char *end)
{
    const bool edge = (at > begin && is_word(at[-1])) != (at < end && is_word(*at));

    switch (kind) {
    case NESCIO_STEP_BEGIN: return at == begin;
    case NESCIO_STEP_END: return at == end;
    case NESCIO_STEP_EDGE: return edge;
    default: return !edge;
    }
}

/* Adds step `i` and all that it leads to without a character; whether the end is among them. */
static bool follow(nescio_pattern *p, int32_t i, int32_t *list, int32_t *n, const char *begin,
                   const char *at, const char *end)
{
    bool accepted = false;
    int32_t depth = 0;

    p->stack[depth++] = i;
    while (depth > 0) {
        const int32_t at_step = p->stack[--depth];
        const nescio_step *const s = &p->steps[at_step];

        if (p->seen[at_step] == p->round)
            continue;
        p->seen[at_step] = p->round;
        switch (s->kind) {
        case NESCIO_STEP_SET: list[(*n)++] = at_step; break;
        case NESCIO_STEP_ACCEPT: accepted = true; break;
        case NESCIO_STEP_FORK:
            p->stack[depth++] = at_step + s->b;
            p->stack[depth++] = at_step + s->a;
            break;
        default:
            if (holds(s->kind, begin, at, end))
                p->stack[depth++] = at_step + 1;
        }
    }
    return accepted;
}

/* End of the longest match that starts at `from`; NULL: none does. */
static const char *longest(nescio_pattern *p, const char *begin, const char *from, const char *end)
{
    const char *found = NULL, *at = from;
    int32_t n = 0;

    if (p->refused)
        return NULL;
    p->round++;
    if (follow(p, 0, p->now, &n, begin, at, end))
        found = at;
    while (n > 0 && at < end) {
        const uint32_t c = nescio_char_next(&at, end);
        int32_t *const list = p->next;
        int64_t work = n;
        int32_t m = 0;
        bool accepted = false;

        p->round++;
        for (int32_t k = 0; k < n; k++) {
            if (in_set(p, p->steps[p->now[k]].a, c, &work))
                accepted |= follow(p, p->now[k] + 1, list, &m, begin, at, end);
        }
        if (accepted)
            found = at;
        p->next = p->now;
        p->now = list;
        n = m;
        p->refused = nescio_call_spend(p->call, work, 1, 1) != NESCIO_OK;
        if (p->refused)
            return NULL;
    }
    return found;
}

bool nescio_pattern_find(nescio_pattern *pattern, const char *begin, const char *from,
                         const char *end, const char **first, const char **last)
{
    for (const char *at = from;;) {
        const char *const stop = longest(pattern, begin, at, end);

        if (stop) {
            *first = at;
            *last = stop;
            return true;
        }
        if (at >= end || pattern->refused)
            return false;
        nescio_char_next(&at, end);
    }
}

bool nescio_pattern_refused(const nescio_pattern *pattern)
{
    return pattern->refused;
}
