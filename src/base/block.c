/* SPDX-License-Identifier: Apache-2.0
 * Big blocks. Evaluation keys are read end to end for every bootstrapping, so from 2 MB on they ask
 * for huge pages: one address translation instead of 512. */
#include "base/bytes.h"
#include "base/ctx.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define LINE_BYTES      ((size_t)64)
#define HUGE_PAGE_BYTES ((size_t)2 << 20)

/* Maps `bytes` (a multiple of 2 MB) at a multiple of 2 MB: maps 2 MB more, gives the ends back. */
static void *map_aligned(size_t bytes)
{
    const size_t mapped = bytes + HUGE_PAGE_BYTES;
    char *start = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    size_t before;

    if (start == MAP_FAILED)
        return NULL;
    before = (size_t)(-(uintptr_t)start & (HUGE_PAGE_BYTES - 1));
    if (before > 0)
        munmap(start, before);
    if (before < HUGE_PAGE_BYTES)
        munmap(start + before + bytes, HUGE_PAGE_BYTES - before);
#ifdef MADV_HUGEPAGE
    /* Advice: a kernel without huge pages says no, and nothing is lost. */
    (void)madvise(start + before, bytes, MADV_HUGEPAGE);
#endif
    return start + before;
}

void *nescio_block_alloc(size_t bytes)
{
    void *block;

    if (bytes > SIZE_MAX / 2)
        return NULL;
    if (bytes >= HUGE_PAGE_BYTES)
        return map_aligned(nescio_size_round_up(bytes, HUGE_PAGE_BYTES));
    bytes = bytes ? nescio_size_round_up(bytes, LINE_BYTES) : LINE_BYTES;
    block = aligned_alloc(LINE_BYTES, bytes);
    if (block)
        memset(block, 0, bytes);
    return block;
}

void nescio_block_free(void *block, size_t bytes)
{
    if (!block)
        return;
    if (bytes >= HUGE_PAGE_BYTES)
        munmap(block, nescio_size_round_up(bytes, HUGE_PAGE_BYTES));
    else
        free(block);
}
