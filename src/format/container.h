/* SPDX-License-Identifier: Apache-2.0
 * The safetensors container: read and checked whole, or built and written atomically. */
#ifndef NESCIO_FORMAT_CONTAINER_H
#define NESCIO_FORMAT_CONTAINER_H
#include "tensor/tensor.h"

#define NESCIO_FORMAT_VERSION 0 /**< major version of all files; 0: no promise yet */
#define NESCIO_HASH_BYTES     32
#define NESCIO_ID_BYTES       16
#define NESCIO_ID_TEXT        (2 * NESCIO_ID_BYTES + 1) /**< hexadecimal and terminator */

typedef struct nescio_container nescio_container;

/** One tensor of a container. Borrowed from it. */
typedef struct nescio_entry {
    const char *name;
    nescio_dtype dtype;
    int rank;
    int64_t dims[NESCIO_RANK_MAX];
    size_t count;        /**< elements */
    size_t bytes;        /**< count * element bytes */
    const uint8_t *data; /**< little-endian; aligned to its element's size in files that Nescio
                            wrote (checked) */
} nescio_entry;

/** Maps `path`, checks structure and hash. `kinds`: names accepted in nescio.kind, NULL-terminated.
 * Errors name the path. Returns new. */
NESCIO_MUST_CHECK nescio_status nescio_container_open(nescio_ctx *ctx, const char *path,
                                                      const char *const *kinds,
                                                      nescio_container **out);
/** The same on bytes in memory, which are copied. `name` stands in messages. */
NESCIO_MUST_CHECK nescio_status nescio_container_parse(nescio_ctx *ctx, const void *data,
                                                       size_t bytes, const char *name,
                                                       const char *const *kinds,
                                                       nescio_container **out);
void nescio_container_free(nescio_container *c);
/** What to call it in messages: its path. */
const char *nescio_container_name(const nescio_container *c);
const char *nescio_container_kind(const nescio_container *c);
/** String of __metadata__, NULL when absent. */
const char *nescio_container_meta(const nescio_container *c, const char *key);
/** Required metadata of NESCIO_ID_BYTES in hexadecimal. */
NESCIO_MUST_CHECK nescio_status nescio_container_id(nescio_ctx *ctx, const nescio_container *c,
                                                    const char *key, uint8_t id[NESCIO_ID_BYTES]);
size_t nescio_container_count(const nescio_container *c);
const nescio_entry *nescio_container_at(const nescio_container *c, size_t i);
/** NULL: no such tensor. */
const nescio_entry *nescio_container_find(const nescio_container *c, const char *name);
/** Tensor that must be there with that dtype; NESCIO_E_FORMAT names file and tensor. */
NESCIO_MUST_CHECK nescio_status nescio_container_need(nescio_ctx *ctx, const nescio_container *c,
                                                      const char *name, nescio_dtype dtype,
                                                      const nescio_entry **out);
size_t nescio_container_bytes(const nescio_container *c);

/** A container being built. Zero-initialise; free with nescio_builder_free. Tensor data is borrowed
 * until written. After a failed allocation `bad` is true, and writing says so. */
typedef struct nescio_builder {
    struct nescio_builder_tensor *tensors;
    size_t n_tensors, cap_tensors;
    struct nescio_builder_meta *meta;
    size_t n_meta, cap_meta;
    bool bad;
} nescio_builder;

void nescio_builder_free(nescio_builder *b);
void nescio_builder_meta(nescio_builder *b, const char *key, const char *value);
void nescio_builder_meta_id(nescio_builder *b, const char *key, const uint8_t id[NESCIO_ID_BYTES]);
/** rank-1 tensor of `count` elements. Give wide elements before narrow ones: then all are aligned.
 */
void nescio_builder_add(nescio_builder *b, const char *name, nescio_dtype dtype, const void *data,
                        size_t count);
/** Sets kind and version, computes the hash, writes with `mode` (0644; 0600 for secrets). */
NESCIO_MUST_CHECK nescio_status nescio_builder_write(nescio_ctx *ctx, nescio_builder *b,
                                                     const char *kind, const char *path,
                                                     unsigned mode);
/** The same into memory (appended to out). */
NESCIO_MUST_CHECK nescio_status nescio_builder_bytes(nescio_ctx *ctx, nescio_builder *b,
                                                     const char *kind, nescio_buffer *out);

/** Lower-case hexadecimal of n bytes and a terminator into text[2 n + 1]. */
void nescio_hex(char *text, const uint8_t *bytes, size_t n);
/** 128-bit BLAKE2b of a byte string: identifies parameters and encodings. */
void nescio_digest_id(uint8_t id[NESCIO_ID_BYTES], const void *data, size_t bytes);
#endif /* NESCIO_FORMAT_CONTAINER_H */
