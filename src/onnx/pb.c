/* SPDX-License-Identifier: Apache-2.0
 * Files that hold one TensorProto: ONNX's test vectors, inputs and outputs of the command line. */
#include "onnx/onnx.h"
#include "onnx/tensor_read.h"
#include "onnx/wire_write.h"

#include <string.h>

nescio_status nescio_onnx_tensor_parse(nescio_ctx *ctx, nescio_tensor *out, const void *data,
                                       size_t bytes, const char *name)
{
    nescio_arena *arena = nescio_arena_new();
    const size_t limit = bytes > SIZE_MAX / 64 ? SIZE_MAX / 2 : bytes * 16 + (1 << 20);
    const nescio_onnx_decoder d = {.ctx = ctx, .arena = arena, .max_arena = limit};
    nescio_onnx_tensor message;
    nescio_tensor borrowed;
    nescio_status st;

    *out = (nescio_tensor){0};
    if (!arena)
        return nescio_fail_nomem(ctx, bytes);
    st = nescio_onnx_tensor_message(ctx, arena, limit, (nescio_slice){data, bytes}, &message);
    if (st == NESCIO_OK && message.name.bytes == 0 && name) /* for messages */
        message.name = (nescio_slice){(const uint8_t *)name, strlen(name)};
    if (st == NESCIO_OK)
        st = nescio_onnx_tensor_decode(&d, &message, &borrowed);
    if (st == NESCIO_OK)
        st = nescio_tensor_cast(ctx, out, &borrowed, borrowed.dtype);
    nescio_arena_free(arena);
    return st;
}

nescio_status nescio_onnx_tensor_read(nescio_ctx *ctx, nescio_tensor *out, const char *path)
{
    nescio_file file;
    nescio_status st;

    *out = (nescio_tensor){0};
    NESCIO_TRY(nescio_file_open(ctx, &file, path));
    st = nescio_onnx_tensor_parse(ctx, out, file.data, file.bytes, path);
    nescio_file_close(&file);
    return st;
}

nescio_status nescio_onnx_tensor_write(nescio_ctx *ctx, const nescio_tensor *t, const char *name,
                                       const char *path)
{
    nescio_buffer b = {0};
    nescio_status st;

    nescio_wire_put_tensor(&b, t, name);
    if (b.bad) {
        st = nescio_fail_nomem(ctx, b.bytes);
    } else {
        const nescio_piece piece = {b.data, b.bytes};

        st = nescio_file_write(ctx, path, 0644, &piece, 1);
    }
    nescio_buffer_free(&b);
    return st;
}
