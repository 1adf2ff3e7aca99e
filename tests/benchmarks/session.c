/* bench_session: signatures with session keys, by libstrongroom or by the raw token's HMAC.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "rounds.h"

#include "cryptoki/find.h"
#include "cryptoki/module.h"
#include "cryptoki/names.h"
#include "cryptoki/pin.h"
#include "cryptoki/token.h"

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
    struct sr_module module; /* raw */
    CK_SLOT_ID slot;
    CK_SESSION_HANDLE session;
    CK_OBJECT_HANDLE key;
    const char *family; /* ours */
    char *signature;    /* to verify; NULL to sign */
};

struct state {
    const struct shared *shared;
    CK_SESSION_HANDLE session;
    strongroom *daemon;
};

static bool fine(CK_RV rv, const char *what)
{
    if (rv != CKR_OK)
        (void)fprintf(stderr, "%s: %s\n", what, sr_rv_name(rv));
    return rv == CKR_OK;
}

static bool said(enum strongroom_result result, const struct strongroom_error *error)
{
    if (result != STRONGROOM_OK)
        (void)fprintf(stderr, "%s\n", error->text);
    return result == STRONGROOM_OK;
}

static bool make_key(struct shared *s)
{
    CK_MECHANISM generate = {CKM_GENERIC_SECRET_KEY_GEN, NULL, 0};
    CK_ULONG size = KEY_SIZE;
    CK_BBOOL yes = CK_TRUE;
    CK_ATTRIBUTE a[] = {{CKA_VALUE_LEN, &size, sizeof(size)},
                        {CKA_LABEL, (void *)LABEL, strlen(LABEL)},
                        {CKA_TOKEN, &yes, sizeof(yes)},
                        {CKA_PRIVATE, &yes, sizeof(yes)},
                        {CKA_SIGN, &yes, sizeof(yes)}};
    return fine(s->module.f->C_GenerateKey(s->session, &generate, a, sizeof(a) / sizeof(a[0]), &s->key),
                "C_GenerateKey");
}

static bool open_raw(struct shared *s)
{
    struct sr_why why = {""};
    CK_TOKEN_INFO info;
    struct sr_pin *pin = sr_pin_read(getenv("TOKEN_PIN_FILE"), &why);
    bool ok = pin != NULL &&
              sr_module_open(&s->module, getenv("TOKEN_MODULE"), NULL, SR_LOCKS_MODULE, &why) == CKR_OK;
    if (!ok)
        (void)fprintf(stderr, "%s\n", why.text);
    ok =
        ok &&
        fine(sr_token_find(s->module.f, sr_token_labelled, getenv("TOKEN_LABEL"), true, &s->slot, &info),
             "the token") &&
        fine(
            s->module.f->C_OpenSession(s->slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &s->session),
            "C_OpenSession") &&
        fine(s->module.f->C_Login(s->session, CKU_USER, (CK_UTF8CHAR *)pin->value, pin->length), "C_Login") &&
        make_key(s);
    sr_pin_free(pin);
    return ok;
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
        ok = fine(
            shared->module.f->C_OpenSession(shared->slot, CKF_SERIAL_SESSION, NULL, NULL, &state->session),
            "C_OpenSession");
    if (!ok) {
        free(state);
        state = NULL;
    }
    return state;
}

static bool once_raw(const struct state *state)
{
    CK_FUNCTION_LIST *f = state->shared->module.f;
    CK_MECHANISM mechanism = {CKM_SHA256_HMAC, NULL, 0};
    CK_BYTE mac[KEY_SIZE];
    CK_ULONG size = sizeof(mac);
    return fine(f->C_SignInit(state->session, &mechanism, state->shared->key), "C_SignInit") &&
           fine(f->C_Sign(state->session, data, sizeof(data), mac, &size), "C_Sign");
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
    if ((raw && !open_raw(&shared)) || (verifies && !sign_first(&shared)))
        return 1;
    int status = bench_serve(&job, 4, argv[1]);
    if (raw)
        (void)shared.module.f->C_DestroyObject(shared.session, shared.key);
    sr_module_close(&shared.module);
    free(shared.signature);
    return status;
}
