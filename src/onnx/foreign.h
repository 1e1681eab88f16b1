/* SPDX-License-Identifier: Apache-2.0
 * What people take for ONNX models. */
#ifndef NESCIO_ONNX_FOREIGN_H
#define NESCIO_ONNX_FOREIGN_H
#include <stddef.h>

/** "an .npy array" ...: what a file that could not be read as a model looks like; NULL: unknown. */
const char *nescio_onnx_foreign(const void *data, size_t bytes);
#endif /* NESCIO_ONNX_FOREIGN_H */
