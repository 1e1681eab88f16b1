/* SPDX-License-Identifier: Apache-2.0
 * Weights in a file of their own beside the model, as ONNX's external data: one protobuf message
 * holds 2 GB at most. */
#ifndef NESCIO_ONNX_WEIGHTS_FILE_H
#define NESCIO_ONNX_WEIGHTS_FILE_H
#include "tensor/tensor.h"

/** What the file will hold. Zero-initialise but for `location`; free `pieces` by
 * nescio_weights_file_free. */
typedef struct nescio_weights_file {
    const char *location; /**< borrowed: the file's name, without a folder */
    nescio_piece *pieces; /**< they borrow from tensors, which must outlive this */
    size_t n_pieces, capacity;
    size_t bytes; /**< of all pieces */
    bool bad;     /**< no memory */
} nescio_weights_file;

/** Whether a tensor goes there: numbers in file order, of 1 KB or more. */
bool nescio_weights_file_takes(const nescio_tensor *t);
/** Adds the elements at a multiple of 64 bytes and returns that offset. */
size_t nescio_weights_file_add(nescio_weights_file *w, const nescio_tensor *t);
void nescio_weights_file_free(nescio_weights_file *w);
#endif /* NESCIO_ONNX_WEIGHTS_FILE_H */
