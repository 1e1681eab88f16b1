/* SPDX-License-Identifier: Apache-2.0
 * Encoders: LabelEncoder, CategoryMapper (key -> value), OneHotEncoder (category -> position). Keys
 * are sorted once a call, so a look-up takes logarithmic time. */
#include "refexec/ml_common.h"
#include "refexec/run_table.h"

#include <math.h>
#include <stdlib.h>

/* A key of any type: text, or a number under an order-keeping code (NaN included, equal to itself).
 */
typedef struct key {
    const char *text; /* NULL: a number */
    uint64_t code;
    int64_t position; /* in the list the keys came from */
} key;

static uint64_t float_code(double v)
{
    uint64_t bits;

    if (isnan(v))
        return UINT64_MAX;
    v += 0.0; /* -0 is 0 */
    memcpy(&bits, &v, sizeof bits);
    return bits;
}

static int compare_keys(const key *a, const key *b)
{
    if (a->text && b->text)
        return strcmp(a->text, b->text);
    return a->code < b->code ? -1 : a->code > b->code;
}

static int by_key_then_position(const void *a, const void *b)
{
    const key *const x = a, *const y = b;
    const int c = compare_keys(x, y);

    return c ? c : x->position < y->position ? -1 : x->position > y->position;
}

/* Keys of one type, sorted. */
typedef struct dictionary {
    key *keys;
    int64_t n;
    unsigned class; /* NESCIO_TYPES_*: what is looked up */
} dictionary;

static key key_of(const nescio_tensor *t, int64_t i)
{
    if (t->dtype == NESCIO_STRING)
        return (key){((const char *const *)t->data)[i], 0, i};
    if (nescio_dtype_is_float(t->dtype))
        return (key){NULL, float_code(nescio_tensor_get_f64(t, (size_t)i)), i};
    return (key){NULL, (uint64_t)nescio_tensor_get_i64(t, (size_t)i), i};
}

static void sort_dictionary(dictionary *d)
{
    qsort(d->keys, (size_t)d->n, sizeof *d->keys, by_key_then_position);
}

/* Position of k in the list of keys, the first of equals; -1: not there. */
static int64_t look_up(const dictionary *d, const key *k)
{
    int64_t low = 0, high = d->n;

    while (low < high) {
        const int64_t middle = low + (high - low) / 2;

        if (compare_keys(&d->keys[middle], k) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < d->n && compare_keys(&d->keys[low], k) == 0 ? d->keys[low].position : -1;
}

/* The list under attribute `name` (INTS, FLOATS, STRINGS or a one-axis TENSOR) as a tensor that
 * borrows or lies in the call's arena. *found says whether there is one. */
static nescio_status read_any_list(const nescio_refexec_call *call, const char *name,
                                   nescio_tensor *out, bool *found)
{
    const nescio_attr *const a = nescio_node_attr(call->node, name);
    int64_t n;

    *found = a != NULL;
    if (!a)
        return NESCIO_OK;
    n = (int64_t)a->count;
    switch (a->kind) {
    case NESCIO_ATTR_INTS:
        NESCIO_TRY(nescio_tensor_shape(call->ctx, out, NESCIO_I64, 1, &n));
        out->data = (void *)(uintptr_t)a->ints;
        return NESCIO_OK;
    case NESCIO_ATTR_FLOATS:
        NESCIO_TRY(nescio_tensor_shape(call->ctx, out, NESCIO_F64, 1, &n));
        out->data = (void *)(uintptr_t)a->floats;
        return NESCIO_OK;
    case NESCIO_ATTR_STRINGS:
        NESCIO_TRY(nescio_tensor_shape(call->ctx, out, NESCIO_STRING, 1, &n));
        out->data = (void *)(uintptr_t)a->strings;
        return NESCIO_OK;
    case NESCIO_ATTR_TENSOR: /* may borrow from a file: copied for alignment */
        NESCIO_TRY(
            nescio_tensor_arena(call->ctx, call->arena, out, a->t->dtype, a->t->rank, a->t->dims));
        memcpy(out->data, a->t->data, nescio_tensor_count(a->t) * nescio_dtype_bytes(a->t->dtype));
        return NESCIO_OK;
    default: return nescio_call_fail(call, NESCIO_E_FORMAT, "attribute '%s' is no list", name);
    }
}

/* The first of `names` that is there. */
static nescio_status read_first_list(const nescio_refexec_call *call, const char *const *names,
                                     nescio_tensor *out)
{
    bool found = false;

    for (; *names && !found; names++)
        NESCIO_TRY(read_any_list(call, *names, out, &found));
    return found ? NESCIO_OK
                 : nescio_call_fail(call, NESCIO_E_FORMAT, "no keys, values or categories");
}

static nescio_status build_dictionary(const nescio_refexec_call *call, const nescio_tensor *keys,
                                      dictionary *d)
{
    d->n = nescio_count(keys);
    d->class = nescio_dtype_class(keys->dtype);
    d->keys = nescio_call_scratch(call, d->n + 1, sizeof *d->keys);
    if (!d->keys)
        return nescio_call_nomem(call);
    for (int64_t i = 0; i < d->n; i++)
        d->keys[i] = key_of(keys, i);
    sort_dictionary(d);
    return NESCIO_OK;
}

/* Element for keys that are not there, of the type of `values`. */
typedef struct fallback {
    const char *text;
    int64_t integer;
    double real;
} fallback;

static nescio_status read_fallback(const nescio_refexec_call *call, fallback *f)
{
    nescio_tensor given;
    bool found;

    *f = (fallback){nescio_node_string(call->node, "default_string", "_Unused"),
                    nescio_node_int(call->node, "default_int64", -1),
                    nescio_node_float(call->node, "default_float", -0.0)};
    NESCIO_TRY(read_any_list(call, "default_tensor", &given, &found));
    if (!found || nescio_count(&given) < 1)
        return NESCIO_OK;
    if (given.dtype == NESCIO_STRING) {
        f->text = ((const char *const *)given.data)[0];
    } else {
        f->integer = nescio_dtype_is_float(given.dtype) ? 0 : nescio_tensor_get_i64(&given, 0);
        f->real = nescio_tensor_get_f64(&given, 0);
    }
    return NESCIO_OK;
}

#define SET_INTEGER(dt, T, ...)                                                                    \
    case dt:                                                                                       \
        ((T *)y->data)[i] = (T)f->integer;                                                         \
        break;
#define SET_REAL(dt, T, ...)                                                                       \
    case dt: ((T *)y->data)[i] = (T)f->real; break;

static void set_fallback(nescio_tensor *y, int64_t i, const fallback *f)
{
    switch (y->dtype) {
        NESCIO_CASES_INTEGER(SET_INTEGER, 0)
        NESCIO_CASES_FLOAT(SET_REAL, 0)
    case NESCIO_BOOL: ((uint8_t *)y->data)[i] = f->integer != 0; break;
    case NESCIO_STRING: ((const char **)y->data)[i] = f->text; break;
    default: break;
    }
}

/* y[i] = values[position of x[i] among keys]. FLOATS lists give float32. */
static nescio_status map_elements(nescio_refexec_call *call, const nescio_tensor *keys,
                                  const nescio_tensor *values, bool values_are_attribute_floats,
                                  const fallback *f)
{
    const nescio_tensor *const x = call->inputs[0];
    const int64_t n = nescio_count(x);
    nescio_tensor narrow = *values;
    dictionary d;
    size_t size;

    NESCIO_TRY(build_dictionary(call, keys, &d));
    if (d.class != nescio_dtype_class(x->dtype) || nescio_count(values) < d.n)
        return nescio_call_fail(
            call, NESCIO_E_FORMAT,
            "keys are %s, the input is %s, and there are %lld values for %lld keys",
            nescio_dtype_name(keys->dtype), nescio_dtype_name(x->dtype),
            (long long)nescio_count(values), (long long)d.n);
    if (values_are_attribute_floats) {
        nescio_tensor cast;

        NESCIO_TRY(nescio_tensor_arena(call->ctx, call->arena, &narrow, NESCIO_F32, values->rank,
                                       values->dims));
        NESCIO_TRY(nescio_tensor_cast(call->ctx, &cast, values, NESCIO_F32));
        memcpy(narrow.data, cast.data, nescio_tensor_count(values) * sizeof(float));
        nescio_tensor_free(&cast);
    }
    NESCIO_TRY(nescio_call_output(call, 0, narrow.dtype, x->rank, x->dims));
    size = nescio_dtype_bytes(narrow.dtype);
    for (int64_t i = 0; i < n; i++) {
        const key k = key_of(x, i);
        const int64_t at = look_up(&d, &k);

        if (at >= 0)
            memcpy((char *)call->outputs[0].data + (size_t)i * size,
                   (const char *)narrow.data + (size_t)at * size, size);
        else
            set_fallback(&call->outputs[0], i, f);
    }
    return NESCIO_OK;
}

nescio_status nescio_run_label_encoder(nescio_refexec_call *call)
{
    static const char *const key_names[] = {"keys_tensor", "keys_strings", "keys_int64s",
                                            "keys_floats", NULL};
    static const char *const value_names[] = {"values_tensor", "values_strings", "values_int64s",
                                              "values_floats", NULL};
    nescio_tensor keys, values;
    fallback f;

    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_ANY, 0, NESCIO_RANK_MAX));
    NESCIO_TRY(read_first_list(call, key_names, &keys));
    NESCIO_TRY(read_first_list(call, value_names, &values));
    NESCIO_TRY(read_fallback(call, &f));
    return map_elements(
        call, &keys, &values,
        values.dtype == NESCIO_F64 && !nescio_node_attr(call->node, "values_tensor"), &f);
}

/* int64 <-> string, in the direction that the input asks for. */
nescio_status nescio_run_category_mapper(nescio_refexec_call *call)
{
    static const char *const int_names[] = {"cats_int64s", NULL}, *const text_names[] = {
                                                                      "cats_strings", NULL};
    nescio_tensor ints, strings;
    fallback f;

    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_INTEGER | NESCIO_TYPES_STRING, 0,
                                  NESCIO_RANK_MAX));
    NESCIO_TRY(read_first_list(call, int_names, &ints));
    NESCIO_TRY(read_first_list(call, text_names, &strings));
    NESCIO_TRY(read_fallback(call, &f));
    if (call->inputs[0]->dtype == NESCIO_STRING)
        return map_elements(call, &strings, &ints, false, &f);
    return map_elements(call, &ints, &strings, false, &f);
}

/* Numbers are compared as integers: a float category is cut toward zero, as ONNX's int64 categories
 * want. */
nescio_status nescio_run_one_hot_encoder(nescio_refexec_call *call)
{
    static const char *const names[] = {"cats_strings", "cats_int64s", NULL};
    const bool zeros = nescio_node_int(call->node, "zeros", 1) != 0;
    int64_t dims[NESCIO_RANK_MAX], n;
    const nescio_tensor *x;
    nescio_tensor categories;
    dictionary d;

    NESCIO_TRY(nescio_call_expect(call, 0, NESCIO_TYPES_ANY, 0, NESCIO_RANK_MAX - 1));
    x = call->inputs[0];
    NESCIO_TRY(read_first_list(call, names, &categories));
    NESCIO_TRY(build_dictionary(call, &categories, &d));
    if ((x->dtype == NESCIO_STRING) != (d.class == NESCIO_TYPES_STRING))
        return nescio_call_fail(call, NESCIO_E_FORMAT, "categories are %s, the input is %s",
                                nescio_dtype_name(categories.dtype), nescio_dtype_name(x->dtype));
    if (x->dtype != NESCIO_STRING)
        NESCIO_TRY(nescio_call_cast_input(call, 0, NESCIO_I64, &x));
    memcpy(dims, x->dims, sizeof dims);
    dims[x->rank] = d.n;
    NESCIO_TRY(nescio_call_output(call, 0, NESCIO_F32, x->rank + 1, dims));
    n = nescio_count(x);
    for (int64_t i = 0; i < n; i++) {
        const key k = key_of(x, i);
        const int64_t at = look_up(&d, &k);

        if (at >= 0)
            ((float *)call->outputs[0].data)[i * d.n + at] = 1;
        else if (!zeros)
            return nescio_call_fail(call, NESCIO_E_ARG, "element %lld is of no known category",
                                    (long long)i);
    }
    return NESCIO_OK;
}
