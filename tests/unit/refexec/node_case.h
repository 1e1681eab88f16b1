/* SPDX-License-Identifier: Apache-2.0
 * One-node graphs for tests: make tensors, set attributes, run, look at results. */
#ifndef NESCIO_TEST_NODE_CASE_H
#define NESCIO_TEST_NODE_CASE_H
#include "support.h"

#include "refexec/refexec.h"

#define NODE_CASE_TENSORS 10

/** A graph of one node that is being put together. */
typedef struct node_case {
    nescio_ctx *ctx;
    nescio_graph *graph;
    nescio_node *node;
    nescio_tensor inputs[NODE_CASE_TENSORS]; /* owned */
    bool given[NODE_CASE_TENSORS];
    nescio_tensor outputs[NODE_CASE_TENSORS]; /* owned */
    size_t n_outputs;
    nescio_status status; /* of the run */
} node_case;

#define DIMS(...)                                                                                  \
    (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (const int64_t[])                   \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

/** Node with room for n_inputs and n_outputs. */
void case_begin(node_case *c, nescio_op op, size_t n_inputs, size_t n_outputs);
/** Input i: elements from a list of doubles (cast to dtype), row-major. */
void case_input(node_case *c, size_t i, nescio_dtype dtype, int rank, const int64_t *dims,
                const double *values);
/** Input i: uniform in [low, high), from *seed. */
void case_random(node_case *c, size_t i, nescio_dtype dtype, int rank, const int64_t *dims,
                 double low, double high, uint64_t *seed);
/** Input i: strings, one axis. */
void case_strings(node_case *c, size_t i, int64_t n, const char *const *values);
/** Runs; c->status tells how it went. */
void case_run(node_case *c);
/** Element k of output i. */
double case_output(const node_case *c, size_t i, size_t k);
/** Fails the test unless output i is dtype [dims] with these values (NaN equals NaN), within
 * tolerance. */
void case_expect(const node_case *c, size_t i, nescio_dtype dtype, int rank, const int64_t *dims,
                 const double *values, double tolerance);
void case_end(node_case *c);
/** Uniform in [0, 1). */
double case_uniform(uint64_t *seed);
#endif /* NESCIO_TEST_NODE_CASE_H */
