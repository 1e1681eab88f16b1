/* SPDX-License-Identifier: Apache-2.0
 * Writes the seeds of the corpora that a script cannot: containers of toy parameters.
 * usage: make_seeds CORPUS-FOLDER (with the folders package, ... in it) */
#include "../tests/unit/format/toy_model.h"
#include "../tests/unit/plan/plan_by_hand.h"
#include "client/client.h"

#include <stdio.h>
#include <unistd.h>

static nescio_ctx *ctx;

static int told(nescio_status st)
{
    if (st != NESCIO_OK)
        fprintf(stderr, "%s\n", nescio_ctx_message(ctx));
    return st != NESCIO_OK;
}

/* The smallest keys there are. */
static nescio_tfhe_params smallest(void)
{
    nescio_tfhe_params p = params_by_hand();

    p.lwe_dim = p.pbs_levels = p.ks_levels = p.out_glwe_dim = p.out_levels = 1;
    p.out_poly_size = 2;
    return p;
}

static int packages(void)
{
    toy_model m = toy_model_new(ctx);
    nescio_package *p = NULL;
    int bad = told(nescio_package_write(ctx, &m.source, "package/model")) ||
              told(nescio_package_open(ctx, "package/model", true, true, &p)) ||
              told(nescio_package_split(ctx, p, NESCIO_FILE_CLIENT, "package/client")) ||
              told(nescio_package_split(ctx, p, NESCIO_FILE_SERVER, "package/server")) ||
              told(nescio_package_split(ctx, p, NESCIO_FILE_CLIENT, "container/client"));

    nescio_package_free(p);
    toy_model_free(&m);
    return bad;
}

static int keys(void)
{
    const nescio_tfhe_params p = smallest();
    nescio_evaluation_key evaluation = toy_evaluation_key(ctx, &p);
    nescio_secret_key *secret = NULL;
    int bad = told(nescio_evaluation_key_write(ctx, &evaluation, "evaluation_key/smallest")) ||
              told(nescio_secret_key_new(ctx, &p, &secret)) ||
              told(nescio_secret_key_write(ctx, secret, "secret_key/open", NULL)) ||
              told(nescio_secret_key_write(ctx, secret, "secret_key/sealed", "seed"));

    nescio_secret_key_free(secret);
    nescio_evaluation_key_free(&evaluation);
    return bad;
}

static int ciphertexts(void)
{
    static const uint8_t rows[30] = {1, 2, 3};
    const nescio_ciphertext ct = {.n_rows = 3, .row_bytes = 10, .rows = rows},
                            none = {.row_bytes = 1};

    return told(nescio_ciphertext_write(ctx, &ct, NESCIO_FILE_INPUT, "ciphertext/input")) ||
           told(nescio_ciphertext_write(ctx, &ct, NESCIO_FILE_ANSWER, "ciphertext/answer")) ||
           told(nescio_ciphertext_write(ctx, &none, NESCIO_FILE_INPUT, "ciphertext/empty"));
}

int main(int argc, char **argv)
{
    int bad;

    if (argc != 2 || chdir(argv[1]) != 0 || nescio_ctx_new(&ctx) != NESCIO_OK)
        return 2;
    bad = packages() || keys() || ciphertexts();
    nescio_ctx_free(ctx);
    return bad;
}
