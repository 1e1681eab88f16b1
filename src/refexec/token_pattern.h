/* SPDX-License-Identifier: Apache-2.0
 * Regular expressions of Tokenizer: literals, '.', [sets], \d \w \s and their opposites, \b \B ^ $,
 * groups, |, * + ? {n,m}. The first match is found, and of those that start there the longest, as
 * onnxruntime asks of RE2. Letters and digits of \w, \d, \b are ASCII. No flags, no \p{}, no
 * references back.
 *
 * A pattern is run as a set of states, so that no pattern takes exponential time: a search takes at
 * most steps * length^2, and steps * length where matches are short or plenty. */
#ifndef NESCIO_REFEXEC_TOKEN_PATTERN_H
#define NESCIO_REFEXEC_TOKEN_PATTERN_H
#include "refexec/refexec_internal.h"

typedef struct nescio_pattern nescio_pattern;

/** In the call's arena. NESCIO_E_UNSUPPORTED: what is not listed above, or more than some thousand
 * steps. */
NESCIO_MUST_CHECK nescio_status nescio_pattern_compile(const nescio_refexec_call *call,
                                                       const char *text, nescio_pattern **out);
/** Searches [from, end) of the text [begin, end): whether found, and then [*first, *last). */
bool nescio_pattern_find(nescio_pattern *pattern, const char *begin, const char *from,
                         const char *end, const char **first, const char **last);
/** Whether a search was given up because it would have caused more work than the call may. */
bool nescio_pattern_refused(const nescio_pattern *pattern);
#endif /* NESCIO_REFEXEC_TOKEN_PATTERN_H */
