/* SPDX-License-Identifier: Apache-2.0
 * Copies between strides against an index computed element by element. */
#include "support.h"
#include "tensor/walk.h"

enum { ELEMENTS = 40000, ROUNDS = 400 };

static uint64_t state_of_random = 1;

static int64_t below(int64_t n)
{
    return test_range(&state_of_random, 0, n - 1);
}

/* Row-major strides of the axes in a random order. */
static void shuffled_strides(int rank, const int64_t *dims, int64_t *stride)
{
    int order[NESCIO_RANK_MAX];
    int64_t step = 1;

    for (int i = 0; i < rank; i++)
        order[i] = i;
    for (int i = rank - 1; i > 0; i--) {
        const int k = (int)below(i + 1), t = order[i];

        order[i] = order[k];
        order[k] = t;
    }
    for (int i = 0; i < rank; i++) {
        stride[order[i]] = step;
        step *= dims[order[i]];
    }
}

static int64_t random_shape(int *rank, int64_t *dims)
{
    int64_t count = 1;

    *rank = (int)below(5);
    for (int i = 0; i < *rank; i++) {
        dims[i] = below(8) ? 1 + below(*rank == 2 ? 150 : 12) : below(2);
        count *= dims[i];
    }
    return count;
}

/* Element `k` in row-major order of dims lies here. */
static int64_t offset_of(int64_t k, int rank, const int64_t *dims, const int64_t *stride)
{
    int64_t at = 0;

    for (int i = rank - 1; i >= 0; i--) {
        at += k % dims[i] * stride[i];
        k /= dims[i];
    }
    return at;
}

static void one_copy(size_t size, const uint8_t *src, uint8_t *dst)
{
    int64_t dims[NESCIO_RANK_MAX] = {0}, to[NESCIO_RANK_MAX], from[NESCIO_RANK_MAX];
    int rank;
    const int64_t count = random_shape(&rank, dims);

    shuffled_strides(rank, dims, to);
    shuffled_strides(rank, dims, from);
    if (rank > 0 && below(4) == 0)
        from[below(rank)] = 0; /* broadcast */
    memset(dst, 0xAA, ELEMENTS * sizeof(uint64_t));
    nescio_copy_strided(size, rank, dims, dst, to, src, from);
    for (int64_t k = 0; k < count; k++) {
        const int64_t y = offset_of(k, rank, dims, to), x = offset_of(k, rank, dims, from);

        if (memcmp(dst + (size_t)y * size, src + (size_t)x * size, size) != 0)
            fail_msg("element %lld of %d axes, %zu bytes each", (long long)k, rank, size);
    }
    for (size_t i = (size_t)count * size; i < ELEMENTS * sizeof(uint64_t); i++)
        assert_int_equal(dst[i], 0xAA);
}

static void copies(void **state)
{
    uint8_t *const src = malloc(ELEMENTS * sizeof(uint64_t));
    uint8_t *const dst = malloc(ELEMENTS * sizeof(uint64_t));

    (void)state;
    assert_true(src && dst);
    for (size_t i = 0; i < ELEMENTS * sizeof(uint64_t); i++)
        src[i] = (uint8_t)below(256);
    for (int i = 0; i < ROUNDS; i++)
        one_copy((size_t)1 << below(4), src, dst);
    free(src);
    free(dst);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(copies)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
