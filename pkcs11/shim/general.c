/* SPDX-License-Identifier: Apache-2.0 */
/* The module as a whole: C_Initialize, C_Finalize, C_GetInfo, and fork.
 *
 * A forked child may go on where its parent was, whether or not it calls C_Initialize again (PKCS#11 v3.0
 * §5.4 asks for that call, many programs do not make it). There is no atfork handler: one that takes a lock
 * can dead-lock, and the pid says the same. */
#include "shim/general.h"
#include "shim/explain.h"
#include "shim/link.h"
#include "shim/mechanisms.h"
#include "shim/objects.h"
#include "shim/options.h"
#include "shim/session.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* For the two that follow, and one C_Initialize at a time. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct sr_options options = SR_OPTIONS_DEFAULT;
static pid_t initialised_by;
static atomic_bool initialised;
static atomic_ulong times;
static _Atomic pid_t claimed; /* the process whose thread makes the state its own */
static _Atomic pid_t owner;   /* the process whose state it is */

/* The socket's path is what the environment said at first: nginx clears its workers' later. */
__attribute__((constructor)) static void remember_socket(void)
{
    const char *path = secure_getenv("STRONGROOM_SOCKET");
    if (path != NULL && path[0] != '\0')
        sr_options_socket(&options, path);
    atomic_store(&claimed, getpid());
    atomic_store(&owner, getpid());
}

/* In a child, the first thread that comes along makes everything fit for use; others wait for it. */
static void notice_fork(void)
{
    pid_t me = getpid();
    if (atomic_load(&owner) == me)
        return;
    pid_t before = atomic_load(&claimed);
    if (before != me && atomic_compare_exchange_strong(&claimed, &before, me)) {
        (void)pthread_mutex_init(&lock, NULL);
        sr_link_after_fork();
        sr_sessions_after_fork();
        sr_objects_after_fork();
        sr_mechanisms_after_fork();
        sr_events_after_fork();
        atomic_store(&owner, me);
    }
    while (atomic_load(&owner) != me)
        (void)sched_yield();
}

CK_RV sr_enter(void)
{
    sr_say_nothing();
    notice_fork();
    return atomic_load(&initialised) ? CKR_OK : CKR_CRYPTOKI_NOT_INITIALIZED;
}

unsigned long sr_initialised_times(void)
{
    return atomic_load(&times);
}

void sr_pad(CK_UTF8CHAR *field, size_t size, const char *text)
{
    size_t n = strnlen(text, size);
    memset(field, ' ', size);
    memcpy(field, text, n);
}

/* §5.4.1. Mutex functions are all given or none is; they are not needed, as ours are the system's. */
static bool is_valid(const CK_C_INITIALIZE_ARGS *args)
{
    int given = (args->CreateMutex != NULL) + (args->DestroyMutex != NULL) + (args->LockMutex != NULL) +
                (args->UnlockMutex != NULL);
    return given == 0 || given == 4;
}

static CK_RV initialise(const CK_C_INITIALIZE_ARGS *args)
{
    if (atomic_load(&initialised) && initialised_by == getpid())
        return CKR_CRYPTOKI_ALREADY_INITIALIZED;
    if (args != NULL && !is_valid(args)) {
        sr_say("C_Initialize: all four mutex functions must be given, or none");
        return CKR_ARGUMENTS_BAD;
    }
    if (args != NULL && args->pReserved != NULL && !sr_options_parse(&options, args->pReserved))
        return CKR_ARGUMENTS_BAD;
    sr_link_configure(&options);
    /* A child's fresh start: its parent's sessions are not its own. Its objects keep their handles. */
    sr_sessions_forget_all();
    initialised_by = getpid();
    atomic_fetch_add(&times, 1);
    atomic_store(&initialised, true);
    return CKR_OK;
}

CK_RV C_Initialize(void *args)
{
    (void)sr_enter();
    (void)pthread_mutex_lock(&lock);
    CK_RV rv = initialise(args);
    (void)pthread_mutex_unlock(&lock);
    return rv;
}

CK_RV C_Finalize(void *reserved)
{
    CK_RV rv = sr_enter();
    if (rv != CKR_OK)
        return rv;
    if (reserved != NULL)
        return CKR_ARGUMENTS_BAD;
    (void)pthread_mutex_lock(&lock);
    atomic_store(&initialised, false);
    sr_sessions_forget_all();
    sr_objects_forget_all();
    sr_link_end();
    (void)pthread_mutex_unlock(&lock);
    return CKR_OK;
}

CK_RV C_GetInfo(CK_INFO *info)
{
    CK_RV rv = sr_enter();
    char *minor;
    if (rv != CKR_OK)
        return rv;
    if (info == NULL)
        return CKR_ARGUMENTS_BAD;
    memset(info, 0, sizeof(*info));
    info->cryptokiVersion = (CK_VERSION){3, 0};
    sr_pad(info->manufacturerID, sizeof(info->manufacturerID), "Strongroom");
    sr_pad(info->libraryDescription, sizeof(info->libraryDescription), "Keys behind strongroomd");
    info->libraryVersion.major = (CK_BYTE)strtoul(STRONGROOM_VERSION, &minor, 10);
    info->libraryVersion.minor = (CK_BYTE)strtoul(*minor == '.' ? minor + 1 : minor, NULL, 10);
    return CKR_OK;
}
