/* SPDX-License-Identifier: Apache-2.0 */
#include "cryptoki/locks.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

/* Twice what SoftHSM needs to decrypt an attribute under its lock. */
#define AWAKE_NS 20000
#define PAUSES 20 /* some tenths of a microsecond */

static long long now_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (long long)t.tv_sec * 1000000000 + t.tv_nsec;
}

static CK_RV create(void **mutex)
{
    pthread_mutex_t *m = malloc(sizeof(pthread_mutex_t));
    if (m == NULL)
        return CKR_HOST_MEMORY;
    if (pthread_mutex_init(m, NULL) != 0) {
        free(m);
        return CKR_GENERAL_ERROR;
    }
    *mutex = m;
    return CKR_OK;
}

static CK_RV destroy(void *mutex)
{
    if (mutex == NULL || pthread_mutex_destroy(mutex) != 0)
        return CKR_MUTEX_BAD;
    free(mutex);
    return CKR_OK;
}

/* Each try takes the mutex's cache line from whoever holds it, and is about to give it back. */
static void pause_a_little(void)
{
    for (int i = 0; i < PAUSES; i++) {
#if defined(__x86_64__) || defined(__i386__)
        __builtin_ia32_pause();
#endif
    }
}

static CK_RV lock(void *mutex)
{
    if (mutex == NULL)
        return CKR_MUTEX_BAD;
    if (pthread_mutex_trylock(mutex) == 0)
        return CKR_OK;
    long long until = now_ns() + AWAKE_NS;
    while (now_ns() < until) {
        pause_a_little();
        if (pthread_mutex_trylock(mutex) == 0)
            return CKR_OK;
    }
    return pthread_mutex_lock(mutex) == 0 ? CKR_OK : CKR_GENERAL_ERROR;
}

static CK_RV unlock(void *mutex)
{
    if (mutex == NULL)
        return CKR_MUTEX_BAD;
    return pthread_mutex_unlock(mutex) == 0 ? CKR_OK : CKR_MUTEX_NOT_LOCKED;
}

void sr_locks_offer(CK_C_INITIALIZE_ARGS *args)
{
    args->CreateMutex = create;
    args->DestroyMutex = destroy;
    args->LockMutex = lock;
    args->UnlockMutex = unlock;
}
