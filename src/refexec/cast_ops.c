/* SPDX-License-Identifier: Apache-2.0
 * Cast between all types. Numbers convert as nescio_tensor_cast says; texts as C numbers in both
 * directions, floats with the fewest digits that read back as the same number. */
#include "refexec/refexec_internal.h"
#include "refexec/run_table.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static bool reads_back(const char *text, double v, bool is_f32)
{
    return is_f32 ? strtof(text, NULL) == (float)v : strtod(text, NULL) == v;
}

/* "1.5", "100000.0", "1e-05", "nan", "inf": exponents outside -4 ... 15 only. */
static const char *float_text(nescio_arena *arena, double v, bool is_f32)
{
    const int most = is_f32 ? 9 : 17;
    char text[64];
    int exponent, digits = 1;

    if (isnan(v))
        return "nan";
    if (isinf(v))
        return v < 0 ? "-inf" : "inf";
    if (v == 0)
        return signbit(v) ? "-0.0" : "0.0";
    for (;; digits++) {
        snprintf(text, sizeof text, "%.*e", digits - 1, v);
        if (digits == most || reads_back(text, v, is_f32))
            break;
    }
    exponent = atoi(strchr(text, 'e') + 1);
    if (exponent < -4 || exponent > 15)
        return nescio_arena_strdup(arena, text);
    return nescio_arena_printf(arena, "%.*f", digits - 1 - exponent > 1 ? digits - 1 - exponent : 1,
                               v);
}

static const char *element_text(nescio_arena *arena, const nescio_tensor *t, int64_t i)
{
    if (nescio_dtype_is_float(t->dtype))
        return float_text(arena, nescio_tensor_get_f64(t, (size_t)i), t->dtype == NESCIO_F32);
    if (t->dtype == NESCIO_BOOL)
        return ((const uint8_t *)t->data)[i] ? "True" : "False";
    if (t->dtype == NESCIO_U64)
        return nescio_arena_printf(arena, "%" PRIu64, ((const uint64_t *)t->data)[i]);
    return nescio_arena_printf(arena, "%" PRId64, nescio_tensor_get_i64(t, (size_t)i));
}

static nescio_status cast_to_text(nescio_refexec_call *call)
{
    const nescio_tensor *const x = call->inputs[0];
    const int64_t n = nescio_count(x);
    const char **y;

    NESCIO_TRY(nescio_call_output(call, 0, NESCIO_STRING, x->rank, x->dims));
    y = call->outputs[0].data;
    for (int64_t i = 0; i < n; i++) {
        y[i] = element_text(call->arena, x, i);
        if (!y[i])
            return nescio_call_nomem(call);
    }
    return NESCIO_OK;
}

/* Integers are read as integers where that is possible: a double would lose digits beyond 2^53. */
static nescio_status cast_from_text(nescio_refexec_call *call, nescio_dtype to)
{
    const nescio_tensor *const x = call->inputs[0];
    const char *const *const text = x->data;
    const int64_t n = nescio_count(x);
    const bool whole = nescio_dtype_is_integer(to);
    nescio_tensor wide;

    NESCIO_TRY(nescio_tensor_arena(call->ctx, call->arena, &wide, whole ? NESCIO_I64 : NESCIO_F64,
                                   x->rank, x->dims));
    for (int64_t i = 0; i < n; i++) {
        char *end;

        if (whole)
            ((int64_t *)wide.data)[i] = strtoll(text[i], &end, 10);
        else
            ((double *)wide.data)[i] = strtod(text[i], &end);
        if (*end || end == text[i])
            return nescio_call_fail(call, NESCIO_E_ARG, "'%.40s' is no %s", text[i],
                                    nescio_dtype_name(to));
    }
    return nescio_tensor_cast(call->ctx, &call->outputs[0], &wide, to);
}

nescio_status nescio_run_cast(nescio_refexec_call *call)
{
    const nescio_dtype to = (nescio_dtype)nescio_node_int(call->node, "to", 0);
    const nescio_tensor *x;

    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_ANY, 0, NESCIO_RANK_MAX));
    x = call->inputs[0];
    if (nescio_dtype_class(to) == 0)
        return nescio_call_fail(call, NESCIO_E_UNSUPPORTED, "type %d to cast to", (int)to);
    if (to == x->dtype)
        return nescio_call_forward(call, 0, 0, x->rank, x->dims);
    if (to == NESCIO_STRING)
        return cast_to_text(call);
    if (x->dtype == NESCIO_STRING)
        return cast_from_text(call, to);
    return nescio_tensor_cast(call->ctx, &call->outputs[0], x, to);
}
