/* SPDX-License-Identifier: Apache-2.0
 * The text form of a circuit, written. One gate a block:
 *
 *     circuit 1
 *     %x = input [4] in 0..255 { codes 0..255 scale [0.5] zero [0] }
 *     %y = linear(%x) [2] in -765..510 from "Gemm_0" { dense [1 1 -3 0 0 0 1 1] bias [0 0] }
 *
 * Numbers are separated by spaces or commas, "#" starts a comment, reals are the shortest decimals
 * that read back equal. What is derived (the encrypted flag of all but inputs) is not written. */
#include "circuit/circuit.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct printer {
    nescio_buffer *out;
    size_t max_elements; /* longer arrays print as "..."; 0: none does */
    size_t line_start;   /* where the line began, in bytes of out */
} printer;

static const char *const indent = "    ";

static void new_line(printer *p)
{
    nescio_write_text(p->out, "\n%s", indent);
    p->line_start = p->out->bytes;
}

/* Printable ASCII as it is, all else escaped. */
static void print_quoted(printer *p, const char *s)
{
    nescio_write_u8(p->out, '"');
    for (; *s; s++) {
        if (*s == '"' || *s == '\\')
            nescio_write_text(p->out, "\\%c", *s);
        else if (*s < 0x20 || *s > 0x7e)
            nescio_write_text(p->out, "\\x%02x", (unsigned)(uint8_t)*s);
        else
            nescio_write_u8(p->out, (uint8_t)*s);
    }
    nescio_write_u8(p->out, '"');
}

static bool is_plain(const char *s)
{
    return *s && strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:") ==
                     strlen(s);
}

static void print_wire(printer *p, const nescio_wire *wire)
{
    nescio_write_u8(p->out, '%');
    if (is_plain(wire->name))
        nescio_write_text(p->out, "%s", wire->name);
    else
        print_quoted(p, wire->name);
}

/* One element of a list, on a new line when this one is long. */
static void separate(printer *p, size_t i)
{
    if (p->out->bytes - p->line_start > 100)
        new_line(p);
    else if (i)
        nescio_write_u8(p->out, ' ');
}

/* Opens "name [", or writes the whole elided list. False: elided. */
static bool open_list(printer *p, const char *name, size_t n)
{
    new_line(p);
    if (p->max_elements && n > p->max_elements) {
        nescio_write_text(p->out, "%s [...] # %zu", name, n);
        return false;
    }
    nescio_write_text(p->out, "%s [", name);
    return true;
}

/* Most of a circuit's text: formatted by hand, ten times as fast as printf. */
static void print_integer(printer *p, int64_t v)
{
    char text[24];
    size_t at = sizeof text;
    uint64_t rest = v < 0 ? -(uint64_t)v : (uint64_t)v;

    do {
        text[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (v < 0)
        text[--at] = '-';
    nescio_write_bytes(p->out, text + at, sizeof text - at);
}

/* Element i of an array, as a number. */
typedef int64_t (*element_fn)(const void *v, size_t i);

static int64_t element_i64(const void *v, size_t i)
{
    return ((const int64_t *)v)[i];
}

static int64_t element_i32(const void *v, size_t i)
{
    return ((const int32_t *)v)[i];
}

static int64_t element_u32(const void *v, size_t i)
{
    return ((const uint32_t *)v)[i];
}

static void print_list(printer *p, const char *name, element_fn element, const void *v, size_t n)
{
    if (!open_list(p, name, n))
        return;
    for (size_t i = 0; i < n; i++) {
        separate(p, i);
        print_integer(p, element(v, i));
    }
    nescio_write_u8(p->out, ']');
}

static void print_real(printer *p, double x)
{
    char text[40];
    const char *const point = localeconv()->decimal_point;

    for (int digits = 15; digits <= 17; digits++) {
        (void)snprintf(text, sizeof text, "%.*g", digits, x);
        if (strtod(text, NULL) == x)
            break;
    }
    char *const at = strstr(text, point);
    if (at) { /* the caller's locale may write a comma */
        *at = '.';
        memmove(at + 1, at + strlen(point), strlen(at + strlen(point)) + 1);
    }
    nescio_write_text(p->out, "%s", text);
}

static void print_quantizer(printer *p, const nescio_quantizer *q)
{
    new_line(p);
    nescio_write_text(p->out, "codes %lld..%lld", (long long)q->lo, (long long)q->hi);
    if (open_list(p, "scale", q->n)) {
        for (size_t i = 0; i < q->n; i++) {
            separate(p, i);
            print_real(p, q->scale[i]);
        }
        nescio_write_u8(p->out, ']');
    }
    print_list(p, "zero", element_i64, q->zero_point, q->n);
}

static void print_linear(printer *p, const nescio_gate *gate)
{
    for (uint32_t i = 0; i < gate->n_inputs; i++) {
        const nescio_int_matrix *const m = &gate->linear.matrix[i];

        if (m->dense) {
            print_list(p, "dense", element_i32, m->dense, (size_t)m->n_rows * m->n_columns);
            continue;
        }
        new_line(p);
        nescio_write_text(p->out, "sparse");
        print_list(p, "starts", element_u32, m->row_start, (size_t)m->n_rows + 1);
        print_list(p, "columns", element_u32, m->columns, m->row_start[m->n_rows]);
        print_list(p, "weights", element_i32, m->weights, m->row_start[m->n_rows]);
    }
    if (gate->linear.bias)
        print_list(p, "bias", element_i64, gate->linear.bias, gate->output->count);
}

static void print_table(printer *p, const nescio_gate *gate)
{
    const nescio_table *const t = &gate->table;

    new_line(p);
    nescio_write_text(p->out, "%s first %lld step %lld entries %u tables %u",
                      t->exact ? "exact" : "approximate", (long long)t->first, (long long)t->step,
                      t->n_entries, t->n_tables);
    if (t->saturating) {
        nescio_write_text(p->out, " ramp %lld..%lld", (long long)t->ramp_lo, (long long)t->ramp_hi);
        if (t->turn)
            nescio_write_text(p->out, " turn %lld", (long long)t->turn);
    }
    if (t->which)
        print_list(p, "which", element_u32, t->which, gate->output->count);
    print_list(p, "values", element_i64, t->entries, (size_t)t->n_tables * t->n_entries);
}

static void print_trees(printer *p, const nescio_gate *gate)
{
    for (uint32_t i = 0; i < gate->trees.n_trees; i++) {
        const nescio_tree *const t = &gate->trees.tree[i];

        new_line(p);
        nescio_write_text(p->out, "tree");
        print_list(p, "feature", element_u32, t->feature, t->n_nodes);
        print_list(p, "threshold", element_i64, t->threshold, t->n_nodes);
        print_list(p, "yes", element_i32, t->yes, t->n_nodes);
        print_list(p, "no", element_i32, t->no, t->n_nodes);
        print_list(p, "leaves", element_i64, t->leaves,
                   (size_t)t->n_leaves * gate->trees.n_targets);
    }
}

static void print_payload(printer *p, const nescio_gate *gate)
{
    switch (gate->op) {
    case NESCIO_GATE_INPUT:
    case NESCIO_GATE_OUTPUT: print_quantizer(p, &gate->quantizer); break;
    case NESCIO_GATE_CONSTANT:
        print_list(p, "values", element_i64, gate->constant, gate->output->count);
        break;
    case NESCIO_GATE_LINEAR: print_linear(p, gate); break;
    case NESCIO_GATE_GATHER:
        print_list(p, "index", element_i64, gate->gather, gate->output->count);
        break;
    case NESCIO_GATE_TABLE: print_table(p, gate); break;
    case NESCIO_GATE_TREES: print_trees(p, gate); break;
    default: return;
    }
}

static bool has_payload(nescio_gate_op op)
{
    return op != NESCIO_GATE_CONCAT && op != NESCIO_GATE_MULTIPLY && op != NESCIO_GATE_MAX &&
           op != NESCIO_GATE_COMPARE && op != NESCIO_GATE_SELECT;
}

static void print_gate(printer *p, const nescio_gate *gate)
{
    const nescio_wire *const wire = gate->output;

    print_wire(p, wire);
    nescio_write_text(p->out, " = %s", nescio_gate_op_name(gate->op));
    if (gate->n_inputs) {
        for (uint32_t i = 0; i < gate->n_inputs; i++) {
            nescio_write_text(p->out, i ? ", " : "(");
            print_wire(p, gate->inputs[i]);
        }
        nescio_write_u8(p->out, ')');
    }
    nescio_write_text(p->out, " [");
    for (int i = 0; i < wire->rank; i++)
        nescio_write_text(p->out, "%s%lld", i ? " " : "", (long long)wire->dims[i]);
    nescio_write_text(p->out, "] in %lld..%lld", (long long)wire->lo, (long long)wire->hi);
    if (gate->op == NESCIO_GATE_INPUT && !wire->encrypted)
        nescio_write_text(p->out, " clear");
    if (strcmp(gate->name, wire->name) != 0) {
        nescio_write_text(p->out, " from ");
        print_quoted(p, gate->name);
    }
    if (has_payload(gate->op)) {
        nescio_write_text(p->out, " {");
        print_payload(p, gate);
        nescio_write_text(p->out, "\n}");
    }
    nescio_write_u8(p->out, '\n');
}

nescio_status nescio_circuit_print(nescio_ctx *ctx, const nescio_circuit *circuit,
                                   size_t max_elements, nescio_buffer *out)
{
    printer p = {out, max_elements, 0};

    nescio_write_text(out, "circuit 1\n");
    for (size_t g = 0; g < circuit->n_gates; g++)
        print_gate(&p, circuit->gates[g]);
    return out->bad ? nescio_fail_nomem(ctx, out->bytes) : NESCIO_OK;
}
