/* SPDX-License-Identifier: Apache-2.0
 * What the commands of `nescio` share: declared options, errors, progress, JSON. Public headers
 * only. */
#ifndef NESCIO_CLI_H
#define NESCIO_CLI_H
#include <nescio/nescio.h>
#include <stdbool.h>

enum { EXIT_FAILED = 1, EXIT_USAGE = 2 };

/** What an option's value is and where it goes. */
typedef enum option_kind {
    OPTION_FLAG,     /**< bool: no value */
    OPTION_STRING,   /**< const char * */
    OPTION_UNSIGNED, /**< unsigned */
    OPTION_DOUBLE,   /**< double */
    OPTION_LOG2,     /**< double: log2 of the value given, "2^-40" or "1e-12" */
    OPTION_LIST,     /**< string_list: may be given many times */
} option_kind;

typedef struct string_list {
    const char *items[64];
    size_t n;
} string_list;

/** One option of a command. The last one has name NULL. */
typedef struct option_spec {
    const char *name;    /**< "--calibration", or "-o" */
    const char *metavar; /**< "X.npy"; NULL for flags */
    option_kind kind;
    void *target;
    const char *help; /**< one line, with the default */
    bool required;
} option_spec;

/** Options that every command has. */
typedef struct common_options {
    unsigned threads;
    bool quiet, json, help;
} common_options;

/** A parsed call. */
typedef struct call {
    nescio_ctx *ctx;
    common_options common;
    const char *positional[64];
    size_t n_positional;
} call;

/** A command: its own options, its help, what it does. Returns the exit status. */
typedef struct command {
    const char *name;
    const char *arguments; /**< "MODEL.onnx" */
    const char *summary;   /**< one line */
    size_t min_positional, max_positional;
    int (*run)(call *c, int argc, char **argv, const struct command *self);
} command;

extern const command cmd_inspect, cmd_run, cmd_convert, cmd_compile, cmd_estimate, cmd_predict,
    cmd_split, cmd_keygen, cmd_encrypt, cmd_evaluate, cmd_decrypt, cmd_params, cmd_bench;

/** Help of --dim, which several commands have. */
#define DIM_HELP "size of a named dim of the model's inputs; may be repeated"

/** Parses argv into the targets and `c`, makes the context. 0: go on; else print nothing more and
 * exit with *status (help, usage). */
int options_parse(call *c, const command *self, const option_spec *specs, int argc, char **argv,
                  int *status);
/** Prints the context's message as "nescio: ..." and gives EXIT_FAILED. */
int fail(const call *c);
/** A usage error: prints "nescio COMMAND: ..." and gives EXIT_USAGE. */
int usage_error(const command *self, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** Adds "[NAME=]FILE" arguments to a list of arrays. Non-zero: failed, message printed. */
int add_files(const call *c, nescio_arrays *arrays, const string_list *files);
/** First line of a file ("-": standard input) into line[n]. Non-zero: failed, message printed. */
int passphrase_read(const char *path, char *line, size_t n);
/** Shows progress on a terminal's stderr for work over a second; nothing when piped, quiet or JSON.
 */
void progress_attach(call *c);
void progress_clear(void);
/** Seconds of a clock that only goes forward, for differences. */
double seconds_now(void);

/** Prints `s` as a JSON string to stdout. */
void json_string(const char *s);
/** Prints a number, or null when it is not finite. */
void json_number(double v);
#endif
