/* SPDX-License-Identifier: Apache-2.0
 * Files: everything that Nescio stores is a safetensors container.
 *
 * In: plans, circuits, keys, ciphertexts. Out: the same, checked. A container is an 8-byte
 * little-endian header length, a JSON header (at most 1 MB), and raw little-endian tensors without
 * holes or trailing bytes. The strings in __metadata__ say what it is: nescio.kind, nescio.version,
 * nescio.params, nescio.key, nescio.encoding, nescio.hash. The hash covers every byte of the file,
 * so any damage is refused on load. Reading is hostile-input work: sizes before allocation, a clear
 * error, nothing half-loaded. Writing is atomic. doc/formats.md is the normative description. Must
 * not know: secrets, floats of the model.
 */
#ifndef NESCIO_FORMAT_FORMAT_H
#define NESCIO_FORMAT_FORMAT_H
#include "format/ciphertext.h"
#include "format/container.h"
#include "format/keys.h"
#include "format/package.h"
#endif /* NESCIO_FORMAT_FORMAT_H */
