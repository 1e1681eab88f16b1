/* SPDX-License-Identifier: Apache-2.0
 * Packages: the client part and the server part of a compiled model, together or apart. */
#ifndef NESCIO_FORMAT_PACKAGE_H
#define NESCIO_FORMAT_PACKAGE_H
#include "format/container.h"
#include "plan/plan.h"

#define NESCIO_FILE_MODEL  "model"  /**< both parts */
#define NESCIO_FILE_CLIENT "client" /**< client part */
#define NESCIO_FILE_SERVER "server" /**< server part */

/** Who may see decrypted results. SHARED (whoever holds ciphertexts, IND-CPA^D) is refused for
 * approximate circuits. */
typedef enum nescio_results {
    NESCIO_RESULTS_PRIVATE = 0,
    NESCIO_RESULTS_SHARED = 1
} nescio_results;

/** One encrypted tensor at the client's border: its plan entry, its quantizer, its shape (of one
 * row). */
typedef struct nescio_border_input {
    nescio_plan_input plan;
    nescio_quantizer quantizer;
    int rank;
    int64_t dims[NESCIO_RANK_MAX];
} nescio_border_input;

typedef struct nescio_border_output {
    nescio_plan_output plan;
    nescio_quantizer quantizer;
    int rank;
    int64_t dims[NESCIO_RANK_MAX];
} nescio_border_output;

/** All that a client needs. No secret; `inspect` lists what it shows of the model. */
typedef struct nescio_client_part {
    const char *name; /**< for messages: of the file that it was read from; borrowed from that */
    nescio_scheme scheme;
    nescio_tfhe_params params;
    const char *set_name;
    nescio_plan_report report;
    nescio_results results;
    nescio_border_input *inputs;
    nescio_border_output *outputs;
    uint32_t n_inputs, n_outputs;
    const char *head, *tail; /**< graph texts (canonical operators), not terminated */
    size_t head_bytes, tail_bytes;
    uint8_t params_id[NESCIO_ID_BYTES]; /**< digest of the parameters' values: keys belong to it */
    uint8_t encoding_id[NESCIO_ID_BYTES]; /**< digest of inputs, outputs and parameters: ciphertexts
                                             belong to it */
} nescio_client_part;

/** All that a server needs. The circuit borrows from the package's file. */
typedef struct nescio_server_part {
    const char *name; /**< as a client part's */
    nescio_circuit *circuit;
    nescio_plan *plan; /**< bound */
    uint8_t params_id[NESCIO_ID_BYTES], encoding_id[NESCIO_ID_BYTES];
} nescio_server_part;

typedef struct nescio_package {
    nescio_container *file; /**< owns the bytes that the parts borrow */
    nescio_arena *arena;
    nescio_client_part *client; /**< NULL in a server.nescio */
    nescio_server_part *server; /**< NULL in a client.nescio */
} nescio_package;

/** Reads a package of any of the three kinds that has the parts asked for; NESCIO_E_MISMATCH when a
 * part is missing. */
NESCIO_MUST_CHECK nescio_status nescio_package_open(nescio_ctx *ctx, const char *path,
                                                    bool need_client, bool need_server,
                                                    nescio_package **out);
NESCIO_MUST_CHECK nescio_status nescio_package_parse(nescio_ctx *ctx, const void *data,
                                                     size_t bytes, const char *name,
                                                     bool need_client, bool need_server,
                                                     nescio_package **out);
void nescio_package_free(nescio_package *package);

/** What `compile` hands over to be written. Everything borrowed. */
typedef struct nescio_package_source {
    const nescio_circuit *circuit; /**< lowered: the one the plan refers to */
    const nescio_plan *plan;
    nescio_results results;
    const char *head, *tail;
    size_t head_bytes, tail_bytes;
} nescio_package_source;

/** Writes model.nescio. */
NESCIO_MUST_CHECK nescio_status nescio_package_write(nescio_ctx *ctx,
                                                     const nescio_package_source *source,
                                                     const char *path);
NESCIO_MUST_CHECK nescio_status nescio_package_bytes(nescio_ctx *ctx,
                                                     const nescio_package_source *source,
                                                     nescio_buffer *out);
/** Writes one part of an open package (NESCIO_FILE_CLIENT or NESCIO_FILE_SERVER) byte for byte as
 * it was. */
NESCIO_MUST_CHECK nescio_status nescio_package_split(nescio_ctx *ctx, const nescio_package *package,
                                                     const char *kind, const char *path);

/** Digest of the values of parameters: nescio.params in every file. */
void nescio_params_id(uint8_t id[NESCIO_ID_BYTES], const nescio_tfhe_params *p);
#endif /* NESCIO_FORMAT_PACKAGE_H */
