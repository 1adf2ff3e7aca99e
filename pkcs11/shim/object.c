/* SPDX-License-Identifier: Apache-2.0 */
/* Attributes of objects, and destroying objects. */
#include "shim/exchange.h"
#include "shim/explain.h"
#include "shim/general.h"
#include "shim/objects.h"

#include <string.h>

/* Hands one value to the application, or its length (PKCS#11 v3.0 §5.7.5). */
static CK_RV hand_out_value(CK_ATTRIBUTE *to, const CK_ATTRIBUTE *from)
{
    if (from->ulValueLen == CK_UNAVAILABLE_INFORMATION) {
        to->ulValueLen = CK_UNAVAILABLE_INFORMATION;
        return CKR_OK; /* the daemon's status says why */
    }
    if (to->pValue != NULL && to->ulValueLen < from->ulValueLen) {
        to->ulValueLen = CK_UNAVAILABLE_INFORMATION;
        return CKR_BUFFER_TOO_SMALL;
    }
    if (to->pValue != NULL && from->ulValueLen > 0)
        memcpy(to->pValue, from->pValue, from->ulValueLen);
    to->ulValueLen = from->ulValueLen;
    return CKR_OK;
}

/* The same for an attribute that is a template: its length is that of the array of attributes, each of which
 * again takes a value or is told its length. */
static CK_RV hand_out(CK_ATTRIBUTE *to, const CK_ATTRIBUTE *from)
{
    CK_RV rv = CKR_OK;
    if (!sr_attribute_nests(from->type) || from->ulValueLen == CK_UNAVAILABLE_INFORMATION ||
        to->pValue == NULL)
        return hand_out_value(to, from);
    if (to->ulValueLen < from->ulValueLen) {
        to->ulValueLen = CK_UNAVAILABLE_INFORMATION;
        return CKR_BUFFER_TOO_SMALL;
    }
    CK_ATTRIBUTE *inner_to = to->pValue;
    const CK_ATTRIBUTE *inner_from = from->pValue;
    for (size_t i = 0; i < from->ulValueLen / sizeof(*inner_from); i++) {
        inner_to[i].type = inner_from[i].type;
        CK_RV one = hand_out_value(&inner_to[i], &inner_from[i]);
        if (one != CKR_OK)
            rv = one;
    }
    to->ulValueLen = from->ulValueLen;
    return rv;
}

/* Reads up to SR_TEMPLATE_MAX attributes. *STATUS is set where one of them cannot be had; the others are
 * valid then. */
static CK_RV read_some(struct sr_app_session *s, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *template, size_t n,
                       CK_RV *status)
{
    CK_ATTRIBUTE_TYPE types[SR_TEMPLATE_MAX];
    struct sr_read_request request = {.types = {n * sizeof(types[0]), (unsigned char *)types}};
    struct sr_read_reply reply;
    struct sr_exchange x = {.call = SR_CALL_READ_ATTRIBUTES,
                            .request = &request,
                            .reply = &reply,
                            .session = s,
                            .session_at = &request.session,
                            .objects[0] = object,
                            .objects_at[0] = &request.object};

    for (size_t i = 0; i < n; i++)
        types[i] = template[i].type;
    CK_RV rv = sr_exchange(&x);
    if (rv != CKR_OK)
        return rv;
    bool fits = reply.values.n == n;
    for (size_t i = 0; fits && i < n; i++) {
        fits = reply.values.a[i].type == types[i];
        CK_RV one = fits ? hand_out(&template[i], &reply.values.a[i]) : CKR_OK;
        if (one != CKR_OK)
            *status = one;
    }
    if (reply.status != CKR_OK)
        *status = reply.status;
    sr_exchange_end(&x);
    if (!fits) {
        sr_say("strongroomd answered with other attributes than it was asked for: is it of another version?");
        rv = CKR_DEVICE_ERROR;
    }
    return rv;
}

CK_RV C_GetAttributeValue(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *template,
                          CK_ULONG n)
{
    struct sr_app_session *s;
    CK_RV status = CKR_OK;
    CK_RV rv = sr_enter();

    if (rv == CKR_OK && template == NULL)
        rv = CKR_ARGUMENTS_BAD;
    if (rv == CKR_OK)
        rv = sr_session_take(session, &s);
    if (rv != CKR_OK)
        return rv;
    for (CK_ULONG done = 0; rv == CKR_OK && done < n;) {
        CK_ULONG some = n - done < SR_TEMPLATE_MAX ? n - done : SR_TEMPLATE_MAX;
        rv = read_some(s, object, template + done, some, &status);
        done += some;
    }
    sr_session_release(s);
    return rv != CKR_OK ? rv : status;
}

CK_RV C_DestroyObject(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
    struct sr_app_session *s;
    struct sr_object request;
    struct sr_exchange x = {.call = SR_CALL_DESTROY,
                            .request = &request,
                            .session_at = &request.session,
                            .objects[0] = object,
                            .objects_at[0] = &request.object};
    CK_RV rv = sr_enter();

    if (rv == CKR_OK)
        rv = sr_session_take(session, &s);
    if (rv != CKR_OK)
        return rv;
    x.session = s;
    rv = sr_exchange_only(&x);
    if (rv == CKR_OK)
        sr_objects_forget(object);
    sr_session_release(s);
    return rv;
}
