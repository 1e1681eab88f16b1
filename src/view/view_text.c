/* SPDX-License-Identifier: Apache-2.0
 * Stages as aligned text. */
#include "view/view.h"
#include "view/view_picture_internal.h"

#include <stdlib.h>
#include <string.h>

/* Columns of names in tables; longer ones push the rest of their line aside. */
#define NAME_LEAST 24u
#define NAME_MOST  48u

static void write_shape(nescio_buffer *out, const nescio_value *v)
{
    nescio_write_text(out, "%s", v->dtype == NESCIO_DTYPE_NONE ? "?" : nescio_dtype_name(v->dtype));
    if (v->shape.rank == NESCIO_RANK_UNKNOWN) {
        nescio_write_text(out, "[...]");
        return;
    }
    nescio_write_text(out, "[");
    for (int i = 0; i < v->shape.rank; i++) {
        nescio_write_text(out, "%s", i ? ", " : "");
        if (v->shape.dims[i] != NESCIO_DIM_UNKNOWN)
            nescio_write_text(out, "%lld", (long long)v->shape.dims[i]);
        else
            nescio_view_plain(out, v->shape.symbol[i] ? v->shape.symbol[i] : "?");
    }
    nescio_write_text(out, "]");
}

/* The name, then blanks to a column. */
static void write_padded(nescio_buffer *out, const char *name, size_t width)
{
    nescio_view_plain(out, name);
    for (size_t n = nescio_view_columns(name); n < width; n++)
        nescio_write_text(out, " ");
}

static void write_border(nescio_buffer *out, const char *what, nescio_value *const *values,
                         size_t n)
{
    size_t width = NAME_LEAST;

    for (size_t i = 0; i < n; i++) {
        const size_t wanted = nescio_view_columns(values[i]->name);

        width = wanted > width && wanted <= NAME_MOST ? wanted : width;
    }
    for (size_t i = 0; i < n; i++) {
        nescio_write_text(out, "%-10s ", i == 0 ? what : "");
        write_padded(out, values[i]->name, width);
        nescio_write_text(out, " ");
        write_shape(out, values[i]);
        nescio_write_text(out, "\n");
    }
}

/* Elements of all constants that some node uses. */
static uint64_t count_parameters(const nescio_graph *graph, const uint32_t *uses)
{
    uint64_t n = 0;

    for (size_t i = 0; i < graph->n_values; i++)
        if (graph->values[i]->constant && uses[i])
            n += nescio_tensor_count(graph->values[i]->constant);
    return n;
}

static size_t count_nodes(const nescio_graph *graph, size_t by_op[NESCIO_OP_COUNT])
{
    size_t n = 0;

    for (const nescio_node *node = graph->first; node; node = node->next, n++)
        by_op[node->op]++;
    return n;
}

nescio_status nescio_view_graph(nescio_ctx *ctx, const nescio_graph *graph, size_t max_elements,
                                nescio_buffer *out)
{
    size_t by_op[NESCIO_OP_COUNT] = {0};
    const size_t n_nodes = count_nodes(graph, by_op);
    uint32_t *uses = calloc(graph->n_values + 1, sizeof *uses);

    if (!uses)
        return nescio_fail_nomem(ctx, graph->n_values * sizeof *uses);
    nescio_graph_count_uses(graph, uses);
    nescio_write_text(out, "# graph ");
    nescio_view_plain(out, graph->name);
    nescio_write_text(out, ": %zu node%s, %llu parameters\n", n_nodes, n_nodes == 1 ? "" : "s",
                      (unsigned long long)count_parameters(graph, uses));
    free(uses);
    nescio_write_text(out, "# operators ");
    for (int op = 0; op < NESCIO_OP_COUNT; op++)
        if (by_op[op])
            nescio_write_text(out, " %s %zu", nescio_op_name((nescio_op)op), by_op[op]);
    nescio_write_text(out, "\n");
    write_border(out, "# inputs", graph->inputs, graph->n_inputs);
    write_border(out, "# outputs", graph->outputs, graph->n_outputs);
    nescio_write_text(out, "\n");
    return nescio_graph_print(ctx, graph, max_elements, out);
}

nescio_status nescio_view_circuit(nescio_ctx *ctx, const nescio_circuit *circuit,
                                  size_t max_elements, nescio_buffer *out)
{
    nescio_write_text(out, "# circuit: %zu gates\n# %-9s %-24s %9s %5s %14s %14s  %s\n",
                      circuit->n_gates, "gate", "name", "elements", "bits", "from", "to", "inputs");
    for (size_t i = 0; i < circuit->n_gates; i++) {
        const nescio_gate *g = circuit->gates[i];
        const nescio_wire *w = g->output;
        nescio_write_text(out, "# %-9s ", nescio_gate_op_name(g->op));
        write_padded(out, g->name, NAME_LEAST);
        nescio_write_text(out, " %9zu %5d %14lld %14lld ", w->count, nescio_view_bits(w->lo, w->hi),
                          (long long)w->lo, (long long)w->hi);
        for (uint32_t j = 0; j < g->n_inputs; j++) {
            nescio_write_text(out, " ");
            nescio_view_plain(out, g->inputs[j]->name);
        }
        if (g->op == NESCIO_GATE_TABLE)
            nescio_write_text(out, "  (%u tables of %u, %s%s)", g->table.n_tables,
                              g->table.n_entries, g->table.exact ? "exact" : "approximate",
                              g->table.saturating ? ", saturating" : "");
        nescio_write_text(out, "\n");
    }
    nescio_write_text(out, "\n");
    return nescio_circuit_print(ctx, circuit, max_elements, out);
}

void nescio_view_params(const nescio_tfhe_params *p, const char *set_name, nescio_buffer *out)
{
    nescio_write_text(out,
                      "parameters  %s: n=%u k=%u N=%u, bootstrapping l=%u B=2^%u, key switch l=%u "
                      "B=2^%u mod 2^%u, %s\n",
                      set_name, p->lwe_dim, p->glwe_dim, p->poly_size, p->pbs_levels,
                      p->pbs_base_log, p->ks_levels, p->ks_base_log, p->ks_modulus_log,
                      nescio_pbs_variant_name(p->variant));
    nescio_write_text(out,
                      "noise       TUniform(%u) of 2^%u under the small key, TUniform(%u) of 2^64 "
                      "under the big key\n",
                      p->lwe_noise_log, p->ks_modulus_log, p->glwe_noise_log);
}

void nescio_view_report(const nescio_plan_report *r, nescio_buffer *out)
{
    nescio_write_text(out, "security    %.1f bits%s\n", r->security_bits,
                      r->approximate ? ", IND-CPA only: results must stay with the key's owner"
                                     : "");
    nescio_write_text(out, "failure     2^%.1f a row; %.2g of rows leave a calibrated window\n",
                      r->log2_p_fail, r->range_rate);
    nescio_write_text(out, "work        %llu bootstrappings a row\n", (unsigned long long)r->n_pbs);
    nescio_write_text(out, "keys        %.1f MB evaluation key\n",
                      (double)r->evaluation_key_bytes / 1048576.0);
    nescio_write_text(out, "traffic     %.1f KB up, %.1f KB down a row\n",
                      (double)r->upload_bytes / 1024.0, (double)r->download_bytes / 1024.0);
    nescio_write_text(out, "memory      %.0f MB at the server\n",
                      (double)r->memory_bytes / 1048576.0);
}
