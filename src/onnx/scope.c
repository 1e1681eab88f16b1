/* SPDX-License-Identifier: Apache-2.0
 * Names of the file: hash tables, one a graph, body or inlined function. */
#include "onnx/import_internal.h"

#include <string.h>

#define FIRST_ENTRIES ((size_t)32)

struct nescio_scope_entry {
    nescio_slice name; /* at == NULL: free */
    nescio_value *value;
    const nescio_onnx_tensor *dense; /* not decoded yet */
    const nescio_onnx_sparse *sparse;
};

typedef struct nescio_scope_entry entry;

static uint64_t hash_slice(nescio_slice s)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < s.bytes; i++)
        h = (h ^ s.at[i]) * UINT64_C(0x100000001b3);
    return h ^ (h >> 29);
}

static entry *slot_of(entry *entries, size_t n_entries, nescio_slice name)
{
    size_t i = (size_t)hash_slice(name) & (n_entries - 1);

    while (entries[i].name.at && !nescio_slice_equal(entries[i].name, name))
        i = (i + 1) & (n_entries - 1);
    return &entries[i];
}

static nescio_status grow(nescio_importer *im, nescio_scope *s)
{
    const size_t n_entries = s->n_entries ? s->n_entries * 2 : FIRST_ENTRIES;
    entry *entries;

    if (s->n_taken * 2 < s->n_entries)
        return NESCIO_OK;
    entries = nescio_arena_array(im->scratch, n_entries, sizeof *entries);
    if (!entries)
        return nescio_fail_nomem(im->ctx, n_entries * sizeof *entries);
    for (size_t i = 0; i < s->n_entries; i++) {
        if (s->entries[i].name.at)
            *slot_of(entries, n_entries, s->entries[i].name) = s->entries[i];
    }
    s->entries = entries;
    s->n_entries = n_entries;
    return NESCIO_OK;
}

bool nescio_scope_has(const nescio_scope *s, nescio_slice name)
{
    return s->n_entries > 0 && slot_of(s->entries, s->n_entries, name)->name.at;
}

bool nescio_scope_has_tensor(const nescio_scope *s, nescio_slice name)
{
    const entry *const e = s->n_entries > 0 ? slot_of(s->entries, s->n_entries, name) : NULL;

    return e && (e->dense || e->sparse);
}

nescio_status nescio_scope_bind(nescio_importer *im, nescio_scope *s, nescio_slice name,
                                nescio_value *value, bool *taken)
{
    entry *e;

    NESCIO_TRY(grow(im, s));
    e = slot_of(s->entries, s->n_entries, name);
    *taken = e->name.at != NULL;
    if (*taken)
        return NESCIO_OK;
    *e = (entry){.name = name, .value = value};
    s->n_taken++;
    return NESCIO_OK;
}

nescio_status nescio_scope_bind_tensor(nescio_importer *im, nescio_scope *s, nescio_slice name,
                                       const nescio_onnx_tensor *dense,
                                       const nescio_onnx_sparse *sparse)
{
    entry *e;

    if (name.bytes == 0)
        return nescio_fail(im->ctx, NESCIO_E_FORMAT, "an initializer has no name");
    NESCIO_TRY(grow(im, s));
    e = slot_of(s->entries, s->n_entries, name);
    if (e->name.at)
        return nescio_fail(im->ctx, NESCIO_E_FORMAT, "'%.*s' is defined twice",
                           NESCIO_SLICE_ARGS(name));
    *e = (entry){.name = name, .dense = dense, .sparse = sparse};
    s->n_taken++;
    return NESCIO_OK;
}

/* The constant of an initializer, in the graph that declares it. */
static nescio_status decode(nescio_importer *im, nescio_graph *graph, entry *e)
{
    nescio_tensor t;
    const char *name;

    NESCIO_TRY(e->sparse ? nescio_onnx_sparse_decode(&im->decoder, e->sparse, &t)
                         : nescio_onnx_tensor_decode(&im->decoder, e->dense, &t));
    name = nescio_arena_strndup(im->scratch, (const char *)e->name.at, e->name.bytes);
    e->value = name ? nescio_graph_constant(graph, name, &t, true) : NULL;
    return e->value ? NESCIO_OK : nescio_fail_nomem(im->ctx, sizeof t);
}

nescio_status nescio_scope_find(nescio_importer *im, nescio_scope *s, nescio_slice name,
                                nescio_value **out, bool *known)
{
    const nescio_scope *at = s;

    *out = NULL;
    if (known)
        *known = false;
    for (; at; at = at->parent) {
        entry *const e = at->n_entries ? slot_of(at->entries, at->n_entries, name) : NULL;

        if (!e || !e->name.at)
            continue;
        if (known)
            *known = true;
        if (!e->value && (e->dense || e->sparse))
            NESCIO_TRY(decode(im, at->graph, e));
        *out = e->value;
        return NESCIO_OK;
    }
    return NESCIO_OK;
}

nescio_slice nescio_scope_outer_name(const nescio_scope *s, nescio_slice name)
{
    while (s->caller) {
        size_t i = 0;

        while (i < s->n_outputs && !nescio_slice_equal(s->formal_outputs[i], name))
            i++;
        if (i == s->n_outputs || s->actual_outputs[i].bytes == 0)
            return name;
        name = s->actual_outputs[i];
        s = s->caller;
    }
    return name;
}
