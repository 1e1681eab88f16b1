/* SPDX-License-Identifier: Apache-2.0
 * Commands on float models: inspect, run, compile. */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Whether the word is one of a list that NULL ends. */
static bool is_one_of(const char *word, const char *const *list)
{
    for (; *list; list++)
        if (strcmp(word, *list) == 0)
            return true;
    return false;
}

/* Stage and format of inspect. */
static int check_inspect(const command *self, const nescio_inspect_options *o)
{
    static const char *const stages[] = {"import", "clean", "circuit", "plan", NULL};
    static const char *const formats[] = {"text", "json", "dot", "svg", "html", "markdown", NULL};

    if (o->stage && !is_one_of(o->stage, stages))
        return usage_error(self, "--stage takes import, clean, circuit or plan, not '%s'",
                           o->stage);
    if (!is_one_of(o->format, formats))
        return usage_error(self, "--format takes text, json, dot, svg or html, not '%s'",
                           o->format);
    return 0;
}

static int run_inspect(call *c, int argc, char **argv, const command *self)
{
    nescio_inspect_options o;
    string_list dims = {0};
    nescio_import_options onnx;
    const char *out = NULL;
    unsigned max_elements = 16;
    bool operators = false;
    const option_spec specs[] = {
        {"--stage", "import|clean|circuit|plan", OPTION_STRING, &o.stage,
         "stage to show (default: what suits the file)", false},
        {"--format", "text|json|dot|svg|html", OPTION_STRING, &o.format,
         "form (default: text; with --json: json)", false},
        {"--operators", NULL, OPTION_FLAG, &operators,
         "list the operators instead; --format text or markdown", false},
        {"--max-elements", "N", OPTION_UNSIGNED, &max_elements,
         "longer arrays print as ... (default 16; 0: all)", false},
        {"--dim", "NAME=N", OPTION_LIST, &dims, DIM_HELP, false},
        {"-o", "FILE", OPTION_STRING, &out, "file to write (default: standard output)", false},
        {NULL, NULL, OPTION_FLAG, NULL, NULL, false}};
    char *text = NULL;
    size_t bytes = 0;
    int status = 0;

    nescio_inspect_options_default(&o);
    if (options_parse(c, self, specs, argc, argv, &status))
        return status;
    if (operators == (c->n_positional == 1))
        return usage_error(self, "takes FILE or --operators");
    if ((status = check_inspect(self, &o)) != 0)
        return status;
    if (c->common.json && !operators)
        o.format = "json";
    o.max_elements = max_elements;
    onnx = (nescio_import_options){dims.items, dims.n};
    o.onnx = &onnx;
    if ((operators ? nescio_operators(c->ctx, o.format, &text, &bytes)
                   : nescio_inspect(c->ctx, c->positional[0], &o, &text, &bytes)) != NESCIO_OK)
        return fail(c);
    if (nescio_text_save(c->ctx, out ? out : "-", text, bytes) != NESCIO_OK)
        status = fail(c);
    nescio_text_free(text);
    return status;
}

const command cmd_inspect = {
    "inspect", "FILE|--operators", "Describe a model, package, key or ciphertext file", 0,
    1,         run_inspect};

static void print_shape(const nescio_array *a, bool json)
{
    if (json)
        json_string(a->name);
    else
        fputs(a->name, stdout);
    fputs(json ? ": [" : " [", stdout);
    for (int d = 0; d < a->rank; d++)
        printf("%s%lld", d ? ", " : "", (long long)a->dims[d]);
    fputs(json ? "]" : "]\n", stdout);
}

/* Names and shapes of what a model gave. */
static void print_shapes(const nescio_arrays *outputs, bool json)
{
    fputs(json ? "{\"outputs\": {" : "", stdout);
    for (size_t i = 0; i < nescio_arrays_count(outputs); i++) {
        fputs(json && i ? ", " : "", stdout);
        print_shape(nescio_arrays_at(outputs, i), json);
    }
    fputs(json ? "}}\n" : "", stdout);
}

static int run_run(call *c, int argc, char **argv, const command *self)
{
    string_list inputs = {0}, dims = {0};
    nescio_import_options onnx;
    const char *out = NULL;
    const option_spec specs[] = {
        {"--input", "[NAME=]X.npy", OPTION_LIST, &inputs, "input rows: .npy, .csv or .pb", true},
        {"--dim", "NAME=N", OPTION_LIST, &dims, DIM_HELP, false},
        {"-o", "OUT", OPTION_STRING, &out, "file.npy or folder (default: print shapes)", false},
        {NULL, NULL, OPTION_FLAG, NULL, NULL, false}};
    nescio_arrays *in = NULL, *outputs = NULL;
    int status = 0;

    if (options_parse(c, self, specs, argc, argv, &status))
        return status;
    if (nescio_arrays_new(c->ctx, &in) != NESCIO_OK)
        return fail(c);
    status = add_files(c, in, &inputs);
    onnx = (nescio_import_options){dims.items, dims.n};
    if (!status && nescio_run(c->ctx, c->positional[0], &onnx, in, &outputs) != NESCIO_OK)
        status = fail(c);
    if (!status && out && nescio_arrays_write(c->ctx, outputs, out) != NESCIO_OK)
        status = fail(c);
    if (!status && (!out || c->common.json))
        print_shapes(outputs, c->common.json);
    nescio_arrays_free(in);
    nescio_arrays_free(outputs);
    return status;
}

const command cmd_run = {"run", "MODEL.onnx", "Run a model in floating point, in the clear", 1,
                         1,     run_run};

static void dump(const char *pass, const char *text, size_t bytes, void *user)
{
    (void)user;
    printf("# after %s\n", pass);
    fwrite(text, 1, bytes, stdout);
}

static int parse_rounding(const command *self, const char *text, int *rounding)
{
    static const char *const names[] = {"auto", "exact", "approximate"};

    for (int i = 0; i < 3; i++)
        if (strcmp(text, names[i]) == 0) {
            *rounding = i;
            return 0;
        }
    return usage_error(self, "--rounding takes exact, approximate or auto, not '%s'", text);
}

static void print_compiled(const call *c, const char *path, double seconds)
{
    nescio_estimate e;

    if (c->common.quiet || nescio_package_estimate(c->ctx, path, &e) != NESCIO_OK)
        return;
    if (c->common.json) {
        fputs("{\"package\": ", stdout);
        json_string(path);
        printf(", \"seconds\": %.3f, \"pbs\": %llu, \"parameters\": ", seconds,
               (unsigned long long)e.pbs);
        json_string(e.parameters);
        puts("}");
        return;
    }
    printf("%s: %llu bootstrappings, parameters %s, compiled in %.2f s\n", path,
           (unsigned long long)e.pbs, e.parameters, seconds);
}

static int run_compile(call *c, int argc, char **argv, const command *self)
{
    nescio_compile_options o;
    string_list calibration = {0}, dims = {0};
    nescio_import_options onnx;
    const char *out = NULL, *rounding = "auto", *results = "private";
    nescio_arrays *rows = NULL;
    double from;
    int status = 0;
    const option_spec specs[] = {
        {"--calibration", "[NAME=]X.npy", OPTION_LIST, &calibration,
         "typical rows of each input; needed for ONNX models", false},
        {"-o", "model.nescio", OPTION_STRING, &out, "package to write", true},
        {"--bits", "N", OPTION_UNSIGNED, &o.weight_bits,
         "bits of weights (default: 5 under tables, 8 without)", false},
        {"--input-bits", "N", OPTION_UNSIGNED, &o.input_bits,
         "bits of encrypted inputs (default 8)", false},
        {"--rounding", "exact|approximate|auto", OPTION_STRING, &rounding,
         "how tables read wide sums (default auto)", false},
        {"--margin", "M", OPTION_DOUBLE, &o.margin,
         "widening of calibrated ranges, share of their width (default 0.25)", false},
        {"--p-fail", "2^-40", OPTION_LOG2, &o.log2_p_fail,
         "failure probability of a row (default 2^-128 exact, 2^-40 else)", false},
        {"--variant", "classical|unrolled2|blockN", OPTION_STRING, &o.variant,
         "blind rotation (default: fastest with standard keys)", false},
        {"--results", "private|shared", OPTION_STRING, &results,
         "who may see results (default private)", false},
        {"--dim", "NAME=N", OPTION_LIST, &dims, DIM_HELP, false},
        {"--dump-after", "PASS", OPTION_STRING, &o.dump_after,
         "print graph or circuit after a pass (or all)", false},
        {NULL, NULL, OPTION_FLAG, NULL, NULL, false}};

    nescio_compile_options_default(&o);
    o.dump = dump;
    if (options_parse(c, self, specs, argc, argv, &status))
        return status;
    status = parse_rounding(self, rounding, &o.rounding);
    if (!status && strcmp(results, "private") != 0 && strcmp(results, "shared") != 0)
        status = usage_error(self, "--results takes private or shared, not '%s'", results);
    o.shared_results = strcmp(results, "shared") == 0;
    if (status)
        return status;
    from = seconds_now();
    if (nescio_arrays_new(c->ctx, &rows) != NESCIO_OK)
        return fail(c);
    status = add_files(c, rows, &calibration);
    onnx = (nescio_import_options){dims.items, dims.n};
    o.onnx = &onnx;
    if (!status &&
        nescio_compile(c->ctx, c->positional[0], calibration.n ? rows : NULL, &o, out) != NESCIO_OK)
        status = fail(c);
    nescio_arrays_free(rows);
    if (!status)
        print_compiled(c, out, seconds_now() - from);
    return status;
}

const command cmd_compile = {
    "compile", "MODEL.onnx", "Compile a model into a package for encrypted prediction", 1,
    1,         run_compile};
