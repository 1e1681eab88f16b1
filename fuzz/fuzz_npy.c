/* SPDX-License-Identifier: Apache-2.0
 * .npy bytes: refused with a message, or a tensor whose every element can be read. */
#include "fuzz_target.h"
#include "tensor/tensor.h"

#include <string.h>

static void read_everything(const nescio_tensor *t)
{
    const size_t count = nescio_tensor_count(t);

    FUZZ_REQUIRE(t->owned_bytes >= count * nescio_dtype_bytes(t->dtype) && t->data);
    FUZZ_REQUIRE(nescio_tensor_is_contiguous(t));
    for (size_t i = 0; i < count; i++) {
        if (t->dtype == NESCIO_STRING)
            FUZZ_REQUIRE(strlen(((const char *const *)t->data)[i]) < t->owned_bytes);
        else if (t->dtype == NESCIO_BOOL)
            FUZZ_REQUIRE(nescio_tensor_get_i64(t, i) <= 1 && ((const uint8_t *)t->data)[i] <= 1);
        else
            (void)nescio_tensor_get_f64(t, i);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    nescio_ctx *ctx;
    nescio_tensor t;
    nescio_status st;

    if (nescio_ctx_new(&ctx) != NESCIO_OK)
        return 0;
    st = nescio_npy_parse(ctx, &t, data, bytes, "fuzz.npy");
    if (st == NESCIO_OK)
        read_everything(&t);
    else
        FUZZ_REQUIRE((st == NESCIO_E_FORMAT || st == NESCIO_E_UNSUPPORTED) && !t.data &&
                     *nescio_ctx_message(ctx));
    nescio_tensor_free(&t);
    nescio_ctx_free(ctx);
    return 0;
}
