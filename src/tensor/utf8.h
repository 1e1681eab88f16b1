/* SPDX-License-Identifier: Apache-2.0
 * Code points and UTF-8 (RFC 3629): shortest forms only, no surrogates. */
#ifndef NESCIO_TENSOR_UTF8_H
#define NESCIO_TENSOR_UTF8_H
#include <stddef.h>
#include <stdint.h>

/** Bytes of the code point, put at `out` (room for 4); 0 when it is a surrogate or over U+10FFFF.
 */
size_t nescio_utf8_encode(char *out, uint32_t code);
/** The code point that the zero-terminated *s starts with; moves *s past it. UINT32_MAX: not UTF-8.
 */
uint32_t nescio_utf8_decode(const char **s);
#endif /* NESCIO_TENSOR_UTF8_H */
