/* SPDX-License-Identifier: Apache-2.0
 * Parts of the pipeline. */
#ifndef NESCIO_COMPILE_COMPILE_INTERNAL_H
#define NESCIO_COMPILE_COMPILE_INTERNAL_H
#include "compile/compile.h"

/** A graph that hands each input (or output) of a circuit through: the head (or tail) of a bare
 * circuit. Returns new. */
NESCIO_MUST_CHECK nescio_status nescio_clear_graph_for(nescio_ctx *ctx,
                                                       const nescio_circuit *circuit, bool inputs,
                                                       nescio_graph **out);
#endif
