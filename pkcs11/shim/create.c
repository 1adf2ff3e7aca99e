/* SPDX-License-Identifier: Apache-2.0 */
/* Creating, copying and changing objects. */
#include "shim/exchange.h"
#include "shim/general.h"
#include "shim/make.h"

CK_RV C_CreateObject(CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, CK_ULONG n, CK_OBJECT_HANDLE *object)
{
    struct sr_making making = {.call = SR_CALL_CREATE};
    CK_RV rv = sr_enter();

    if (rv == CKR_OK && (template == NULL || object == NULL))
        rv = CKR_ARGUMENTS_BAD;
    if (rv == CKR_OK)
        rv = sr_template_set(&making.request.template, template, n);
    return rv == CKR_OK ? sr_make(session, &making, object) : rv;
}

CK_RV C_CopyObject(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *template, CK_ULONG n,
                   CK_OBJECT_HANDLE *copy)
{
    struct sr_making making = {.call = SR_CALL_COPY, .from = object};
    CK_RV rv = sr_enter();

    if (rv == CKR_OK && copy == NULL)
        rv = CKR_ARGUMENTS_BAD;
    if (rv == CKR_OK)
        rv = sr_template_set(&making.request.template, template, n);
    if (rv == CKR_OK)
        rv = sr_make_check(session, object, CKR_OBJECT_HANDLE_INVALID);
    return rv == CKR_OK ? sr_make(session, &making, copy) : rv;
}

CK_RV C_SetAttributeValue(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *template,
                          CK_ULONG n)
{
    struct sr_making making = {.call = SR_CALL_CHANGE, .from = object};
    CK_RV rv = sr_enter();

    if (rv == CKR_OK && template == NULL)
        rv = CKR_ARGUMENTS_BAD;
    if (rv == CKR_OK)
        rv = sr_template_set(&making.request.template, template, n);
    if (rv == CKR_OK)
        rv = sr_make_check(session, object, CKR_OBJECT_HANDLE_INVALID);
    return rv == CKR_OK ? sr_make(session, &making, NULL) : rv;
}

CK_RV C_GetObjectSize(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ULONG *size)
{
    struct sr_object request;
    struct sr_size_reply reply = {0};
    struct sr_exchange x = {.call = SR_CALL_SIZE,
                            .request = &request,
                            .reply = &reply,
                            .session_at = &request.session,
                            .objects[0] = object,
                            .objects_at[0] = &request.object};
    CK_RV rv = sr_enter();

    if (rv == CKR_OK && size == NULL)
        rv = CKR_ARGUMENTS_BAD;
    if (rv == CKR_OK)
        rv = sr_session_take(session, &x.session);
    if (rv != CKR_OK)
        return rv;
    rv = sr_exchange_only(&x);
    if (rv == CKR_OK)
        *size = reply.size;
    sr_session_release(x.session);
    return rv;
}
