/* SPDX-License-Identifier: Apache-2.0 */
/* Slots and tokens: what the daemon shows of them to this process. */
#include "shim/exchange.h"
#include "shim/explain.h"
#include "shim/general.h"
#include "shim/mechanisms.h"

#include <string.h>

/* The slots of the daemon's list, all or those with a token, as §5.2 has lists. */
static CK_RV copy_slots(const struct sr_bytes *list, CK_BBOOL token_present, CK_SLOT_ID *slots, CK_ULONG *n)
{
    CK_ULONG room = slots != NULL ? *n : 0;
    CK_ULONG count = 0;

    for (size_t at = 0; list->length - at >= sizeof(struct sr_slot_entry);
         at += sizeof(struct sr_slot_entry)) {
        struct sr_slot_entry entry;
        memcpy(&entry, list->data + at, sizeof(entry));
        if (token_present && entry.present != 1)
            continue;
        if (count < room)
            slots[count] = entry.slot;
        count++;
    }
    *n = count;
    return slots != NULL && count > room ? CKR_BUFFER_TOO_SMALL : CKR_OK;
}

/* No daemon, or one that does not admit us, is a reader without a token: programs start all the same, and the
 * explanation says why there is none. */
CK_RV C_GetSlotList(CK_BBOOL token_present, CK_SLOT_ID *slots, CK_ULONG *n)
{
    struct sr_bytes_reply reply = {0};
    struct sr_exchange x = {.call = SR_CALL_SLOTS, .reply = &reply};
    CK_RV rv = sr_enter();

    if (rv != CKR_OK)
        return rv;
    if (n == NULL)
        return CKR_ARGUMENTS_BAD;
    rv = sr_exchange(&x);
    if (rv == CKR_TOKEN_NOT_PRESENT) {
        *n = 0;
        return CKR_OK;
    }
    if (rv != CKR_OK)
        return rv;
    rv = copy_slots(&reply.data, token_present, slots, n);
    sr_exchange_end(&x);
    return rv;
}

/* A call that is answered with one structure of Cryptoki's, SIZE bytes. */
static CK_RV ask_info(enum sr_call call, CK_SLOT_ID slot, void *info, size_t size)
{
    struct sr_slot_request request = {.slot = slot};
    struct sr_bytes_reply reply = {0};
    struct sr_exchange x = {.call = call, .request = &request, .reply = &reply};
    CK_RV rv = sr_enter();

    if (rv != CKR_OK)
        return rv;
    if (info == NULL)
        return CKR_ARGUMENTS_BAD;
    rv = sr_exchange(&x);
    if (rv != CKR_OK)
        return rv;
    if (reply.data.length == size) {
        memcpy(info, reply.data.data, size);
    } else {
        sr_say("strongroomd's description of slot %lu has another size: is it of another version?", slot);
        rv = CKR_DEVICE_ERROR;
    }
    sr_exchange_end(&x);
    return rv;
}

CK_RV C_GetSlotInfo(CK_SLOT_ID slot, CK_SLOT_INFO *info)
{
    return ask_info(SR_CALL_SLOT_INFO, slot, info, sizeof(*info));
}

CK_RV C_GetTokenInfo(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
    return ask_info(SR_CALL_TOKEN_INFO, slot, info, sizeof(*info));
}

CK_RV C_GetMechanismList(CK_SLOT_ID slot, CK_MECHANISM_TYPE *list, CK_ULONG *n)
{
    CK_RV rv = sr_enter();
    if (rv != CKR_OK)
        return rv;
    return n != NULL ? sr_mechanism_list(slot, list, n) : CKR_ARGUMENTS_BAD;
}

CK_RV C_GetMechanismInfo(CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info)
{
    CK_RV rv = sr_enter();
    if (rv != CKR_OK)
        return rv;
    return info != NULL ? sr_mechanism_info(slot, type, info) : CKR_ARGUMENTS_BAD;
}
