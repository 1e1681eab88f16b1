/* SPDX-License-Identifier: Apache-2.0
 * Counts the bytes that the project's own objects hold: the linker sends their malloc, calloc,
 * realloc, aligned_alloc, posix_memalign, strdup, strndup, free, mmap and munmap here (--wrap).
 * What libraries allocate inside is not seen. One thread. */
#ifndef NESCIO_TESTS_COUNT_MEMORY_H
#define NESCIO_TESTS_COUNT_MEMORY_H
#include <stddef.h>

/** Counts from zero; what is held now does not count, nor does giving it back. */
void count_memory_begin(void);
/** The most bytes that were held at one moment since then; a request that was refused counts too.
 */
size_t count_memory_most(void);
/** Bytes held now that were not when counting began. */
size_t count_memory_left(void);
#endif /* NESCIO_TESTS_COUNT_MEMORY_H */
