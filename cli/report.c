/* SPDX-License-Identifier: Apache-2.0
 * Errors, progress and JSON on the terminal. */
#include "cli.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static nescio_ctx *running; /* for the signal handler */
static double started;
static const char *shown_stage;

double seconds_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int fail(const call *c)
{
    const char *message = c->ctx ? nescio_ctx_message(c->ctx) : "out of memory";

    progress_clear();
    fprintf(stderr, "nescio: %s\n", *message ? message : "failed");
    return EXIT_FAILED;
}

static void interrupt(int signal_number)
{
    (void)signal_number;
    nescio_ctx_cancel(running);
}

/* One line, redrawn: stage, bar, count, rate, time left. Only for work that has run for a second.
 */
static int show(const char *stage, uint64_t done, uint64_t total, void *user)
{
    enum { WIDTH = 28 };
    char bar[WIDTH + 1];
    double elapsed;
    int filled;

    (void)user;
    if (!shown_stage || strcmp(shown_stage, stage) != 0) {
        progress_clear();
        shown_stage = stage;
        started = seconds_now();
        return 0;
    }
    elapsed = seconds_now() - started;
    if (elapsed < 1 || total == 0)
        return 0;
    filled = (int)(done * WIDTH / total);
    memset(bar, '.', WIDTH);
    memset(bar, '#', (size_t)(filled > WIDTH ? WIDTH : filled));
    bar[WIDTH] = 0;
    fprintf(stderr, "\r%-14s [%s] %llu/%llu  %.1f/s  %.0f s left \033[K", stage, bar,
            (unsigned long long)done, (unsigned long long)total, (double)done / elapsed,
            done ? elapsed * (double)(total - done) / (double)done : 0.0);
    fflush(stderr);
    return 0;
}

void progress_clear(void)
{
    if (shown_stage && isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
    shown_stage = NULL;
}

void progress_attach(call *c)
{
    struct sigaction action = {.sa_handler = interrupt};

    running = c->ctx;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    if (!c->common.quiet && !c->common.json && isatty(STDERR_FILENO))
        nescio_ctx_set_progress(c->ctx, show, NULL);
}

int add_files(const call *c, nescio_arrays *arrays, const string_list *files)
{
    for (size_t i = 0; i < files->n; i++) {
        const char *equals = strchr(files->items[i], '='), *slash = strchr(files->items[i], '/');
        char name[256] = "";
        const char *path = files->items[i];

        /* "name=file"; a '=' behind the first '/' belongs to the path. */
        if (equals && (!slash || equals < slash) && (size_t)(equals - path) < sizeof name) {
            memcpy(name, path, (size_t)(equals - path));
            path = equals + 1;
        }
        if (nescio_arrays_add_file(c->ctx, arrays, name, path) != NESCIO_OK)
            return fail(c);
    }
    return 0;
}

int passphrase_read(const char *path, char *line, size_t n)
{
    FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
    const char *wrong = NULL;

    if (!f || !fgets(line, (int)n, f))
        wrong = "cannot read a passphrase";
    else if (!strchr(line, '\n') && !feof(f))
        wrong = "its first line is too long for a passphrase";
    if (!wrong)
        line[strcspn(line, "\r\n")] = 0;
    if (!wrong && !*line)
        wrong = "its first line is empty: no passphrase";
    if (f && f != stdin)
        fclose(f);
    if (!wrong)
        return 0;
    explicit_bzero(line, n);
    fprintf(stderr, "nescio: '%s': %s\n", path, wrong);
    return EXIT_FAILED;
}

void json_string(const char *s)
{
    putchar('"');
    for (; *s; s++) {
        if (*s == '"' || *s == '\\')
            printf("\\%c", *s);
        else if ((unsigned char)*s < 0x20)
            printf("\\u%04x", (unsigned)*s);
        else
            putchar(*s);
    }
    putchar('"');
}

void json_number(double v)
{
    if (isfinite(v))
        printf("%.10g", v);
    else
        fputs("null", stdout);
}
