/* SPDX-License-Identifier: Apache-2.0
 * Damage, blind and at the borders of protobuf fields. */
#include "mutate.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define FIELDS_MAX 2048u
#define DEPTH_MAX  16 /* messages inside messages that are looked into */

/* One field of the file: key and value in bytes[start, end), the value from `value` on. */
typedef struct field {
    size_t start, value, end;
    unsigned wire; /* type: 0 varint, 1 eight bytes, 2 a length and that many bytes, 5 four bytes */
    int parent;    /* index of the field whose message this is in; -1: the file */
} field;

typedef struct field_list {
    field at[FIELDS_MAX];
    unsigned n;
} field_list;

/* SplitMix64 (Steele, Lea, Flood, OOPSLA 2014). */
static uint64_t draw(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* Below n; 0 for n == 0. */
static size_t below(uint64_t *state, size_t n)
{
    return n ? (size_t)(draw(state) % n) : 0;
}

mutant mutant_new(void)
{
    return (mutant){malloc(MUTANT_BYTES_MAX), 0};
}

void mutant_free(mutant *m)
{
    free(m->bytes);
    *m = (mutant){0};
}

/* bytes[at, at + old) become with[n]; what would grow too long stays as it is. `with` may lie in
 * the mutant. */
static bool replace(mutant *m, size_t at, size_t old, const uint8_t *with, size_t n)
{
    uint8_t *copy;

    if (m->n - old + n > MUTANT_BYTES_MAX)
        return false;
    copy = malloc(n + 1);
    if (!copy)
        return false;
    if (n > 0)
        memcpy(copy, with, n);
    memmove(m->bytes + at + n, m->bytes + at + old, m->n - at - old);
    if (n > 0)
        memcpy(m->bytes + at, copy, n);
    m->n = m->n - old + n;
    free(copy);
    return true;
}

/* --- varints and fields --------------------------------------------------------------------- */

static bool read_varint(const uint8_t *bytes, size_t end, size_t *at, uint64_t *out)
{
    *out = 0;
    for (unsigned shift = 0; shift < 64 && *at < end; shift += 7) {
        const uint8_t b = bytes[(*at)++];

        *out |= (uint64_t)(b & 0x7f) << shift;
        if (!(b & 0x80))
            return true;
    }
    return false;
}

static size_t write_varint(uint8_t out[10], uint64_t v)
{
    size_t n = 0;

    for (; v >= 0x80; v >>= 7)
        out[n++] = (uint8_t)(v | 0x80);
    out[n++] = (uint8_t)v;
    return n;
}

/* A field that starts at *at and ends inside end. */
static bool read_field(const uint8_t *bytes, size_t end, size_t *at, field *f)
{
    uint64_t key, n = 0;

    f->start = *at;
    if (!read_varint(bytes, end, at, &key) || key >> 3 == 0 || key >> 3 > 2000)
        return false;
    f->wire = (unsigned)(key & 7);
    f->value = *at;
    switch (f->wire) {
    case 0:
        if (!read_varint(bytes, end, at, &n))
            return false;
        break;
    case 1: *at += 8; break;
    case 5: *at += 4; break;
    case 2:
        if (!read_varint(bytes, end, at, &n) || n > end - *at)
            return false;
        f->value = *at;
        *at += (size_t)n;
        break;
    default: return false;
    }
    f->end = *at;
    return *at <= end;
}

/* The fields of bytes[from, end) and of the messages in them; none when these bytes are no message.
 * A string may look like one: then it is damaged like one. */
static void list_fields(field_list *list, const uint8_t *bytes, size_t from, size_t end, int parent,
                        int depth)
{
    const unsigned first = list->n;

    for (size_t at = from; at < end && list->n < FIELDS_MAX;) {
        field *const f = &list->at[list->n];

        f->parent = parent;
        if (!read_field(bytes, end, &at, f)) {
            list->n = first;
            return;
        }
        list->n++;
    }
    for (unsigned i = first, last = list->n; i < last && depth < DEPTH_MAX; i++)
        if (list->at[i].wire == 2)
            list_fields(list, bytes, list->at[i].value, list->at[i].end, (int)i, depth + 1);
}

/* The content of field i has grown by `by` bytes: writes the lengths around it anew. */
static void mend(mutant *m, const field_list *list, int i, int64_t by)
{
    for (; i >= 0; i = list->at[i].parent) {
        const field *const f = &list->at[i];
        size_t at = f->start;
        uint64_t key;
        uint8_t length[10];
        size_t n;

        read_varint(m->bytes, m->n, &at, &key);
        n = write_varint(length, (uint64_t)((int64_t)(f->end - f->value) + by));
        if (!replace(m, at, f->value - at, length, n))
            return;
        by += (int64_t)n - (int64_t)(f->value - at);
    }
}

/* --- damage ----------------------------------------------------------------------------------- */

/* A number that checks tend to forget. */
static uint64_t odd_number(uint64_t *state)
{
    static const uint64_t odd[] = {0,
                                   1,
                                   2,
                                   3,
                                   16,
                                   127,
                                   128,
                                   255,
                                   256,
                                   65535,
                                   0x7fffffff,
                                   0x80000000,
                                   0xffffffff,
                                   1000000,
                                   (uint64_t)-1,
                                   (uint64_t)-2,
                                   (uint64_t)1 << 31,
                                   (uint64_t)1 << 40,
                                   (uint64_t)1 << 62,
                                   (uint64_t)1 << 63,
                                   INT64_MAX};

    switch (below(state, 3)) {
    case 0: return odd[below(state, sizeof odd / sizeof *odd)];
    case 1: return below(state, 40);
    default: return draw(state) >> below(state, 64);
    }
}

/* One field, or the place behind one, and the lengths around it. */
static void damage_field(mutant *m, const uint8_t *other, size_t n_other, uint64_t *state)
{
    static field_list list, foreign;
    const field *f, *with;
    uint8_t number[10];
    unsigned i;
    size_t n;

    list.n = foreign.n = 0;
    list_fields(&list, m->bytes, 0, m->n, -1, 0);
    if (list.n == 0)
        return;
    i = (unsigned)below(state, list.n);
    f = &list.at[i];
    switch (below(state, 6)) {
    case 0: /* left out */
        if (replace(m, f->start, f->end - f->start, NULL, 0))
            mend(m, &list, f->parent, -(int64_t)(f->end - f->start));
        return;
    case 1: /* twice */
        if (replace(m, f->end, 0, m->bytes + f->start, f->end - f->start))
            mend(m, &list, f->parent, (int64_t)(f->end - f->start));
        return;
    case 2: /* another one of this file behind it, or in its place */
    case 3: /* one of the other file */
        list_fields(&foreign, other, 0, n_other, -1, 0);
        if (foreign.n == 0 || below(state, 2)) {
            with = &list.at[below(state, list.n)];
            other = m->bytes;
        } else {
            with = &foreign.at[below(state, foreign.n)];
        }
        n = below(state, 2) ? f->end - f->start : 0;
        if (replace(m, f->end - n, n, other + with->start, with->end - with->start))
            mend(m, &list, f->parent, (int64_t)(with->end - with->start) - (int64_t)n);
        return;
    default: /* another value */
        if (f->wire == 0) {
            n = write_varint(number, odd_number(state));
            if (replace(m, f->value, f->end - f->value, number, n))
                mend(m, &list, f->parent, (int64_t)n - (int64_t)(f->end - f->value));
        } else if (f->end > f->value) {
            m->bytes[f->value + below(state, f->end - f->value)] = (uint8_t)draw(state);
        }
    }
}

static void damage_blindly(mutant *m, const uint8_t *other, size_t n_other, uint64_t *state)
{
    static const uint8_t bytes[] = {0, 1, 0x7f, 0x80, 0xff};
    const size_t at = below(state, m->n), left = m->n - at;
    const size_t run = 1 + below(state, left < 64 ? left : 64);
    const size_t from = below(state, n_other), foreign = 1 + below(state, 64);
    uint8_t number[10];

    if (m->n == 0)
        return;
    switch (below(state, 8)) {
    case 0: m->bytes[at] ^= (uint8_t)(1u << below(state, 8)); break;
    case 1: m->bytes[at] = bytes[below(state, sizeof bytes)]; break;
    case 2: m->bytes[at] = (uint8_t)draw(state); break;
    case 3: /* a length or number with another value */
        replace(m, at, 1, number, write_varint(number, odd_number(state)));
        break;
    case 4: replace(m, at, run <= left ? run : left, NULL, 0); break;
    case 5: replace(m, at, 0, m->bytes + at, run <= left ? run : left); break;
    case 6:
        if (n_other > 0)
            replace(m, at, 0, other + from, foreign < n_other - from ? foreign : n_other - from);
        break;
    default: m->n = at; break;
    }
}

void mutant_make(mutant *m, const uint8_t *file, size_t n, const uint8_t *other, size_t n_other,
                 uint64_t seed)
{
    uint64_t state = seed;
    const bool blind = below(&state, 2);
    const size_t pieces = 1 + below(&state, below(&state, 2) ? 2 : 6);

    memcpy(m->bytes, file, n);
    m->n = n;
    for (size_t i = 0; i < pieces; i++) {
        if (blind)
            damage_blindly(m, other, n_other, &state);
        else
            damage_field(m, other, n_other, &state);
    }
}
