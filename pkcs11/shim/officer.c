/* SPDX-License-Identifier: Apache-2.0 */
/* The security officer's functions (PKCS#11 v3.0 §5.5.7 to §5.5.9): the daemon has them on its socket of
 * administration. */
#include "shim/exchange.h"
#include "shim/general.h"
#include "shim/session.h"

#define LABEL 32

CK_RV C_InitToken(CK_SLOT_ID slot, CK_UTF8CHAR *pin, CK_ULONG length, CK_UTF8CHAR *label)
{
    struct sr_init_token_request request = {.slot = slot, .pin = {length, pin}, .label = {LABEL, label}};
    struct sr_exchange x = {.call = SR_CALL_INIT_TOKEN, .request = &request};
    CK_RV rv = sr_enter();

    if (rv != CKR_OK)
        return rv;
    if (label == NULL || (pin == NULL && length > 0))
        return CKR_ARGUMENTS_BAD;
    return sr_exchange_only(&x);
}

static CK_RV send_pins(CK_SESSION_HANDLE session, enum sr_call call, struct sr_bytes old, struct sr_bytes new)
{
    struct sr_pin_request request = {.old = old, .new = new};
    struct sr_exchange x = {.call = call, .request = &request, .session_at = &request.session};
    CK_RV rv = sr_enter();

    if (rv == CKR_OK && ((old.data == NULL && old.length > 0) || (new.data == NULL &&new.length > 0)))
        rv = CKR_ARGUMENTS_BAD;
    if (rv == CKR_OK)
        rv = sr_session_take(session, &x.session);
    if (rv != CKR_OK)
        return rv;
    rv = sr_exchange_only(&x);
    sr_session_release(x.session);
    return rv;
}

CK_RV C_InitPIN(CK_SESSION_HANDLE session, CK_UTF8CHAR *pin, CK_ULONG length)
{
    return send_pins(session, SR_CALL_INIT_PIN, (struct sr_bytes){0}, (struct sr_bytes){length, pin});
}

CK_RV C_SetPIN(CK_SESSION_HANDLE session, CK_UTF8CHAR *old, CK_ULONG old_length, CK_UTF8CHAR *new,
               CK_ULONG new_length)
{
    return send_pins(session, SR_CALL_SET_PIN, (struct sr_bytes){old_length, old},
                     (struct sr_bytes){new_length, new});
}
