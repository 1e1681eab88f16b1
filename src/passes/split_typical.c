/* SPDX-License-Identifier: Apache-2.0
 * What the split's rules say of an operator's most ordinary node: rows of four numbers in and out,
 * axis 1, all other operands constant. For lists of operators. */
#include "passes/passes.h"
#include "passes/split_internal.h"

bool nescio_split_takes(nescio_op op)
{
    static const int64_t keep[2] = {0, 1};
    int64_t one = 1;
    const nescio_tensor axis = {
        .dtype = NESCIO_I64, .rank = 1, .dims = {1}, .stride = {1}, .data = &one};
    const nescio_op_info *const info = nescio_op_get(op);
    nescio_value rows = {.name = "rows", .shape = {2, {NESCIO_DIM_UNKNOWN, 4}, {"rows"}}};
    nescio_value constant = {.name = "one", .constant = &axis, .shape = {1, {1}, {NULL}}};
    nescio_value *inputs[] = {&rows,     &constant, &constant, &constant,
                              &constant, &constant, &constant, &constant};
    nescio_value *outputs[] = {&rows};
    nescio_attr attrs[] = {{.name = "axis", .kind = NESCIO_ATTR_INT, .count = 1, .i = 1},
                           {.name = "perm", .kind = NESCIO_ATTR_INTS, .count = 2, .ints = keep}};
    const int most = (int)(sizeof inputs / sizeof *inputs);
    const int n = info->max_inputs < 0 || info->max_inputs > most ? 2 : info->max_inputs;
    const nescio_node node = {.op = op,
                              .name = info->name,
                              .n_inputs = (uint32_t)(n < info->min_inputs ? info->min_inputs : n),
                              .n_outputs = 1,
                              .n_attrs = 2,
                              .inputs = inputs,
                              .outputs = outputs,
                              .attrs = attrs};

    return node.n_inputs <= (uint32_t)most && nescio_split_role(&node) != NESCIO_ROLE_BODY;
}
