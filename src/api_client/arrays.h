/* SPDX-License-Identifier: Apache-2.0
 * The client side of the public interface: include/nescio/context.h, tensor.h, client.h.
 *
 * Translates arguments and errors, nothing else. What libnescio-client exports is this room and the
 * exported part of base. This header is for the room `api`, which hands the same lists of arrays to
 * models and packages. */
#ifndef NESCIO_API_CLIENT_ARRAYS_H
#define NESCIO_API_CLIENT_ARRAYS_H
#include "codec/codec.h"
#include "nescio/tensor.h"
#include "tensor/tensor.h"

/** Appends `t` under `name` (NULL: none); takes its elements, also on failure. */
NESCIO_MUST_CHECK nescio_status nescio_arrays_take(nescio_ctx *ctx, nescio_arrays *arrays,
                                                   const char *name, nescio_tensor *t);
/** The list's arrays in the order of `names`, as borrowed tensors into out[n]: by name, or by
 * position where the list's array has none. NESCIO_E_MISMATCH: a name is missing, unknown or given
 * twice, or the number differs. */
NESCIO_MUST_CHECK nescio_status nescio_arrays_match(nescio_ctx *ctx, const nescio_arrays *arrays,
                                                    const char *const *names, size_t n,
                                                    nescio_tensor *out);
/** The list's arrays in the order of the model's inputs, as borrowed tensors in a new array that
 * the caller frees. */
NESCIO_MUST_CHECK nescio_status nescio_arrays_for_codec(nescio_ctx *ctx, const nescio_codec *codec,
                                                        const nescio_arrays *inputs,
                                                        nescio_tensor **out);
/** Integers of encrypted outputs as the model's outputs, a new list. */
NESCIO_MUST_CHECK nescio_status nescio_arrays_from_codec(nescio_ctx *ctx, const nescio_codec *codec,
                                                         const nescio_rows *rows,
                                                         nescio_arrays **out);
#endif /* NESCIO_API_CLIENT_ARRAYS_H */
