/* SPDX-License-Identifier: Apache-2.0
 * What reader and writer of containers share. */
#ifndef NESCIO_FORMAT_CONTAINER_INTERNAL_H
#define NESCIO_FORMAT_CONTAINER_INTERNAL_H
#include "format/container.h"

/* Ours have 2 KB. JSON can take fifty times its size in memory, so this bounds what a hostile
 * header costs. */
#define NESCIO_HEADER_MAX ((size_t)1 << 20)
/** In the header: "nescio.hash":" followed by 64 hexadecimal digits, which count as zeros when the
 * hash is computed. */
#define NESCIO_HASH_MARK   "\"nescio.hash\":\""
#define NESCIO_HASH_DIGITS 64

/** safetensors' name of a dtype ("I64"), NULL for one that containers do not hold. */
const char *nescio_container_dtype_name(nescio_dtype t);
/** The inverse; NESCIO_DTYPE_NONE for an unknown name. */
nescio_dtype nescio_container_dtype_find(const char *name);

/** Hash of a whole file of three parts (8-byte length, header, data pieces) with the digits at
 * `mark` taken as '0'. */
void nescio_file_digest(uint8_t out[NESCIO_HASH_BYTES], const uint8_t *prefix,
                        const uint8_t *header, size_t header_bytes, size_t mark,
                        const struct nescio_piece *pieces, size_t n_pieces);
/** Offset in the header of the 64 digits of the hash, which must occur once; SIZE_MAX otherwise. */
size_t nescio_hash_mark(const uint8_t *header, size_t bytes);
/** Computes the hash of a whole file in memory again and writes it in place; does nothing to a file
 * without room for one. For tests and fuzzers, which want damaged files to pass the hash and meet
 * the checks behind it. */
void nescio_container_rehash(uint8_t *file, size_t bytes);
#endif
