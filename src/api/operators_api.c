/* SPDX-License-Identifier: Apache-2.0
 * include/nescio/model.h: the list of operators, from the operator table and from what the
 * executor, the quantizer and the split say of each. */
#include "nescio/model.h"

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
        [NESCIO_QUANT_WAY_AFFINE] = "linear; tables for products of two encrypted tensors",
        [NESCIO_QUANT_WAY_MOVE] = "index map",
        [NESCIO_QUANT_WAY_TABLE] = "table",
    };
    const nescio_quant_way way = nescio_quant_way_of(op);

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

static void write_operator(nescio_op op, bool markdown, nescio_buffer *out)
{
    const nescio_op_info *const info = nescio_op_get(op);
    const char *const domain = *info->domain ? info->domain : "ai.onnx";
    char types[64], version[48];

    list_types(info->types, types);
    snprintf(version, sizeof version, "%s %d", domain, info->version);
    nescio_write_text(
        out, markdown ? "| %s | %s | %s | %s | %s | %s |\n" : "%-26s %-26s %-28s %-6s %-9s %s\n",
        info->name, version, types, nescio_refexec_has_op(op) ? "yes" : "no",
        nescio_split_takes(op) ? "yes" : "no", how_encrypted(op));
}

static void write_head(bool markdown, nescio_buffer *out)
{
    if (markdown)
        nescio_write_text(
            out, "# Operators\n\nWritten by `nescio inspect --operators --format markdown`.\n\n"
                 "Float: `nescio run` and the client's clear graphs compute it. Client: a node of "
                 "it can stand in the head or the\ntail that the client computes in the clear. "
                 "Encrypted: how the server computes it; a node may still be refused for\nits "
                 "operands, and then the message says what is accepted.\n\n"
                 "| operator | meaning of | types | float | client | encrypted |\n"
                 "|---|---|---|---|---|---|\n");
    else
        nescio_write_text(out, "%-26s %-26s %-28s %-6s %-9s %s\n", "operator", "meaning of",
                          "types", "float", "client", "encrypted");
}

nescio_status nescio_operators(nescio_ctx *ctx, const char *format, char **text, size_t *bytes)
{
    const bool markdown = format && strcmp(format, "markdown") == 0;
    nescio_buffer out = {0};

    *text = NULL;
    *bytes = 0;
    if (format && !markdown && strcmp(format, "text") != 0)
        return nescio_fail(ctx, NESCIO_E_ARG,
                           "format '%s': text and markdown are accepted for operators", format);
    write_head(markdown, &out);
    for (int op = 0; op < NESCIO_OP_COUNT; op++)
        write_operator((nescio_op)op, markdown, &out);
    nescio_write_u8(&out, 0);
    if (out.bad) {
        nescio_buffer_free(&out);
        return nescio_fail_nomem(ctx, out.bytes);
    }
    *text = (char *)out.data;
    *bytes = out.bytes - 1;
    return NESCIO_OK;
}
