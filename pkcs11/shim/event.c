/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens that come and go (PKCS#11 v3.0 §5.5.8). The daemon answers at once; who wants to wait asks again. */
#include "shim/exchange.h"
#include "shim/general.h"

#include <pthread.h>
#include <time.h>

#define PERIOD_MS 200
#define PERIOD_AWAY_MS 1000 /* while there is no daemon */

/* Which events the program has seen, in which generation of the daemon's client. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static CK_ULONG seen;
static unsigned long seen_in; /* 0: none yet */

void sr_events_after_fork(void)
{
    (void)pthread_mutex_init(&lock, NULL);
    seen_in = 0;
}

static CK_ULONG seen_until(unsigned long generation)
{
    (void)pthread_mutex_lock(&lock);
    CK_ULONG number = seen_in == generation ? seen : CK_UNAVAILABLE_INFORMATION;
    (void)pthread_mutex_unlock(&lock);
    return number;
}

/* Of several threads that were told the same event, one has it. */
static bool see(CK_ULONG number, CK_ULONG before, unsigned long generation)
{
    (void)pthread_mutex_lock(&lock);
    bool first = seen_in != generation || seen == before;
    if (first) {
        seen = number;
        seen_in = generation;
    }
    (void)pthread_mutex_unlock(&lock);
    return first;
}

/* CKR_NO_EVENT, or *SLOT has the next one. *CURRENT is false where the question was put to a daemon that was
 * reached for the first time just now: its events are counted anew. */
static CK_RV ask(CK_SLOT_ID *slot, bool *current)
{
    unsigned long generation = sr_link_generation();
    struct sr_event_request request = {.seen = seen_until(generation)};
    struct sr_event_reply reply = {0};
    struct sr_exchange x = {.call = SR_CALL_SLOT_EVENT, .request = &request, .reply = &reply, .hurry = true};

    CK_RV rv = sr_exchange(&x);
    if (rv != CKR_OK)
        return rv;
    *current = x.connection->generation == generation;
    sr_exchange_end(&x);
    if (!*current || !see(reply.last, request.seen, generation) || reply.slot == CK_UNAVAILABLE_INFORMATION)
        return CKR_NO_EVENT;
    *slot = reply.slot;
    return CKR_OK;
}

static CK_RV next_event(CK_SLOT_ID *slot)
{
    bool current = true;
    CK_RV rv = ask(slot, &current);
    return current ? rv : ask(slot, &current);
}

static void nap(long ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    (void)nanosleep(&t, NULL);
}

CK_RV C_WaitForSlotEvent(CK_FLAGS flags, CK_SLOT_ID *slot, void *reserved)
{
    CK_RV rv = sr_enter();
    if (rv != CKR_OK)
        return rv;
    if (slot == NULL || reserved != NULL)
        return CKR_ARGUMENTS_BAD;
    unsigned long times = sr_initialised_times();
    for (;;) {
        rv = next_event(slot);
        if (rv == CKR_OK)
            return rv;
        if (flags & CKF_DONT_BLOCK)
            return CKR_NO_EVENT;
        nap(rv == CKR_NO_EVENT ? PERIOD_MS : PERIOD_AWAY_MS);
        if (sr_enter() != CKR_OK || sr_initialised_times() != times)
            return CKR_CRYPTOKI_NOT_INITIALIZED;
    }
}
