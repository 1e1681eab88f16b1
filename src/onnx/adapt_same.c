/* SPDX-License-Identifier: Apache-2.0
 * Operators whose meaning is that of the canonical one: inputs, outputs and attributes are copied.
 */
#include "onnx/import_internal.h"

#define OUTPUTS_MAX 8

void nescio_adapt_same(nescio_adapt *a)
{
    int ks[OUTPUTS_MAX];
    size_t n_out = a->n_out;
    nescio_node *node;

    while (n_out > 1 && !nescio_adapt_wants(a, n_out - 1))
        n_out--;
    if (n_out > OUTPUTS_MAX) {
        nescio_adapt_fail(a, "has %zu outputs", n_out);
        return;
    }
    for (size_t i = 0; i < n_out; i++)
        ks[i] = (int)i;
    node = nescio_adapt_node(a, a->rule->op, a->in, a->n_in, ks, n_out);
    if (node)
        nescio_adapt_copy_all(a, node);
}
