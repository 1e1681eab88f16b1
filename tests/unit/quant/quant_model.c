/* SPDX-License-Identifier: Apache-2.0
 * Models from text, rows, and the distance between a circuit and the float executor. */
#include "quant_model.h"

#include "refexec/refexec.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint64_t next_word(uint64_t *state)
{
    *state += 0x9e3779b97f4a7c15u; /* SplitMix64 */
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static double uniform(uint64_t *state)
{
    return 2 * (double)(next_word(state) >> 11) * 0x1p-53 - 1;
}

/* "@w[3,4]*0.5": one constant. Returns what follows. */
static const char *write_weights(nescio_buffer *out, const char *at, uint64_t *state)
{
    char name[32], dims[32];
    int n_read = 0;
    double scale;
    long count = 1;

    assert_int_equal(sscanf(at, "@%31[a-z0-9][%31[0-9,]]*%lf%n", name, dims, &scale, &n_read), 3);
    for (const char *d = dims; *d;) {
        char *end;
        count *= strtol(d, &end, 10);
        d = *end ? end + 1 : end;
    }
    nescio_write_text(out, "float[%s] %s = {", dims, name);
    for (long i = 0; i < count; i++)
        nescio_write_text(out, "%s%.6g", i ? ", " : "", scale * uniform(state) + 1e-9);
    nescio_write_text(out, "}");
    return at + n_read;
}

nescio_graph *quant_model(nescio_ctx *ctx, const char *text, uint64_t seed)
{
    nescio_buffer b = {0};
    nescio_graph *graph = NULL;

    nescio_write_text(&b, "<ir_version: 10, opset_import: [\"\" : 21]>\n");
    while (*text) {
        if (*text == '@')
            text = write_weights(&b, text, &seed);
        else
            nescio_write_u8(&b, (uint8_t)*text++);
    }
    if (nescio_graph_parse(ctx, (const char *)b.data, b.bytes, &graph) != NESCIO_OK ||
        nescio_graph_infer(ctx, graph) != NESCIO_OK)
        fail_msg("%s\n%.*s", nescio_ctx_message(ctx), (int)b.bytes, (const char *)b.data);
    nescio_buffer_free(&b);
    return graph;
}

nescio_tensor *quant_rows(nescio_ctx *ctx, const nescio_graph *graph, int64_t n_rows, uint64_t seed)
{
    nescio_tensor *const rows = calloc(graph->n_inputs, sizeof *rows);

    for (size_t i = 0; i < graph->n_inputs; i++) {
        const nescio_shape *const s = &graph->inputs[i]->shape;
        int64_t dims[NESCIO_RANK_MAX];

        memcpy(dims, s->dims, sizeof dims);
        dims[0] = n_rows;
        assert_int_equal(nescio_tensor_new(ctx, &rows[i], NESCIO_F32, s->rank, dims), NESCIO_OK);
        const size_t count = nescio_tensor_count(&rows[i]);
        for (size_t k = 0; k < count; k++)
            ((float *)rows[i].data)[k] = (float)uniform(&seed);
    }
    return rows;
}

void quant_rows_free(nescio_tensor *rows, const nescio_graph *graph)
{
    for (size_t i = 0; i < graph->n_inputs; i++)
        nescio_tensor_free(&rows[i]);
    free(rows);
}

/* One row through the circuit; answers[i] get reals. */
static void run_row(nescio_ctx *ctx, const nescio_circuit *c, const nescio_tensor *rows, size_t r,
                    double **answers)
{
    int64_t *in[8] = {0}, *out[8] = {0};

    for (size_t i = 0; i < nescio_circuit_n_inputs(c); i++) {
        const nescio_gate *const gate = nescio_circuit_input(c, i);
        const size_t n = gate->output->count;
        double *const x = calloc(n, sizeof *x);

        in[i] = calloc(n, sizeof **in);
        for (size_t k = 0; k < n; k++)
            x[k] = nescio_tensor_get_f64(&rows[i], r * n + k);
        nescio_quantize(&gate->quantizer, x, in[i], n);
        free(x);
    }
    for (size_t i = 0; i < nescio_circuit_n_outputs(c); i++)
        out[i] = calloc(nescio_circuit_output(c, i)->output->count, sizeof **out);
    assert_int_equal(nescio_circuit_eval(ctx, c, (const int64_t *const *)in, out, NULL), NESCIO_OK);
    for (size_t i = 0; i < nescio_circuit_n_outputs(c); i++) {
        const nescio_gate *const gate = nescio_circuit_output(c, i);
        nescio_dequantize(&gate->quantizer, out[i], answers[i], gate->output->count);
    }
    for (size_t i = 0; i < 8; i++) {
        free(in[i]);
        free(out[i]);
    }
}

double quant_error(nescio_ctx *ctx, const nescio_graph *graph, const nescio_circuit *circuit,
                   const nescio_tensor *rows)
{
    nescio_tensor want[8] = {{0}};
    double *answers[8] = {0}, error = 0, sum = 0, squares = 0, n = 0;
    nescio_refexec *exec = NULL;
    const size_t n_rows = (size_t)rows[0].dims[0];

    assert_int_equal(nescio_refexec_new(ctx, graph, &exec), NESCIO_OK);
    if (nescio_refexec_run(ctx, exec, rows, graph->n_inputs, want, graph->n_outputs) != NESCIO_OK)
        fail_msg("%s", nescio_ctx_message(ctx));
    nescio_refexec_free(exec);
    for (size_t i = 0; i < graph->n_outputs; i++)
        answers[i] = calloc(nescio_circuit_output(circuit, i)->output->count, sizeof(double));
    for (size_t r = 0; r < n_rows; r++) {
        run_row(ctx, circuit, rows, r, answers);
        for (size_t i = 0; i < graph->n_outputs; i++) {
            const size_t count = nescio_circuit_output(circuit, i)->output->count;

            assert_int_equal(nescio_tensor_count(&want[i]), n_rows * count);
            for (size_t k = 0; k < count; k++) {
                const double y = nescio_tensor_get_f64(&want[i], r * count + k);

                error += (answers[i][k] - y) * (answers[i][k] - y);
                sum += y;
                squares += y * y;
                n++;
            }
        }
    }
    for (size_t i = 0; i < graph->n_outputs; i++) {
        nescio_tensor_free(&want[i]);
        free(answers[i]);
    }
    return sqrt(error / n) / sqrt(squares / n - sum / n * sum / n);
}
