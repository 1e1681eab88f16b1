/* SPDX-License-Identifier: Apache-2.0
 * nescio bench: timings of kernels and of bootstrapping on this machine. */
#include "cli.h"

#include <stdio.h>
#include <string.h>

static void print_header(void)
{
    printf("%-14s %-10s %-11s %4s %2s %5s %2s %2s  %5s %3s  %10s %10s  %10s %6s\n", "what",
           "variant", "isa", "n", "k", "N", "l", "B", "batch", "thr", "min ms", "median ms",
           "bound ms", "times");
}

static void print_text(const nescio_bench_row *r)
{
    printf("%-14s %-10s %-11s %4u %2u %5u %2u %2u  %5u %3u  %10.5f %10.5f", r->what, r->variant,
           r->isa, r->n, r->k, r->N, r->level, r->base_log, r->batch, r->threads, r->min_ms,
           r->median_ms);
    if (r->bound_ms > 0)
        printf("  %10.5f %6.2f", r->bound_ms, r->min_ms / r->bound_ms);
    putchar('\n');
}

static void print_json(const nescio_bench_row *r)
{
    printf("{\"what\": \"%s\", \"variant\": \"%s\", \"isa\": \"%s\", \"n\": %u, \"k\": %u, \"N\": "
           "%u, \"level\": %u, \"base_log\": %u, \"batch\": %u, \"threads\": %u, \"min_ms\": ",
           r->what, r->variant, r->isa, r->n, r->k, r->N, r->level, r->base_log, r->batch,
           r->threads);
    json_number(r->min_ms);
    fputs(", \"median_ms\": ", stdout);
    json_number(r->median_ms);
    if (r->bound_ms > 0) {
        fputs(", \"bound_ms\": ", stdout);
        json_number(r->bound_ms);
    }
    fputs("}\n", stdout);
}

typedef struct output {
    bool json, begun;
} output;

/* Rows come out as they are measured: a pipe sees each at once. */
static int take_row(const nescio_bench_row *row, void *user)
{
    output *out = user;

    progress_clear();
    if (!out->json && !out->begun)
        print_header();
    out->begun = true;
    if (out->json)
        print_json(row);
    else
        print_text(row);
    return fflush(stdout) != 0;
}

static int run_bench(call *c, int argc, char **argv, const command *self)
{
    nescio_bench_options o = {0};
    nescio_status st;
    output out = {.begun = false};
    bool full = false;
    const option_spec specs[] = {{"--variant", "classical|unrolled2|blockN", OPTION_STRING,
                                  &o.variant, "pbs: only this blind rotation, in every shape",
                                  false},
                                 {"--batch", "B", OPTION_UNSIGNED, &o.batch,
                                  "only batches of B ciphertexts (default: 1, 16 and 64)", false},
                                 {"--full", NULL, OPTION_FLAG, &full,
                                  "every shape, more runs: minutes instead of one", false},
                                 {NULL, NULL, OPTION_FLAG, NULL, NULL, false}};
    int status = 0;

    if (options_parse(c, self, specs, argc, argv, &status))
        return status;
    o.full = full;
    if (strcmp(c->positional[0], "kernels") != 0 && strcmp(c->positional[0], "pbs") != 0)
        return usage_error(self, "bench '%s': kernels and pbs are accepted", c->positional[0]);
    out.json = c->common.json;
    if (strcmp(c->positional[0], "pbs") == 0)
        st = nescio_bench_pbs(c->ctx, &o, take_row, &out);
    else
        st = nescio_bench_kernels(c->ctx, &o, take_row, &out);
    return st == NESCIO_OK ? 0 : fail(c);
}

const command cmd_bench = {
    "bench",
    "kernels|pbs",
    "Time this machine, on one thread and on all; $NESCIO_ISA caps the instruction set",
    1,
    1,
    run_bench};
