/* SPDX-License-Identifier: Apache-2.0
 * What a file that is no ONNX model is instead, by its first bytes. */
#include "onnx/foreign.h"

#include <stdbool.h>
#include <string.h>

#define TEXT_BYTES 512u /* that are looked at for text */

static const struct {
    const char *start;
    size_t bytes;
    const char *what;
} formats[] = {
    {"\x93NUMPY", 6, "an .npy array, no model"},
    {"PK\x03\x04", 4,
     "a zip archive (a PyTorch checkpoint?): the model has to be exported to ONNX"},
    {"\x89HDF\r\n\x1a\n", 8, "an HDF5 file (a Keras model?): the model has to be exported to ONNX"},
    {"\x80\x02", 2, "a Python pickle: the model has to be exported to ONNX"},
    {"\x80\x03", 2, "a Python pickle: the model has to be exported to ONNX"},
    {"\x80\x04", 2, "a Python pickle: the model has to be exported to ONNX"},
    {"\x80\x05", 2, "a Python pickle: the model has to be exported to ONNX"},
    {"\x1f\x8b", 2, "a gzip archive: the model has to be unpacked"},
    {"version https://git-lfs", 23,
     "a pointer of Git LFS: the model itself is not here (git lfs pull)"},
};

/* Letters, line ends, anything beyond ASCII: no control characters, of which every protobuf message
 * of more than a few bytes has some. */
static bool is_text(const unsigned char *data, size_t bytes)
{
    for (size_t i = 0; i < bytes && i < TEXT_BYTES; i++)
        if (data[i] == 0x7f || (data[i] < 0x20 && !memchr("\t\n\r", data[i], 3)))
            return false;
    return bytes > 0;
}

/* 8 bytes of length, then JSON: packages, keys and ciphertexts among them. */
static bool is_safetensors(const unsigned char *data, size_t bytes)
{
    return bytes > 8 && data[8] == '{' && memcmp(data + 4, "\0\0\0", 4) == 0;
}

const char *nescio_onnx_foreign(const void *data, size_t bytes)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (bytes >= formats[i].bytes && memcmp(data, formats[i].start, formats[i].bytes) == 0)
            return formats[i].what;
    if (is_safetensors(data, bytes))
        return "a safetensors file, as packages and keys are, and no ONNX model";
    return is_text(data, bytes) ? "text; an ONNX model is a protobuf file" : NULL;
}
