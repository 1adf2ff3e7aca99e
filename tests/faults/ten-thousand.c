/* SPDX-License-Identifier: Apache-2.0 */
/* Ten thousand sessions of one client, on a token that has a few: whole operations in many of them,
 * operations in parts in more of them than the token has sessions. usage: ten-thousand HMAC-LABEL
 *
 * Says "open" when all are, and waits for a line on stdin before it closes them. */
#include "cryptoki/find.h"
#include "cryptoki/names.h"
#include "signer.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SESSIONS_MAX 10000
#define IN_PARTS 20
#define THREADS 20
#define ROUNDS 20
#define LONG 40000 /* more than the shim gathers */

static struct signer s;
static CK_FUNCTION_LIST *f;
static CK_SESSION_HANDLE sessions[SESSIONS_MAX];
static size_t count = SESSIONS_MAX;
static CK_BYTE message[LONG];
static CK_MECHANISM hmac = {CKM_SHA256_HMAC, NULL, 0};
static CK_OBJECT_HANDLE key;
static CK_BYTE expected[32];
static int failures;
static atomic_int finished;

static void expect(const char *what, bool good)
{
    printf("%s: %s\n", good ? "ok" : "FAILED", what);
    failures += !good;
}

static double now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static CK_RV find_key(const char *label)
{
    CK_ATTRIBUTE wanted = {CKA_LABEL, (void *)label, strlen(label)};
    CK_OBJECT_HANDLE *found;
    size_t n;
    CK_RV rv = sr_find(f, s.session, &wanted, 1, &found, &n);
    if (rv == CKR_OK && n != 1)
        rv = CKR_KEY_HANDLE_INVALID;
    if (rv == CKR_OK)
        key = found[0];
    free(found);
    return rv;
}

static CK_RV sign(CK_SESSION_HANDLE session, CK_BYTE mac[32])
{
    CK_ULONG length = 32;
    CK_RV rv = f->C_SignInit(session, &hmac, key);
    return rv == CKR_OK ? f->C_Sign(session, message, LONG, mac, &length) : rv;
}

/* Begins a MAC, of which the daemon has the first part then. */
static CK_RV begin(CK_SESSION_HANDLE session)
{
    CK_RV rv = f->C_SignInit(session, &hmac, key);
    return rv == CKR_OK ? f->C_SignUpdate(session, message, LONG) : rv;
}

static bool ends_well(CK_SESSION_HANDLE session)
{
    CK_BYTE mac[32];
    CK_ULONG length = sizeof(mac);
    return f->C_SignFinal(session, mac, &length) == CKR_OK && memcmp(mac, expected, 32) == 0;
}

static void open_all(void)
{
    double began = now();
    CK_RV rv = CKR_OK;
    for (size_t i = 0; rv == CKR_OK && i < count; i++)
        rv = f->C_OpenSession(s.slot, CKF_SERIAL_SESSION, NULL, NULL, &sessions[i]);
    printf("%zu sessions opened: %s, %.2f s\n", count, sr_rv_name(rv), now() - began);
    expect("all sessions are open", rv == CKR_OK);
}

static void whole_operations(void)
{
    double began = now();
    bool right = true;
    CK_BYTE mac[32];
    expect("a MAC", sign(s.session, expected) == CKR_OK);
    for (size_t i = 0; right && i < count; i += 10)
        right = sign(sessions[i], mac) == CKR_OK && memcmp(mac, expected, 32) == 0;
    printf("%zu MACs, %.2f s\n", count / 10, now() - began);
    expect("whole operations work in all of them", right);
}

static void parts(void)
{
    CK_BYTE mac[32];
    CK_ULONG length = sizeof(mac);
    CK_RV rv = CKR_OK;
    double began = now();

    for (size_t i = 0; rv == CKR_OK && i < 5; i++)
        rv = begin(sessions[i]);
    expect("some operations in parts at once", rv == CKR_OK);
    for (size_t i = 5; rv == CKR_OK && i < IN_PARTS; i++)
        rv = begin(sessions[i]);
    printf("%d operations in parts begun: %s, %.2f s\n", IN_PARTS, sr_rv_name(rv), now() - began);
    expect("more operations in parts than the token has sessions", rv == CKR_OK);
    double shortest = 1;
    for (int i = 0; rv == CKR_OK && i < 5 && shortest >= 0.5; i++) {
        began = now();
        rv = sign(sessions[count - 1], mac);
        shortest = now() - began < shortest ? now() - began : shortest;
    }
    expect("whole operations need not wait for them", rv == CKR_OK && shortest < 0.5);
    expect("the last one goes on to its end", ends_well(sessions[IN_PARTS - 1]));
    rv = f->C_SignFinal(sessions[0], mac, &length);
    expect("the first one has lost its session: CKR_FUNCTION_CANCELED", rv == CKR_FUNCTION_CANCELED);
    rv = f->C_SignFinal(sessions[0], mac, &length);
    expect("and is over", rv == CKR_OPERATION_NOT_INITIALIZED);
    expect("begun again, it works", begin(sessions[0]) == CKR_OK && ends_well(sessions[0]));
}

/* One of many threads that do operations in parts at once: each gets its turn. One that stood still for a
 * second in the middle may have lost its session, and begins again. */
static void *work(void *arg)
{
    CK_SESSION_HANDLE session;
    CK_BYTE mac[32];
    (void)arg;

    CK_RV rv = f->C_OpenSession(s.slot, CKF_SERIAL_SESSION, NULL, NULL, &session);
    for (int i = 0; rv == CKR_OK && i < ROUNDS; i++) {
        CK_ULONG length = sizeof(mac);
        rv = begin(session);
        if (rv == CKR_OK)
            rv = f->C_SignUpdate(session, message, LONG);
        if (rv == CKR_OK)
            rv = f->C_SignFinal(session, mac, &length);
        if (rv == CKR_FUNCTION_CANCELED)
            rv = CKR_OK;
        else if (rv == CKR_OK)
            atomic_fetch_add(&finished, 1);
        if (rv == CKR_OK)
            rv = sign(session, mac);
        if (rv == CKR_OK && memcmp(mac, expected, 32) != 0)
            rv = CKR_SIGNATURE_INVALID;
    }
    if (rv != CKR_OK)
        printf("a thread: %s\n", sr_rv_name(rv));
    return rv == CKR_OK ? NULL : &failures;
}

static void threads(void)
{
    pthread_t thread[THREADS];
    bool good = true;
    size_t n = 0;
    double began = now();

    while (n < THREADS && pthread_create(&thread[n], NULL, work, NULL) == 0)
        n++;
    for (size_t i = 0; i < n; i++) {
        void *failed = NULL;
        good = pthread_join(thread[i], &failed) == 0 && failed == NULL && good;
    }
    printf("%zu threads, %d operations in parts: %.2f s\n", n, atomic_load(&finished), now() - began);
    expect("threads share the token's sessions", good && n == THREADS);
    expect("most came to their end at once", atomic_load(&finished) > THREADS * ROUNDS / 2);
}

/* On a token of one session an operation in parts has it, until somebody has waited for a second. */
static void only_session(void)
{
    CK_BYTE mac[32];
    CK_ULONG length = sizeof(mac);

    expect("a MAC", sign(s.session, expected) == CKR_OK);
    expect("in parts, undisturbed", begin(s.session) == CKR_OK && ends_well(s.session));
    expect("two sessions", f->C_OpenSession(s.slot, CKF_SERIAL_SESSION, NULL, NULL, &sessions[0]) == CKR_OK &&
                               begin(s.session) == CKR_OK);
    double began = now();
    expect("another operation gets the token's only session",
           sign(sessions[0], mac) == CKR_OK && memcmp(mac, expected, 32) == 0);
    expect("after a second", now() - began > 0.5 && now() - began < 5);
    expect("the first one has lost it", f->C_SignFinal(s.session, mac, &length) == CKR_FUNCTION_CANCELED);
    expect("and may begin again", begin(s.session) == CKR_OK && ends_well(s.session));
}

int main(int argc, char **argv)
{
    bool one = argc == 3 && strcmp(argv[2], "one") == 0;

    if (argc == 3 && !one)
        count = strtoul(argv[2], NULL, 10);
    if (argc < 2 || argc > 3 || count < 100 || count > SESSIONS_MAX) {
        fputs("usage: ten-thousand HMAC-LABEL [one|SESSIONS]\n", stderr);
        return 2;
    }
    memset(message, 'm', sizeof(message));
    if (signer_open(&s, NULL) != CKR_OK)
        return 1;
    f = s.module.f;
    expect("the key", find_key(argv[1]) == CKR_OK);
    if (failures == 0 && one) {
        only_session();
        signer_close(&s);
        return failures == 0 ? 0 : 1;
    }
    if (failures == 0)
        open_all();
    if (failures == 0) {
        whole_operations();
        threads();
        parts();
    }
    puts("open");
    (void)fflush(stdout);
    (void)getchar();
    double began = now();
    CK_RV rv = CKR_OK;
    for (size_t i = 0; rv == CKR_OK && i < count / 2 && failures == 0; i++)
        rv = f->C_CloseSession(sessions[i]);
    if (rv == CKR_OK)
        rv = f->C_CloseAllSessions(s.slot);
    printf("closed: %s, %.2f s\n", sr_rv_name(rv), now() - began);
    expect("all are closed", rv == CKR_OK);
    signer_close(&s);
    return failures == 0 ? 0 : 1;
}
