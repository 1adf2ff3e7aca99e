/* SPDX-License-Identifier: Apache-2.0 */
/* Wrapping, unwrapping and deriving keys. */
#include "shim/exchange.h"
#include "shim/explain.h"
#include "shim/general.h"
#include "shim/make.h"

#include <string.h>

/* The mechanism as a request carries it. */
static CK_RV take_mechanism(struct sr_mechanism *to, const CK_MECHANISM *from)
{
    CK_RV rv = sr_mechanism_set(to, from);
    if (rv != CKR_OK)
        sr_say("mechanism 0x%lx does not take a parameter like this one", from->mechanism);
    return rv;
}

/* Hands out the wrapped key, or its length (PKCS#11 v3.0 §5.2). The length does not depend on when it is
 * asked for, so a caller that asks first has the key wrapped twice, and gets the second one. */
static CK_RV hand_out(const struct sr_bytes *wrapped, CK_BYTE *out, CK_ULONG *n)
{
    CK_ULONG room = *n;
    *n = wrapped->length;
    if (out == NULL)
        return CKR_OK;
    if (room < wrapped->length)
        return CKR_BUFFER_TOO_SMALL;
    memcpy(out, wrapped->data, wrapped->length);
    return CKR_OK;
}

CK_RV C_WrapKey(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE with,
                CK_OBJECT_HANDLE key, CK_BYTE *out, CK_ULONG *n)
{
    struct sr_wrap_request request;
    struct sr_bytes_reply reply = {0};
    struct sr_exchange x = {.call = SR_CALL_WRAP,
                            .request = &request,
                            .reply = &reply,
                            .session_at = &request.session,
                            .objects = {with, key},
                            .objects_at = {&request.object, &request.key}};
    CK_RV rv = sr_enter();

    if (rv == CKR_OK && (mechanism == NULL || n == NULL))
        rv = CKR_ARGUMENTS_BAD;
    if (rv == CKR_OK)
        rv = sr_make_check(session, with, CKR_WRAPPING_KEY_HANDLE_INVALID);
    if (rv == CKR_OK)
        rv = sr_make_check(session, key, CKR_KEY_HANDLE_INVALID);
    if (rv == CKR_OK)
        rv = take_mechanism(&request.mechanism, mechanism);
    if (rv == CKR_OK)
        rv = sr_session_take(session, &x.session);
    if (rv != CKR_OK)
        return rv;
    rv = sr_exchange(&x);
    if (rv == CKR_OK) {
        rv = hand_out(&reply.data, out, n);
        sr_exchange_end(&x);
    }
    sr_session_release(x.session);
    return rv;
}

CK_RV C_UnwrapKey(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE with, CK_BYTE *wrapped,
                  CK_ULONG length, CK_ATTRIBUTE *template, CK_ULONG n, CK_OBJECT_HANDLE *key)
{
    struct sr_making making = {.call = SR_CALL_UNWRAP, .request.data = {length, wrapped}, .from = with};
    CK_RV rv = sr_enter();

    if (rv == CKR_OK && (mechanism == NULL || wrapped == NULL || key == NULL))
        rv = CKR_ARGUMENTS_BAD;
    if (rv == CKR_OK && length > SR_DATA_MAX)
        rv = CKR_WRAPPED_KEY_LEN_RANGE;
    if (rv == CKR_OK)
        rv = sr_make_check(session, with, CKR_UNWRAPPING_KEY_HANDLE_INVALID);
    if (rv == CKR_OK)
        rv = take_mechanism(&making.request.mechanism, mechanism);
    if (rv == CKR_OK)
        rv = sr_template_set(&making.request.template, template, n);
    return rv == CKR_OK ? sr_make(session, &making, key) : rv;
}

/* The object handle in the parameter, in a copy of it that lies in KEPT: the application's is not ours to
 * translate. */
static CK_RV find_other(struct sr_making *making, struct sr_buf *kept)
{
    static const struct sr_field fields[] = {{SR_FIELD_MECHANISM, 0}, {SR_FIELD_END, 0}};
    struct sr_mechanism *mechanism = &making->request.mechanism;

    if (sr_mechanism_flat(&mechanism->m))
        return CKR_OK;
    sr_encode(kept, fields, mechanism);
    if (!sr_buf_ok(kept))
        return CKR_HOST_MEMORY;
    struct sr_buf copy = sr_buf_over(kept->data, kept->length);
    if (!sr_decode(&copy, fields, mechanism))
        return CKR_MECHANISM_PARAM_INVALID;
    making->other = sr_mechanism_handle(mechanism);
    return CKR_OK;
}

CK_RV C_DeriveKey(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE from,
                  CK_ATTRIBUTE *template, CK_ULONG n, CK_OBJECT_HANDLE *key)
{
    struct sr_making making = {.call = SR_CALL_DERIVE, .from = from};
    struct sr_buf kept = SR_BUF_EMPTY;
    CK_RV rv = sr_enter();

    if (rv == CKR_OK && (mechanism == NULL || key == NULL))
        rv = CKR_ARGUMENTS_BAD;
    if (rv == CKR_OK)
        rv = sr_make_check(session, from, CKR_KEY_HANDLE_INVALID);
    if (rv == CKR_OK)
        rv = take_mechanism(&making.request.mechanism, mechanism);
    if (rv == CKR_OK)
        rv = sr_template_set(&making.request.template, template, n);
    if (rv == CKR_OK)
        rv = find_other(&making, &kept);
    if (rv == CKR_OK && making.other != NULL)
        rv = sr_make_check(session, *making.other, CKR_KEY_HANDLE_INVALID);
    if (rv == CKR_OK)
        rv = sr_make(session, &making, key);
    sr_buf_free(&kept);
    return rv;
}
