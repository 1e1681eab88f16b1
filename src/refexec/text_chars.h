/* SPDX-License-Identifier: Apache-2.0
 * Characters of UTF-8 text, and their other case. Independent of any locale of the process. */
#ifndef NESCIO_REFEXEC_TEXT_CHARS_H
#define NESCIO_REFEXEC_TEXT_CHARS_H
#include <stddef.h>
#include <stdint.h>

/** Character at *at < end, which moves behind it. A byte that is no UTF-8 is U+FFFD by itself. */
uint32_t nescio_char_next(const char **at, const char *end);
/** Writes 1 to 4 bytes; how many. */
size_t nescio_char_put(char out[4], uint32_t c);
/** Simple case mappings of Latin, Greek, Cyrillic and Armenian letters [Unicode, UnicodeData];
 * other characters are themselves. */
uint32_t nescio_char_lower(uint32_t c);
uint32_t nescio_char_upper(uint32_t c);
#endif /* NESCIO_REFEXEC_TEXT_CHARS_H */
