/* SPDX-License-Identifier: Apache-2.0
 * Reads a package from end to end, as its users would. */
#ifndef NESCIO_TESTS_WALK_PACKAGE_H
#define NESCIO_TESTS_WALK_PACKAGE_H
#include "format/package.h"

/** NULL, or what a reader should not have let through. */
const char *walk_package(nescio_ctx *ctx, const nescio_package *p);
#endif /* NESCIO_TESTS_WALK_PACKAGE_H */
