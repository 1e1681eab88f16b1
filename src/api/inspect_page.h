/* SPDX-License-Identifier: Apache-2.0
 * All stages of a package on one page. */
#ifndef NESCIO_API_INSPECT_PAGE_H
#define NESCIO_API_INSPECT_PAGE_H
#include "format/format.h"

/** HTML of what the file has: head, circuit, plan, tail, in the order of a row's way. `path` is the
 * title. */
NESCIO_MUST_CHECK nescio_status nescio_inspect_page(nescio_ctx *ctx, const char *path,
                                                    const nescio_package *package,
                                                    nescio_buffer *out);
#endif /* NESCIO_API_INSPECT_PAGE_H */
