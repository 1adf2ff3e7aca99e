/* SPDX-License-Identifier: Apache-2.0 */
/* A PKCS#11 module that is SoftHSM until a test wants it to fail. The file that the environment variable
 * FAULTY_TOKEN names is looked at in each call; its lines are:
 *
 *   remove               the token is pulled: its sessions are gone, and it stays away while the line is
 * there lose-sessions        its sessions are closed, once each time that the file changes logout its login
 * is gone, once as well uninitialize         the module is finalised behind its user's back, once error
 * FUNCTION RV N  the next N calls of the function (C_Sign) return RV (CKR_DEVICE_ERROR, or 0x30) delay
 * FUNCTION MS    each call of it takes so much longer hang FUNCTION        it does not return while the line
 * is there refuse-pin           C_Login says CKR_PIN_INCORRECT
 *
 * and where FAULTY_TOKEN_LOG names a file, a line for each call of C_Login and C_Initialize goes there. The
 * module loads a copy of SoftHSM of its own, so that what it does to it does not reach other tokens of the
 * process. Thread-safe. */
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define CRYPTOKI_COMPAT 1
#define CRYPTOKI_EXPORTS 1
#include <p11-kit/pkcs11.h>

#define RULES 16

struct rule {
    char word[24];
    char function[32];
    char rv[40];
    unsigned long number;
};

static CK_FUNCTION_LIST *real;
static CK_FUNCTION_LIST ours;

/* Read-locked by each call of SoftHSM, which does not like its sessions to be closed under its calls. */
static pthread_rwlock_t calls = PTHREAD_RWLOCK_INITIALIZER;

/* For what follows. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct stat seen;
static struct rule rules[RULES];
static size_t count;
static bool lose, log_out, uninitialize, was_removed; /* still to be done, or was done */

static const struct {
    const char *name;
    CK_RV rv;
} names[] = {
    {"CKR_DEVICE_ERROR", CKR_DEVICE_ERROR},
    {"CKR_DEVICE_REMOVED", CKR_DEVICE_REMOVED},
    {"CKR_SESSION_HANDLE_INVALID", CKR_SESSION_HANDLE_INVALID},
    {"CKR_TOKEN_NOT_PRESENT", CKR_TOKEN_NOT_PRESENT},
    {"CKR_GENERAL_ERROR", CKR_GENERAL_ERROR},
};

static CK_RV rv_of(const char *text)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(names[i].name, text) == 0)
            return names[i].rv;
    return strtoul(text, NULL, 0);
}

static void nap(long ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    (void)nanosleep(&t, NULL);
}

static void note(const char *text)
{
    const char *path = getenv("FAULTY_TOKEN_LOG");
    FILE *file = path != NULL ? fopen(path, "ae") : NULL;
    if (file == NULL)
        return;
    (void)fprintf(file, "%s\n", text);
    (void)fclose(file);
}

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static const struct rule *rule_of(const char *word)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(rules[i].word, word) == 0)
            return &rules[i];
    return NULL;
}

/* With the lock held: reads the file where it is another one than before. */
static void look(void)
{
    const char *path = getenv("FAULTY_TOKEN");
    struct stat now = {0};
    char line[128];

    if (path == NULL || stat(path, &now) != 0)
        now = (struct stat){0};
    if (same_file(&now, &seen))
        return;
    seen = now;
    count = 0;
    FILE *file = now.st_ino != 0 ? fopen(path, "re") : NULL;
    while (file != NULL && count < RULES && fgets(line, sizeof(line), file) != NULL) {
        struct rule *r = &rules[count];
        *r = (struct rule){0};
        char number[24] = "";
        if (strncmp(line, "error ", 6) == 0)
            (void)sscanf(line, "%23s %31s %39s %23s", r->word, r->function, r->rv, number);
        else
            (void)sscanf(line, "%23s %31s %23s", r->word, r->function, number);
        r->number = strtoul(number, NULL, 10);
        count++;
    }
    if (file != NULL)
        (void)fclose(file);
    lose = rule_of("lose-sessions") != NULL;
    log_out = rule_of("logout") != NULL;
    uninitialize = rule_of("uninitialize") != NULL;
}

static void close_all_sessions(void)
{
    CK_SLOT_ID slots[64];
    CK_ULONG n = 64;
    if (real->C_GetSlotList(CK_TRUE, slots, &n) != CKR_OK)
        return;
    for (CK_ULONG i = 0; i < n; i++)
        (void)real->C_CloseAllSessions(slots[i]);
}

/* A session of each token's own is enough to log all of them out. */
static void log_all_out(void)
{
    CK_SLOT_ID slots[64];
    CK_ULONG n = 64;
    CK_SESSION_HANDLE session;
    if (real->C_GetSlotList(CK_TRUE, slots, &n) != CKR_OK)
        return;
    for (CK_ULONG i = 0; i < n; i++) {
        if (real->C_OpenSession(slots[i], CKF_SERIAL_SESSION, NULL, NULL, &session) != CKR_OK)
            continue;
        (void)real->C_Logout(session);
        (void)real->C_CloseSession(session);
    }
}

static bool is_removed(void)
{
    (void)pthread_mutex_lock(&lock);
    bool removed = rule_of("remove") != NULL;
    (void)pthread_mutex_unlock(&lock);
    return removed;
}

/* What the test wants of a call of FUNCTION: CKR_OK to go on. */
static CK_RV fault(const char *function)
{
    CK_RV rv = CKR_OK;
    unsigned long delay = 0;
    bool hang = false;

    (void)pthread_mutex_lock(&lock);
    look();
    bool removed = rule_of("remove") != NULL;
    bool lost = lose || (removed && !was_removed);
    bool out = log_out;
    bool end = uninitialize;
    lose = log_out = uninitialize = false;
    was_removed = removed;
    for (size_t i = 0; i < count; i++) {
        struct rule *r = &rules[i];
        if (strcmp(r->function, function) != 0)
            continue;
        if (strcmp(r->word, "error") == 0 && r->number > 0 && rv == CKR_OK) {
            r->number--;
            rv = rv_of(r->rv);
        }
        if (strcmp(r->word, "delay") == 0)
            delay = r->number;
        hang = hang || strcmp(r->word, "hang") == 0;
    }
    (void)pthread_mutex_unlock(&lock);
    if (lost || out || end) {
        (void)pthread_rwlock_wrlock(&calls);
        if (lost)
            close_all_sessions();
        if (out)
            log_all_out();
        if (end)
            (void)real->C_Finalize(NULL);
        (void)pthread_rwlock_unlock(&calls);
    }
    if (delay > 0)
        nap((long)delay);
    while (hang) {
        nap(20);
        (void)pthread_mutex_lock(&lock);
        look();
        hang = false;
        for (size_t i = 0; i < count; i++)
            hang = hang || (strcmp(rules[i].word, "hang") == 0 && strcmp(rules[i].function, function) == 0);
        (void)pthread_mutex_unlock(&lock);
    }
    return rv;
}

static CK_RV session_fault(const char *function)
{
    CK_RV rv = fault(function);
    return rv == CKR_OK && is_removed() ? CKR_DEVICE_REMOVED : rv;
}

static CK_RV slot_fault(const char *function)
{
    CK_RV rv = fault(function);
    return rv == CKR_OK && is_removed() ? CKR_TOKEN_NOT_PRESENT : rv;
}

static CK_RV initialize_fault(const char *function)
{
    CK_RV rv = fault(function);
    note(function);
    return rv;
}

static CK_RV login_fault(const char *function)
{
    CK_RV rv = session_fault(function);
    note(function);
    (void)pthread_mutex_lock(&lock);
    if (rv == CKR_OK && rule_of("refuse-pin") != NULL)
        rv = CKR_PIN_INCORRECT;
    (void)pthread_mutex_unlock(&lock);
    return rv;
}

/* A function: its arguments as they are declared, and as they are passed on. */
#define WRAPPED(fault_of, name, declared, passed)                                                            \
    static CK_RV faulty_##name declared                                                                      \
    {                                                                                                        \
        CK_RV rv = fault_of(#name);                                                                          \
        if (rv != CKR_OK)                                                                                    \
            return rv;                                                                                       \
        (void)pthread_rwlock_rdlock(&calls);                                                                 \
        rv = real->name passed;                                                                              \
        (void)pthread_rwlock_unlock(&calls);                                                                 \
        return rv;                                                                                           \
    }
/* NOLINTBEGIN(bugprone-macro-parentheses): names that are declared have none */
#define IN(bytes, n) CK_BYTE *bytes, CK_ULONG n
#define OUT(bytes, n) CK_BYTE *bytes, CK_ULONG *n
/* NOLINTEND(bugprone-macro-parentheses) */
#define WRAPPED_INIT(name)                                                                                   \
    WRAPPED(session_fault, name, (CK_SESSION_HANDLE s, CK_MECHANISM * m, CK_OBJECT_HANDLE key), (s, m, key))
#define WRAPPED_IN(name) WRAPPED(session_fault, name, (CK_SESSION_HANDLE s, IN(in, n)), (s, in, n))
#define WRAPPED_OUT(name) WRAPPED(session_fault, name, (CK_SESSION_HANDLE s, OUT(out, n)), (s, out, n))
#define WRAPPED_IN_OUT(name)                                                                                 \
    WRAPPED(session_fault, name, (CK_SESSION_HANDLE s, IN(in, n), OUT(out, m)), (s, in, n, out, m))

WRAPPED(fault, C_GetInfo, (CK_INFO * info), (info))
WRAPPED(initialize_fault, C_Initialize, (void *args), (args))
WRAPPED(login_fault, C_Login, (CK_SESSION_HANDLE s, CK_USER_TYPE user, CK_UTF8CHAR *pin, CK_ULONG n),
        (s, user, pin, n))
WRAPPED(fault, C_GetSlotInfo, (CK_SLOT_ID slot, CK_SLOT_INFO *info), (slot, info))
WRAPPED(fault, C_GetSlotList, (CK_BBOOL present, CK_SLOT_ID *list, CK_ULONG *n), (present, list, n))
WRAPPED(slot_fault, C_GetTokenInfo, (CK_SLOT_ID slot, CK_TOKEN_INFO *info), (slot, info))
WRAPPED(slot_fault, C_GetMechanismList, (CK_SLOT_ID slot, CK_MECHANISM_TYPE *list, CK_ULONG *n),
        (slot, list, n))
WRAPPED(slot_fault, C_GetMechanismInfo, (CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info),
        (slot, type, info))
WRAPPED(slot_fault, C_InitToken, (CK_SLOT_ID slot, CK_UTF8CHAR *pin, CK_ULONG n, CK_UTF8CHAR *label),
        (slot, pin, n, label))
WRAPPED(slot_fault, C_OpenSession,
        (CK_SLOT_ID slot, CK_FLAGS flags, void *arg, CK_NOTIFY notify, CK_SESSION_HANDLE *s),
        (slot, flags, arg, notify, s))
WRAPPED(slot_fault, C_CloseAllSessions, (CK_SLOT_ID slot), (slot))
WRAPPED_IN(C_InitPIN)
WRAPPED(session_fault, C_SetPIN, (CK_SESSION_HANDLE s, IN(old, n), IN(new, m)), (s, old, n, new, m))
WRAPPED(session_fault, C_CloseSession, (CK_SESSION_HANDLE s), (s))
WRAPPED(session_fault, C_GetSessionInfo, (CK_SESSION_HANDLE s, CK_SESSION_INFO *info), (s, info))
WRAPPED_OUT(C_GetOperationState)
WRAPPED(session_fault, C_SetOperationState,
        (CK_SESSION_HANDLE s, IN(state, n), CK_OBJECT_HANDLE a, CK_OBJECT_HANDLE b), (s, state, n, a, b))
WRAPPED(session_fault, C_Logout, (CK_SESSION_HANDLE s), (s))
WRAPPED(session_fault, C_CreateObject,
        (CK_SESSION_HANDLE s, CK_ATTRIBUTE *a, CK_ULONG n, CK_OBJECT_HANDLE *made), (s, a, n, made))
WRAPPED(session_fault, C_CopyObject,
        (CK_SESSION_HANDLE s, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *a, CK_ULONG n, CK_OBJECT_HANDLE *made),
        (s, object, a, n, made))
WRAPPED(session_fault, C_DestroyObject, (CK_SESSION_HANDLE s, CK_OBJECT_HANDLE object), (s, object))
WRAPPED(session_fault, C_GetObjectSize, (CK_SESSION_HANDLE s, CK_OBJECT_HANDLE object, CK_ULONG *size),
        (s, object, size))
WRAPPED(session_fault, C_GetAttributeValue,
        (CK_SESSION_HANDLE s, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *a, CK_ULONG n), (s, object, a, n))
WRAPPED(session_fault, C_SetAttributeValue,
        (CK_SESSION_HANDLE s, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *a, CK_ULONG n), (s, object, a, n))
WRAPPED(session_fault, C_FindObjectsInit, (CK_SESSION_HANDLE s, CK_ATTRIBUTE *a, CK_ULONG n), (s, a, n))
WRAPPED(session_fault, C_FindObjects,
        (CK_SESSION_HANDLE s, CK_OBJECT_HANDLE *found, CK_ULONG room, CK_ULONG *n), (s, found, room, n))
WRAPPED(session_fault, C_FindObjectsFinal, (CK_SESSION_HANDLE s), (s))
WRAPPED_INIT(C_EncryptInit)
WRAPPED_IN_OUT(C_Encrypt)
WRAPPED_IN_OUT(C_EncryptUpdate)
WRAPPED_OUT(C_EncryptFinal)
WRAPPED_INIT(C_DecryptInit)
WRAPPED_IN_OUT(C_Decrypt)
WRAPPED_IN_OUT(C_DecryptUpdate)
WRAPPED_OUT(C_DecryptFinal)
WRAPPED(session_fault, C_DigestInit, (CK_SESSION_HANDLE s, CK_MECHANISM *m), (s, m))
WRAPPED_IN_OUT(C_Digest)
WRAPPED_IN(C_DigestUpdate)
WRAPPED(session_fault, C_DigestKey, (CK_SESSION_HANDLE s, CK_OBJECT_HANDLE key), (s, key))
WRAPPED_OUT(C_DigestFinal)
WRAPPED_INIT(C_SignInit)
WRAPPED_IN_OUT(C_Sign)
WRAPPED_IN(C_SignUpdate)
WRAPPED_OUT(C_SignFinal)
WRAPPED_INIT(C_SignRecoverInit)
WRAPPED_IN_OUT(C_SignRecover)
WRAPPED_INIT(C_VerifyInit)
WRAPPED(session_fault, C_Verify, (CK_SESSION_HANDLE s, IN(in, n), IN(sig, m)), (s, in, n, sig, m))
WRAPPED_IN(C_VerifyUpdate)
WRAPPED_IN(C_VerifyFinal)
WRAPPED_INIT(C_VerifyRecoverInit)
WRAPPED_IN_OUT(C_VerifyRecover)
WRAPPED_IN_OUT(C_DigestEncryptUpdate)
WRAPPED_IN_OUT(C_DecryptDigestUpdate)
WRAPPED_IN_OUT(C_SignEncryptUpdate)
WRAPPED_IN_OUT(C_DecryptVerifyUpdate)
WRAPPED(session_fault, C_GenerateKey,
        (CK_SESSION_HANDLE s, CK_MECHANISM *m, CK_ATTRIBUTE *a, CK_ULONG n, CK_OBJECT_HANDLE *key),
        (s, m, a, n, key))
WRAPPED(session_fault, C_GenerateKeyPair,
        (CK_SESSION_HANDLE s, CK_MECHANISM *m, CK_ATTRIBUTE *a, CK_ULONG n, CK_ATTRIBUTE *b, CK_ULONG k,
         CK_OBJECT_HANDLE *public, CK_OBJECT_HANDLE *private),
        (s, m, a, n, b, k, public, private))
WRAPPED(session_fault, C_WrapKey,
        (CK_SESSION_HANDLE s, CK_MECHANISM *m, CK_OBJECT_HANDLE with, CK_OBJECT_HANDLE key, OUT(out, n)),
        (s, m, with, key, out, n))
WRAPPED(session_fault, C_UnwrapKey,
        (CK_SESSION_HANDLE s, CK_MECHANISM *m, CK_OBJECT_HANDLE with, IN(in, n), CK_ATTRIBUTE *a, CK_ULONG k,
         CK_OBJECT_HANDLE *key),
        (s, m, with, in, n, a, k, key))
WRAPPED(session_fault, C_DeriveKey,
        (CK_SESSION_HANDLE s, CK_MECHANISM *m, CK_OBJECT_HANDLE from, CK_ATTRIBUTE *a, CK_ULONG n,
         CK_OBJECT_HANDLE *key),
        (s, m, from, a, n, key))
WRAPPED_IN(C_SeedRandom)
WRAPPED_IN(C_GenerateRandom)

/* Where the token is removed, its slot is empty. */
static CK_RV empty_C_GetSlotList(CK_BBOOL present, CK_SLOT_ID *list, CK_ULONG *n)
{
    CK_RV rv = faulty_C_GetSlotList(present, list, n);
    if (present && is_removed() && (rv == CKR_OK || rv == CKR_BUFFER_TOO_SMALL)) {
        *n = 0;
        rv = CKR_OK;
    }
    return rv;
}

static CK_RV empty_C_GetSlotInfo(CK_SLOT_ID slot, CK_SLOT_INFO *info)
{
    CK_RV rv = faulty_C_GetSlotInfo(slot, info);
    if (rv == CKR_OK && is_removed())
        info->flags &= ~CKF_TOKEN_PRESENT;
    return rv;
}

/* C_Finalize is not wrapped: a module that was pulled out from under its token still ends. */
static void wrap(void)
{
#define SET(name) ours.name = faulty_##name
    SET(C_Initialize), SET(C_GetInfo), ours.C_GetSlotList = empty_C_GetSlotList;
    ours.C_GetSlotInfo = empty_C_GetSlotInfo;
    SET(C_GetTokenInfo);
    SET(C_GetMechanismList), SET(C_GetMechanismInfo), SET(C_InitToken), SET(C_InitPIN), SET(C_SetPIN);
    SET(C_OpenSession), SET(C_CloseSession), SET(C_CloseAllSessions), SET(C_GetSessionInfo);
    SET(C_GetOperationState), SET(C_SetOperationState), SET(C_Login), SET(C_Logout), SET(C_CreateObject);
    SET(C_CopyObject), SET(C_DestroyObject), SET(C_GetObjectSize), SET(C_GetAttributeValue);
    SET(C_SetAttributeValue), SET(C_FindObjectsInit), SET(C_FindObjects), SET(C_FindObjectsFinal);
    SET(C_EncryptInit), SET(C_Encrypt), SET(C_EncryptUpdate), SET(C_EncryptFinal), SET(C_DecryptInit);
    SET(C_Decrypt), SET(C_DecryptUpdate), SET(C_DecryptFinal), SET(C_DigestInit), SET(C_Digest);
    SET(C_DigestUpdate), SET(C_DigestKey), SET(C_DigestFinal), SET(C_SignInit), SET(C_Sign);
    SET(C_SignUpdate), SET(C_SignFinal), SET(C_SignRecoverInit), SET(C_SignRecover), SET(C_VerifyInit);
    SET(C_Verify), SET(C_VerifyUpdate), SET(C_VerifyFinal), SET(C_VerifyRecoverInit), SET(C_VerifyRecover);
    SET(C_DigestEncryptUpdate), SET(C_DecryptDigestUpdate), SET(C_SignEncryptUpdate);
    SET(C_DecryptVerifyUpdate), SET(C_GenerateKey), SET(C_GenerateKeyPair), SET(C_WrapKey), SET(C_UnwrapKey);
    SET(C_DeriveKey), SET(C_SeedRandom), SET(C_GenerateRandom);
#undef SET
}

/* The same file loaded twice is one library; a copy is another one. Its name is that of the original, for the
 * sanitizers' lists. */
static void *load_copy(void)
{
    char path[] = "/tmp/libsofthsm2.so.XXXXXX";
    char block[65536];
    ssize_t n = -1;
    void *module = NULL;

    int in = open(SOFTHSM_MODULE, O_RDONLY | O_CLOEXEC);
    int out = mkostemp(path, O_CLOEXEC);
    if (in >= 0 && out >= 0)
        while ((n = read(in, block, sizeof(block))) > 0 && write(out, block, (size_t)n) == n)
            ;
    if (n == 0)
        module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (in >= 0)
        (void)close(in);
    if (out >= 0) {
        (void)close(out);
        (void)unlink(path);
    }
    return module;
}

__attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list)
{
    CK_C_GetFunctionList get;
    CK_RV rv = CKR_OK;

    (void)pthread_mutex_lock(&lock);
    void *module = real == NULL ? load_copy() : NULL;
    *(void **)&get = module != NULL ? dlsym(module, "C_GetFunctionList") : NULL;
    if (real == NULL)
        rv = get != NULL ? get(&real) : CKR_GENERAL_ERROR;
    if (rv == CKR_OK) {
        ours = *real;
        wrap();
        *list = &ours;
    }
    (void)pthread_mutex_unlock(&lock);
    return rv;
}
