/* SPDX-License-Identifier: Apache-2.0
 * Tokens of the circuit text form: the parser's cursor over hostile text. */
#ifndef NESCIO_CIRCUIT_CIRCUIT_LEX_INTERNAL_H
#define NESCIO_CIRCUIT_CIRCUIT_LEX_INTERNAL_H
#include "base/base.h"

#define NESCIO_WORD_BYTES 16

typedef struct nescio_lexer {
    nescio_ctx *ctx;
    nescio_arena *arena; /**< names come from it */
    const char *text;    /**< borrowed, not terminated */
    size_t bytes, at;
} nescio_lexer;

/** NESCIO_E_FORMAT with line and column of the cursor in front of the message. */
nescio_status nescio_lexer_fail(nescio_lexer *lexer, const char *format, ...) NESCIO_PRINTF(2, 3);
/** Past blanks, commas and comments. */
void nescio_lexer_skip(nescio_lexer *lexer);
/** Nothing but blanks is left. */
bool nescio_lexer_end(nescio_lexer *lexer);
/** Takes the next character when it is c. */
bool nescio_lexer_is(nescio_lexer *lexer, char c);
NESCIO_MUST_CHECK nescio_status nescio_lexer_expect(nescio_lexer *lexer, const char *mark);
/** Letters and underscores; the rest of a longer word is left and will not parse. */
NESCIO_MUST_CHECK nescio_status nescio_lexer_word(nescio_lexer *lexer,
                                                  char word[static NESCIO_WORD_BYTES]);
/** "..." on one line, escapes undone; not empty. */
NESCIO_MUST_CHECK nescio_status nescio_lexer_quoted(nescio_lexer *lexer, const char **out);
/** %name or %"name". */
NESCIO_MUST_CHECK nescio_status nescio_lexer_name(nescio_lexer *lexer, const char **out);
/** A decimal integer inside [lo, hi]. */
NESCIO_MUST_CHECK nescio_status nescio_lexer_integer(nescio_lexer *lexer, int64_t lo, int64_t hi,
                                                     int64_t *out);
/** lo..hi, as written. */
NESCIO_MUST_CHECK nescio_status nescio_lexer_range(nescio_lexer *lexer, int64_t *lo, int64_t *hi);
/** A decimal number with optional exponent; the decimal point is "." whatever the locale. */
NESCIO_MUST_CHECK nescio_status nescio_lexer_real(nescio_lexer *lexer, double *out);
#endif /* NESCIO_CIRCUIT_CIRCUIT_LEX_INTERNAL_H */
