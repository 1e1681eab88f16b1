/* SPDX-License-Identifier: Apache-2.0
 * Value names: an open-addressing hash table in the arena, one for a root graph and its subgraphs.
 */
#include "graph/graph_internal.h"

#include <string.h>

#define FIRST_SLOTS ((size_t)64)

typedef struct name_slot {
    const char *name; /* NULL: free */
    const nescio_graph *graph;
    nescio_value *value;
    uint64_t serial; /* last number that made a fresh name from this one */
} name_slot;

struct nescio_names {
    nescio_arena *arena;
    name_slot *slots; /* n_slots is a power of two; at most half are taken */
    size_t n_slots, n_taken;
};

nescio_names *nescio_names_new(nescio_arena *arena)
{
    nescio_names *names = nescio_arena_alloc(arena, sizeof *names);

    if (!names)
        return NULL;
    names->arena = arena;
    names->n_slots = FIRST_SLOTS;
    names->slots = nescio_arena_array(arena, names->n_slots, sizeof *names->slots);
    return names->slots ? names : NULL;
}

/* FNV-1a, 64 bits, with a final mix: names that share a long prefix must not share low bits. A file
 * can choose names that collide; its cost stays bounded by (names)^2 probes, and names by the
 * file's size. */
static uint64_t hash_name(const char *name)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    for (const char *c = name; *c; c++)
        h = (h ^ (uint8_t)*c) * UINT64_C(0x100000001b3);
    return h ^ (h >> 29);
}

/* The slot that holds `name`, or the free one where it would go. */
static name_slot *slot_of(name_slot *slots, size_t n_slots, const char *name)
{
    size_t i = (size_t)hash_name(name) & (n_slots - 1);

    while (slots[i].name && strcmp(slots[i].name, name) != 0)
        i = (i + 1) & (n_slots - 1);
    return &slots[i];
}

static bool grow(nescio_names *names)
{
    const size_t n_slots = names->n_slots * 2;
    name_slot *slots = nescio_arena_array(names->arena, n_slots, sizeof *slots);

    if (!slots)
        return false;
    for (size_t i = 0; i < names->n_slots; i++) {
        if (names->slots[i].name)
            *slot_of(slots, n_slots, names->slots[i].name) = names->slots[i];
    }
    names->slots = slots;
    names->n_slots = n_slots;
    return true;
}

nescio_value *nescio_names_find(const nescio_names *names, const char *name,
                                const nescio_graph **out_graph)
{
    const name_slot *slot = slot_of(names->slots, names->n_slots, name);

    if (out_graph)
        *out_graph = slot->graph;
    return slot->value;
}

bool nescio_names_add(nescio_names *names, const char *name, const nescio_graph *graph,
                      nescio_value *value)
{
    name_slot *slot;

    if (names->n_taken * 2 >= names->n_slots && !grow(names))
        return false;
    slot = slot_of(names->slots, names->n_slots, name);
    *slot = (name_slot){.name = name, .graph = graph, .value = value};
    names->n_taken++;
    return true;
}

const char *nescio_names_fresh(nescio_names *names, const char *wish)
{
    name_slot *const slot = slot_of(names->slots, names->n_slots, wish);

    if (!slot->name)
        return nescio_arena_strdup(names->arena, wish);
    for (;;) {
        const char *name =
            nescio_arena_printf(names->arena, "%s_%llu", wish, (unsigned long long)++slot->serial);

        if (!name || !nescio_names_find(names, name, NULL))
            return name;
    }
}
