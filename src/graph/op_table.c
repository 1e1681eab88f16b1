/* SPDX-License-Identifier: Apache-2.0
 * Answers about operators, from the one table. */
#include "graph/op_table.h"

#include <assert.h>
#include <string.h>

#define TYPES_F    NESCIO_TYPES_FLOAT
#define TYPES_I    NESCIO_TYPES_INTEGER
#define TYPES_B    NESCIO_TYPES_BOOL
#define TYPES_FI   (TYPES_F | TYPES_I)
#define TYPES_S    NESCIO_TYPES_STRING
#define TYPES_IS   (TYPES_I | NESCIO_TYPES_STRING)
#define TYPES_FIB  (TYPES_FI | TYPES_B)
#define TYPES_FIS  (TYPES_FI | NESCIO_TYPES_STRING)
#define TYPES_FIBS (TYPES_FIB | NESCIO_TYPES_STRING)

#define DOMAIN_ONNX      "", 21
#define DOMAIN_ML        "ai.onnx.ml", 3
#define DOMAIN_ML5       "ai.onnx.ml", 5
#define DOMAIN_MICROSOFT "com.microsoft", 1
#define DOMAIN_QONNX     "qonnx.custom_op.general", 2

static const nescio_op_info infos[NESCIO_OP_COUNT] = {
#define X(id, name, domain, min_in, max_in, max_out, kind, types)                                  \
    {name, DOMAIN_##domain, min_in, max_in, max_out, NESCIO_KIND_##kind, TYPES_##types},
    NESCIO_OPS(X)
#undef X
};

const nescio_op_info *nescio_op_get(nescio_op op)
{
    assert(op < NESCIO_OP_COUNT);
    return &infos[op];
}

const char *nescio_op_name(nescio_op op)
{
    return nescio_op_get(op)->name;
}

const char *nescio_op_domain(nescio_op op)
{
    return nescio_op_get(op)->domain;
}

nescio_op nescio_op_find(const char *domain, const char *name)
{
    if (strcmp(domain, "ai.onnx") == 0)
        domain = "";
    /* Some 170 short names, asked once a node read: a scan costs less than it would to explain a
     * hash. */
    for (unsigned op = 0; op < NESCIO_OP_COUNT; op++) {
        if (strcmp(infos[op].name, name) == 0 && strcmp(infos[op].domain, domain) == 0)
            return (nescio_op)op;
    }
    return NESCIO_OP_COUNT;
}

bool nescio_op_takes(nescio_op op, size_t n_inputs, size_t n_outputs)
{
    const nescio_op_info *const info = nescio_op_get(op);

    if (n_inputs < (size_t)info->min_inputs || n_outputs == 0)
        return false;
    if (info->max_inputs >= 0 && n_inputs > (size_t)info->max_inputs)
        return false;
    return info->max_outputs < 0 || n_outputs <= (size_t)info->max_outputs;
}
