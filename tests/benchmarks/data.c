/* bench_data: small values encrypted and decrypted, by libstrongroom or by the raw token's AES-GCM.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "raw.h"
#include "rounds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strongroom/strongroom.h>

#define LABEL "bench-data"
#define CONTEXT "users/4711/iban"
#define SIZE_MAX_HERE 1000
#define NONCE 12
#define TAG 16
#define BATCH 1000

static const char usage[] =
    "usage: bench_data raw SIZE    AES-256-GCM under a token object, which it makes in the token\n"
    "                          of TOKEN_MODULE, TOKEN_LABEL and TOKEN_PIN_FILE\n"
    "       bench_data single SIZE FAMILY\n"
    "       bench_data batch SIZE FAMILY   a thousand values in a call\n"
    "An operation is to encrypt and to decrypt one value. Then on standard input:\n"
    "go THREADS MILLISECONDS\n";

static CK_BYTE data[SIZE_MAX_HERE];

struct shared {
    size_t size;
    struct bench_raw raw;
    CK_OBJECT_HANDLE key;
    const char *family; /* ours */
    bool batch;
};

struct state {
    const struct shared *shared;
    CK_SESSION_HANDLE session;
    CK_BYTE nonce[NONCE];
    strongroom *daemon;
    struct strongroom_data_item items[BATCH];
    struct strongroom_data_item sealed[BATCH];
    size_t left; /* values of the last batch that are not counted yet */
};

static bool said(enum strongroom_result result, const struct strongroom_error *error)
{
    if (result != STRONGROOM_OK)
        (void)fprintf(stderr, "%s\n", error->text);
    return result == STRONGROOM_OK;
}

static void *start(void *arg)
{
    const struct shared *shared = arg;
    struct state *state = calloc(1, sizeof(*state));
    struct strongroom_error error;
    bool ok = state != NULL;
    if (ok)
        state->shared = shared;
    if (ok && shared->family != NULL)
        ok = said(strongroom_open(NULL, &state->daemon, &error), &error);
    else if (ok)
        ok = bench_raw_session(&shared->raw, &state->session);
    if (!ok) {
        free(state);
        state = NULL;
    }
    return state;
}

static bool once_raw(struct state *state)
{
    const struct shared *shared = state->shared;
    CK_FUNCTION_LIST *f = shared->raw.module.f;
    CK_GCM_PARAMS gcm = {.pIv = state->nonce,
                         .ulIvLen = NONCE,
                         .ulIvBits = NONCE * 8UL,
                         .pAAD = (CK_BYTE_PTR)CONTEXT,
                         .ulAADLen = strlen(CONTEXT),
                         .ulTagBits = TAG * 8UL};
    CK_MECHANISM mechanism = {CKM_AES_GCM, &gcm, sizeof(gcm)};
    CK_BYTE sealed[SIZE_MAX_HERE + TAG];
    CK_BYTE opened[SIZE_MAX_HERE + TAG];
    CK_ULONG length = sizeof(sealed);
    CK_ULONG back = sizeof(opened);

    for (size_t i = 0; i < NONCE && ++state->nonce[i] == 0; i++)
        continue;
    return bench_fine(f->C_EncryptInit(state->session, &mechanism, shared->key), "C_EncryptInit") &&
           bench_fine(f->C_Encrypt(state->session, data, shared->size, sealed, &length), "C_Encrypt") &&
           bench_fine(f->C_DecryptInit(state->session, &mechanism, shared->key), "C_DecryptInit") &&
           bench_fine(f->C_Decrypt(state->session, sealed, length, opened, &back), "C_Decrypt") &&
           back == shared->size;
}

static bool once_single(struct state *state)
{
    const struct shared *shared = state->shared;
    struct strongroom_error error;
    void *value = NULL;
    void *plain = NULL;
    size_t length;
    size_t back = 0;
    bool ok = said(strongroom_data_encrypt(state->daemon, shared->family, NULL, CONTEXT, strlen(CONTEXT),
                                           data, shared->size, &value, &length, &error),
                   &error) &&
              said(strongroom_data_decrypt(state->daemon, shared->family, NULL, CONTEXT, strlen(CONTEXT),
                                           value, length, &plain, &back, &error),
                   &error) &&
              back == shared->size;
    free(value);
    free(plain);
    return ok;
}

/* The results of ITEMS, which were asked for with RESULT, become what the next call is about. */
static bool hand_on(enum strongroom_result result, const struct strongroom_error *error,
                    const struct strongroom_data_item *items, struct strongroom_data_item *next)
{
    bool ok = said(result, error);
    for (size_t i = 0; i < BATCH && ok; i++) {
        ok = items[i].result == STRONGROOM_OK;
        next[i] = (struct strongroom_data_item){.context = CONTEXT,
                                                .context_length = strlen(CONTEXT),
                                                .data = items[i].out,
                                                .length = items[i].out_length};
    }
    return ok;
}

static bool do_batch(struct state *state)
{
    const struct shared *shared = state->shared;
    struct strongroom_error error;

    for (size_t i = 0; i < BATCH; i++)
        state->items[i] = (struct strongroom_data_item){
            .context = CONTEXT, .context_length = strlen(CONTEXT), .data = data, .length = shared->size};
    bool ok =
        hand_on(
            strongroom_data_encrypt_many(state->daemon, shared->family, NULL, state->items, BATCH, &error),
            &error, state->items, state->sealed) &&
        said(strongroom_data_decrypt_many(state->daemon, shared->family, NULL, state->sealed, BATCH, &error),
             &error);
    for (size_t i = 0; i < BATCH; i++) {
        ok = ok && state->sealed[i].result == STRONGROOM_OK && state->sealed[i].out_length == shared->size;
        free(state->items[i].out);
        free(state->sealed[i].out);
    }
    return ok;
}

static bool once(void *arg)
{
    struct state *state = arg;

    if (state->shared->family == NULL)
        return once_raw(state);
    if (!state->shared->batch)
        return once_single(state);
    if (state->left == 0) {
        if (!do_batch(state))
            return false;
        state->left = BATCH;
    }
    state->left--;
    return true;
}

static void end(void *arg)
{
    struct state *state = arg;
    strongroom_close(state->daemon);
    free(state);
}

int main(int argc, char **argv)
{
    struct shared shared = {.size = argc >= 3 ? strtoul(argv[2], NULL, 10) : 0,
                            .family = argc == 4 ? argv[3] : NULL};
    struct bench_job job = {.shared = &shared, .start = start, .once = once, .end = end};
    bool raw = argc == 3 && strcmp(argv[1], "raw") == 0;

    shared.batch = argc == 4 && strcmp(argv[1], "batch") == 0;
    if ((!raw && !shared.batch && !(argc == 4 && strcmp(argv[1], "single") == 0)) || shared.size == 0 ||
        shared.size > SIZE_MAX_HERE) {
        (void)fputs(usage, stderr);
        return 2;
    }
    if (raw && !(bench_raw_open(&shared.raw) && bench_raw_key(&shared.raw, CKM_AES_KEY_GEN, 32, LABEL,
                                                              CKA_ENCRYPT, CKA_DECRYPT, &shared.key)))
        return 1;
    int status = bench_serve(&job, 4, argv[1]);
    if (raw)
        (void)shared.raw.module.f->C_DestroyObject(shared.raw.session, shared.key);
    sr_module_close(&shared.raw.module);
    return status;
}
