/* Making keys, after the custody rules.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "daemon/custody_switch.h"
#include "daemon/make.h"
#include "daemon/permit.h"

/* Both halves as the token shall see them, or a refusal. */
static CK_RV complete_pair(struct sr_work *work, const struct sr_generate_request *r, struct sr_token *token,
                           struct sr_draft *public, struct sr_draft *private)
{
    CK_MECHANISM_TYPE mechanism = r->mechanism.m.mechanism;
    CK_RV rv = sr_permit_new(work, SR_OPERATION_GENERATE, token, &r->public, mechanism);
    if (rv == CKR_OK)
        rv = sr_permit_new(work, SR_OPERATION_GENERATE, token, &r->private, mechanism);
    if (rv == CKR_OK)
        rv = sr_make_draft(work, &r->public, public);
    if (rv == CKR_OK)
        rv = sr_make_draft(work, &r->private, private);
    if (rv != CKR_OK)
        return rv;
    if (sr_custody_on(work->config, SR_CUSTODY_ROLES))
        sr_custody_roles(public, private);
    if (sr_custody_on(work->config, SR_CUSTODY_SECRECY))
        sr_custody_secrecy(private, CKO_PRIVATE_KEY);
    sr_make_say(work, public, &r->public);
    sr_make_say(work, private, &r->private);
    return CKR_OK;
}

CK_RV sr_handle_generate_key_pair(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_generate_request *r = request;
    CK_MECHANISM mechanism = r->mechanism.m;
    struct sr_making making;
    struct sr_draft public;
    struct sr_draft private;
    struct sr_draft *const drafts[] = {&public, &private};
    CK_OBJECT_HANDLE handles[2] = {CK_INVALID_HANDLE, CK_INVALID_HANDLE};

    CK_RV rv = sr_make_begin(work, r->session, &making);
    if (rv == CKR_OK)
        rv = complete_pair(work, r, making.token, &public, &private);
    if (rv == CKR_OK)
        rv = sr_make_open(&making, drafts, 2);
    if (rv != CKR_OK)
        return rv;
    rv = making.token->module.f->C_GenerateKeyPair(making.real, &mechanism, public.a, public.n, private.a,
                                                   private.n, &handles[0], &handles[1]);
    return sr_make_end(work, &making, rv, "generated", handles, 2, reply);
}

/* Domain parameters are no keys, and no secret. */
static bool makes_parameters(CK_MECHANISM_TYPE mechanism)
{
    switch (mechanism) {
    case CKM_DSA_PARAMETER_GEN:
    case CKM_DSA_PROBABLISTIC_PARAMETER_GEN:
    case CKM_DSA_SHAWE_TAYLOR_PARAMETER_GEN:
    case CKM_DH_PKCS_PARAMETER_GEN:
    case CKM_X9_42_DH_PARAMETER_GEN:
        return true;
    default:
        return false;
    }
}

/* What the mechanism makes where the template does not say it. */
static CK_KEY_TYPE type_of(const struct sr_draft *draft, CK_MECHANISM_TYPE mechanism)
{
    CK_KEY_TYPE type = sr_draft_ulong(draft, CKA_KEY_TYPE);
    if (type != CK_UNAVAILABLE_INFORMATION)
        return type;
    return mechanism == CKM_GENERIC_SECRET_KEY_GEN ? CKK_GENERIC_SECRET : CK_UNAVAILABLE_INFORMATION;
}

static CK_RV complete_key(struct sr_work *work, const struct sr_make_request *r, struct sr_token *token,
                          struct sr_draft *draft)
{
    CK_MECHANISM_TYPE mechanism = r->mechanism.m.mechanism;
    CK_RV rv = sr_permit_new(work, SR_OPERATION_GENERATE, token, &r->template, mechanism);
    if (rv == CKR_OK)
        rv = sr_make_draft(work, &r->template, draft);
    if (rv != CKR_OK || makes_parameters(mechanism))
        return rv;
    CK_ULONG class = sr_draft_ulong(draft, CKA_CLASS);
    if (class != CK_UNAVAILABLE_INFORMATION && class != CKO_SECRET_KEY)
        return sr_explain(work, CKR_TEMPLATE_INCONSISTENT, "C_GenerateKey makes secret keys");
    rv = sr_make_key(work, draft, CKO_SECRET_KEY, type_of(draft, mechanism), true);
    if (rv == CKR_OK)
        sr_make_say(work, draft, &r->template);
    return rv;
}

CK_RV sr_handle_generate_key(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_make_request *r = request;
    CK_MECHANISM mechanism = r->mechanism.m;
    struct sr_making making;
    struct sr_draft draft;
    struct sr_draft *const drafts[] = {&draft};
    CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;

    CK_RV rv = sr_make_begin(work, r->session, &making);
    if (rv == CKR_OK)
        rv = complete_key(work, r, making.token, &draft);
    if (rv == CKR_OK)
        rv = sr_make_open(&making, drafts, 1);
    if (rv != CKR_OK)
        return rv;
    rv = making.token->module.f->C_GenerateKey(making.real, &mechanism, draft.a, draft.n, &handle);
    return sr_make_end(work, &making, rv, "generated", &handle, 1, reply);
}
