/* SPDX-License-Identifier: Apache-2.0
 * Measures what each step of the encrypted side adds to a phase and holds it to the noise formulas:
 * fresh packed inputs, key switch, modulus switch, blind rotation, answers of 16 and 24 bits. */
#ifndef NESCIO_TESTS_MEASURED_STEPS_H
#define NESCIO_TESTS_MEASURED_STEPS_H
#include "tfhe/params.h"

/** How much to measure. Formulas are means over keys: the weights of one pair move a variance by a
 * few parts in sqrt(n), so several keys share the samples. */
typedef struct measured_effort {
    size_t keys;      /**< 1 ... 4 */
    size_t samples;   /**< of each step, all keys together */
    size_t rotations; /**< of blind rotation, the dear one */
    double tolerance; /**< of measured / predicted standard deviation */
} measured_effort;

/** Fails the running cmocka test where a step is off. Prints one line a step. */
void measure_every_step(const nescio_tfhe_params *p, const measured_effort *effort);
#endif /* NESCIO_TESTS_MEASURED_STEPS_H */
