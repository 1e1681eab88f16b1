/* SPDX-License-Identifier: Apache-2.0
 * Lists of named arrays: files in, files out, names matched. */
#include "api_client/arrays.h"

#include "codec/codec.h"
#include "onnx/onnx.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct nescio_arrays {
    nescio_array *views; /* what the caller sees */
    nescio_tensor *tensors;
    size_t n, capacity;
};

nescio_status nescio_arrays_new(nescio_ctx *ctx, nescio_arrays **out)
{
    *out = calloc(1, sizeof **out);
    return *out ? NESCIO_OK : nescio_fail_nomem(ctx, sizeof **out);
}

static void array_free(nescio_arrays *arrays, size_t i)
{
    nescio_tensor *t = &arrays->tensors[i];

    /* Strings that nescio_arrays_add copied lie in the same block as their pointers. */
    nescio_tensor_free(t);
    free((void *)(uintptr_t)arrays->views[i].name);
}

void nescio_arrays_free(nescio_arrays *arrays)
{
    if (!arrays)
        return;
    for (size_t i = 0; i < arrays->n; i++)
        array_free(arrays, i);
    free(arrays->views);
    free(arrays->tensors);
    free(arrays);
}

static bool grow(nescio_arrays *a)
{
    const size_t capacity = a->capacity * 2 + 4;
    nescio_array *views;
    nescio_tensor *tensors;

    if (a->n < a->capacity)
        return true;
    views = realloc(a->views, capacity * sizeof *views);
    if (views)
        a->views = views;
    tensors = realloc(a->tensors, capacity * sizeof *tensors);
    if (tensors)
        a->tensors = tensors;
    if (!views || !tensors)
        return false;
    a->capacity = capacity;
    return true;
}

static void view_of(nescio_array *view, const nescio_tensor *t)
{
    view->type = (int)t->dtype;
    view->rank = t->rank;
    memcpy(view->dims, t->dims, sizeof view->dims);
    view->data = t->data;
}

nescio_status nescio_arrays_take(nescio_ctx *ctx, nescio_arrays *arrays, const char *name,
                                 nescio_tensor *t)
{
    char *copy = strdup(name ? name : "");

    if (!copy || !grow(arrays)) {
        free(copy);
        nescio_tensor_free(t);
        return nescio_fail_nomem(ctx, sizeof *t);
    }
    arrays->tensors[arrays->n] = *t;
    arrays->views[arrays->n].name = copy;
    view_of(&arrays->views[arrays->n], t);
    arrays->n++;
    memset(t, 0, sizeof *t);
    return NESCIO_OK;
}

nescio_status nescio_arrays_add(nescio_ctx *ctx, nescio_arrays *arrays, const nescio_array *array)
{
    const nescio_dtype dtype = (nescio_dtype)array->type;
    nescio_tensor t = {0};

    if (nescio_dtype_bytes(dtype) == 0 || dtype == NESCIO_STRING || array->rank < 0 ||
        array->rank > NESCIO_RANK_MAX)
        return nescio_fail(ctx, NESCIO_E_ARG, "array '%s': type %d or rank %d is not accepted",
                           array->name ? array->name : "", array->type, array->rank);
    NESCIO_TRY(nescio_tensor_new(ctx, &t, dtype, array->rank, array->dims));
    if (nescio_tensor_count(&t))
        memcpy(t.data, array->data, nescio_tensor_count(&t) * nescio_dtype_bytes(dtype));
    return nescio_arrays_take(ctx, arrays, array->name, &t);
}

static bool ends_with(const char *s, const char *end)
{
    const size_t n = strlen(s), m = strlen(end);

    return n >= m && strcmp(s + n - m, end) == 0;
}

nescio_status nescio_arrays_add_file(nescio_ctx *ctx, nescio_arrays *arrays, const char *name,
                                     const char *path)
{
    nescio_tensor t = {0};

    if (ends_with(path, ".csv"))
        NESCIO_TRY(nescio_csv_read(ctx, &t, path));
    else if (ends_with(path, ".pb"))
        NESCIO_TRY(nescio_onnx_tensor_read(ctx, &t, path));
    else
        NESCIO_TRY(nescio_npy_read(ctx, &t, path));
    return nescio_arrays_take(ctx, arrays, name, &t);
}

size_t nescio_arrays_count(const nescio_arrays *arrays)
{
    return arrays->n;
}

const nescio_array *nescio_arrays_at(const nescio_arrays *arrays, size_t i)
{
    return i < arrays->n ? &arrays->views[i] : NULL;
}

nescio_status nescio_arrays_rows(nescio_ctx *ctx, nescio_arrays *arrays, size_t first, size_t n)
{
    for (size_t i = 0; i < arrays->n; i++) {
        nescio_tensor *t = &arrays->tensors[i], part;
        size_t rows, row_bytes;

        if (t->rank < 1)
            return nescio_fail(ctx, NESCIO_E_MISMATCH, "array '%s' is a scalar: it has no rows",
                               arrays->views[i].name);
        rows = (size_t)t->dims[0];
        part = nescio_tensor_rows(t, (int64_t)(first < rows ? first : rows),
                                  (int64_t)(first >= rows      ? 0
                                            : n < rows - first ? n
                                                               : rows - first));
        row_bytes = rows ? nescio_tensor_count(t) / rows * nescio_dtype_bytes(t->dtype) : 0;
        memmove(t->data, part.data, (size_t)part.dims[0] * row_bytes);
        t->dims[0] = part.dims[0];
        view_of(&arrays->views[i], t);
    }
    return NESCIO_OK;
}

/* PATH/NAME.npy and an ending, with '/' in the name replaced. NULL: no memory. */
static char *path_in(const char *folder, const char *name, const char *ending)
{
    const size_t n = strlen(folder) + 1 + strlen(name) + sizeof ".npy" + strlen(ending);
    char *path = malloc(n);

    if (!path)
        return NULL;
    snprintf(path, n, "%s/%s.npy%s", folder, name, ending);
    for (char *at = path + strlen(folder) + 1; *at; at++)
        if (*at == '/')
            *at = '_';
    return path;
}

#define PART ".part" /* what files are called until all are written */

static nescio_status write_parts(nescio_ctx *ctx, const nescio_arrays *arrays, const char *folder)
{
    for (size_t i = 0; i < arrays->n; i++) {
        char *const part = path_in(folder, arrays->views[i].name, PART);
        const nescio_status st =
            part ? nescio_npy_write(ctx, &arrays->tensors[i], part) : nescio_fail_nomem(ctx, 0);

        free(part);
        NESCIO_TRY(st);
    }
    return NESCIO_OK;
}

static bool is_same_file(const char *a, const char *b)
{
    for (; *a && *b; a++, b++)
        if ((*a == '/' ? '_' : *a) != (*b == '/' ? '_' : *b))
            return false;
    return *a == *b;
}

/* Some exporters give two outputs one name. */
static bool is_named_again(const nescio_arrays *arrays, size_t i)
{
    for (size_t k = i + 1; k < arrays->n; k++)
        if (is_same_file(arrays->views[i].name, arrays->views[k].name))
            return true;
    return false;
}

static nescio_status name_parts(nescio_ctx *ctx, const nescio_arrays *arrays, const char *folder)
{
    nescio_status st = NESCIO_OK;

    for (size_t i = 0; st == NESCIO_OK && i < arrays->n; i++) {
        char *const part = path_in(folder, arrays->views[i].name, PART);
        char *const file = path_in(folder, arrays->views[i].name, "");

        if (!part || !file)
            st = nescio_fail_nomem(ctx, 0);
        else if (is_named_again(arrays, i))
            st = NESCIO_OK; /* one file of that name, with the last array */
        else if (rename(part, file) != 0)
            st = nescio_fail(ctx, NESCIO_E_IO, "'%s': cannot create: %s", file, strerror(errno));
        free(part);
        free(file);
    }
    return st;
}

static void remove_parts(const nescio_arrays *arrays, const char *folder)
{
    for (size_t i = 0; i < arrays->n; i++) {
        char *const part = path_in(folder, arrays->views[i].name, PART);

        if (part)
            unlink(part);
        free(part);
    }
}

/* All files or none: they get their names when the last is written. */
static nescio_status write_folder(nescio_ctx *ctx, const nescio_arrays *arrays, const char *folder)
{
    const bool made = mkdir(folder, 0777) == 0;
    nescio_status st;

    if (!made && errno != EEXIST)
        return nescio_fail(ctx, NESCIO_E_IO, "cannot make folder %s: %s", folder, strerror(errno));
    st = write_parts(ctx, arrays, folder);
    if (st == NESCIO_OK)
        st = name_parts(ctx, arrays, folder);
    if (st != NESCIO_OK) {
        remove_parts(arrays, folder);
        if (made)
            rmdir(folder);
    }
    return st;
}

nescio_status nescio_arrays_write(nescio_ctx *ctx, const nescio_arrays *arrays, const char *path)
{
    const bool single = ends_with(path, ".npy") || strcmp(path, "-") == 0;

    if (single && arrays->n == 1)
        return nescio_npy_write(ctx, &arrays->tensors[0], path);
    if (single)
        return nescio_fail(ctx, NESCIO_E_ARG, "%s: there are %zu outputs: name a folder", path,
                           arrays->n);
    return write_folder(ctx, arrays, path);
}

/* Index in the list of the array for `name`, the i-th of the model: by name, else by position when
 * it has no name. */
static size_t find(const nescio_arrays *arrays, const char *name, size_t i)
{
    for (size_t k = 0; k < arrays->n; k++)
        if (strcmp(arrays->views[k].name, name) == 0)
            return k;
    return i < arrays->n && !*arrays->views[i].name ? i : SIZE_MAX;
}

/* Names an array that no input wants, too: as a rule it is the misspelt one. */
static nescio_status fail_missing(nescio_ctx *ctx, const nescio_arrays *arrays,
                                  const char *const *names, size_t n, const char *missing)
{
    for (size_t k = 0; k < arrays->n; k++) {
        size_t i = 0;

        while (i < n && strcmp(arrays->views[k].name, names[i]) != 0)
            i++;
        if (i == n && *arrays->views[k].name)
            return nescio_fail(ctx, NESCIO_E_MISMATCH,
                               "no array for the model's input '%s'; it has no input '%s'", missing,
                               arrays->views[k].name);
    }
    return nescio_fail(ctx, NESCIO_E_MISMATCH, "no array for the model's input '%s'", missing);
}

nescio_status nescio_arrays_match(nescio_ctx *ctx, const nescio_arrays *arrays,
                                  const char *const *names, size_t n, nescio_tensor *out)
{
    if (arrays->n != n)
        return nescio_fail(ctx, NESCIO_E_MISMATCH,
                           "the model takes %zu input%s ('%s' first), %zu were given", n,
                           n == 1 ? "" : "s", n ? names[0] : "", arrays->n);
    for (size_t i = 0; i < n; i++) {
        const size_t k = find(arrays, names[i], i);
        if (k == SIZE_MAX)
            return fail_missing(ctx, arrays, names, n, names[i]);
        out[i] = arrays->tensors[k];
        out[i].owned_bytes = 0;
    }
    return NESCIO_OK;
}

nescio_status nescio_array_classes(nescio_ctx *ctx, const nescio_arrays *outputs, int64_t *classes,
                                   size_t n)
{
    return nescio_classes(ctx, outputs->tensors, outputs->n, classes, n);
}

nescio_status nescio_accuracy(nescio_ctx *ctx, const nescio_arrays *outputs,
                              const nescio_arrays *labels, double *accuracy)
{
    const nescio_tensor *y = labels->n == 1 ? &labels->tensors[0] : NULL;
    size_t right = 0, n;
    int64_t *classes;
    nescio_status st;

    if (!y || y->dtype == NESCIO_STRING || outputs->n == 0 || outputs->tensors[0].rank < 1)
        return nescio_fail(ctx, NESCIO_E_MISMATCH, "labels: one array of numbers is needed");
    n = (size_t)outputs->tensors[0].dims[0];
    if (nescio_tensor_count(y) != n)
        return nescio_fail(ctx, NESCIO_E_MISMATCH, "%zu labels for %zu rows",
                           nescio_tensor_count(y), n);
    classes = calloc(n + 1, sizeof *classes);
    st = classes ? nescio_array_classes(ctx, outputs, classes, n)
                 : nescio_fail_nomem(ctx, n * sizeof *classes);
    for (size_t i = 0; st == NESCIO_OK && i < n; i++)
        right += nescio_tensor_get_i64(y, i) == classes[i];
    free(classes);
    *accuracy = n ? (double)right / (double)n : 0;
    return st;
}
