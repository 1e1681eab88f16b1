/* SPDX-License-Identifier: Apache-2.0
 * Arena: memory for the compile side (graphs, circuits, plans). Nothing is freed singly. */
#ifndef NESCIO_BASE_ARENA_H
#define NESCIO_BASE_ARENA_H
#include "base/ctx.h"

typedef struct nescio_arena nescio_arena;

/** Returns new. NULL: no memory. */
nescio_arena *nescio_arena_new(void);
/** Drops everything that came from it. Accepts NULL. */
void nescio_arena_free(nescio_arena *arena);
/** Zeroed, 64-byte aligned for sizes >= 64 and 16-byte below. NULL: no memory (or bytes ==
 * SIZE_MAX). 0 bytes give a valid unique pointer. */
void *nescio_arena_alloc(nescio_arena *arena, size_t bytes);
/** count * size bytes, overflow checked; NULL on overflow too. */
void *nescio_arena_array(nescio_arena *arena, size_t count, size_t size);
/** Copies of a string, of n bytes plus a terminator, of formatted text. NULL: no memory. */
char *nescio_arena_strdup(nescio_arena *arena, const char *s);
char *nescio_arena_strndup(nescio_arena *arena, const char *s, size_t n);
char *nescio_arena_printf(nescio_arena *arena, const char *format, ...) NESCIO_PRINTF(2, 3);
/** Calls fn(arg) when the arena is freed, before its memory goes; last registered first. For what
 * an arena's contents borrow (a mapped file). False: no memory, nothing registered. */
bool nescio_arena_on_free(nescio_arena *arena, void (*fn)(void *arg), void *arg);
/** Some allocation from this arena failed: what tells a reader that only knows "it did not work"
 * from malformed input. */
bool nescio_arena_failed(const nescio_arena *arena);
/** Bytes handed out so far: what a limit on hostile input compares against. */
size_t nescio_arena_bytes(const nescio_arena *arena);
#endif /* NESCIO_BASE_ARENA_H */
