/* SPDX-License-Identifier: Apache-2.0
 * Key generation, encryption and decryption with every secret undefined in valgrind's eyes: it
 * complains of any branch and any address that depends on one. Randomness from the system is
 * undefined from the start, except where it is made public: seeds of masks and key ids. What leaves
 * as a ciphertext is declared public where it leaves. With the argument `leak` a branch on a key
 * bit shows that the check bites. Outside valgrind it says so and returns 77. */
#include "secret/secret.h"
#include "tfhe_sets.h"

#include <stdio.h>
#include <string.h>
#include <valgrind/memcheck.h>
#include <valgrind/valgrind.h>

static void make_secret(void *p, size_t bytes)
{
    (void)VALGRIND_MAKE_MEM_UNDEFINED(p, bytes);
}

static void make_public(const void *p, size_t bytes)
{
    (void)VALGRIND_MAKE_MEM_DEFINED(p, bytes);
}

nescio_status __real_nescio_random_bytes(nescio_ctx *ctx, void *out, size_t bytes);
nescio_status __wrap_nescio_random_bytes(nescio_ctx *ctx, void *out, size_t bytes);

nescio_status __wrap_nescio_random_bytes(nescio_ctx *ctx, void *out, size_t bytes)
{
    const nescio_status st = __real_nescio_random_bytes(ctx, out, bytes);

    make_secret(out, bytes);
    return st;
}

static int evaluation_key(nescio_ctx *ctx, uint32_t variant)
{
    nescio_tfhe_params p = toy;
    nescio_evaluation_key e;
    nescio_secret_key *key;
    int ok;

    p.variant = variant;
    ok = nescio_secret_key_new(ctx, &p, &key) == NESCIO_OK &&
         nescio_evaluation_key_make(ctx, key, &e) == NESCIO_OK;
    if (ok) {
        make_public(e.bootstrap, e.bootstrap_bytes);
        make_public(e.keyswitch, e.keyswitch_bytes);
        make_public(e.output, e.output_bytes);
        nescio_evaluation_key_free(&e);
    }
    nescio_secret_key_free(key);
    return ok;
}

static int encrypt_and_decrypt(nescio_ctx *ctx)
{
    static const uint8_t seed[NESCIO_SEED_BYTES] = {1};
    uint64_t phases[16], bodies[16];
    uint8_t answer[160] = {0};
    nescio_secret_key *key;
    int ok;

    memset(phases, 0x5a, sizeof phases);
    make_secret(phases, sizeof phases);
    ok = nescio_secret_key_new(ctx, &toy, &key) == NESCIO_OK &&
         nescio_encrypt_packed(ctx, key, seed, 0, phases, 16, bodies) == NESCIO_OK;
    make_public(bodies, sizeof bodies);
    ok = ok && nescio_decrypt_answer(ctx, key, answer, nescio_answer_bytes(&toy, 16, 16), 16, 16,
                                     phases) == NESCIO_OK;
    nescio_secret_key_free(key);
    return ok;
}

/* The samplers that keys and noise come from, on an undefined seed. */
static int samplers(void)
{
    uint8_t seed[NESCIO_SEED_BYTES] = {7};
    uint64_t noise[100];
    uint32_t bits[100];
    nescio_stream s;

    make_secret(seed, sizeof seed);
    nescio_stream_init(&s, seed, NESCIO_STREAM_SECRET, 0);
    nescio_stream_bits(&s, bits, 100);
    for (unsigned b = 0; b < 60; b += 17)
        nescio_stream_tuniform(&s, noise, 100, b);
    nescio_stream_wipe(&s);
    return 1;
}

static int leak(nescio_ctx *ctx)
{
    nescio_secret_key *key;
    int printed;

    if (nescio_secret_key_new(ctx, &toy, &key) != NESCIO_OK)
        return 0;
    printed = key->lwe[0] ? puts("one") : puts("zero");
    nescio_secret_key_free(key);
    return printed >= 0;
}

int main(int argc, char **argv)
{
    nescio_ctx *ctx;
    int ok;

    if (!RUNNING_ON_VALGRIND) {
        puts("not under valgrind: nothing is checked");
        return 77;
    }
    if (nescio_ctx_new(&ctx) != NESCIO_OK)
        return 2;
    if (argc > 1 && strcmp(argv[1], "leak") == 0)
        ok = leak(ctx);
    else
        ok = samplers() && evaluation_key(ctx, NESCIO_PBS_CLASSICAL) &&
             evaluation_key(ctx, NESCIO_PBS_UNROLLED2) && evaluation_key(ctx, NESCIO_PBS_BLOCK3) &&
             encrypt_and_decrypt(ctx);
    nescio_ctx_free(ctx);
    return ok ? 0 : 2;
}
