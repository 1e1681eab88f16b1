/* SPDX-License-Identifier: Apache-2.0
 * Adapters of ai.onnx.ml's maps and encoders, and of QONNX. */
#include "onnx/import_internal.h"

#include <ctype.h>
#include <string.h>

/* A sequence of maps from label to score becomes the scores themselves, columns in the order of the
 * labels. */
void nescio_adapt_zip_map(nescio_adapt *a)
{
    nescio_adapt_emit(a, NESCIO_OP_IDENTITY, 0, 1, nescio_adapt_in(a, 0));
}

/* An input that is a map from word or number to value: the graph's input becomes the row that
 * DictVectorizer or CastMap makes of it, a column for each key. */
void nescio_adapt_map_input(nescio_adapt *a)
{
    const nescio_onnx_attr *const words = nescio_adapt_attr(a, "string_vocabulary");
    const nescio_onnx_attr *const numbers = nescio_adapt_attr(a, "int64_vocabulary");
    nescio_value *const x = nescio_adapt_in(a, 0);

    if (!x || !x->is_input || x->dtype != NESCIO_DTYPE_NONE) {
        nescio_adapt_refuse(a, "a map that is no input of the model");
        return;
    }
    x->dtype = NESCIO_F32;
    if (nescio_adapt_is(a, "cast_to", "TO_INT64", "TO_FLOAT"))
        x->dtype = NESCIO_I64;
    else if (nescio_adapt_is(a, "cast_to", "TO_STRING", "TO_FLOAT"))
        x->dtype = NESCIO_STRING;
    x->shape = (nescio_shape){.rank = 2, .dims = {NESCIO_DIM_UNKNOWN, NESCIO_DIM_UNKNOWN}};
    if (words || numbers)
        x->shape.dims[1] = (int64_t)(words ? words->n_strings : numbers->n_ints);
    nescio_adapt_emit(a, NESCIO_OP_IDENTITY, 0, 1, x);
}

static bool out_of_memory(nescio_adapt *a, const void *made)
{
    if (!made && a->st == NESCIO_OK)
        a->st = nescio_fail_nomem(a->ctx, sizeof(nescio_attr));
    return !made;
}

/* Opset 1: a list of words; words in give their place, places in give the word. */
static void encoder_of_classes(nescio_adapt *a, nescio_node *node, const nescio_onnx_attr *classes)
{
    const bool words_in = node->inputs[0] && node->inputs[0]->dtype == NESCIO_STRING;
    const char **words = nescio_arena_array(a->im->scratch, classes->n_strings, sizeof *words);
    int64_t *places = nescio_arena_array(a->im->scratch, classes->n_strings, sizeof *places);

    if (out_of_memory(a, words) || out_of_memory(a, places))
        return;
    for (size_t i = 0; i < classes->n_strings && a->st == NESCIO_OK; i++) {
        words[i] = nescio_adapt_text(a, classes->strings[i]);
        places[i] = (int64_t)i;
    }
    if (a->st != NESCIO_OK)
        return;
    (void)(out_of_memory(a,
                         nescio_node_set_strings(node, words_in ? "keys_strings" : "values_strings",
                                                 words, classes->n_strings)) ||
           out_of_memory(a, nescio_node_set_ints(node, words_in ? "values_int64s" : "keys_int64s",
                                                 places, classes->n_strings)));
}

/* Opset 4: a tensor attribute as the list attribute of its kind, prefix_int64s, _floats or
 * _strings; its dtype. */
static nescio_dtype encoder_of_tensor(nescio_adapt *a, nescio_node *node, const char *attr_name,
                                      const char *prefix, bool single)
{
    const nescio_onnx_attr *const attr = nescio_adapt_attr(a, attr_name);
    nescio_arena *const scratch = a->im->scratch;
    const char *kind;
    const void *made;
    nescio_tensor t, flat;
    size_t n;

    if (!attr || a->st != NESCIO_OK)
        return NESCIO_DTYPE_NONE;
    a->st = nescio_onnx_tensor_decode(&a->im->decoder, attr->t, &t);
    if (a->st != NESCIO_OK)
        return NESCIO_DTYPE_NONE;
    n = nescio_tensor_count(&t);
    if (single && n != 1) {
        nescio_adapt_fail(a, "default_tensor has %zu elements", n);
        return NESCIO_DTYPE_NONE;
    }
    kind = t.dtype == NESCIO_STRING ? "string" : nescio_dtype_is_float(t.dtype) ? "float" : "int64";
    kind = nescio_arena_printf(scratch, "%s_%s%s", prefix, kind, single ? "" : "s");
    if (out_of_memory(a, kind))
        return t.dtype;
    a->st = nescio_tensor_cast(a->ctx, &flat, &t,
                               t.dtype == NESCIO_STRING         ? NESCIO_STRING
                               : nescio_dtype_is_float(t.dtype) ? NESCIO_F64
                                                                : NESCIO_I64);
    if (a->st != NESCIO_OK)
        return t.dtype;
    if (t.dtype == NESCIO_STRING)
        made = single ? nescio_node_set_string(node, kind, *(const char **)flat.data)
                      : nescio_node_set_strings(node, kind, (const char *const *)flat.data, n);
    else if (nescio_dtype_is_float(t.dtype))
        made = single ? nescio_node_set_float(node, kind, *(const double *)flat.data)
                      : nescio_node_set_floats(node, kind, flat.data, n);
    else
        made = single ? nescio_node_set_int(node, kind, *(const int64_t *)flat.data)
                      : nescio_node_set_ints(node, kind, flat.data, n);
    nescio_tensor_free(&flat);
    (void)out_of_memory(a, made);
    return t.dtype;
}

/* Keys and values as list attributes (opset 2). Elements of other types than float32, int64, string
 * are converted around it. */
void nescio_adapt_label_encoder(nescio_adapt *a)
{
    const nescio_onnx_attr *const classes = nescio_adapt_attr(a, "classes_strings");
    const nescio_onnx_attr *const result = nescio_adapt_attr(a, "values_tensor");
    const int32_t type = result && result->t ? result->t->dtype : 0;
    const bool converts =
        type != 0 && type != NESCIO_F32 && type != NESCIO_I64 && type != NESCIO_STRING;
    const int k = converts ? -1 : 0;
    nescio_node *const node = nescio_adapt_node(a, NESCIO_OP_LABEL_ENCODER, a->in, a->n_in, &k, 1);

    if (!node)
        return;
    nescio_adapt_copy_all(a, node);
    if (classes)
        encoder_of_classes(a, node, classes);
    encoder_of_tensor(a, node, "keys_tensor", "keys", false);
    encoder_of_tensor(a, node, "values_tensor", "values", false);
    encoder_of_tensor(a, node, "default_tensor", "default", true);
    if (converts && a->st == NESCIO_OK)
        nescio_adapt_set_int(a, nescio_adapt_emit(a, NESCIO_OP_CAST, 0, 1, node->outputs[0]), "to",
                             nescio_onnx_dtype(type));
}

/* Quant, Trunc: rounding modes occur in both cases. */
void nescio_adapt_qonnx(nescio_adapt *a)
{
    const nescio_onnx_attr *const mode = nescio_adapt_attr(a, "rounding_mode");
    char upper[32] = {0};

    nescio_adapt_same(a);
    if (!mode || a->st != NESCIO_OK || !a->out[0])
        return;
    if (mode->s.bytes >= sizeof upper) {
        nescio_adapt_refuse(a, "rounding_mode '%.*s'", NESCIO_SLICE_ARGS(mode->s));
        return;
    }
    for (size_t i = 0; i < mode->s.bytes; i++)
        upper[i] = (char)toupper((unsigned char)mode->s.at[i]);
    nescio_adapt_set_string(a, a->out[0], "rounding_mode", upper);
}
