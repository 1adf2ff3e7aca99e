/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/events.h"
#include "daemon/config.h"

#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static CK_ULONG last;
static CK_ULONG of_slot[SR_LIST_MAX]; /* the number of its last event; 0: none */

void sr_event_note(size_t slot)
{
    (void)pthread_mutex_lock(&lock);
    if (slot < SR_LIST_MAX)
        of_slot[slot] = ++last;
    (void)pthread_mutex_unlock(&lock);
}

CK_ULONG sr_event_last(void)
{
    (void)pthread_mutex_lock(&lock);
    CK_ULONG number = last;
    (void)pthread_mutex_unlock(&lock);
    return number;
}

CK_ULONG sr_event_after(CK_ULONG seen, CK_SLOT_ID *slot)
{
    CK_ULONG number = 0;

    *slot = CK_UNAVAILABLE_INFORMATION;
    (void)pthread_mutex_lock(&lock);
    for (size_t i = 0; i < SR_LIST_MAX; i++)
        if (of_slot[i] > seen && (number == 0 || of_slot[i] < number)) {
            number = of_slot[i];
            *slot = i;
        }
    if (number == 0)
        number = last;
    (void)pthread_mutex_unlock(&lock);
    return number;
}
