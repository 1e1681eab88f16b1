/* SPDX-License-Identifier: Apache-2.0
 * The program that a pattern becomes: token_pattern.c writes it, token_match.c runs it. */
#ifndef NESCIO_REFEXEC_TOKEN_PATTERN_INTERNAL_H
#define NESCIO_REFEXEC_TOKEN_PATTERN_INTERNAL_H
#include "refexec/token_pattern.h"

typedef enum nescio_step_kind {
    NESCIO_STEP_SET,     /* one character of set a, then the next step */
    NESCIO_STEP_FORK,    /* the steps a and b further */
    NESCIO_STEP_BEGIN,   /* only at the begin of the text */
    NESCIO_STEP_END,     /* only at its end */
    NESCIO_STEP_EDGE,    /* only between word and other character */
    NESCIO_STEP_NO_EDGE, /* only elsewhere */
    NESCIO_STEP_ACCEPT
} nescio_step_kind;

/* Targets are relative, so a run of steps can be moved and copied. */
typedef struct nescio_step {
    nescio_step_kind kind;
    int32_t a, b;
} nescio_step;

typedef struct nescio_char_range {
    uint32_t low, high;
} nescio_char_range;

typedef struct nescio_char_set {
    int32_t first, count; /* its ranges */
    bool negated;
} nescio_char_set;

struct nescio_pattern {
    const nescio_refexec_call *call; /* pays for searches */
    bool refused;
    nescio_step *steps;
    nescio_char_range *ranges;
    nescio_char_set *sets;
    int32_t n_steps, n_ranges, n_sets;
    int32_t *now, *next, *stack; /* of the run: n_steps each, the stack 2 n_steps + 1 */
    uint64_t *seen, round;       /* seen[i] == round: step i is in the list being made */
};
#endif /* NESCIO_REFEXEC_TOKEN_PATTERN_INTERNAL_H */
