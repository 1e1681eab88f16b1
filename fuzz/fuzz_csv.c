/* SPDX-License-Identifier: Apache-2.0
 * CSV bytes: refused with a message, or float64 [rows, columns] with no more values than the text
 * can hold. */
#include "fuzz_target.h"
#include "tensor/tensor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    nescio_ctx *ctx;
    nescio_tensor t;
    nescio_status st;

    if (nescio_ctx_new(&ctx) != NESCIO_OK)
        return 0;
    st = nescio_csv_parse(ctx, &t, data, bytes, "fuzz.csv");
    if (st == NESCIO_OK) {
        FUZZ_REQUIRE(t.dtype == NESCIO_F64 && t.rank == 2 && t.dims[1] >= 1);
        FUZZ_REQUIRE(2 * nescio_tensor_count(&t) <= bytes + 1); /* a digit and a comma each */
        for (size_t i = 0; i < nescio_tensor_count(&t); i++)
            (void)nescio_tensor_get_i64(&t, i);
    } else {
        FUZZ_REQUIRE(st == NESCIO_E_FORMAT && !t.data && *nescio_ctx_message(ctx));
    }
    nescio_tensor_free(&t);
    nescio_ctx_free(ctx);
    return 0;
}
