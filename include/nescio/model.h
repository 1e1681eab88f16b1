/* SPDX-License-Identifier: Apache-2.0
 * Float models: read ONNX, run it in the clear, look at it, compile it. */
#ifndef NESCIO_MODEL_H
#define NESCIO_MODEL_H
#include "nescio/tensor.h"
#ifdef __cplusplus
extern "C" {
#endif
/** How an ONNX file is read. NULL in its place: as it is. */
typedef struct nescio_import_options {
    const char *const *dims; /**< "NAME=N": dims of that name become N; at most 32 */
    size_t n_dims;
} nescio_import_options;

/** Runs an ONNX model in floating point: the reference for everything after. Inputs by name, or by
 * position where unnamed. *outputs is new, in the model's order. */
NESCIO_API NESCIO_MUST_CHECK nescio_status nescio_run(nescio_ctx *ctx, const char *onnx_path,
                                                      const nescio_import_options *onnx,
                                                      const nescio_arrays *inputs,
                                                      nescio_arrays **outputs);

/** What to look at, and how: any file that Nescio reads or writes. */
typedef struct nescio_inspect_options {
    const char *stage; /**< "import", "clean", "circuit", "plan"; NULL: what suits the file;
                          packages as "html": all stages on one page */
    const char
        *format; /**< "text"; models, circuits and plans also: "json", "dot", "svg", "html" */
    size_t max_elements;               /**< arrays longer than this print as "..."; 0: all */
    const nescio_import_options *onnx; /**< for ONNX files; may be NULL */
} nescio_inspect_options;

NESCIO_API void nescio_inspect_options_default(nescio_inspect_options *options);
/** Describes a file in text. *text is new (nescio_text_free), `*bytes` long and terminated. */
NESCIO_API NESCIO_MUST_CHECK nescio_status nescio_inspect(nescio_ctx *ctx, const char *path,
                                                          const nescio_inspect_options *options,
                                                          char **text, size_t *bytes);
/** Lists the operators that can be read: opsets, types, whether they run in floating point, and encrypted how.
 * format: "text" or "markdown". *text as nescio_inspect's. */
NESCIO_API NESCIO_MUST_CHECK nescio_status nescio_operators(nescio_ctx *ctx, const char *format,
                                                            char **text, size_t *bytes);
/** Writes such a text to a file, which is replaced atomically; "-" is standard output. */
NESCIO_API NESCIO_MUST_CHECK nescio_status nescio_text_save(nescio_ctx *ctx, const char *path, const char *text,
                                                             size_t bytes);
NESCIO_API void nescio_text_free(char *text);

/** What to convert. Start from nescio_convert_options_default. */
typedef struct nescio_convert_options {
    const nescio_import_options *onnx; /**< may be NULL */
    int trees_as_tensors; /**< forests become matrix products (Hummingbird's GEMM form): then
                             features must be finite, for NaN finds no branch */
} nescio_convert_options;

NESCIO_API void nescio_convert_options_default(nescio_convert_options *options);
/** Writes the cleaned model as ONNX: canonical operators of one opset, constants folded, nothing of
 * the exporter's metadata, names of nodes and tensors kept. Weights over 1 GB together go into
 * OUT_PATH.data beside it (ONNX's external data), the others lie inside. */
NESCIO_API NESCIO_MUST_CHECK nescio_status nescio_convert(nescio_ctx *ctx, const char *onnx_path,
                                                          const nescio_convert_options *options,
                                                          const char *out_path);

/** How to compile. Start from nescio_compile_options_default. */
typedef struct nescio_compile_options {
    unsigned input_bits;  /**< bits of each encrypted input, 1 ... 16 */
    unsigned weight_bits; /**< bits of weights, 2 ... 8; 0: chosen (5 under tables, 8 where there
                             are none) */
    int rounding;         /**< 0 auto, 1 exact, 2 approximate */
    double margin; /**< widening of calibrated windows on each side, as a share of their width */
    double log2_p_fail;  /**< failure probability a row; 0: -128 for exact circuits, -40 for
                            approximate ones */
    const char *variant; /**< blind rotation: "unrolled2", "classical", "block3"; NULL: the fastest
                            with standard keys */
    int shared_results;  /**< results go back to whoever holds ciphertexts: refused for approximate
                            circuits */
    const char *dump_after; /**< pass whose result is given to `dump`, or "all"; NULL: none */
    void (*dump)(const char *pass, const char *text, size_t bytes, void *user);
    void *dump_user;
    const nescio_import_options *onnx; /**< for ONNX files; may be NULL */
} nescio_compile_options;

NESCIO_API void nescio_compile_options_default(nescio_compile_options *options);
/** Compiles an ONNX model (or a circuit in text form) into model.nescio. `calibration`: rows of
 * each input, typical data; may be NULL for circuit text. Same inputs and version, same bytes, on
 * every machine. */
NESCIO_API NESCIO_MUST_CHECK nescio_status nescio_compile(nescio_ctx *ctx, const char *model_path,
                                                          const nescio_arrays *calibration,
                                                          const nescio_compile_options *options,
                                                          const char *out_path);
#ifdef __cplusplus
}
#endif
#endif /* NESCIO_MODEL_H */
