/* SPDX-License-Identifier: Apache-2.0 */
/* A long-lived PKCS#11 client that does what it is told on its input, one command a line, and says what came
 * of it: the return value, what it found, and after how many milliseconds. In the token that TOKEN_LABEL
 * names, through the module STRONGROOM_MODULE. */
#include "cryptoki/attributes.h"
#include "cryptoki/find.h"
#include "cryptoki/names.h"
#include "signer.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct signer s;
static CK_FUNCTION_LIST *f;
static CK_OBJECT_HANDLE session_key;
static char says[128]; /* more than the return value */

static CK_MECHANISM long_signature = {CKM_SHA256_RSA_PKCS, NULL, 0};
static CK_BYTE data[64] = "some data";
static CK_BYTE out[1024];

static CK_RV find(const char *label)
{
    return signer_find(&s, label);
}

static CK_RV sign(const char *arg)
{
    (void)arg;
    return signer_sign(&s);
}

static CK_RV read_label(const char *arg)
{
    CK_ATTRIBUTE a = {CKA_LABEL, NULL, 0};
    (void)arg;
    CK_RV rv = f->C_GetAttributeValue(s.session, s.key, &a, 1);
    if (rv != CKR_OK || a.ulValueLen > sizeof(out))
        return rv;
    a.pValue = out;
    rv = f->C_GetAttributeValue(s.session, s.key, &a, 1);
    (void)snprintf(says, sizeof(says), "%.*s", (int)a.ulValueLen, (const char *)out);
    return rv;
}

/* How many objects have the label; the first one's handle does not change while the daemon lives. */
static CK_RV count(const char *label)
{
    CK_ATTRIBUTE wanted = {CKA_LABEL, (void *)label, strlen(label)};
    CK_OBJECT_HANDLE *found;
    size_t n = 0;
    CK_RV rv = sr_find(f, s.session, &wanted, 1, &found, &n);
    free(found);
    (void)snprintf(says, sizeof(says), "%zu objects", n);
    return rv;
}

static CK_RV same_handle(const char *label)
{
    CK_OBJECT_HANDLE before = s.key;
    CK_RV rv = signer_find(&s, label);
    (void)snprintf(says, sizeof(says), "%s", s.key == before ? "the same handle" : "another handle");
    return rv;
}

static CK_RV generate(const char *label, CK_BBOOL on_token, CK_OBJECT_HANDLE *private)
{
    CK_BBOOL yes = CK_TRUE;
    CK_BYTE p256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
    CK_MECHANISM mechanism = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
    CK_ATTRIBUTE public_parts[] = {{CKA_EC_PARAMS, p256, sizeof(p256)},
                                   {CKA_TOKEN, &on_token, sizeof(on_token)},
                                   {CKA_LABEL, (void *)label, strlen(label)}};
    CK_ATTRIBUTE private_parts[] = {{CKA_SIGN, &yes, sizeof(yes)},
                                    {CKA_TOKEN, &on_token, sizeof(on_token)},
                                    {CKA_LABEL, (void *)label, strlen(label)}};
    CK_OBJECT_HANDLE public;
    return f->C_GenerateKeyPair(s.session, &mechanism, public_parts, 3, private_parts, 3, &public, private);
}

static CK_RV generate_token(const char *label)
{
    CK_OBJECT_HANDLE private;
    return generate(label, CK_TRUE, &private);
}

static CK_RV generate_session(const char *label)
{
    return generate(label, CK_FALSE, &session_key);
}

static CK_RV sign_session(const char *arg)
{
    CK_OBJECT_HANDLE key = s.key;
    CK_KEY_TYPE type = s.type;
    (void)arg;
    s.key = session_key;
    s.type = CKK_EC;
    CK_RV rv = signer_sign(&s);
    s.key = key;
    s.type = type;
    return rv;
}

static CK_RV begin(const char *arg)
{
    (void)arg;
    CK_RV rv = f->C_SignInit(s.session, &long_signature, s.key);
    return rv == CKR_OK ? f->C_SignUpdate(s.session, data, sizeof(data)) : rv;
}

/* More than the module keeps to itself. */
static CK_RV update(const char *arg)
{
    static CK_BYTE much[(size_t)300 << 10];
    (void)arg;
    return f->C_SignUpdate(s.session, much, sizeof(much));
}

static CK_RV final(const char *arg)
{
    CK_ULONG n = sizeof(out);
    (void)arg;
    return f->C_SignFinal(s.session, out, &n);
}

static CK_RV random_bytes(const char *arg)
{
    (void)arg;
    return f->C_GenerateRandom(s.session, out, 16);
}

static CK_RV open_session(const char *arg)
{
    CK_SESSION_HANDLE session;
    (void)arg;
    CK_RV rv = f->C_OpenSession(s.slot, CKF_SERIAL_SESSION, NULL, NULL, &session);
    return rv == CKR_OK ? f->C_CloseSession(session) : rv;
}

static CK_RV slots(const char *arg)
{
    CK_SLOT_ID list[16];
    CK_ULONG n = 16;
    CK_RV rv = f->C_GetSlotList(strcmp(arg, "present") == 0, list, &n);
    (void)snprintf(says, sizeof(says), "%lu slots", n);
    return rv;
}

static CK_RV slot_info(const char *arg)
{
    CK_SLOT_INFO info;
    (void)arg;
    CK_RV rv = f->C_GetSlotInfo(s.slot, &info);
    if (rv == CKR_OK)
        (void)snprintf(says, sizeof(says), "%s", info.flags & CKF_TOKEN_PRESENT ? "present" : "empty");
    return rv;
}

static CK_RV token_info(const char *arg)
{
    CK_TOKEN_INFO info;
    (void)arg;
    return f->C_GetTokenInfo(s.slot, &info);
}

static CK_RV mechanisms(const char *arg)
{
    CK_ULONG n = 0;
    (void)arg;
    return f->C_GetMechanismList(s.slot, NULL, &n);
}

static CK_RV event(const char *arg)
{
    CK_SLOT_ID slot;
    CK_RV rv = f->C_WaitForSlotEvent(strcmp(arg, "wait") == 0 ? 0 : CKF_DONT_BLOCK, &slot, NULL);
    if (rv == CKR_OK)
        (void)snprintf(says, sizeof(says), "slot %lu%s", slot, slot == s.slot ? ", ours" : "");
    return rv;
}

static void *wait_for_event(void *arg)
{
    CK_SLOT_ID slot;
    *(CK_RV *)arg = f->C_WaitForSlotEvent(0, &slot, NULL);
    return NULL;
}

/* One thread waits for an event; this one works meanwhile, and ends it all. */
static CK_RV finalize_while_waiting(const char *arg)
{
    struct timespec pause = {.tv_nsec = 100000000};
    pthread_t thread;
    CK_RV waited = CKR_OK;
    (void)arg;

    if (pthread_create(&thread, NULL, wait_for_event, &waited) != 0)
        return CKR_HOST_MEMORY;
    (void)nanosleep(&pause, NULL);
    CK_RV rv = signer_sign(&s);
    if (rv == CKR_OK)
        rv = f->C_Finalize(NULL);
    (void)pthread_join(thread, NULL);
    return rv == CKR_OK ? waited : rv;
}

/* With the module's options ("timeout=2"). */
static CK_RV initialize(const char *arg)
{
    CK_C_INITIALIZE_ARGS args = {.flags = CKF_OS_LOCKING_OK,
                                 .pReserved = arg[0] != '\0' ? (void *)arg : NULL};
    CK_RV rv = f->C_Initialize(&args);
    return rv == CKR_OK
               ? f->C_OpenSession(s.slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &s.session)
               : rv;
}

static CK_RV finalize(const char *arg)
{
    (void)arg;
    return f->C_Finalize(NULL);
}

static CK_RV close_session(const char *arg)
{
    (void)arg;
    CK_RV rv = f->C_CloseSession(s.session);
    return rv == CKR_OK
               ? f->C_OpenSession(s.slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &s.session)
               : rv;
}

#define WORKERS 4

struct worker {
    pthread_t thread;
    atomic_bool *stop;
    unsigned long done;
    CK_RV failed; /* the first failure; CKR_OK: none */
};

/* Signs, reads and finds, in a session of its own, over and over. */
static void *work(void *arg)
{
    struct worker *w = arg;
    struct signer mine = s;
    CK_RV rv = f->C_OpenSession(s.slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &mine.session);

    while (rv == CKR_OK && !atomic_load(w->stop)) {
        CK_ATTRIBUTE class = {CKA_CLASS, NULL, 0};
        rv = signer_sign(&mine);
        if (rv == CKR_OK)
            rv = sr_attributes_read(f, mine.session, mine.key, &class, 1);
        sr_attributes_free(&class, 1);
        if (rv == CKR_OK && w->done % 8 == 0)
            rv = signer_find(&mine, "tls:other");
        w->done += rv == CKR_OK;
    }
    w->failed = rv;
    if (rv != CKR_OK)
        fprintf(stderr, "a worker: %s: %s\n", sr_rv_name(rv), sr_module_explain(&s.module));
    return NULL;
}

/* Several threads work for so many seconds; what the first one to fail was told. */
static CK_RV load(const char *seconds)
{
    struct worker workers[WORKERS] = {0};
    struct timespec t = {.tv_sec = strtol(seconds, NULL, 10)};
    atomic_bool stop = false;
    unsigned long done = 0;
    CK_RV rv = CKR_OK;
    size_t n = 0;

    for (; n < WORKERS; n++) {
        workers[n].stop = &stop;
        if (pthread_create(&workers[n].thread, NULL, work, &workers[n]) != 0)
            break;
    }
    (void)nanosleep(&t, NULL);
    atomic_store(&stop, true);
    for (size_t i = 0; i < n; i++) {
        (void)pthread_join(workers[i].thread, NULL);
        done += workers[i].done;
        rv = rv == CKR_OK ? workers[i].failed : rv;
    }
    (void)snprintf(says, sizeof(says), "%lu rounds", done);
    return rv;
}

static const struct {
    const char *name;
    CK_RV (*does)(const char *arg);
} commands[] = {
    {"load", load},
    {"find", find},
    {"sign", sign},
    {"read", read_label},
    {"count", count},
    {"same", same_handle},
    {"generate", generate_token},
    {"generate-session", generate_session},
    {"sign-session", sign_session},
    {"begin", begin},
    {"update", update},
    {"final", final},
    {"random", random_bytes},
    {"open", open_session},
    {"slots", slots},
    {"slot-info", slot_info},
    {"token-info", token_info},
    {"mechanisms", mechanisms},
    {"event", event},
    {"finalize-while-waiting", finalize_while_waiting},
    {"initialize", initialize},
    {"close", close_session},
    {"finalize", finalize},
};

static long long now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool do_line(char *line)
{
    char *arg = strchr(line, ' ');
    if (arg != NULL)
        *arg++ = '\0';
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strcmp(commands[i].name, line) != 0)
            continue;
        long long began = now_ms();
        says[0] = '\0';
        CK_RV rv = commands[i].does(arg != NULL ? arg : "");
        const char *why = rv != CKR_OK ? sr_module_explain(&s.module) : "";
        printf("%s|%s|%lld|%s\n", sr_rv_name(rv), says, now_ms() - began, why);
        return fflush(stdout) == 0;
    }
    printf("no such command: %s\n", line);
    return false;
}

int main(int argc, char **argv)
{
    char line[256];
    bool good = signer_open(&s, argc > 1 ? argv[1] : NULL) == CKR_OK;

    f = s.module.f;
    if (good) {
        printf("ready\n");
        (void)fflush(stdout);
    }
    while (good && fgets(line, sizeof(line), stdin) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        good = do_line(line);
    }
    signer_close(&s);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
