/* Sessions are the daemon's own records. Clients are logged in from the start; a PIN they give is compared
 * here and never reaches the token.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "daemon/handle_officer.h"
#include "daemon/recover.h"
#include "daemon/tries.h"

#include <string.h>

CK_RV sr_handle_open_session(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_open_session_request *r = request;
    struct sr_session *answer = reply;
    struct sr_why why;
    if (r->slot >= work->daemon->config->token_count)
        return CKR_SLOT_ID_INVALID;
    if (!(r->flags & CKF_SERIAL_SESSION)) /* PKCS#11 v3.0 §5.6.1 */
        return CKR_SESSION_PARALLEL_NOT_SUPPORTED;
    struct sr_token *token = &work->daemon->tokens[r->slot];
    if (sr_recover_gone(token, &why))
        return sr_explain(work, CKR_TOKEN_NOT_PRESENT, "the token \"%s\" is away: %s", token->config->label,
                          why.text);
    CK_RV rv = sr_token_enter(token);
    if (rv != CKR_OK)
        return rv;
    rv = sr_client_open(work->client, r->slot, r->flags & (CKF_SERIAL_SESSION | CKF_RW_SESSION),
                        &answer->session);
    sr_token_leave(token);
    return rv;
}

CK_RV sr_handle_close_session(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_session *r = request;
    (void)reply;
    return sr_client_close(work->client, r->session);
}

CK_RV sr_handle_session_info(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_session *r = request;
    struct sr_bytes_reply *answer = reply;
    struct sr_session_view view;
    CK_SESSION_INFO info;

    CK_RV rv = sr_client_view(work->client, r->session, &view);
    if (rv != CKR_OK)
        return rv;
    memset(&info, 0, sizeof(info));
    info.slotID = view.token;
    info.flags = view.flags;
    if (view.officer)
        info.state = CKS_RW_SO_FUNCTIONS;
    else if (view.flags & CKF_RW_SESSION)
        info.state = view.logged_out ? CKS_RW_PUBLIC_SESSION : CKS_RW_USER_FUNCTIONS;
    else
        info.state = view.logged_out ? CKS_RO_PUBLIC_SESSION : CKS_RO_USER_FUNCTIONS;
    return sr_work_bytes(work, &info, sizeof(info), &answer->data);
}

CK_RV sr_check_user_pin(struct sr_work *work, struct sr_token *token, const struct sr_bytes *pin)
{
    bool right = sr_token_pin_is(token, pin);
    if (!sr_tries_count(work->peer.uid, right))
        return sr_refuse(
            work, CKR_PIN_LOCKED, "PIN back-off",
            "a PIN too soon after wrong ones; wait, or log in without a PIN: admitted programs need "
            "none");
    if (!right)
        return sr_refuse(work, CKR_PIN_INCORRECT, "PIN",
                         "a wrong PIN for the token \"%s\"; admitted programs need none: log in without",
                         token->config->label);
    return CKR_OK;
}

CK_RV sr_handle_login(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_login_request *r = request;
    struct sr_session_view view;
    struct sr_token *token;
    (void)reply;

    CK_RV rv = sr_work_session(work, r->session, &view, &token);
    if (rv != CKR_OK)
        return rv;
    if (r->user == CKU_SO)
        return sr_login_officer(work, token, &view, &r->pin);
    if (r->user != CKU_USER)
        return CKR_USER_TYPE_INVALID;
    if (view.officer)
        return CKR_USER_ANOTHER_ALREADY_LOGGED_IN;
    if (r->pin.length > 0)
        rv = sr_check_user_pin(work, token, &r->pin);
    if (rv == CKR_OK)
        sr_client_set_logged_out(work->client, false);
    return rv;
}

CK_RV sr_handle_logout(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_session *r = request;
    struct sr_session_view view;
    (void)reply;

    CK_RV rv = sr_client_view(work->client, r->session, &view);
    if (rv != CKR_OK)
        return rv;
    sr_client_end_officer(work->client, view.token);
    sr_client_set_logged_out(work->client, true);
    return CKR_OK;
}
