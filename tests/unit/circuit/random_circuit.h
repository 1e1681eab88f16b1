/* SPDX-License-Identifier: Apache-2.0
 * Random circuits for tests: every operator, small ranges, verified. */
#ifndef NESCIO_TESTS_RANDOM_CIRCUIT_H
#define NESCIO_TESTS_RANDOM_CIRCUIT_H
#include "circuit/circuit.h"

/** A seeded stream of numbers. */
typedef struct test_random {
    uint64_t state;
} test_random;

uint64_t test_random_word(test_random *r);
/** Uniform enough in [lo, hi]. */
int64_t test_random_between(test_random *r, int64_t lo, int64_t hi);

/** Returns new, verified; values stay within some thousands. NULL: a failure, told on ctx. */
nescio_circuit *test_random_circuit(nescio_ctx *ctx, uint64_t seed, bool with_trees);
/** Random integers for every input, from the quantizers; arrays from malloc, one an input. */
int64_t **test_random_inputs(const nescio_circuit *circuit, test_random *r);
/** Arrays for every output. */
int64_t **test_output_arrays(const nescio_circuit *circuit);
void test_arrays_free(int64_t **arrays, size_t n);
#endif /* NESCIO_TESTS_RANDOM_CIRCUIT_H */
