/* SPDX-License-Identifier: Apache-2.0
 * The command convert. */
#include "cli.h"

#include <stdio.h>
#include <string.h>

static int run_convert(call *c, int argc, char **argv, const command *self)
{
    nescio_convert_options o;
    string_list dims = {0};
    const char *out = NULL, *trees = "nodes";
    const option_spec specs[] = {
        {"-o", "CLEAN.onnx", OPTION_STRING, &out, "model to write", true},
        {"--trees", "nodes|tensors", OPTION_STRING, &trees,
         "forests as tree operators, or as matrix products, which take finite features only "
         "(default nodes)",
         false},
        {"--dim", "NAME=N", OPTION_LIST, &dims, DIM_HELP, false},
        {NULL, NULL, OPTION_FLAG, NULL, NULL, false}};
    nescio_import_options onnx;
    int status = 0;

    nescio_convert_options_default(&o);
    if (options_parse(c, self, specs, argc, argv, &status))
        return status;
    if (strcmp(trees, "nodes") != 0 && strcmp(trees, "tensors") != 0)
        return usage_error(self, "--trees takes nodes or tensors, not '%s'", trees);
    onnx = (nescio_import_options){dims.items, dims.n};
    o.onnx = &onnx;
    o.trees_as_tensors = strcmp(trees, "tensors") == 0;
    if (nescio_convert(c->ctx, c->positional[0], &o, out) != NESCIO_OK)
        return fail(c);
    if (c->common.json) {
        fputs("{\"model\": ", stdout);
        json_string(out);
        puts("}");
    }
    return 0;
}

const command cmd_convert = {
    "convert", "MODEL.onnx", "Write the cleaned model as ONNX: canonical operators, no metadata", 1,
    1,         run_convert};
