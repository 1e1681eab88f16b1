/* SPDX-License-Identifier: Apache-2.0
 * UNROLL before a short loop of constant length: arrays that it indexes then live in registers, also at -O2. */
#ifndef NESCIO_BASE_UNROLL_H
#define NESCIO_BASE_UNROLL_H
#if defined(__clang__)
#define NESCIO_UNROLL _Pragma("unroll")
#elif defined(__GNUC__)
#define NESCIO_UNROLL _Pragma("GCC unroll 32")
#else
#define NESCIO_UNROLL
#endif
/** For functions whose sizes are constants at every call. */
#define NESCIO_INLINE inline __attribute__((always_inline))
#endif
