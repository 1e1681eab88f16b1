/* SPDX-License-Identifier: Apache-2.0
 * RNN, GRU, LSTM. Everything is computed in double. For each direction the products of all inputs
 * with W are one matrix product; then step by step the product of the state with R, and the cell's
 * formulas element by element. Sequences of a batch may have lengths of their own: a reversed
 * direction starts at each one's last step. */
#include "refexec/refexec_internal.h"
#include "refexec/run_table.h"

#include <math.h>

/* An activation of a gate: f(x) with two parameters. */
typedef struct activation {
    const char *name;
    double alpha, beta; /* ONNX's defaults, or as given */
} activation;

static double activate(const activation *a, double v)
{
    if (strcmp(a->name, "Sigmoid") == 0)
        return 1 / (1 + exp(-v));
    if (strcmp(a->name, "Tanh") == 0)
        return tanh(v);
    if (strcmp(a->name, "Relu") == 0)
        return v < 0 ? 0 : v;
    if (strcmp(a->name, "Affine") == 0)
        return a->alpha * v + a->beta;
    if (strcmp(a->name, "LeakyRelu") == 0)
        return v < 0 ? a->alpha * v : v;
    if (strcmp(a->name, "ThresholdedRelu") == 0)
        return v > a->alpha ? v : 0;
    if (strcmp(a->name, "ScaledTanh") == 0)
        return a->alpha * tanh(a->beta * v);
    if (strcmp(a->name, "HardSigmoid") == 0)
        return fmin(1, fmax(0, a->alpha * v + a->beta));
    if (strcmp(a->name, "Elu") == 0)
        return v < 0 ? a->alpha * expm1(v) : v;
    if (strcmp(a->name, "Softsign") == 0)
        return v / (1 + fabs(v));
    return log1p(exp(-fabs(v))) + fmax(v, 0); /* Softplus */
}

static const activation known_activations[] = {
    {"Sigmoid", 0, 0},      {"Tanh", 0, 0},
    {"Relu", 0, 0},         {"Affine", 1, 0},
    {"LeakyRelu", 0.01, 0}, {"ThresholdedRelu", 1, 0},
    {"ScaledTanh", 1, 1},   {"HardSigmoid", 0.2, 0.5},
    {"Elu", 1, 0},          {"Softsign", 0, 0},
    {"Softplus", 0, 0},
};

/* Gates of a cell: LSTM i o f c, GRU z r h, RNN one. At most 3 activations for each of 2
 * directions. */
typedef struct cell {
    nescio_op op;
    int64_t n_gates, hidden, input, steps, batch, directions;
    bool batch_first, input_forget, linear_before_reset, first_reversed;
    double clip; /* 0: none */
    activation act[2][3];
    const int64_t *lengths;              /* a batch entry */
    const double *x;                     /* [steps, batch, input] */
    const double *w, *r, *b, *peepholes; /* b, peepholes may be NULL */
    double *h, *c;                       /* [directions, batch, hidden] */
    double *y;                           /* [steps, directions, batch, hidden] */
    double *from_x;                      /* [steps * batch, gates * hidden] */
    double *from_h;                      /* [batch, gates * hidden] */
    double *reset;                       /* GRU: [batch, hidden] */
} cell;

static int activations_of(nescio_op op)
{
    return op == NESCIO_OP_LSTM ? 3 : op == NESCIO_OP_GRU ? 2 : 1;
}

static nescio_status read_activations(const nescio_refexec_call *call, cell *c)
{
    static const char *const lstm[3] = {"Sigmoid", "Tanh", "Tanh"};
    const nescio_attr *const names = nescio_node_attr(call->node, "activations");
    const nescio_attr *const alpha = nescio_node_attr(call->node, "activation_alpha");
    const nescio_attr *const beta = nescio_node_attr(call->node, "activation_beta");
    const int n = activations_of(c->op),
              n_known = (int)(sizeof known_activations / sizeof *known_activations);

    if (names && names->count != (size_t)(n * c->directions))
        return nescio_call_fail(call, NESCIO_E_FORMAT, "%zu activations instead of %lld",
                                names->count, (long long)(n * c->directions));
    for (int d = 0; d < c->directions; d++)
        for (int i = 0; i < n; i++) {
            const size_t at = (size_t)(d * n + i);
            const char *const name = names                    ? names->strings[at]
                                     : c->op == NESCIO_OP_RNN ? "Tanh"
                                                              : lstm[i];
            int k = 0;

            while (k < n_known && strcmp(known_activations[k].name, name) != 0)
                k++;
            if (k == n_known)
                return nescio_call_fail(call, NESCIO_E_UNSUPPORTED, "activation '%.40s'", name);
            c->act[d][i] = known_activations[k];
            if (alpha && at < alpha->count)
                c->act[d][i].alpha = alpha->floats[at];
            if (beta && at < beta->count)
                c->act[d][i].beta = beta->floats[at];
        }
    return NESCIO_OK;
}

static double clipped(const cell *c, double v)
{
    return c->clip > 0 ? fmin(c->clip, fmax(-c->clip, v)) : v;
}

/* Bias `gate` of W (part 0) or R (part 1), element j. */
static double bias_at(const cell *c, int d, int part, int64_t gate, int64_t j)
{
    return c->b ? c->b[((d * 2 + part) * c->n_gates + gate) * c->hidden + j] : 0;
}

static double peephole_at(const cell *c, int d, int64_t gate, int64_t j)
{
    return c->peepholes ? c->peepholes[(d * 3 + gate) * c->hidden + j] : 0;
}

/* Gate's sum of both products and both biases. */
static double gate_sum(const cell *c, int d, const double *x, const double *h, int64_t gate,
                       int64_t j)
{
    const int64_t at = gate * c->hidden + j;

    return x[at] + h[at] + bias_at(c, d, 0, gate, j) + bias_at(c, d, 1, gate, j);
}

static void lstm_element(const cell *c, int d, const double *x, const double *hr, int64_t j,
                         double *h, double *state)
{
    const activation *const f = &c->act[d][0], *const g = &c->act[d][1], *const out = &c->act[d][2];
    const double i_gate =
        activate(f, clipped(c, gate_sum(c, d, x, hr, 0, j) + peephole_at(c, d, 0, j) * *state));
    const double f_gate = c->input_forget
                              ? 1 - i_gate
                              : activate(f, clipped(c, gate_sum(c, d, x, hr, 2, j) +
                                                           peephole_at(c, d, 2, j) * *state));
    const double fresh = activate(g, clipped(c, gate_sum(c, d, x, hr, 3, j)));
    double o_gate;

    *state = f_gate * *state + i_gate * fresh;
    o_gate =
        activate(f, clipped(c, gate_sum(c, d, x, hr, 1, j) + peephole_at(c, d, 1, j) * *state));
    *h = o_gate * activate(out, *state);
}

/* from_h holds h R^T; with linear_before_reset its last gate is used as it is, else `reset` holds
 * (r * h) Rh^T. */
static double gru_element(const cell *c, int d, const double *x, const double *hr,
                          const double *reset, int64_t j, double h)
{
    const double z = activate(&c->act[d][0], clipped(c, gate_sum(c, d, x, hr, 0, j)));
    const double r = activate(&c->act[d][0], clipped(c, gate_sum(c, d, x, hr, 1, j)));
    const int64_t at = 2 * c->hidden + j;
    const double recurrent = c->linear_before_reset ? r * (hr[at] + bias_at(c, d, 1, 2, j))
                                                    : reset[j] + bias_at(c, d, 1, 2, j);
    const double fresh =
        activate(&c->act[d][1], clipped(c, x[at] + recurrent + bias_at(c, d, 0, 2, j)));

    return (1 - z) * fresh + z * h;
}

/* reset := (r * h) Rh^T for the whole batch. times[b] < 0: that sequence is over. */
static void gru_reset(const cell *c, int d, const int64_t *times, const double *h, double *product)
{
    const int64_t width = c->n_gates * c->hidden;
    double *const scaled = product + c->batch * c->hidden;

    for (int64_t b = 0; b < c->batch; b++)
        for (int64_t j = 0; j < c->hidden; j++) {
            const double *const x =
                c->from_x + ((times[b] < 0 ? 0 : times[b]) * c->batch + b) * width;
            const double sum = gate_sum(c, d, x, c->from_h + b * width, 1, j);

            scaled[b * c->hidden + j] =
                activate(&c->act[d][0], clipped(c, sum)) * h[b * c->hidden + j];
        }
    nescio_call_gemm(NULL, NESCIO_F64, false, true, c->batch, c->hidden, c->hidden, 1, scaled,
                     c->hidden, c->r + (d * c->n_gates + 2) * c->hidden * c->hidden, c->hidden, 0,
                     product, c->hidden);
}

static void run_step(const cell *c, int d, const int64_t *times)
{
    const int64_t width = c->n_gates * c->hidden;
    double *const h = c->h + d * c->batch * c->hidden, *const state =
                                                           c->c + d * c->batch * c->hidden;

    nescio_call_gemm(NULL, NESCIO_F64, false, true, c->batch, width, c->hidden, 1, h, c->hidden,
                     c->r + d * width * c->hidden, c->hidden, 0, c->from_h, width);
    if (c->op == NESCIO_OP_GRU && !c->linear_before_reset)
        gru_reset(c, d, times, h, c->reset);
    for (int64_t b = 0; b < c->batch; b++) {
        const double *const x = c->from_x + (times[b] * c->batch + b) * width, *const hr =
                                                                                   c->from_h +
                                                                                   b * width;
        double *y;

        if (times[b] < 0)
            continue;
        y = c->y + ((times[b] * c->directions + d) * c->batch + b) * c->hidden;
        for (int64_t j = 0; j < c->hidden; j++) {
            double *const h_j = &h[b * c->hidden + j];

            if (c->op == NESCIO_OP_LSTM)
                lstm_element(c, d, x, hr, j, h_j, &state[b * c->hidden + j]);
            else if (c->op == NESCIO_OP_GRU)
                *h_j = gru_element(c, d, x, hr, c->reset + b * c->hidden, j, *h_j);
            else
                *h_j = activate(&c->act[d][0], clipped(c, gate_sum(c, d, x, hr, 0, j)));
            y[j] = *h_j;
        }
    }
}

static void run_direction(const cell *c, int d, int64_t *times)
{
    const int64_t width = c->n_gates * c->hidden;
    const bool reversed = d == 1 || c->first_reversed;

    if (c->steps && c->batch)
        nescio_call_gemm(NULL, NESCIO_F64, false, true, c->steps * c->batch, width, c->input, 1,
                         c->x, c->input ? c->input : 1, c->w + d * width * c->input,
                         c->input ? c->input : 1, 0, c->from_x, width);
    for (int64_t s = 0; s < c->steps; s++) {
        for (int64_t b = 0; b < c->batch; b++)
            times[b] = s >= c->lengths[b] ? -1 : reversed ? c->lengths[b] - 1 - s : s;
        run_step(c, d, times);
    }
}

/* Input i as doubles of shape [a, b, c] (rank 3) or [a, b]; NULL when it is left out. */
static nescio_status read_matrix(const nescio_refexec_call *call, uint32_t i, int rank,
                                 const int64_t *dims, const double **out)
{
    const nescio_tensor *t = nescio_call_input(call, i);
    char found[96];

    *out = NULL;
    if (!t)
        return NESCIO_OK;
    if (t->rank != rank || memcmp(t->dims, dims, (size_t)rank * sizeof *dims) != 0)
        return nescio_call_fail(call, NESCIO_E_FORMAT,
                                "input %u is %s, which does not fit the others", i,
                                nescio_tensor_describe(t, found, sizeof found));
    NESCIO_TRY(nescio_call_cast_input(call, i, NESCIO_F64, &t));
    *out = t->data;
    return NESCIO_OK;
}

/* Copies [a, b, n] to [b, a, n]. */
static void swap_axes(double *to, const double *from, int64_t a, int64_t b, int64_t n)
{
    for (int64_t i = 0; i < a; i++)
        for (int64_t j = 0; n && j < b; j++)
            memcpy(to + (j * a + i) * n, from + (i * b + j) * n, (size_t)n * sizeof *to);
}

/* Initial state from input i (or zeros), as [directions, batch, hidden]. */
static nescio_status read_state(const nescio_refexec_call *call, const cell *c, uint32_t i,
                                double **out)
{
    const int64_t n = c->directions * c->batch * c->hidden;
    const int64_t dims[3] = {c->batch_first ? c->batch : c->directions,
                             c->batch_first ? c->directions : c->batch, c->hidden};
    const double *given;

    NESCIO_TRY(read_matrix(call, i, 3, dims, &given));
    *out = nescio_call_scratch(call, n, sizeof **out);
    if (!*out)
        return nescio_call_nomem(call);
    if (given && c->batch_first)
        swap_axes(*out, given, c->batch, c->directions, c->hidden);
    else if (given && n)
        memcpy(*out, given, (size_t)n * sizeof *given);
    return NESCIO_OK;
}

static nescio_status read_lengths(const nescio_refexec_call *call, cell *c)
{
    const nescio_tensor *const given = nescio_call_input(call, 4);
    int64_t *const lengths = nescio_call_scratch(call, c->batch + 1, sizeof *lengths);

    if (!lengths)
        return nescio_call_nomem(call);
    if (given && (!nescio_dtype_is_integer(given->dtype) || nescio_count(given) != c->batch))
        return nescio_call_fail(call, NESCIO_E_FORMAT, "sequence_lens should be %lld integers",
                                (long long)c->batch);
    for (int64_t b = 0; b < c->batch; b++) {
        lengths[b] = given ? nescio_tensor_get_i64(given, (size_t)b) : c->steps;
        if (lengths[b] < 0 || lengths[b] > c->steps)
            return nescio_call_fail(call, NESCIO_E_ARG, "a sequence of %lld of %lld steps",
                                    (long long)lengths[b], (long long)c->steps);
    }
    c->lengths = lengths;
    return NESCIO_OK;
}

static nescio_status read_cell(const nescio_refexec_call *call, cell *c)
{
    const nescio_node *const node = call->node;
    const char *const direction = nescio_node_string(node, "direction", "forward");
    const nescio_tensor *x, *w;

    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_FLOAT, 3, 3));
    NESCIO_TRY(nescio_call_expect(call, 1, NESCIO_TYPES_FLOAT, 3, 3));
    NESCIO_TRY(nescio_call_expect(call, 2, NESCIO_TYPES_FLOAT, 3, 3));
    x = call->inputs[0];
    w = call->inputs[1];
    *c = (cell){.op = node->op, .clip = nescio_node_float(node, "clip", 0)};
    c->batch_first = nescio_node_int(node, "layout", 0) != 0;
    c->input_forget = nescio_node_int(node, "input_forget", 0) != 0;
    c->linear_before_reset = nescio_node_int(node, "linear_before_reset", 0) != 0;
    c->first_reversed = strcmp(direction, "reverse") == 0;
    c->directions = strcmp(direction, "bidirectional") == 0 ? 2 : 1;
    c->n_gates = node->op == NESCIO_OP_LSTM ? 4 : node->op == NESCIO_OP_GRU ? 3 : 1;
    c->hidden = call->inputs[2]->dims[2];
    c->input = x->dims[2];
    c->steps = x->dims[c->batch_first];
    c->batch = x->dims[!c->batch_first];
    if (c->hidden < 1 || w->dims[0] != c->directions || w->dims[1] != c->n_gates * c->hidden ||
        w->dims[2] != c->input)
        return nescio_call_fail(call, NESCIO_E_FORMAT,
                                "W and R do not fit %lld inputs and %lld hidden values",
                                (long long)c->input, (long long)c->hidden);
    return read_activations(call, c);
}

static nescio_status read_operands(const nescio_refexec_call *call, cell *c)
{
    const int64_t width = c->n_gates * c->hidden;
    const double *x;
    double *swapped;

    NESCIO_TRY(read_matrix(call, 0, 3, call->inputs[0]->dims, &x));
    NESCIO_TRY(read_matrix(call, 1, 3, (const int64_t[]){c->directions, width, c->input}, &c->w));
    NESCIO_TRY(read_matrix(call, 2, 3, (const int64_t[]){c->directions, width, c->hidden}, &c->r));
    NESCIO_TRY(read_matrix(call, 3, 2, (const int64_t[]){c->directions, 2 * width}, &c->b));
    NESCIO_TRY(read_lengths(call, c));
    NESCIO_TRY(read_state(call, c, 5, &c->h));
    NESCIO_TRY(read_state(call, c, 6, &c->c));
    NESCIO_TRY(
        read_matrix(call, 7, 2, (const int64_t[]){c->directions, 3 * c->hidden}, &c->peepholes));
    c->x = x;
    if (c->batch_first) {
        swapped = nescio_call_scratch(call, c->steps * c->batch * c->input, sizeof *swapped);
        if (!swapped)
            return nescio_call_nomem(call);
        swap_axes(swapped, x, c->batch, c->steps, c->input);
        c->x = swapped;
    }
    return NESCIO_OK;
}

/* Output i from doubles [a, b, n]; swapped: as [b, a, n]. */
static nescio_status write_state(nescio_refexec_call *call, const cell *c, uint32_t i,
                                 const double *state)
{
    const int64_t dims[3] = {c->batch_first ? c->batch : c->directions,
                             c->batch_first ? c->directions : c->batch, c->hidden};
    nescio_tensor wide;

    NESCIO_TRY(nescio_tensor_arena(call->ctx, call->arena, &wide, NESCIO_F64, 3, dims));
    if (c->batch_first)
        swap_axes(wide.data, state, c->directions, c->batch, c->hidden);
    else
        memcpy(wide.data, state, nescio_tensor_count(&wide) * sizeof *state);
    return nescio_tensor_cast(call->ctx, &call->outputs[i], &wide, call->inputs[0]->dtype);
}

static nescio_status write_sequence(nescio_refexec_call *call, const cell *c)
{
    const int64_t all[4] = {c->steps, c->directions, c->batch, c->hidden};
    const int64_t first[4] = {c->batch, c->steps, c->directions, c->hidden};
    const int64_t step = c->directions * c->batch * c->hidden;
    const int64_t from[4] = {c->hidden, step, c->batch * c->hidden, 1};
    nescio_tensor wide, view;

    NESCIO_TRY(nescio_tensor_shape(call->ctx, &wide, NESCIO_F64, 4, c->batch_first ? first : all));
    wide.data = c->y;
    if (c->batch_first) {
        view = wide;
        memcpy(view.stride, from, sizeof from);
        return nescio_tensor_cast(call->ctx, &call->outputs[0], &view, call->inputs[0]->dtype);
    }
    return nescio_tensor_cast(call->ctx, &call->outputs[0], &wide, call->inputs[0]->dtype);
}

nescio_status nescio_run_recurrent(nescio_refexec_call *call)
{
    int64_t *times;
    cell c;

    NESCIO_TRY(read_cell(call, &c));
    NESCIO_TRY(read_operands(call, &c));
    c.y = nescio_call_scratch(call, c.steps * c.directions * c.batch * c.hidden, sizeof *c.y);
    c.from_x =
        nescio_call_scratch(call, c.steps * c.batch * c.n_gates * c.hidden, sizeof *c.from_x);
    c.from_h = nescio_call_scratch(call, c.batch * c.n_gates * c.hidden, sizeof *c.from_h);
    NESCIO_TRY(nescio_call_spend(call, c.steps * c.batch, c.directions * c.n_gates * c.hidden,
                                 c.hidden + c.input));
    c.reset = nescio_call_scratch(call, 2 * c.batch * c.hidden, sizeof *c.reset);
    times = nescio_call_scratch(call, c.batch + 1, sizeof *times);
    if (!c.y || !c.from_x || !c.from_h || !c.reset || !times)
        return nescio_call_nomem(call);
    for (int d = 0; d < c.directions; d++)
        run_direction(&c, d, times);
    NESCIO_TRY(write_sequence(call, &c));
    NESCIO_TRY(write_state(call, &c, 1, c.h));
    if (c.op == NESCIO_OP_LSTM)
        NESCIO_TRY(write_state(call, &c, 2, c.c));
    return NESCIO_OK;
}
