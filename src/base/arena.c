/* SPDX-License-Identifier: Apache-2.0
 * Arena: a list of zeroed chunks, each twice the last up to 1 MB; a big request gets a chunk of its
 * own.
 *
 * Under AddressSanitizer what has not been handed out is poisoned, and 16 bytes after each piece
 * stay so: an overrun inside the arena is reported like one of malloc. */
#include "base/arena.h"

#include "base/bytes.h"
#include "base/ctx.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN 1
#endif
#endif
#ifdef ARENA_ASAN
#include <sanitizer/asan_interface.h>
#define POISON(p, n)   ASAN_POISON_MEMORY_REGION(p, n)
#define UNPOISON(p, n) ASAN_UNPOISON_MEMORY_REGION(p, n)
#define RED_ZONE       ((size_t)16)
#else
#define POISON(p, n)   ((void)(p))
#define UNPOISON(p, n) ((void)(p))
#define RED_ZONE       ((size_t)0)
#endif

#define WORD        ((size_t)16)
#define LINE        ((size_t)64)
#define FIRST_CHUNK ((size_t)4 << 10)
#define LAST_CHUNK  ((size_t)1 << 20)
#define BIG_CHUNK   ((size_t)2 << 20)

typedef struct arena_chunk {
    struct arena_chunk *before;
    size_t bytes; /* after this header */
    size_t used;
} arena_chunk;

typedef struct arena_cleanup {
    struct arena_cleanup *before;
    void (*fn)(void *arg);
    void *arg;
} arena_cleanup;

struct nescio_arena {
    arena_chunk *chunks;     /* owned list; the first one is filled */
    arena_cleanup *cleanups; /* last registered first; they live in the arena */
    size_t next_bytes;       /* size of the next chunk */
    size_t handed_out;
    bool failed; /* some allocation */
};

/* Big chunks are blocks, on huge pages: weights are copied at the speed of memory and not of page
 * faults. */
static arena_chunk *alloc_chunk(size_t bytes)
{
    return bytes >= BIG_CHUNK ? nescio_block_alloc(bytes) : calloc(1, bytes);
}

static void free_chunk(arena_chunk *chunk)
{
    const size_t bytes = sizeof *chunk + chunk->bytes;

    UNPOISON(chunk + 1, chunk->bytes);
    if (bytes >= BIG_CHUNK)
        nescio_block_free(chunk, bytes);
    else
        free(chunk);
}

nescio_arena *nescio_arena_new(void)
{
    nescio_arena *arena = calloc(1, sizeof *arena);

    if (arena)
        arena->next_bytes = FIRST_CHUNK;
    return arena;
}

void nescio_arena_free(nescio_arena *arena)
{
    if (!arena)
        return;
    for (const arena_cleanup *c = arena->cleanups; c; c = c->before)
        c->fn(c->arg);
    while (arena->chunks) {
        arena_chunk *chunk = arena->chunks;

        arena->chunks = chunk->before;
        free_chunk(chunk);
    }
    free(arena);
}

/* A chunk with room for `bytes` at any alignment, as the chunk to fill; NULL: no memory. */
static arena_chunk *add_chunk(nescio_arena *arena, size_t bytes)
{
    const size_t need = bytes + LINE;
    const bool own = need > arena->next_bytes / 2;
    const size_t room = own ? need : arena->next_bytes;
    arena_chunk *chunk = alloc_chunk(sizeof *chunk + room);

    if (!chunk)
        return NULL;
    chunk->bytes = room;
    POISON(chunk + 1, room);
    if (own && arena->chunks) { /* behind the first, which may still have room for small pieces */
        chunk->before = arena->chunks->before;
        arena->chunks->before = chunk;
    } else {
        chunk->before = arena->chunks;
        arena->chunks = chunk;
    }
    if (!own && arena->next_bytes < LAST_CHUNK)
        arena->next_bytes *= 2;
    return chunk;
}

/* `bytes` of the chunk at a multiple of `align`; NULL when they do not fit. */
static void *take(arena_chunk *chunk, size_t bytes, size_t align)
{
    char *start = (char *)(chunk + 1);
    const size_t skip = (size_t)(-(uintptr_t)(start + chunk->used) & (align - 1));
    const size_t left = chunk->bytes - chunk->used;

    if (left < skip || left - skip < bytes)
        return NULL;
    chunk->used += skip + bytes;
    return start + chunk->used - bytes;
}

void *nescio_arena_alloc(nescio_arena *arena, size_t bytes)
{
    const size_t align = bytes >= LINE ? LINE : WORD;
    size_t padded;
    void *piece = NULL;

    if (bytes > SIZE_MAX / 4)
        return NULL;
    padded = nescio_size_round_up(bytes ? bytes : 1, WORD) + RED_ZONE;
    if (arena->chunks)
        piece = take(arena->chunks, padded, align);
    if (!piece) {
        arena_chunk *chunk = add_chunk(arena, padded);

        if (!chunk) {
            arena->failed = true;
            return NULL;
        }
        piece = take(chunk, padded, align);
    }
    UNPOISON(piece, bytes);
    arena->handed_out += bytes;
    return piece;
}

void *nescio_arena_array(nescio_arena *arena, size_t count, size_t size)
{
    size_t bytes;

    return nescio_size_mul(&bytes, count, size) ? nescio_arena_alloc(arena, bytes) : NULL;
}

char *nescio_arena_strndup(nescio_arena *arena, const char *s, size_t n)
{
    char *copy = n < SIZE_MAX ? nescio_arena_alloc(arena, n + 1) : NULL;

    if (copy && n > 0)
        memcpy(copy, s, n);
    return copy;
}

char *nescio_arena_strdup(nescio_arena *arena, const char *s)
{
    return nescio_arena_strndup(arena, s, strlen(s));
}

char *nescio_arena_printf(nescio_arena *arena, const char *format, ...)
{
    va_list args;
    int length;
    char *text;

    va_start(args, format);
    length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length < 0)
        return NULL;
    text = nescio_arena_alloc(arena, (size_t)length + 1);
    if (!text)
        return NULL;
    va_start(args, format);
    length = vsnprintf(text, (size_t)length + 1, format, args);
    va_end(args);
    return length < 0 ? NULL : text;
}

bool nescio_arena_on_free(nescio_arena *arena, void (*fn)(void *arg), void *arg)
{
    arena_cleanup *c = nescio_arena_alloc(arena, sizeof *c);

    if (!c)
        return false;
    *c = (arena_cleanup){.before = arena->cleanups, .fn = fn, .arg = arg};
    arena->cleanups = c;
    return true;
}

bool nescio_arena_failed(const nescio_arena *arena)
{
    return arena->failed;
}

size_t nescio_arena_bytes(const nescio_arena *arena)
{
    return arena->handed_out;
}
