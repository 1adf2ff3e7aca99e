/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/mechanisms.h"
#include "shim/exchange.h"
#include "shim/explain.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct slot {
    CK_SLOT_ID id;
    unsigned long generation; /* of the list */
    struct sr_mechanism_entry *list;
    size_t n;
    struct slot *next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* for all slots; never held during a call */
static struct slot *slots;

static struct slot *find_slot(CK_SLOT_ID id)
{
    struct slot *s = slots;
    while (s != NULL && s->id != id)
        s = s->next;
    return s;
}

/* Keeps LIST, which becomes the slot's. The caller holds the lock. */
static bool keep(CK_SLOT_ID id, unsigned long generation, struct sr_mechanism_entry *list, size_t n)
{
    struct slot *s = find_slot(id);
    if (s == NULL) {
        s = calloc(1, sizeof(*s));
        if (s == NULL)
            return false;
        s->id = id;
        s->next = slots;
        slots = s;
    }
    struct sr_mechanism_entry *old = s->list;
    s->n = 0; /* a child forked now sees an empty list of an old generation, and asks */
    s->list = list;
    s->n = n;
    s->generation = generation;
    free(old);
    return true;
}

static CK_RV ask(CK_SLOT_ID id)
{
    struct sr_slot_request request = {.slot = id};
    struct sr_bytes_reply reply = {0};
    struct sr_exchange x = {.call = SR_CALL_MECHANISMS, .request = &request, .reply = &reply};

    CK_RV rv = sr_exchange(&x);
    if (rv != CKR_OK)
        return rv;
    size_t n = reply.data.length / sizeof(struct sr_mechanism_entry);
    struct sr_mechanism_entry *list = calloc(n + 1, sizeof(*list));
    if (list != NULL && n > 0)
        memcpy(list, reply.data.data, n * sizeof(*list));
    unsigned long generation = x.connection->generation;
    sr_exchange_end(&x);
    (void)pthread_mutex_lock(&lock);
    bool kept = list != NULL && keep(id, generation, list, n);
    (void)pthread_mutex_unlock(&lock);
    if (!kept) {
        free(list);
        sr_say("out of memory for the mechanisms of slot %lu", id);
        return CKR_HOST_MEMORY;
    }
    return CKR_OK;
}

/* The slot with a list of this generation, and the lock held, after CKR_OK. */
static CK_RV current(CK_SLOT_ID id, struct slot **slot)
{
    (void)pthread_mutex_lock(&lock);
    *slot = find_slot(id);
    if (*slot != NULL && (*slot)->generation == sr_link_generation())
        return CKR_OK;
    (void)pthread_mutex_unlock(&lock);
    CK_RV rv = ask(id);
    if (rv != CKR_OK)
        return rv;
    (void)pthread_mutex_lock(&lock);
    *slot = find_slot(id);
    return CKR_OK;
}

CK_RV sr_mechanism_info(CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info)
{
    struct slot *s;
    CK_RV rv = current(slot, &s);
    if (rv != CKR_OK)
        return rv;
    rv = CKR_MECHANISM_INVALID;
    for (size_t i = 0; rv != CKR_OK && i < s->n; i++) {
        if (s->list[i].type == type) {
            *info = s->list[i].info;
            rv = CKR_OK;
        }
    }
    (void)pthread_mutex_unlock(&lock);
    if (rv != CKR_OK)
        sr_say(
            "the token in slot %lu does not offer mechanism 0x%lx: C_GetMechanismList has those that it does",
            slot, type);
    return rv;
}

bool sr_mechanism_any(CK_SLOT_ID slot, CK_FLAGS flag)
{
    struct slot *s;
    bool any = false;
    if (current(slot, &s) != CKR_OK)
        return false;
    for (size_t i = 0; !any && i < s->n; i++)
        any = (s->list[i].info.flags & flag) != 0;
    (void)pthread_mutex_unlock(&lock);
    return any;
}

CK_RV sr_mechanism_list(CK_SLOT_ID slot, CK_MECHANISM_TYPE *list, CK_ULONG *n)
{
    struct slot *s;
    CK_RV rv = current(slot, &s);
    if (rv != CKR_OK)
        return rv;
    if (list != NULL && *n < s->n) {
        rv = CKR_BUFFER_TOO_SMALL;
    } else if (list != NULL) {
        for (size_t i = 0; i < s->n; i++)
            list[i] = s->list[i].type;
    }
    *n = s->n;
    (void)pthread_mutex_unlock(&lock);
    return rv;
}

void sr_mechanisms_after_fork(void)
{
    (void)pthread_mutex_init(&lock, NULL);
}
