/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/facts.h"

#include <stdlib.h>
#include <string.h>

#define MECHANISMS_MAX 4096

void sr_facts_init(struct sr_facts *facts)
{
    memset(facts, 0, sizeof(*facts));
    (void)pthread_mutex_init(&facts->lock, NULL); /* cannot fail with default attributes */
    /* Of a slot whose token was not seen yet. */
    memset(facts->slot.slotDescription, ' ', sizeof(facts->slot.slotDescription));
    memset(facts->slot.manufacturerID, ' ', sizeof(facts->slot.manufacturerID));
    facts->slot.flags = CKF_REMOVABLE_DEVICE;
}

void sr_facts_free(struct sr_facts *facts)
{
    free(facts->mechanisms);
    facts->mechanisms = NULL;
    (void)pthread_mutex_destroy(&facts->lock);
}

/* The module's mechanisms, allocated; NULL where it does not say. */
static struct sr_mechanism_entry *read_mechanisms(CK_FUNCTION_LIST *f, CK_SLOT_ID slot, size_t *count)
{
    struct sr_mechanism_entry *entries = NULL;
    CK_MECHANISM_TYPE *types = NULL;
    CK_ULONG n = 0;

    *count = 0;
    if (f->C_GetMechanismList(slot, NULL, &n) != CKR_OK || n == 0 || n > MECHANISMS_MAX)
        return NULL;
    types = calloc(n, sizeof(*types));
    entries = calloc(n, sizeof(*entries));
    if (types == NULL || entries == NULL || f->C_GetMechanismList(slot, types, &n) != CKR_OK) {
        free(entries);
        entries = NULL;
        goto out;
    }
    for (CK_ULONG i = 0; i < n; i++) {
        entries[*count].type = types[i];
        if (f->C_GetMechanismInfo(slot, types[i], &entries[*count].info) == CKR_OK)
            (*count)++;
    }
out:
    free(types);
    return entries;
}

void sr_facts_refresh(struct sr_facts *facts, CK_FUNCTION_LIST *f, CK_SLOT_ID slot)
{
    CK_SLOT_INFO slot_info = {0};
    CK_TOKEN_INFO token_info = {0};

    bool slot_said = f->C_GetSlotInfo(slot, &slot_info) == CKR_OK;
    bool token_said = f->C_GetTokenInfo(slot, &token_info) == CKR_OK;
    (void)pthread_mutex_lock(&facts->lock);
    if (slot_said)
        facts->slot = slot_info;
    if (token_said)
        facts->token = token_info;
    (void)pthread_mutex_unlock(&facts->lock);
}

void sr_facts_learn(struct sr_facts *facts, CK_FUNCTION_LIST *f, CK_SLOT_ID slot)
{
    size_t count;

    sr_facts_refresh(facts, f, slot);
    struct sr_mechanism_entry *entries = read_mechanisms(f, slot, &count);
    if (entries == NULL)
        return;
    (void)pthread_mutex_lock(&facts->lock);
    free(facts->mechanisms);
    facts->mechanisms = entries;
    facts->count = count;
    (void)pthread_mutex_unlock(&facts->lock);
}

void sr_facts_slot(struct sr_facts *facts, CK_SLOT_INFO *info)
{
    (void)pthread_mutex_lock(&facts->lock);
    *info = facts->slot;
    (void)pthread_mutex_unlock(&facts->lock);
}

void sr_facts_token(struct sr_facts *facts, CK_TOKEN_INFO *info)
{
    (void)pthread_mutex_lock(&facts->lock);
    *info = facts->token;
    (void)pthread_mutex_unlock(&facts->lock);
}

size_t sr_facts_mechanisms(struct sr_facts *facts, struct sr_mechanism_entry *entries, size_t room)
{
    (void)pthread_mutex_lock(&facts->lock);
    size_t count = facts->count;
    size_t n = count < room ? count : room;
    if (n > 0)
        memcpy(entries, facts->mechanisms, n * sizeof(*entries));
    (void)pthread_mutex_unlock(&facts->lock);
    return count;
}
