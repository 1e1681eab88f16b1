/* SPDX-License-Identifier: Apache-2.0
 * Building circuits: gates and wires in an arena, unique wire names, deep copies. */
#include "circuit/circuit.h"

#include <assert.h>
#include <string.h>

/** Wires by name. Open addressing; capacity is a power of two, at most half full. */
typedef struct nescio_circuit_names {
    nescio_wire **slots;
    size_t capacity, n;
} nescio_circuit_names;

static const char *const op_names[] = {
#define X(id, name, lo, hi) [NESCIO_GATE_##id] = name,
    NESCIO_GATES(X)
#undef X
};

const char *nescio_gate_op_name(nescio_gate_op op)
{
    return (unsigned)op < NESCIO_GATE_COUNT ? op_names[op] : "?";
}

/* FNV-1a, 64 bits. */
static uint64_t hash_text(const char *s)
{
    uint64_t h = 0xcbf29ce484222325u;

    for (; *s; s++)
        h = (h ^ (uint8_t)*s) * 0x100000001b3u;
    return h;
}

/* Slot of the wire `name`, or of the hole where it belongs. */
static nescio_wire **find_slot(const nescio_circuit_names *names, const char *name)
{
    size_t i = hash_text(name) & (names->capacity - 1);

    while (names->slots[i] && strcmp(names->slots[i]->name, name) != 0)
        i = (i + 1) & (names->capacity - 1);
    return &names->slots[i];
}

static bool grow_names(nescio_circuit *circuit)
{
    nescio_circuit_names *const names = circuit->names;
    const nescio_circuit_names old = *names;

    names->capacity = old.capacity ? 2 * old.capacity : 64;
    names->slots = nescio_arena_array(circuit->arena, names->capacity, sizeof(nescio_wire *));
    if (!names->slots) {
        *names = old;
        return false;
    }
    for (size_t i = 0; i < old.capacity; i++) {
        if (old.slots[i])
            *find_slot(names, old.slots[i]->name) = old.slots[i];
    }
    return true;
}

/* Gives the wire a name nobody has, made from `name` by a suffix where needed. False: no memory. */
static bool name_wire(nescio_circuit *circuit, nescio_wire *wire, const char *name)
{
    nescio_circuit_names *const names = circuit->names;

    wire->name = nescio_arena_strdup(circuit->arena, name);
    if (!wire->name || (2 * (names->n + 1) > names->capacity && !grow_names(circuit)))
        return false;
    /* The suffix starts at the number of names, so that long runs of equal names stay linear. */
    for (size_t suffix = names->n; *find_slot(names, wire->name); suffix++) {
        wire->name = nescio_arena_printf(circuit->arena, "%s.%zu", name, suffix);
        if (!wire->name)
            return false;
    }
    *find_slot(names, wire->name) = wire;
    names->n++;
    return true;
}

nescio_wire *nescio_circuit_find(const nescio_circuit *circuit, const char *name)
{
    return circuit->names->capacity ? *find_slot(circuit->names, name) : NULL;
}

nescio_status nescio_circuit_new(nescio_ctx *ctx, nescio_circuit **out)
{
    nescio_arena *const arena = nescio_arena_new();
    nescio_circuit *const circuit = arena ? nescio_arena_alloc(arena, sizeof *circuit) : NULL;

    *out = NULL;
    if (circuit) {
        circuit->arena = arena;
        circuit->names = nescio_arena_alloc(arena, sizeof *circuit->names);
    }
    if (!circuit || !circuit->names) {
        nescio_arena_free(arena);
        return nescio_fail_nomem(ctx, sizeof *circuit);
    }
    *out = circuit;
    return NESCIO_OK;
}

void nescio_circuit_free(nescio_circuit *circuit)
{
    if (circuit)
        nescio_arena_free(circuit->arena);
}

/* Room for one more pointer in an arena array. Returns the array, NULL: no memory. */
static void *grow(nescio_arena *arena, void *array, size_t n, size_t *capacity)
{
    if (n < *capacity)
        return array;
    const size_t more = *capacity ? 2 * *capacity : 16;
    void **const bigger = nescio_arena_array(arena, more, sizeof *bigger);

    if (!bigger)
        return NULL;
    if (n)
        memcpy(bigger, array, n * sizeof *bigger);
    *capacity = more;
    return bigger;
}

static nescio_wire *new_wire(nescio_circuit *circuit, const char *name, size_t count)
{
    nescio_wire *const wire = nescio_arena_alloc(circuit->arena, sizeof *wire);
    nescio_wire **const wires =
        grow(circuit->arena, circuit->wires, circuit->n_wires, &circuit->cap_wires);

    if (!wire || !wires)
        return NULL;
    circuit->wires = wires;
    if (!name_wire(circuit, wire, name))
        return NULL;
    wire->rank = 1;
    wire->dims[0] = (int64_t)count;
    wire->count = count;
    wire->id = (uint32_t)circuit->n_wires;
    circuit->wires[circuit->n_wires++] = wire;
    return wire;
}

nescio_gate *nescio_circuit_gate(nescio_circuit *circuit, nescio_gate_op op, const char *name,
                                 nescio_wire *const *inputs, uint32_t n_inputs, size_t count)
{
    assert((unsigned)op < NESCIO_GATE_COUNT && count >= 1 && count <= NESCIO_CIRCUIT_COUNT_MAX);
    nescio_gate **const gates =
        grow(circuit->arena, circuit->gates, circuit->n_gates, &circuit->cap_gates);

    if (!gates)
        return NULL;
    circuit->gates = gates;
    nescio_gate *const gate = nescio_arena_alloc(circuit->arena, sizeof *gate);
    nescio_wire **const mine = nescio_arena_array(circuit->arena, n_inputs, sizeof(nescio_wire *));

    if (!gate || !mine)
        return NULL;
    gate->op = op;
    gate->n_inputs = n_inputs;
    gate->inputs = mine;
    gate->name =
        nescio_arena_strdup(circuit->arena, name && *name ? name : nescio_gate_op_name(op));
    gate->output = gate->name ? new_wire(circuit, gate->name, count) : NULL;
    if (!gate->output)
        return NULL;
    gate->output->producer = gate;
    gate->output->encrypted = op == NESCIO_GATE_INPUT;
    for (uint32_t i = 0; i < n_inputs; i++) {
        mine[i] = inputs[i];
        gate->output->encrypted |= inputs[i]->encrypted;
    }
    circuit->gates[circuit->n_gates++] = gate;
    return gate;
}

static const nescio_gate *find_gate(const nescio_circuit *circuit, nescio_gate_op op, size_t i)
{
    for (size_t g = 0; g < circuit->n_gates; g++) {
        if (circuit->gates[g]->op == op && i-- == 0)
            return circuit->gates[g];
    }
    return NULL;
}

static size_t count_gates(const nescio_circuit *circuit, nescio_gate_op op)
{
    size_t n = 0;

    for (size_t g = 0; g < circuit->n_gates; g++)
        n += circuit->gates[g]->op == op;
    return n;
}

const nescio_gate *nescio_circuit_input(const nescio_circuit *circuit, size_t i)
{
    return find_gate(circuit, NESCIO_GATE_INPUT, i);
}

const nescio_gate *nescio_circuit_output(const nescio_circuit *circuit, size_t i)
{
    return find_gate(circuit, NESCIO_GATE_OUTPUT, i);
}

size_t nescio_circuit_n_inputs(const nescio_circuit *circuit)
{
    return count_gates(circuit, NESCIO_GATE_INPUT);
}

size_t nescio_circuit_n_outputs(const nescio_circuit *circuit)
{
    return count_gates(circuit, NESCIO_GATE_OUTPUT);
}
