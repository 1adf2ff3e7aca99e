/* Slots, tokens and their mechanisms. A slot's number is the token's place in the configuration: it does not
 * change.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "daemon/permit.h"

#include <stdlib.h>
#include <string.h>

#define MECHANISMS_MAX 4096

static struct sr_token *token_of(struct sr_work *work, const struct sr_slot_request *r)
{
    return r->slot < work->daemon->config->token_count ? &work->daemon->tokens[r->slot] : NULL;
}

CK_RV sr_handle_slots(struct sr_work *work, const void *request, void *reply)
{
    struct sr_bytes_reply *answer = reply;
    size_t count = work->daemon->config->token_count;
    CK_SLOT_ID *slots = sr_scratch_get(&work->scratch, count * sizeof(*slots));
    (void)request;
    if (slots == NULL)
        return CKR_HOST_MEMORY;
    for (size_t i = 0; i < count; i++)
        slots[i] = i;
    answer->data = (struct sr_bytes){.length = count * sizeof(*slots), .data = (unsigned char *)slots};
    return CKR_OK;
}

CK_RV sr_handle_slot_info(struct sr_work *work, const void *request, void *reply)
{
    struct sr_bytes_reply *answer = reply;
    struct sr_token *token = token_of(work, request);
    CK_SLOT_INFO info;

    if (token == NULL)
        return CKR_SLOT_ID_INVALID;
    memset(&info, 0, sizeof(info));
    CK_RV rv = sr_token_enter(token);
    if (rv != CKR_OK)
        return rv;
    rv = token->module.f->C_GetSlotInfo(token->slot, &info);
    sr_token_leave(token);
    return rv == CKR_OK ? sr_work_bytes(work, &info, sizeof(info), &answer->data) : rv;
}

CK_RV sr_handle_token_info(struct sr_work *work, const void *request, void *reply)
{
    struct sr_bytes_reply *answer = reply;
    struct sr_token *token = token_of(work, request);
    CK_TOKEN_INFO info;

    if (token == NULL)
        return CKR_SLOT_ID_INVALID;
    memset(&info, 0, sizeof(info));
    CK_RV rv = sr_token_enter(token);
    if (rv != CKR_OK)
        return rv;
    rv = token->module.f->C_GetTokenInfo(token->slot, &info);
    sr_token_leave(token);
    if (rv != CKR_OK)
        return rv;
    /* An admitted client is logged in from the start. The PINs' states are the daemon's business. */
    info.flags &=
        ~(CKF_LOGIN_REQUIRED | CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_LOCKED |
          CKF_USER_PIN_TO_BE_CHANGED | CKF_SO_PIN_COUNT_LOW | CKF_SO_PIN_FINAL_TRY | CKF_SO_PIN_LOCKED |
          CKF_SO_PIN_TO_BE_CHANGED | CKF_PROTECTED_AUTHENTICATION_PATH);
    info.flags |= CKF_DUAL_CRYPTO_OPERATIONS; /* by way of two sessions */
    info.ulMaxSessionCount = info.ulMaxRwSessionCount = CK_EFFECTIVELY_INFINITE;
    info.ulSessionCount = info.ulRwSessionCount = CK_UNAVAILABLE_INFORMATION;
    return sr_work_bytes(work, &info, sizeof(info), &answer->data);
}

/* NSS has message-based functions for these, and does not say so in the flags (PKCS#11 v3.0 §3.2). */
static CK_FLAGS flags_of(const struct sr_token *token, CK_MECHANISM_TYPE type, CK_FLAGS flags)
{
    bool sealing = type == CKM_AES_GCM || type == CKM_AES_CCM || type == CKM_CHACHA20_POLY1305;
    if (token->module.f3 == NULL || !sealing)
        return flags;
    if ((flags & CKF_ENCRYPT) != 0)
        flags |= CKF_MESSAGE_ENCRYPT;
    if ((flags & CKF_DECRYPT) != 0)
        flags |= CKF_MESSAGE_DECRYPT;
    return flags;
}

static CK_RV read_mechanisms(struct sr_work *work, const struct sr_token *token,
                             struct sr_bytes_reply *answer)
{
    CK_ULONG count = 0;
    size_t kept = 0;
    CK_FUNCTION_LIST *f = token->module.f;
    CK_RV rv = f->C_GetMechanismList(token->slot, NULL, &count);
    if (rv != CKR_OK)
        return rv;
    if (count > MECHANISMS_MAX)
        return CKR_GENERAL_ERROR;
    CK_MECHANISM_TYPE *types = sr_scratch_get(&work->scratch, count * sizeof(*types));
    struct sr_mechanism_entry *entries = sr_scratch_get(&work->scratch, count * sizeof(*entries));
    if (types == NULL || entries == NULL)
        return CKR_HOST_MEMORY;
    rv = f->C_GetMechanismList(token->slot, types, &count);
    for (CK_ULONG i = 0; rv == CKR_OK && i < count; i++) {
        struct sr_mechanism_entry *entry = &entries[kept];
        memset(entry, 0, sizeof(*entry));
        entry->type = types[i];
        rv = f->C_GetMechanismInfo(token->slot, types[i], &entry->info);
        entry->info.flags = flags_of(token, types[i], entry->info.flags);
        kept += sr_permit_listed(work, types[i], &entry->info.flags);
    }
    answer->data = (struct sr_bytes){.length = kept * sizeof(*entries), .data = (unsigned char *)entries};
    return rv;
}

CK_RV sr_handle_mechanisms(struct sr_work *work, const void *request, void *reply)
{
    struct sr_token *token = token_of(work, request);
    if (token == NULL)
        return CKR_SLOT_ID_INVALID;
    CK_RV rv = sr_token_enter(token);
    if (rv != CKR_OK)
        return rv;
    rv = read_mechanisms(work, token, reply);
    sr_token_leave(token);
    return rv;
}
