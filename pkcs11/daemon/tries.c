/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/tries.h"
#include "wire/channel.h"

#include <pthread.h>

/* After FREE_TRIES each further one makes the user wait twice as long, up to WAIT_MAX_MS. */
#define FREE_TRIES 3
#define WAIT_MS 1000LL
#define WAIT_MAX_MS 300000LL
#define USERS 64

static struct {
    uid_t uid;
    unsigned failures;
    long long until_ms;
} tries[USERS];
static size_t tries_count;
static pthread_mutex_t tries_lock = PTHREAD_MUTEX_INITIALIZER;

/* The place where the user's failures are counted; when all are taken, strangers share the last one. */
static size_t place_of(uid_t uid)
{
    for (size_t i = 0; i < tries_count; i++)
        if (tries[i].uid == uid)
            return i;
    if (tries_count < USERS) {
        tries[tries_count].uid = uid;
        tries_count++;
    }
    return tries_count - 1;
}

bool sr_tries_allow(uid_t uid)
{
    (void)pthread_mutex_lock(&tries_lock);
    bool allowed = sr_now_ms() >= tries[place_of(uid)].until_ms;
    (void)pthread_mutex_unlock(&tries_lock);
    return allowed;
}

bool sr_tries_count(uid_t uid, bool right)
{
    (void)pthread_mutex_lock(&tries_lock);
    size_t i = place_of(uid);
    long long now = sr_now_ms();
    bool allowed = now >= tries[i].until_ms;
    if (allowed && right) {
        tries[i].failures = 0;
    } else if (allowed) {
        tries[i].failures++;
        if (tries[i].failures > FREE_TRIES) {
            unsigned doublings = tries[i].failures - FREE_TRIES - 1;
            long long wait = doublings < 20 ? WAIT_MS << doublings : WAIT_MAX_MS;
            tries[i].until_ms = now + (wait < WAIT_MAX_MS ? wait : WAIT_MAX_MS);
        }
    }
    (void)pthread_mutex_unlock(&tries_lock);
    return allowed;
}
