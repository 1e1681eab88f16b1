/* SPDX-License-Identifier: Apache-2.0
 * include/nescio/model.h: the list of operators, from what the reader, the
 * executor, the quantizer and the split say of each. */
#include "nescio/model.h"

#include "onnx/onnx.h"
#include "passes/passes.h"
#include "quant/quant.h"
#include "refexec/refexec.h"

#include <stdio.h>
#include <string.h>

static const char *how_encrypted(nescio_op op)
{
    static const char *const ways[] = {
        [NESCIO_QUANT_WAY_CLEAR] = "in the clear: shapes only",
        [NESCIO_QUANT_WAY_LINEAR] = "linear",
        [NESCIO_QUANT_WAY_AFFINE] = "linear",
        [NESCIO_QUANT_WAY_MOVE] = "index map",
        [NESCIO_QUANT_WAY_TABLE] = "table",
    };
    const nescio_quant_way way = nescio_quant_way_of(op);

    if (nescio_passes_take_apart(op))
        return "linear and tables, as its parts";
    if (op == NESCIO_OP_LINEAR_CLASSIFIER || op == NESCIO_OP_LINEAR_REGRESSOR)
        return "linear, as the Gemm that cleaning makes of it";
    if (way == NESCIO_QUANT_WAY_AFFINE && !nescio_quant_is_affine(op, true, true))
        return "linear; tables where both operands are encrypted";
    return way == NESCIO_QUANT_WAY_NONE ? "not yet" : ways[way];
}

static void list_types(unsigned types, char text[64])
{
    static const char *const names[] = {"float", "integer", "bool", "string"};

    *text = 0;
    for (unsigned i = 0; i < 4; i++)
        if (types & (1u << i))
            snprintf(text + strlen(text), 64 - strlen(text), "%s%s", *text ? ", " : "", names[i]);
}

/* "ai.onnx 1-27", "com.microsoft 1-". */
static void list_opsets(const nescio_onnx_operator *o, char text[48])
{
    const int used = snprintf(text, 48, "%s %d-", *o->domain ? o->domain : "ai.onnx", o->first);

    if (o->last < INT32_MAX)
        snprintf(text + used, 48 - (size_t)used, "%d", o->last);
}

static void write_operator(const nescio_onnx_operator *o, bool markdown, nescio_buffer *out)
{
    const nescio_op_info *const info = nescio_op_get(o->becomes);
    const bool itself = strcmp(o->name, info->name) == 0;
    char types[64], opsets[48], becomes[64];

    list_types(info->types, types);
    list_opsets(o, opsets);
    snprintf(becomes, sizeof becomes, "%s%s", itself ? "" : info->name,
             o->several ? " and others" : "");
    nescio_write_text(out,
                      markdown ? "| %s | %s | %s | %s | %s | %s | %s |\n"
                               : "%-26s %-32s %-28s %-28s %-6s %-7s %s\n",
                      o->name, opsets, types, becomes,
                      nescio_refexec_has_op(o->becomes) ? "yes" : "no",
                      nescio_split_takes(o->becomes) ? "yes" : "no",
                      o->several ? "as its parts" : how_encrypted(o->becomes));
}

static void write_head(bool markdown, nescio_buffer *out)
{
    if (markdown)
        nescio_write_text(
            out,
            "# Operators\n\nWritten by `nescio inspect --operators --format markdown`.\n\n"
            "Opsets: versions of the domain in which it is read. Types: what its first input "
            "may hold. Becomes: the operator of the\ncleaned graph, where that is another "
            "one. Float: `nescio run` and the client's clear graphs compute it. Client: a node "
            "of it\ncan stand in the head or the tail that the client computes in the clear. "
            "Encrypted: how the server computes it; a node may\nstill be refused for its "
            "operands, and then the message says what is accepted.\n\n"
            "| operator | opsets | types | becomes | float | client | encrypted |\n"
            "|---|---|---|---|---|---|---|\n");
    else
        nescio_write_text(out, "%-26s %-32s %-28s %-28s %-6s %-7s %s\n", "operator", "opsets",
                          "types", "becomes", "float", "client", "encrypted");
}

nescio_status nescio_operators(nescio_ctx *ctx, const char *format, char **text, size_t *bytes)
{
    const bool markdown = format && strcmp(format, "markdown") == 0;
    nescio_onnx_operator o;
    nescio_buffer out = {0};

    *text = NULL;
    *bytes = 0;
    if (format && !markdown && strcmp(format, "text") != 0)
        return nescio_fail(ctx, NESCIO_E_ARG,
                           "format '%s': text and markdown are accepted for operators", format);
    write_head(markdown, &out);
    for (size_t i = 0; nescio_onnx_operator_at(i, &o); i++)
        write_operator(&o, markdown, &out);
    nescio_write_u8(&out, 0);
    if (out.bad) {
        nescio_buffer_free(&out);
        return nescio_fail_nomem(ctx, out.bytes);
    }
    *text = (char *)out.data;
    *bytes = out.bytes - 1;
    return NESCIO_OK;
}
