/* SPDX-License-Identifier: Apache-2.0
 * Einsum. Operands are contracted from left to right. A pair becomes one batched matrix product:
 * labels of both that are kept are the batch, labels of one that are kept its rows or columns, all
 * others are summed. Repeated labels in an operand (a diagonal) add up their strides; labels that
 * only one operand has get stride 0 in the other. */
#include "refexec/matmul.h"
#include "refexec/run_table.h"

#include <ctype.h>

/* Letters, and numbered places of the ellipsis behind them. */
#define N_LABELS (2 * 26 + NESCIO_RANK_MAX)

/* A tensor with a label an axis; elements contiguous, or seen through strides. */
typedef struct labelled {
    int rank;
    int label[NESCIO_RANK_MAX];
    int64_t dims[NESCIO_RANK_MAX], stride[NESCIO_RANK_MAX];
    const void *data;
} labelled;

typedef struct einsum {
    nescio_dtype dtype;
    int64_t dim[N_LABELS]; /* 0: not seen yet */
    int n_operands;
    int last_use[N_LABELS]; /* index of the last operand with the label; n_operands when the result
                               has it */
    int out_rank, out_label[NESCIO_RANK_MAX];
} einsum;

static int letter_label(char c)
{
    return islower((unsigned char)c) ? c - 'a' : isupper((unsigned char)c) ? 26 + c - 'A' : -1;
}

/* Reads one term up to `end`: letters, and "..." for rank - letters axes (right-aligned numbers).
 */
static bool read_term(const char *at, const char *end, int rank, int *n, int *labels)
{
    const char *ellipsis = NULL;
    int letters = 0;

    for (const char *p = at; p < end; p++)
        letters += letter_label(*p) >= 0;
    *n = 0;
    while (at < end) {
        if (*at == ' ') {
            at++;
        } else if (*at == '.') {
            const int places = rank - letters;

            if (ellipsis || end - at < 3 || at[1] != '.' || at[2] != '.' || places < 0)
                return false;
            ellipsis = at;
            for (int i = 0; i < places && *n < NESCIO_RANK_MAX; i++)
                labels[(*n)++] = 52 + NESCIO_RANK_MAX - places + i;
            at += 3;
        } else {
            const int label = letter_label(*at++);

            if (label < 0 || *n >= NESCIO_RANK_MAX)
                return false;
            labels[(*n)++] = label;
        }
    }
    return true;
}

/* Operand i from its term; dims of labels are checked, 1 broadcasts. */
static nescio_status read_operand(const nescio_refexec_call *call, einsum *e, int i, const char *at,
                                  const char *end, labelled *out)
{
    const nescio_tensor *const t = nescio_call_input(call, (uint32_t)i);

    if (!t || t->dtype != call->inputs[0]->dtype)
        return nescio_call_fail(call, NESCIO_E_FORMAT, "operand %d is missing or of another type",
                                i);
    *out = (labelled){.rank = t->rank};
    if (!read_term(at, end, t->rank, &out->rank, out->label) || out->rank != t->rank)
        return nescio_call_fail(call, NESCIO_E_FORMAT,
                                "term %d of the equation does not fit rank %d", i, t->rank);
    nescio_row_major(t->rank, t->dims, out->stride);
    for (int a = 0; a < t->rank; a++) {
        int64_t *const dim = &e->dim[out->label[a]];

        if (e->last_use[out->label[a]] < 0 || *dim == 1)
            *dim = t->dims[a];
        else if (t->dims[a] != *dim && t->dims[a] != 1)
            return nescio_call_fail(call, NESCIO_E_FORMAT, "a label stands for %lld and %lld",
                                    (long long)*dim, (long long)t->dims[a]);
        if (t->dims[a] == 1)
            out->stride[a] = 0;
        out->dims[a] = t->dims[a];
        e->last_use[out->label[a]] = i;
    }
    out->data = t->data;
    return NESCIO_OK;
}

/* Result labels when the equation has no arrow: ellipsis first, then the letters that occur once,
 * in order. */
static void implied_result(einsum *e, const labelled *operands)
{
    int seen[N_LABELS] = {0};

    for (int i = 0; i < e->n_operands; i++)
        for (int a = 0; a < operands[i].rank; a++)
            seen[operands[i].label[a]]++;
    e->out_rank = 0;
    for (int l = 52; l < N_LABELS; l++)
        if (seen[l])
            e->out_label[e->out_rank++] = l;
    for (int l = 26; l < 52; l++) /* capitals sort before small letters */
        if (seen[l] == 1 && e->out_rank < NESCIO_RANK_MAX)
            e->out_label[e->out_rank++] = l;
    for (int l = 0; l < 26; l++)
        if (seen[l] == 1 && e->out_rank < NESCIO_RANK_MAX)
            e->out_label[e->out_rank++] = l;
}

/* Labels of the result: what stands behind the arrow, or the implied ones. They are needed to the
 * end. */
static nescio_status read_result(const nescio_refexec_call *call, einsum *e,
                                 const labelled *operands, const char *arrow)
{
    int rank_of_ellipsis = 0, letters = 0;

    for (int l = 52; l < N_LABELS; l++)
        rank_of_ellipsis += e->last_use[l] >= 0;
    if (!arrow) {
        implied_result(e, operands);
    } else {
        for (const char *p = arrow + 2; *p; p++)
            letters += letter_label(*p) >= 0;
        if (!read_term(arrow + 2, arrow + strlen(arrow), letters + rank_of_ellipsis, &e->out_rank,
                       e->out_label))
            return nescio_call_fail(call, NESCIO_E_FORMAT, "the result's term cannot be read");
    }
    for (int i = 0; i < e->out_rank; i++) {
        if (e->last_use[e->out_label[i]] < 0)
            return nescio_call_fail(call, NESCIO_E_FORMAT,
                                    "the result has a label that no operand has");
        if (e->last_use[e->out_label[i]] == e->n_operands)
            return nescio_call_fail(call, NESCIO_E_FORMAT, "the result has a label twice");
        e->last_use[e->out_label[i]] = e->n_operands;
    }
    return NESCIO_OK;
}

static nescio_status read_equation(const nescio_refexec_call *call, einsum *e, labelled *operands)
{
    const char *const equation = nescio_node_string(call->node, "equation", "");
    const char *const arrow = strstr(equation, "->"), *const stop =
                                                          arrow ? arrow
                                                                : equation + strlen(equation);
    const char *at = equation;

    for (int i = 0; i < N_LABELS; i++)
        e->last_use[i] = -1;
    for (int i = 0; i < e->n_operands; i++) {
        const char *end = memchr(at, ',', (size_t)(stop - at));

        end = end ? end : stop;
        NESCIO_TRY(read_operand(call, e, i, at, end, &operands[i]));
        if ((end == stop) != (i == e->n_operands - 1))
            return nescio_call_fail(call, NESCIO_E_FORMAT, "the equation does not have %d terms",
                                    e->n_operands);
        at = end + 1;
    }
    return read_result(call, e, operands, arrow);
}

/* Stride of `label` in an operand: the sum over its axes with that label; 0 when there is none. */
static int64_t label_stride(const labelled *t, int label)
{
    int64_t stride = 0;

    for (int a = 0; a < t->rank; a++)
        if (t->label[a] == label)
            stride += t->stride[a];
    return stride;
}

static bool has_label(const labelled *t, int label)
{
    for (int a = 0; a < t->rank; a++)
        if (t->label[a] == label)
            return true;
    return false;
}

/* A list of labels and the number of index combinations they stand for. */
typedef struct label_list {
    int n, label[2 * NESCIO_RANK_MAX];
    int64_t count;
} label_list;

static void list_add(label_list *l, const einsum *e, int label)
{
    l->label[l->n++] = label;
    l->count *= e->dim[label];
}

/* Elements of t over all combinations of three lists of labels, in that order. */
static nescio_status pack(const nescio_refexec_call *call, const einsum *e, const labelled *t,
                          const label_list *const lists[3], const void **out)
{
    const size_t size = nescio_dtype_bytes(e->dtype);
    int64_t dims[NESCIO_RANK_MAX], from[NESCIO_RANK_MAX], to[NESCIO_RANK_MAX];
    size_t count = 1;
    void *data;
    int rank = 0;

    for (int k = 0; k < 3; k++)
        for (int i = 0; i < lists[k]->n; i++) {
            if (rank == NESCIO_RANK_MAX)
                return nescio_call_fail(call, NESCIO_E_UNSUPPORTED, "more than %d labels at once",
                                        NESCIO_RANK_MAX);
            dims[rank] = e->dim[lists[k]->label[i]];
            from[rank++] = label_stride(t, lists[k]->label[i]);
            if (!nescio_size_mul(&count, count, (size_t)dims[rank - 1]) || count >> 44)
                return nescio_call_nomem(call);
        }
    data = nescio_call_scratch(call, (int64_t)count + 1, size);
    if (!data)
        return nescio_call_nomem(call);
    nescio_row_major(rank, dims, to);
    nescio_copy_strided(size, rank, dims, data, to, t->data, from);
    *out = data;
    return NESCIO_OK;
}

/* Labels of a pair by what becomes of them. */
typedef struct roles {
    label_list batch, rows, columns, summed;
} roles;

/* Labels that nobody needs after operand i are summed. */
static roles assign_roles(const einsum *e, int i, const labelled *acc, const labelled *next)
{
    roles r = {.batch.count = 1, .rows.count = 1, .columns.count = 1, .summed.count = 1};

    for (int l = 0; l < N_LABELS; l++) {
        const bool in_acc = has_label(acc, l), in_next = has_label(next, l);

        if (!in_acc && !in_next)
            continue;
        list_add(e->last_use[l] <= i ? &r.summed
                 : in_acc && in_next ? &r.batch
                 : in_acc            ? &r.rows
                                     : &r.columns,
                 e, l);
    }
    return r;
}

/* A fresh tensor of batch x rows x columns. */
static nescio_status label_result(const nescio_refexec_call *call, const einsum *e, const roles *r,
                                  const void *data, labelled *out)
{
    const label_list *const lists[3] = {&r->batch, &r->rows, &r->columns};

    *out = (labelled){.data = data};
    for (int k = 0; k < 3; k++)
        for (int n = 0; n < lists[k]->n; n++) {
            if (out->rank == NESCIO_RANK_MAX)
                return nescio_call_fail(call, NESCIO_E_UNSUPPORTED, "more than %d labels at once",
                                        NESCIO_RANK_MAX);
            out->label[out->rank] = lists[k]->label[n];
            out->dims[out->rank++] = e->dim[lists[k]->label[n]];
        }
    nescio_row_major(out->rank, out->dims, out->stride);
    return NESCIO_OK;
}

/* *acc := acc * next, summed over labels that nobody needs after operand i. */
static nescio_status contract(const nescio_refexec_call *call, const einsum *e, int i,
                              const labelled *next, labelled *acc)
{
    const roles r = assign_roles(e, i, acc, next);
    const label_list *const left[3] = {&r.batch, &r.rows, &r.summed}, *const right[3] = {
                                                                          &r.batch, &r.summed,
                                                                          &r.columns};
    const int64_t size = (int64_t)nescio_dtype_bytes(e->dtype), m = r.rows.count,
                  n = r.columns.count, k = r.summed.count;
    const char *a, *b;
    const void *packed;
    size_t count;
    char *c;

    NESCIO_TRY(pack(call, e, acc, left, &packed));
    a = packed;
    NESCIO_TRY(pack(call, e, next, right, &packed));
    b = packed;
    if (!nescio_size_mul(&count, (size_t)r.batch.count, (size_t)m) || count >> 44 ||
        !nescio_size_mul(&count, count, (size_t)n) || count >> 44)
        return nescio_call_nomem(call);
    NESCIO_TRY(nescio_call_spend(call, (int64_t)count, k, 1));
    c = nescio_call_scratch(call, (int64_t)count + 1, (size_t)size);
    if (!c)
        return nescio_call_nomem(call);
    for (int64_t p = 0; p < r.batch.count; p++)
        nescio_matrix_product(NULL, e->dtype, m, n, k, a + p * m * k * size, b + p * k * n * size,
                              c + p * m * n * size);
    return label_result(call, e, &r, c, acc);
}

#define SET_ONE(dt, T, ...)                                                                        \
    case dt: *(T *)one = 1; break;

nescio_status nescio_run_einsum(nescio_refexec_call *call)
{
    const uint32_t n = call->node->n_inputs;
    labelled *const operands = nescio_call_scratch(call, (int64_t)n + 1, sizeof *operands);
    int64_t dims[NESCIO_RANK_MAX], from[NESCIO_RANK_MAX];
    einsum e = {.n_operands = (int)n};
    labelled acc = {0};
    uint64_t one_bits = 0;
    void *const one = &one_bits;
    nescio_tensor wide;

    if (!operands)
        return nescio_call_nomem(call);
    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_NUMBER, 0, NESCIO_RANK_MAX));
    NESCIO_TRY(read_equation(call, &e, operands));
    e.dtype = nescio_dtype_is_float(call->inputs[0]->dtype) ? call->inputs[0]->dtype : NESCIO_I64;
    for (uint32_t i = 0; i < n; i++) {
        const nescio_tensor *t;

        NESCIO_TRY(nescio_call_cast_input(call, i, e.dtype, &t));
        operands[i].data = t->data;
    }
    switch (e.dtype) {
        NESCIO_CASES_FLOAT(SET_ONE, 0)
        SET_ONE(NESCIO_I64, int64_t, 0)
    default: break;
    }
    acc.data = one;
    for (uint32_t i = 0; i < n; i++)
        NESCIO_TRY(contract(call, &e, (int)i, &operands[i], &acc));
    for (int i = 0; i < e.out_rank; i++) {
        dims[i] = e.dim[e.out_label[i]];
        from[i] = label_stride(&acc, e.out_label[i]);
    }
    NESCIO_TRY(nescio_tensor_arena(call->ctx, call->arena, &wide, e.dtype, e.out_rank, dims));
    nescio_copy_strided(nescio_dtype_bytes(e.dtype), e.out_rank, dims, wide.data, wide.stride,
                        acc.data, from);
    return nescio_tensor_cast(call->ctx, &call->outputs[0], &wide, call->inputs[0]->dtype);
}
