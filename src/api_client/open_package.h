/* SPDX-License-Identifier: Apache-2.0
 * Packages as the public interface opens them: never with parameters below the security floor. */
#ifndef NESCIO_API_CLIENT_OPEN_PACKAGE_H
#define NESCIO_API_CLIENT_OPEN_PACKAGE_H
#include "format/package.h"

/** nescio_package_open, and NESCIO_E_UNSUPPORTED for parameters that the committed curve gives less
 * than NESCIO_SECURITY_FLOOR bits: whoever sends a package must not be able to choose keys that he
 * can break. */
NESCIO_MUST_CHECK nescio_status nescio_package_open_secure(nescio_ctx *ctx, const char *path,
                                                           bool need_client, bool need_server,
                                                           nescio_package **out);
#endif /* NESCIO_API_CLIENT_OPEN_PACKAGE_H */
