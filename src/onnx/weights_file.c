/* SPDX-License-Identifier: Apache-2.0
 * Weights in a file of their own: offsets and pieces. */
#include "onnx/weights_file.h"

#include <stdlib.h>

#define ALIGNMENT ((size_t)64) /* whoever maps the file can use the elements where they lie */
#define LEAST     ((size_t)1024)

bool nescio_weights_file_takes(const nescio_tensor *t)
{
    return NESCIO_FILE_ORDER_IS_OURS && t->dtype != NESCIO_STRING &&
           nescio_tensor_is_contiguous(t) &&
           nescio_tensor_count(t) * nescio_dtype_bytes(t->dtype) >= LEAST;
}

static void add_piece(nescio_weights_file *w, const void *data, size_t bytes)
{
    if (w->n_pieces == w->capacity) {
        const size_t capacity = w->capacity ? 2 * w->capacity : 64;
        nescio_piece *longer = realloc(w->pieces, capacity * sizeof *longer);

        if (!longer) {
            w->bad = true;
            return;
        }
        w->pieces = longer;
        w->capacity = capacity;
    }
    w->pieces[w->n_pieces++] = (nescio_piece){data, bytes};
    w->bytes += bytes;
}

size_t nescio_weights_file_add(nescio_weights_file *w, const nescio_tensor *t)
{
    static const char zeros[ALIGNMENT];
    const size_t gap = (size_t)(-w->bytes & (ALIGNMENT - 1));
    size_t offset;

    if (gap > 0)
        add_piece(w, zeros, gap);
    offset = w->bytes;
    add_piece(w, t->data, nescio_tensor_count(t) * nescio_dtype_bytes(t->dtype));
    return offset;
}

void nescio_weights_file_free(nescio_weights_file *w)
{
    free(w->pieces);
    w->pieces = NULL;
    w->n_pieces = w->capacity = 0;
}
