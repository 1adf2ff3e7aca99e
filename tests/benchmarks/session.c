/* bench_session: signatures with session keys, by libstrongroom or by the raw token's HMAC.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "raw.h"
#include "rounds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strongroom/strongroom.h>

#define LABEL "bench-session"
#define KEY_SIZE 32
#define DATA_SIZE 200

static const char usage[] =
    "usage: bench_session raw       HMAC-SHA256 under a token object, which it makes in the token\n"
    "                           of TOKEN_MODULE, TOKEN_LABEL and TOKEN_PIN_FILE\n"
    "       bench_session sign FAMILY\n"
    "       bench_session verify FAMILY\n"
    "Then on standard input: go THREADS MILLISECONDS\n";

static CK_BYTE data[DATA_SIZE];

struct shared {
    struct bench_raw raw;
    CK_OBJECT_HANDLE key;
    const char *family; /* ours */
    char *signature;    /* to verify; NULL to sign */
};

struct state {
    const struct shared *shared;
    CK_SESSION_HANDLE session;
    strongroom *daemon;
};

static bool said(enum strongroom_result result, const struct strongroom_error *error)
{
    if (result != STRONGROOM_OK)
        (void)fprintf(stderr, "%s\n", error->text);
    return result == STRONGROOM_OK;
}

static bool sign_first(struct shared *s)
{
    strongroom *daemon;
    struct strongroom_error error;
    bool ok =
        said(strongroom_open(NULL, &daemon, &error), &error) &&
        said(strongroom_session_sign(daemon, s->family, "bench", data, sizeof(data), &s->signature, &error),
             &error);
    strongroom_close(daemon);
    return ok;
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

static bool once_raw(const struct state *state)
{
    CK_FUNCTION_LIST *f = state->shared->raw.module.f;
    CK_MECHANISM mechanism = {CKM_SHA256_HMAC, NULL, 0};
    CK_BYTE mac[KEY_SIZE];
    CK_ULONG size = sizeof(mac);
    return bench_fine(f->C_SignInit(state->session, &mechanism, state->shared->key), "C_SignInit") &&
           bench_fine(f->C_Sign(state->session, data, sizeof(data), mac, &size), "C_Sign");
}

static bool once(void *arg)
{
    const struct state *state = arg;
    const struct shared *shared = state->shared;
    struct strongroom_error error;
    char *signature = NULL;

    if (shared->family == NULL)
        return once_raw(state);
    if (shared->signature != NULL)
        return said(strongroom_session_verify(state->daemon, shared->family, "bench", data, sizeof(data),
                                              shared->signature, &error),
                    &error);
    bool ok = said(strongroom_session_sign(state->daemon, shared->family, "bench", data, sizeof(data),
                                           &signature, &error),
                   &error);
    free(signature);
    return ok;
}

static void end(void *arg)
{
    struct state *state = arg;
    strongroom_close(state->daemon);
    free(state);
}

int main(int argc, char **argv)
{
    struct shared shared = {.family = argc == 3 ? argv[2] : NULL};
    struct bench_job job = {.shared = &shared, .start = start, .once = once, .end = end};
    bool raw = argc == 2 && strcmp(argv[1], "raw") == 0;
    bool verifies = argc == 3 && strcmp(argv[1], "verify") == 0;

    if (!raw && !verifies && !(argc == 3 && strcmp(argv[1], "sign") == 0)) {
        (void)fputs(usage, stderr);
        return 2;
    }
    if (raw &&
        !(bench_raw_open(&shared.raw) && bench_raw_key(&shared.raw, CKM_GENERIC_SECRET_KEY_GEN, KEY_SIZE,
                                                       LABEL, CKA_SIGN, CKA_VERIFY, &shared.key)))
        return 1;
    if (verifies && !sign_first(&shared))
        return 1;
    int status = bench_serve(&job, 4, argv[1]);
    if (raw)
        (void)shared.raw.module.f->C_DestroyObject(shared.raw.session, shared.key);
    sr_module_close(&shared.raw.module);
    free(shared.signature);
    return status;
}
