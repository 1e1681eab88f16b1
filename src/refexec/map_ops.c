/* SPDX-License-Identifier: Apache-2.0
 * Operators in which every axis has its own map from output index to input index: Pad, Tile,
 * nearest Resize. */
#include "refexec/map_ops.h"
#include "refexec/run_table.h"

/* Copies one row: contiguous runs of the map are not worth finding, rows are short. */
#define MAP_ROW(T)                                                                                 \
    for (int64_t i = 0; i < n; i++)                                                                \
        ((T *)dst)[i] = map[i] < 0 ? *(const T *)fill : ((const T *)src)[map[i]];

static void map_row(size_t size, int64_t n, const int64_t *map, void *dst, const void *src,
                    const void *fill)
{
    switch (size) {
    case 1: MAP_ROW(uint8_t) break;
    case 2: MAP_ROW(uint16_t) break;
    case 4: MAP_ROW(uint32_t) break;
    default: MAP_ROW(uint64_t) break;
    }
}

void nescio_copy_mapped(const nescio_tensor *x, nescio_tensor *y, int64_t *const *maps,
                        const void *fill)
{
    static const int64_t only[1] = {0};
    const int64_t size = (int64_t)nescio_dtype_bytes(x->dtype);
    const int64_t *const last = x->rank ? maps[x->rank - 1] : only;
    const int64_t n = x->rank ? y->dims[x->rank - 1] : 1, rows = n ? nescio_count(y) / n : 0;
    int64_t own[NESCIO_RANK_MAX], index[NESCIO_RANK_MAX] = {0};

    nescio_row_major(x->rank, x->dims, own);
    for (int64_t r = 0; r < rows; r++) {
        int64_t at = 0;
        bool outside = false;
        char *const dst = (char *)y->data + r * n * size;

        for (int i = 0; i < x->rank - 1; i++) {
            outside |= maps[i][index[i]] < 0;
            at += maps[i][index[i]] * own[i];
        }
        if (outside)
            for (int64_t i = 0; i < n; i++)
                memcpy(dst + i * size, fill, (size_t)size);
        else
            map_row((size_t)size, n, last, dst, (const char *)x->data + at * size, fill);
        for (int i = x->rank - 2; i >= 0 && ++index[i] == y->dims[i]; i--)
            index[i] = 0;
    }
}

nescio_status nescio_call_maps(const nescio_refexec_call *call, int rank, const int64_t *dims,
                               int64_t **maps)
{
    for (int i = 0; i < rank; i++) {
        maps[i] = nescio_call_scratch(call, dims[i] + 1, sizeof **maps);
        if (!maps[i])
            return nescio_call_nomem(call);
    }
    return NESCIO_OK;
}

nescio_status nescio_run_tile(nescio_refexec_call *call)
{
    int64_t repeats[NESCIO_RANK_MAX], dims[NESCIO_RANK_MAX], *maps[NESCIO_RANK_MAX];
    const uint64_t fill = 0;
    const nescio_tensor *x;
    size_t n, size;

    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_ANY, 0, NESCIO_RANK_MAX));
    x = call->inputs[0];
    NESCIO_TRY(nescio_call_ints(call, 1, repeats, NESCIO_RANK_MAX, &n));
    if ((int)n != x->rank)
        return nescio_call_fail(call, NESCIO_E_FORMAT, "%zu repeats for rank %d", n, x->rank);
    for (int i = 0; i < x->rank; i++) {
        if (repeats[i] < 0 || !nescio_size_mul(&size, (size_t)x->dims[i], (size_t)repeats[i]) ||
            size > INT64_MAX)
            return nescio_call_fail(call, NESCIO_E_ARG, "repeat %d is %lld", i,
                                    (long long)repeats[i]);
        dims[i] = (int64_t)size;
    }
    NESCIO_TRY(nescio_call_output(call, 0, x->dtype, x->rank, dims));
    NESCIO_TRY(nescio_call_maps(call, x->rank, dims, maps));
    for (int i = 0; i < x->rank; i++)
        for (int64_t k = 0; k < dims[i]; k++)
            maps[i][k] = k % x->dims[i];
    nescio_copy_mapped(x, &call->outputs[0], maps, &fill);
    return NESCIO_OK;
}

typedef enum pad_mode { PAD_CONSTANT, PAD_REFLECT, PAD_EDGE, PAD_WRAP, PAD_MODES } pad_mode;

static pad_mode find_pad_mode(const char *name)
{
    static const char *const names[PAD_MODES] = {"constant", "reflect", "edge", "wrap"};
    int mode = 0;

    while (mode < PAD_MODES && strcmp(name, names[mode]) != 0)
        mode++;
    return (pad_mode)mode;
}

/* Input index of padded index i (relative to the input's first element), -1: fill. n > 0 unless
 * constant. */
static int64_t pad_index(pad_mode mode, int64_t i, int64_t n)
{
    int64_t period;

    if (i >= 0 && i < n)
        return i;
    switch (mode) {
    case PAD_REFLECT:
        period = n > 1 ? 2 * (n - 1) : 1;
        i = (i % period + period) % period;
        return i < n ? i : period - i;
    case PAD_EDGE: return i < 0 ? 0 : n - 1;
    case PAD_WRAP: return (i % n + n) % n;
    default: return -1;
    }
}

/* before[i], after[i] for every axis, from the pads of the axes that are named (all by default). */
static nescio_status read_pads(const nescio_refexec_call *call, int rank, int64_t *before,
                               int64_t *after)
{
    int64_t pads[2 * NESCIO_RANK_MAX], axes[NESCIO_RANK_MAX];
    size_t n_pads, n_axes;
    int axis;

    NESCIO_TRY(nescio_call_ints(call, 1, pads, 2 * NESCIO_RANK_MAX, &n_pads));
    NESCIO_TRY(nescio_call_ints(call, 3, axes, NESCIO_RANK_MAX, &n_axes));
    if (!nescio_call_input(call, 3))
        for (int i = 0; i < rank; i++)
            axes[n_axes++] = i;
    if (n_pads != 2 * n_axes)
        return nescio_call_fail(call, NESCIO_E_FORMAT, "%zu pads for %zu axes", n_pads, n_axes);
    for (size_t i = 0; i < n_axes; i++) {
        NESCIO_TRY(nescio_call_axis(call, axes[i], rank, &axis));
        before[axis] = pads[i];
        after[axis] = pads[n_axes + i];
    }
    return NESCIO_OK;
}

nescio_status nescio_run_pad(nescio_refexec_call *call)
{
    const int64_t limit = (int64_t)1 << 48;
    const pad_mode mode = find_pad_mode(nescio_node_string(call->node, "mode", "constant"));
    const nescio_tensor *const value = nescio_call_input(call, 2);
    int64_t before[NESCIO_RANK_MAX] = {0}, after[NESCIO_RANK_MAX] = {0}, dims[NESCIO_RANK_MAX],
            *maps[NESCIO_RANK_MAX];
    const uint64_t zero = 0;
    const nescio_tensor *x;

    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_FIXED, 0, NESCIO_RANK_MAX));
    x = call->inputs[0];
    if (mode == PAD_MODES)
        return nescio_call_fail(call, NESCIO_E_UNSUPPORTED, "mode '%s'",
                                nescio_node_string(call->node, "mode", ""));
    if (value && (value->dtype != x->dtype || nescio_count(value) != 1))
        return nescio_call_fail(call, NESCIO_E_FORMAT, "the fill value should be one %s",
                                nescio_dtype_name(x->dtype));
    NESCIO_TRY(read_pads(call, x->rank, before, after));
    for (int i = 0; i < x->rank; i++) {
        if (before[i] < -limit || before[i] > limit || after[i] < -limit || after[i] > limit ||
            x->dims[i] + before[i] + after[i] < 0 || (mode != PAD_CONSTANT && x->dims[i] == 0))
            return nescio_call_fail(
                call, NESCIO_E_ARG, "pads %lld and %lld of axis %d with %lld elements",
                (long long)before[i], (long long)after[i], i, (long long)x->dims[i]);
        dims[i] = x->dims[i] + before[i] + after[i];
    }
    NESCIO_TRY(nescio_call_output(call, 0, x->dtype, x->rank, dims));
    NESCIO_TRY(nescio_call_maps(call, x->rank, dims, maps));
    for (int i = 0; i < x->rank; i++)
        for (int64_t k = 0; k < dims[i]; k++)
            maps[i][k] = pad_index(mode, k - before[i], x->dims[i]);
    nescio_copy_mapped(x, &call->outputs[0], maps, value ? value->data : &zero);
    return NESCIO_OK;
}
