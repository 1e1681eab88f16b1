/* SPDX-License-Identifier: Apache-2.0
 * Key and answer words as they travel: little-endian, 3, 4 or 6 bytes, or any number of bits one
 * after another. */
#ifndef NESCIO_TFHE_PACKED_WORDS_H
#define NESCIO_TFHE_PACKED_WORDS_H
#include <stddef.h>
#include <stdint.h>

/** A torus word of 64 bits rounded to its upper 48, as six bytes; and back. */
void nescio_torus48_pack(uint8_t *bytes, const uint64_t *words, size_t n);
void nescio_torus48_unpack(uint64_t *words, const uint8_t *bytes, size_t n);
/** Words below 2^modulus_log (24 or 32) as three or four bytes; and back. */
void nescio_narrow_pack(uint8_t *bytes, const uint32_t *words, size_t n, unsigned modulus_log);
void nescio_narrow_unpack(uint32_t *words, const uint8_t *bytes, size_t n, unsigned modulus_log);
/** n words of `bits` <= 32 bits, least significant bit first, from bit `first` of `bytes` on.
 * Writing ORs into zeroed bytes. */
void nescio_bits_pack(uint8_t *bytes, size_t first, const uint32_t *words, size_t n, unsigned bits);
void nescio_bits_unpack(uint32_t *words, const uint8_t *bytes, size_t first, size_t n,
                        unsigned bits);
#endif /* NESCIO_TFHE_PACKED_WORDS_H */
