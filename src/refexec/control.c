/* SPDX-License-Identifier: Apache-2.0
 * If, Loop, Scan: bodies run in a frame of their own that sees the values around them. */
#include "refexec/refexec_internal.h"
#include "refexec/run_table.h"

#include <stdlib.h>

/* Rounds of a Loop without a stated end: a model that never says stop is refused, not followed for
 * ever. */
#define LOOP_LIMIT ((int64_t)1 << 22)

static nescio_status read_flag(const nescio_refexec_call *call, const nescio_tensor *t, bool *out)
{
    if (t->dtype != NESCIO_BOOL || nescio_count(t) != 1)
        return nescio_call_fail(call, NESCIO_E_FORMAT, "the condition should be one bool");
    *out = *(const uint8_t *)t->data != 0;
    return NESCIO_OK;
}

nescio_status nescio_run_if(nescio_refexec_call *call)
{
    bool condition = false;

    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_BOOL, 0, NESCIO_RANK_MAX));
    NESCIO_TRY(read_flag(call, call->inputs[0], &condition));
    return nescio_call_body(call, condition ? "then_branch" : "else_branch", NULL, 0, call->outputs,
                            call->node->n_outputs);
}

/* Tensors of each round that one output will be stacked from. Owned. */
typedef struct stack {
    nescio_tensor *items;
    int64_t n, capacity;
} stack;

static nescio_status stack_push(const nescio_refexec_call *call, stack *s, nescio_tensor *t)
{
    if (s->n == s->capacity) {
        const int64_t capacity = s->capacity ? 2 * s->capacity : 8;
        nescio_tensor *const grown = realloc(s->items, (size_t)capacity * sizeof *grown);

        if (!grown)
            return nescio_call_nomem(call);
        s->items = grown;
        s->capacity = capacity;
    }
    s->items[s->n++] = *t;
    *t = (nescio_tensor){0};
    return NESCIO_OK;
}

static void stack_free(stack *s)
{
    for (int64_t i = 0; i < s->n; i++)
        nescio_tensor_free(&s->items[i]);
    free(s->items);
}

/* Output i has no round to learn its shape from: what the body declares, unknown dims as 0. */
static nescio_status make_empty(nescio_refexec_call *call, uint32_t i, const nescio_value *declared,
                                int64_t axis)
{
    int64_t dims[NESCIO_RANK_MAX + 1] = {0};
    const int rank = declared->shape.rank < 0 ? 0 : declared->shape.rank;
    int at;

    if (declared->dtype == NESCIO_DTYPE_NONE || rank + 1 > NESCIO_RANK_MAX)
        return nescio_call_fail(call, NESCIO_E_UNSUPPORTED,
                                "no round ran, so the type of output %u is not known", i);
    NESCIO_TRY(nescio_call_axis(call, axis, rank + 1, &at));
    for (int k = 0, from = 0; k <= rank; k++)
        if (k != at) {
            dims[k] = declared->shape.dims[from] < 0 ? 0 : declared->shape.dims[from];
            from++;
        }
    return nescio_call_output(call, i, declared->dtype, rank + 1, dims);
}

/* Output i = the items along a new axis, first round last when reversed. */
static nescio_status make_stacked(nescio_refexec_call *call, uint32_t i, const stack *s,
                                  int64_t axis, bool reversed)
{
    const nescio_tensor *const first = &s->items[0];
    int64_t dims[NESCIO_RANK_MAX + 1], outer, inner;
    int at;

    if (first->rank + 1 > NESCIO_RANK_MAX)
        return nescio_call_fail(call, NESCIO_E_UNSUPPORTED, "output %u has too many axes", i);
    NESCIO_TRY(nescio_call_axis(call, axis, first->rank + 1, &at));
    for (int k = 0; k <= first->rank; k++)
        dims[k] = k < at ? first->dims[k] : k == at ? s->n : first->dims[k - 1];
    NESCIO_TRY(nescio_call_output(call, i, first->dtype, first->rank + 1, dims));
    outer = nescio_dims_product(dims, 0, at);
    inner = nescio_dims_product(dims, at + 1, first->rank + 1) *
            (int64_t)nescio_dtype_bytes(first->dtype);
    for (int64_t k = 0; k < s->n; k++) {
        const nescio_tensor *const t = &s->items[reversed ? s->n - 1 - k : k];

        if (t->dtype != first->dtype || !nescio_same_shape(t, first))
            return nescio_call_fail(call, NESCIO_E_FORMAT,
                                    "output %u changes its shape from round to round", i);
        for (int64_t o = 0; inner && o < outer; o++)
            memcpy((char *)call->outputs[i].data + (o * s->n + k) * inner,
                   (const char *)t->data + o * inner, (size_t)inner);
    }
    return NESCIO_OK;
}

/* State of a Loop or Scan while it runs. */
typedef struct rounds {
    uint32_t n_carried, n_stacks;
    nescio_tensor *carried; /* values that go from round to round; owned from the second round on */
    nescio_tensor *made;    /* outputs of one round */
    stack *stacks;
} rounds;

static nescio_status rounds_begin(const nescio_refexec_call *call, rounds *r, uint32_t n_carried,
                                  uint32_t n_stacks, uint32_t first_input)
{
    *r = (rounds){.n_carried = n_carried, .n_stacks = n_stacks};
    r->carried = calloc(n_carried + 1u, sizeof *r->carried);
    r->made = calloc(n_carried + n_stacks + 2u, sizeof *r->made);
    r->stacks = calloc(n_stacks + 1u, sizeof *r->stacks);
    if (!r->carried || !r->made || !r->stacks)
        return nescio_call_nomem(call);
    for (uint32_t i = 0; i < n_carried; i++) {
        const nescio_tensor *const t = nescio_call_input(call, first_input + i);

        if (!t)
            return nescio_call_fail(call, NESCIO_E_FORMAT, "input %u is missing", first_input + i);
        r->carried[i] = *t;
        r->carried[i].owned_bytes = 0;
    }
    return NESCIO_OK;
}

/* Takes the outputs of a round: made[0 ... n_carried) and then one for each stack. */
static nescio_status rounds_take(const nescio_refexec_call *call, rounds *r, nescio_tensor *made)
{
    for (uint32_t i = 0; i < r->n_carried; i++) {
        nescio_tensor_free(&r->carried[i]);
        r->carried[i] = made[i];
        made[i] = (nescio_tensor){0};
    }
    for (uint32_t i = 0; i < r->n_stacks; i++)
        NESCIO_TRY(stack_push(call, &r->stacks[i], &made[r->n_carried + i]));
    return NESCIO_OK;
}

static void rounds_end(rounds *r)
{
    for (uint32_t i = 0; r->carried && i < r->n_carried; i++)
        nescio_tensor_free(&r->carried[i]);
    for (uint32_t i = 0; r->made && i < r->n_carried + r->n_stacks + 1u; i++)
        nescio_tensor_free(&r->made[i]);
    for (uint32_t i = 0; r->stacks && i < r->n_stacks; i++)
        stack_free(&r->stacks[i]);
    free(r->carried);
    free(r->made);
    free(r->stacks);
}

static nescio_status loop_rounds(nescio_refexec_call *call, rounds *r, int64_t limit, bool go_on)
{
    nescio_tensor *const inputs = nescio_call_scratch(call, r->n_carried + 2, sizeof *inputs);
    const bool endless = limit < 0;
    int64_t i_round = 0;
    uint8_t flag = go_on;

    if (!inputs)
        return nescio_call_nomem(call);
    NESCIO_TRY(nescio_tensor_shape(call->ctx, &inputs[0], NESCIO_I64, 0, NULL));
    NESCIO_TRY(nescio_tensor_shape(call->ctx, &inputs[1], NESCIO_BOOL, 0, NULL));
    inputs[0].data = &i_round;
    inputs[1].data = &flag;
    for (; go_on && (endless || i_round < limit); i_round++) {
        if (i_round >= LOOP_LIMIT)
            return nescio_call_fail(call, NESCIO_E_UNSUPPORTED, "more than %lld rounds",
                                    (long long)LOOP_LIMIT);
        memcpy(&inputs[2], r->carried, r->n_carried * sizeof *inputs);
        NESCIO_TRY(nescio_call_body(call, "body", inputs, r->n_carried + 2, r->made,
                                    1 + r->n_carried + r->n_stacks));
        NESCIO_TRY(read_flag(call, &r->made[0], &go_on));
        flag = go_on;
        NESCIO_TRY(rounds_take(call, r, &r->made[1]));
        nescio_tensor_free(&r->made[0]);
    }
    return NESCIO_OK;
}

/* Carried values become the first outputs, stacks the others. axes and reversed may be NULL: 0 and
 * false. */
static nescio_status rounds_to_outputs(nescio_refexec_call *call, rounds *r, uint32_t first_scan,
                                       const int64_t *axes, const int64_t *reversed)
{
    const nescio_graph *const body = nescio_call_body_graph(call, "body");

    for (uint32_t i = 0; i < r->n_carried; i++) {
        call->outputs[i] = r->carried[i]; /* copied afterwards when it still is the input */
        r->carried[i] = (nescio_tensor){0};
    }
    for (uint32_t i = 0; i < r->n_stacks; i++) {
        const int64_t axis = axes ? axes[i] : 0;

        if (r->stacks[i].n)
            NESCIO_TRY(
                make_stacked(call, r->n_carried + i, &r->stacks[i], axis, reversed && reversed[i]));
        else
            NESCIO_TRY(make_empty(call, r->n_carried + i, body->outputs[first_scan + i], axis));
    }
    return NESCIO_OK;
}

nescio_status nescio_run_loop(nescio_refexec_call *call)
{
    const nescio_graph *const body = nescio_call_body_graph(call, "body");
    const uint32_t n_carried = call->node->n_inputs > 2 ? call->node->n_inputs - 2 : 0;
    int64_t limit = -1;
    bool go_on = true;
    nescio_status st;
    size_t n_limit;
    rounds r;

    NESCIO_TRY(nescio_call_ints(call, 0, &limit, 1, &n_limit));
    if (nescio_call_input(call, 0) && n_limit == 1 && limit < 0)
        limit = 0;
    if (nescio_call_input(call, 1))
        NESCIO_TRY(read_flag(call, call->inputs[1], &go_on));
    if (!body || call->node->n_outputs < n_carried || body->n_outputs != call->node->n_outputs + 1u)
        return nescio_call_fail(call, NESCIO_E_FORMAT, "body and node do not go together");
    st = rounds_begin(call, &r, n_carried, call->node->n_outputs - n_carried, 2);
    if (st == NESCIO_OK)
        st = loop_rounds(call, &r, limit, go_on);
    if (st == NESCIO_OK)
        st = rounds_to_outputs(call, &r, 1 + n_carried, NULL, NULL);
    rounds_end(&r);
    return st;
}

/* Slice `at` of t along `axis`, which disappears; elements in the call's arena buffer `data`. */
static void take_slice(const nescio_tensor *t, int axis, int64_t at, nescio_tensor *slice)
{
    const int64_t outer = nescio_dims_product(t->dims, 0, axis);
    const int64_t inner =
        nescio_dims_product(t->dims, axis + 1, t->rank) * (int64_t)nescio_dtype_bytes(t->dtype);

    for (int64_t o = 0; inner && o < outer; o++)
        memcpy((char *)slice->data + o * inner,
               (const char *)t->data + (o * t->dims[axis] + at) * inner, (size_t)inner);
}

/* What a Scan walks over. */
typedef struct scan_spec {
    uint32_t n_states, n_scans;
    int64_t *in_axes, *in_reversed, *out_axes, *out_reversed;
    int64_t length;
} scan_spec;

static nescio_status read_scan_list(const nescio_refexec_call *call, const char *name, uint32_t n,
                                    int64_t **out)
{
    size_t given;

    *out = nescio_call_scratch(call, (int64_t)n + 1, sizeof **out);
    if (!*out)
        return nescio_call_nomem(call);
    NESCIO_TRY(nescio_call_ints_attr(call, name, *out, n, &given));
    if (given != 0 && given != n)
        return nescio_call_fail(call, NESCIO_E_FORMAT, "%s has %zu entries instead of %u", name,
                                given, n);
    return NESCIO_OK;
}

static nescio_status read_scan(const nescio_refexec_call *call, scan_spec *s)
{
    const nescio_node *const node = call->node;
    const int64_t n_scans = nescio_node_int(node, "num_scan_inputs", 0);

    if (n_scans < 1 || n_scans > node->n_inputs ||
        node->n_outputs < node->n_inputs - (uint32_t)n_scans)
        return nescio_call_fail(call, NESCIO_E_FORMAT, "num_scan_inputs is %lld of %u inputs",
                                (long long)n_scans, node->n_inputs);
    *s = (scan_spec){
        .n_states = node->n_inputs - (uint32_t)n_scans, .n_scans = (uint32_t)n_scans, .length = -1};
    NESCIO_TRY(read_scan_list(call, "scan_input_axes", s->n_scans, &s->in_axes));
    NESCIO_TRY(read_scan_list(call, "scan_input_directions", s->n_scans, &s->in_reversed));
    NESCIO_TRY(
        read_scan_list(call, "scan_output_axes", node->n_outputs - s->n_states, &s->out_axes));
    NESCIO_TRY(read_scan_list(call, "scan_output_directions", node->n_outputs - s->n_states,
                              &s->out_reversed));
    for (uint32_t i = 0; i < s->n_scans; i++) {
        const nescio_tensor *t;
        int axis;

        NESCIO_TRY(nescio_call_expect(call, s->n_states + i, NESCIO_TYPES_ANY, 1, NESCIO_RANK_MAX));
        t = call->inputs[s->n_states + i];
        NESCIO_TRY(nescio_call_axis(call, s->in_axes[i], t->rank, &axis));
        s->in_axes[i] = axis;
        if (s->length >= 0 && t->dims[axis] != s->length)
            return nescio_call_fail(call, NESCIO_E_FORMAT, "scan inputs have %lld and %lld steps",
                                    (long long)s->length, (long long)t->dims[axis]);
        s->length = t->dims[axis];
    }
    return NESCIO_OK;
}

static nescio_status scan_rounds(nescio_refexec_call *call, const scan_spec *s, rounds *r)
{
    nescio_tensor *const inputs =
        nescio_call_scratch(call, (int64_t)call->node->n_inputs + 1, sizeof *inputs);

    if (!inputs)
        return nescio_call_nomem(call);
    for (uint32_t i = 0; i < s->n_scans; i++) {
        const nescio_tensor *const t = call->inputs[s->n_states + i];
        int64_t dims[NESCIO_RANK_MAX];
        int rank = 0;

        for (int k = 0; k < t->rank; k++)
            if (k != s->in_axes[i])
                dims[rank++] = t->dims[k];
        NESCIO_TRY(nescio_tensor_arena(call->ctx, call->arena, &inputs[s->n_states + i], t->dtype,
                                       rank, dims));
    }
    for (int64_t step = 0; step < s->length; step++) {
        memcpy(inputs, r->carried, s->n_states * sizeof *inputs);
        for (uint32_t i = 0; i < s->n_scans; i++)
            take_slice(call->inputs[s->n_states + i], (int)s->in_axes[i],
                       s->in_reversed[i] ? s->length - 1 - step : step, &inputs[s->n_states + i]);
        NESCIO_TRY(nescio_call_body(call, "body", inputs, call->node->n_inputs, r->made,
                                    call->node->n_outputs));
        NESCIO_TRY(rounds_take(call, r, r->made));
    }
    return NESCIO_OK;
}

nescio_status nescio_run_scan(nescio_refexec_call *call)
{
    const nescio_graph *const body = nescio_call_body_graph(call, "body");
    nescio_status st;
    scan_spec s = {0};
    rounds r;

    NESCIO_TRY(read_scan(call, &s));
    if (!body || body->n_outputs != call->node->n_outputs)
        return nescio_call_fail(call, NESCIO_E_FORMAT, "body and node do not go together");
    st = rounds_begin(call, &r, s.n_states, call->node->n_outputs - s.n_states, 0);
    if (st == NESCIO_OK)
        st = scan_rounds(call, &s, &r);
    if (st == NESCIO_OK)
        st = rounds_to_outputs(call, &r, s.n_states, s.out_axes, s.out_reversed);
    rounds_end(&r);
    return st;
}
