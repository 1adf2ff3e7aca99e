/* Key pair generation, after the custody rules.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cryptoki/attributes.h"
#include "cryptoki/names.h"
#include "daemon/custody.h"
#include "daemon/permit.h"

/* Both halves as the token shall see them, or a refusal. */
static CK_RV complete(struct sr_work *work, const struct sr_generate_request *r, struct sr_token *token,
                      struct sr_draft *public, struct sr_draft *private)
{
    CK_MECHANISM_TYPE mechanism = r->mechanism.m.mechanism;
    CK_RV rv = sr_permit_new(work, SR_OPERATION_GENERATE, token, &r->public, mechanism);
    if (rv == CKR_OK)
        rv = sr_permit_new(work, SR_OPERATION_GENERATE, token, &r->private, mechanism);
    if (rv != CKR_OK)
        return rv;
    sr_draft_from(public, &r->public);
    sr_draft_from(private, &r->private);
    sr_custody_secrecy(private);
    sr_custody_roles(public, private);
    return CKR_OK;
}

/* References to both new objects, marked as the client's where they are session objects. */
static CK_RV take_in(struct sr_work *work, const struct sr_generate_request *r, struct sr_token *token,
                     CK_SESSION_HANDLE real, const CK_OBJECT_HANDLE handles[2], struct sr_find_reply *reply)
{
    struct sr_token_object *objects[2];

    for (size_t i = 0; i < 2; i++) {
        CK_RV rv = sr_object_get(token, real, handles[i], &objects[i]);
        if (rv != CKR_OK) {
            if (i == 1)
                sr_object_release(objects[0]);
            return rv;
        }
        if (!(objects[i]->card.flags & SR_CARD_TOKEN))
            sr_object_own(objects[i], work->client, r->session);
    }
    sr_work_used(work, objects[1]);
    sr_log(SR_LOG_INFO, "generated: uid %u, pid %d, %s: \"%.*s\"", (unsigned)work->peer.uid,
           (int)work->peer.pid, sr_mechanism_name(r->mechanism.m.mechanism),
           (int)(objects[1]->card.label.length < 64 ? objects[1]->card.label.length : 64),
           (const char *)objects[1]->card.label.data);
    return sr_work_cards(work, objects, 2, reply);
}

CK_RV sr_handle_generate_key_pair(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_generate_request *r = request;
    struct sr_find_reply *answer = reply;
    struct sr_session_view view;
    struct sr_token *token;
    struct sr_draft public;
    struct sr_draft private;
    CK_SESSION_HANDLE real = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE handles[2] = {CK_INVALID_HANDLE, CK_INVALID_HANDLE};

    CK_RV rv = sr_work_session(work, r->session, &view, &token);
    if (rv != CKR_OK)
        return rv;
    rv = complete(work, r, token, &public, &private);
    if (rv != CKR_OK)
        return rv;
    bool on_token = sr_draft_bool(&public, CKA_TOKEN, false) || sr_draft_bool(&private, CKA_TOKEN, false);
    if (on_token && !(view.flags & CKF_RW_SESSION))
        return CKR_SESSION_READ_ONLY;
    if (view.logged_out)
        return CKR_USER_NOT_LOGGED_IN;
    /* Session objects die with the real session that made them: the keeper, which no call borrows, makes
     * those. */
    rv = on_token ? sr_token_borrow(token, &real) : sr_token_hold(token);
    if (rv != CKR_OK)
        return rv;
    CK_MECHANISM mechanism = r->mechanism.m;
    rv = token->module.f->C_GenerateKeyPair(on_token ? real : token->keeper, &mechanism, public.a, public.n,
                                            private.a, private.n, &handles[0], &handles[1]);
    if (rv == CKR_OK)
        rv = take_in(work, r, token, on_token ? real : token->keeper, handles, answer);
    if (on_token)
        sr_token_return(token, real, rv);
    else
        sr_token_let_go(token, rv);
    return rv;
}
