/* SPDX-License-Identifier: Apache-2.0
 * Random damage to protobuf files, reproducible from a seed.
 *
 * Half of the mutants are damaged blindly: bits, bytes, runs left out, doubled, moved or taken from
 * another file. The other half are damaged at the borders of fields, and the lengths of the
 * messages around the damage are set right afterwards: these get past the wire reader and into what
 * is behind it. */
#ifndef NESCIO_TESTS_MUTATE_H
#define NESCIO_TESTS_MUTATE_H
#include <stddef.h>
#include <stdint.h>

/** A file that is being damaged. bytes[n] owned; never longer than MUTANT_BYTES_MAX. */
typedef struct mutant {
    uint8_t *bytes;
    size_t n;
} mutant;

#define MUTANT_BYTES_MAX ((size_t)1 << 16)

/** Room for a mutant. bytes NULL: no memory. */
mutant mutant_new(void);
void mutant_free(mutant *m);
/** The mutant of `file` that belongs to `seed`: 1 to 6 pieces of damage; `other` is where foreign
 * runs and fields come from. Both at most MUTANT_BYTES_MAX / 4 bytes. */
void mutant_make(mutant *m, const uint8_t *file, size_t n, const uint8_t *other, size_t n_other,
                 uint64_t seed);
#endif /* NESCIO_TESTS_MUTATE_H */
