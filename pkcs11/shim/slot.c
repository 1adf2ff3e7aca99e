/* SPDX-License-Identifier: Apache-2.0 */
/* Slots and tokens: what the daemon shows of them to this process. */
#include "shim/exchange.h"
#include "shim/explain.h"
#include "shim/general.h"
#include "shim/mechanisms.h"

#include <string.h>

/* No daemon, or one that does not admit us, is a reader without a token: programs start all the same, and the
 * explanation says why there is none. */
CK_RV C_GetSlotList(CK_BBOOL token_present, CK_SLOT_ID *slots, CK_ULONG *n)
{
    struct sr_bytes_reply reply = {0};
    struct sr_exchange x = {.call = SR_CALL_SLOTS, .reply = &reply};
    CK_RV rv = sr_enter();

    (void)token_present; /* the daemon shows slots with a token only */
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
    CK_ULONG known = reply.data.length / sizeof(CK_SLOT_ID);
    if (slots != NULL && *n < known)
        rv = CKR_BUFFER_TOO_SMALL;
    else if (slots != NULL && known > 0)
        memcpy(slots, reply.data.data, known * sizeof(CK_SLOT_ID));
    *n = known;
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
