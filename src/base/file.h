/* SPDX-License-Identifier: Apache-2.0
 * Whole files: mapped to read, replaced atomically to write. "-" is stdin or stdout. */
#ifndef NESCIO_BASE_FILE_H
#define NESCIO_BASE_FILE_H
#include "base/ctx.h"

/** A file's bytes, read-only: mapped, or read into memory when it is a pipe. */
typedef struct nescio_file {
    const uint8_t *data; /**< owned by this struct; NULL for an empty file */
    size_t bytes;
    bool mapped;
} nescio_file;

/** Opens and maps `path` whole. NESCIO_E_IO names the path and the system's reason; directories are
 * refused. */
NESCIO_MUST_CHECK nescio_status nescio_file_open(nescio_ctx *ctx, nescio_file *out,
                                                 const char *path);
/** Leaves *file empty. Accepts a zeroed struct. */
void nescio_file_close(nescio_file *file);

/** One piece of a file to write. Borrowed. */
typedef struct nescio_piece {
    const void *data;
    size_t bytes;
} nescio_piece;

/** Replaces `path` by the pieces in order: temporary file in the same folder with `mode` (0644,
 * 0600), fsync, rename, fsync of the folder. On failure the old file stays and no temporary file is
 * left. A symbolic link stays and the file it names is replaced; a device, pipe or terminal is
 * written to as it is. Over 32 MB it reports progress ("write file") and can be cancelled. */
NESCIO_MUST_CHECK nescio_status nescio_file_write(nescio_ctx *ctx, const char *path, unsigned mode,
                                                  const nescio_piece *pieces, size_t n_pieces);
#endif /* NESCIO_BASE_FILE_H */
