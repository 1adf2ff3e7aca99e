/* Objects from the client's own bytes: certificates, data, public keys, and where the policy lets it, keys.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "daemon/custody_switch.h"
#include "daemon/make.h"
#include "daemon/permit.h"

/* The object as the token shall see it, or a refusal. */
static CK_RV complete(struct sr_work *work, struct sr_draft *draft)
{
    CK_OBJECT_CLASS class = sr_draft_ulong(draft, CKA_CLASS);
    switch (class) {
    case CK_UNAVAILABLE_INFORMATION:
        return sr_explain(work, CKR_TEMPLATE_INCOMPLETE, "C_CreateObject needs CKA_CLASS");
    case CKO_PRIVATE_KEY:
    case CKO_SECRET_KEY:
        return sr_make_key(work, draft, class, sr_draft_ulong(draft, CKA_KEY_TYPE), false);
    case CKO_PUBLIC_KEY:
        if (sr_custody_on(work->config, SR_CUSTODY_ROLES))
            sr_custody_public_roles(draft);
        return CKR_OK;
    default:
        return CKR_OK;
    }
}

CK_RV sr_handle_create(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_make_request *r = request;
    struct sr_making making;
    struct sr_draft draft;
    struct sr_draft *const drafts[] = {&draft};
    CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;

    CK_RV rv = sr_make_begin(work, r->session, &making);
    if (rv == CKR_OK)
        rv = sr_permit_new(work, SR_OPERATION_CREATE, making.token, &r->template, CK_UNAVAILABLE_INFORMATION);
    if (rv == CKR_OK)
        rv = sr_make_draft(work, &r->template, &draft);
    if (rv == CKR_OK)
        rv = complete(work, &draft);
    if (rv == CKR_OK)
        rv = sr_make_open(&making, drafts, 1);
    if (rv != CKR_OK)
        return rv;
    sr_make_say(work, &draft, &r->template);
    rv = making.token->module.f->C_CreateObject(making.real, draft.a, draft.n, &handle);
    return sr_make_end(work, &making, rv, "created", &handle, 1, reply);
}
