/* The security officer's functions: on the socket of administration alone, for who may manage. The token's
 * own C_Login, C_InitToken, C_InitPIN and C_SetPIN are called by a process of their own (officer.h); the PIN
 * file and what the daemon knows of the token follow.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "daemon/handle_officer.h"
#include "cryptoki/attributes.h"
#include "cryptoki/find.h"
#include "cryptoki/names.h"
#include "daemon/custody.h"
#include "daemon/officer.h"
#include "daemon/pin_file.h"
#include "daemon/tries.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SHUT_MS 3000 /* for the calls at work in a token */

/* One process at a time; held from the look at the back-off until the result is counted. */
static pthread_mutex_t at_work = PTHREAD_MUTEX_INITIALIZER;

/* RV is the return value on another socket. */
static CK_RV only_here(struct sr_work *work, CK_RV rv)
{
    if (!work->socket->administration)
        return sr_refuse(work, rv, "administration",
                         "the security officer's functions on %s: they exist on the socket with "
                         "\"administration = yes\" alone",
                         work->socket->path);
    if (work->right < SR_RIGHT_MANAGE)
        return sr_refuse(
            work, CKR_ACTION_PROHIBITED, "admission",
            "the security officer's functions need the right \"manage\", and uid %u has \"%s\" on %s",
            (unsigned)work->peer.uid, sr_right_name(work->right), work->socket->path);
    return CKR_OK;
}

/* Restarting a module ends the sessions of every token that it serves. */
static bool is_alone(const struct sr_work *work, const struct sr_token *token)
{
    for (size_t i = 0; i < work->daemon->config->token_count; i++) {
        const struct sr_token *other = &work->daemon->tokens[i];
        if (other != token && other->module.f == token->module.f)
            return false;
    }
    return true;
}

/* *SURE is false where it is not known whether the token did it. */
static CK_RV give(struct sr_work *work, struct sr_token *token, const struct sr_order *order, bool *sure)
{
    const char *label = token->config->label;
    const char *what = order->kind == SR_ORDER_CHECK ? "security officer's login" : work->call;
    struct sr_why why = {""};
    CK_RV rv;

    *sure = sr_officer_do(token->config, order, &rv, &why);
    if (!*sure) {
        sr_log(SR_LOG_ERROR, "call %s: %s; it may have done it or not", work->call, why.text);
        return sr_explain(work, CKR_DEVICE_ERROR, "%s; it may have done it or not", why.text);
    }
    if (rv == CKR_OK) {
        sr_log(SR_LOG_INFO, "token \"%s\": %s, for uid %u, pid %d", label, what, (unsigned)work->peer.uid,
               (int)work->peer.pid);
        return CKR_OK;
    }
    return sr_explain(work, rv, "the token \"%s\" refuses %s: %s%s%s", label, what, sr_rv_name(rv),
                      why.text[0] != '\0' ? ": " : "", why.text);
}

static CK_RV may_try_officer_pin(struct sr_work *work)
{
    if (sr_tries_allow(work->peer.uid))
        return CKR_OK;
    return sr_refuse(work, CKR_PIN_LOCKED, "PIN back-off",
                     "a security officer's PIN too soon after wrong ones; wait");
}

/* The same with the security officer's PIN: no token is asked while the user has to wait for wrong ones. */
static CK_RV give_as_officer(struct sr_work *work, struct sr_token *token, const struct sr_order *order,
                             bool *sure)
{
    *sure = true;
    CK_RV rv = may_try_officer_pin(work);
    if (rv != CKR_OK)
        return rv;
    rv = give(work, token, order, sure);
    if (rv == CKR_OK || rv == CKR_PIN_INCORRECT)
        (void)sr_tries_count(work->peer.uid, rv == CKR_OK);
    if (rv == CKR_PIN_INCORRECT)
        return sr_refuse(work, rv, "PIN", "a wrong security officer's PIN for the token \"%s\"",
                         token->config->label);
    return rv;
}

CK_RV sr_login_officer(struct sr_work *work, struct sr_token *token, const struct sr_session_view *view,
                       const struct sr_bytes *pin)
{
    const struct sr_order order = {.kind = SR_ORDER_CHECK, .pin = *pin, .hold = -1};
    bool sure;

    CK_RV rv = only_here(work, CKR_USER_TYPE_INVALID);
    if (rv == CKR_OK)
        rv = sr_client_may_become_officer(work->client, view->token);
    if (rv != CKR_OK)
        return rv;
    if (pin->length == 0 || pin->length > SR_PIN_MAX)
        return sr_explain(work, CKR_PIN_INCORRECT,
                          "the security officer's login needs a PIN of up to %d bytes", SR_PIN_MAX);
    (void)pthread_mutex_lock(&at_work);
    rv = give_as_officer(work, token, &order, &sure);
    (void)pthread_mutex_unlock(&at_work);
    if (rv != CKR_OK)
        return rv;
    struct sr_pin *kept = sr_pin_new((const char *)pin->data, pin->length);
    return kept != NULL ? sr_client_become_officer(work->client, view->token, kept) : CKR_HOST_MEMORY;
}

static CK_RV take_new_pin(struct sr_work *work, const struct sr_bytes *given, struct sr_pin **pin)
{
    *pin = NULL;
    if (given->length == 0 || given->length > SR_PIN_MAX)
        return CKR_PIN_LEN_RANGE;
    *pin = sr_pin_new((const char *)given->data, given->length);
    if (*pin == NULL)
        return CKR_HOST_MEMORY;
    if (sr_pin_file_holds(*pin))
        return CKR_OK;
    sr_pin_free(*pin);
    *pin = NULL;
    return sr_explain(work, CKR_PIN_INVALID, "a PIN with a line end in it has no place in a PIN file");
}

static struct sr_bytes bytes_of(struct sr_pin *pin)
{
    return pin != NULL ? (struct sr_bytes){pin->length, (unsigned char *)pin->value}
                       : (struct sr_bytes){0, NULL};
}

/* The user's PIN becomes NEW, which is taken over: in FILE.new, in the token, in FILE, in the daemon. */
static CK_RV change_user_pin(struct sr_work *work, struct sr_token *token, struct sr_order *order,
                             struct sr_pin *new)
{
    const char *file = token->config->pin_file;
    struct sr_why why = {""};
    bool sure = true;

    order->new = bytes_of(new);
    order->hold = sr_pin_file_prepare(file, new, &why);
    if (order->hold < 0) {
        sr_pin_free(new);
        return sr_refuse(work, CKR_TOKEN_WRITE_PROTECTED, "PIN file", "%s", why.text);
    }
    CK_RV rv = order->kind == SR_ORDER_INIT_PIN ? give_as_officer(work, token, order, &sure)
                                                : give(work, token, order, &sure);
    (void)close(order->hold);
    if (rv != CKR_OK) {
        if (sure)
            sr_pin_file_abandon(file);
        sr_pin_free(new);
        return rv;
    }
    if (!sr_pin_file_commit(file, &why))
        sr_log(SR_LOG_ERROR, "%s", why.text);
    rv = sr_token_changed(token, new, &why);
    if (rv != CKR_OK)
        sr_log(SR_LOG_ERROR, "token \"%s\": its PIN was changed, and it is away: %s", token->config->label,
               why.text);
    return CKR_OK;
}

/* The same with a token that nobody is logged in to: it is opened anew. */
static CK_RV set_first_pin(struct sr_work *work, struct sr_token *token, struct sr_order *order,
                           struct sr_pin *new)
{
    const char *label = token->config->label;
    CK_RV rv = CKR_OK;
    if (!is_alone(work, token))
        rv = sr_refuse(work, CKR_ACTION_PROHIBITED, "module",
                       "the first user PIN of the token \"%s\", while its module serves other tokens: stop "
                       "strongroomd, set it with the token's own tools, and write it to the PIN file",
                       label);
    else if (!sr_token_shut(token, SHUT_MS))
        rv = sr_explain(work, CKR_FUNCTION_FAILED,
                        "other calls are at work in the token \"%s\", or it is away; try again", label);
    if (rv != CKR_OK) {
        sr_pin_free(new);
        return rv;
    }
    rv = change_user_pin(work, token, order, new);
    sr_token_unshut(token);
    return rv;
}

static bool is_unset(struct sr_token *token)
{
    (void)pthread_mutex_lock(&token->lock);
    bool unset = token->unset;
    (void)pthread_mutex_unlock(&token->lock);
    return unset;
}

CK_RV sr_handle_init_pin(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_pin_request *r = request;
    struct sr_session_view view;
    struct sr_token *token;
    struct sr_pin *new = NULL;
    (void)reply;

    CK_RV rv = only_here(work, CKR_ACTION_PROHIBITED);
    if (rv == CKR_OK)
        rv = sr_work_session(work, r->session, &view, &token);
    if (rv != CKR_OK)
        return rv;
    struct sr_pin *officer = sr_client_officer_pin(work->client, view.token);
    if (officer == NULL)
        return sr_explain(work, CKR_USER_NOT_LOGGED_IN, "C_InitPIN needs the security officer's login first");
    rv = take_new_pin(work, &r->new, &new);
    if (rv == CKR_OK) {
        struct sr_order order = {.kind = SR_ORDER_INIT_PIN, .pin = bytes_of(officer)};
        (void)pthread_mutex_lock(&at_work);
        rv = is_unset(token) ? set_first_pin(work, token, &order, new)
                             : change_user_pin(work, token, &order, new);
        (void)pthread_mutex_unlock(&at_work);
    }
    sr_pin_free(officer);
    return rv;
}

static CK_RV set_user_pin(struct sr_work *work, struct sr_token *token, const struct sr_pin_request *r)
{
    struct sr_order order = {.kind = SR_ORDER_SET_PIN, .pin = r->old};
    struct sr_pin *new;

    if (is_unset(token))
        return sr_explain(work, CKR_USER_PIN_NOT_INITIALIZED, "the token \"%s\" has no user PIN yet",
                          token->config->label);
    CK_RV rv = take_new_pin(work, &r->new, &new);
    if (rv == CKR_OK)
        rv = sr_check_user_pin(work, token, &r->old);
    if (rv != CKR_OK) {
        sr_pin_free(new);
        return rv;
    }
    return change_user_pin(work, token, &order, new);
}

static CK_RV set_officer_pin(struct sr_work *work, struct sr_token *token, const struct sr_pin_request *r)
{
    const struct sr_order order = {.kind = SR_ORDER_SET_SO_PIN, .pin = r->old, .new = r->new, .hold = -1};
    bool sure;

    if (r->new.length == 0 || r->new.length > SR_PIN_MAX)
        return CKR_PIN_LEN_RANGE;
    struct sr_pin *kept = sr_pin_new((const char *)r->new.data, r->new.length);
    CK_RV rv = kept != NULL ? give_as_officer(work, token, &order, &sure) : CKR_HOST_MEMORY;
    if (rv == CKR_OK)
        sr_client_set_officer_pin(work->client, token->config->slot, kept);
    else
        sr_pin_free(kept);
    return rv;
}

CK_RV sr_handle_set_pin(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_pin_request *r = request;
    struct sr_session_view view;
    struct sr_token *token;
    (void)reply;

    CK_RV rv = only_here(work, CKR_ACTION_PROHIBITED);
    if (rv == CKR_OK)
        rv = sr_work_session(work, r->session, &view, &token);
    if (rv != CKR_OK)
        return rv;
    if (!(view.flags & CKF_RW_SESSION)) /* PKCS#11 v3.0 §5.5.9 */
        return CKR_SESSION_READ_ONLY;
    if (r->old.length == 0 || r->old.length > SR_PIN_MAX)
        return CKR_PIN_INCORRECT;
    (void)pthread_mutex_lock(&at_work);
    rv = view.officer ? set_officer_pin(work, token, r) : set_user_pin(work, token, r);
    (void)pthread_mutex_unlock(&at_work);
    return rv;
}

/* Blank-padded on one side, a string on the other. */
static bool same_label(const struct sr_bytes *given, const char *label)
{
    size_t n = given->length;
    while (n > 0 && given->data[n - 1] == ' ')
        n--;
    return n == strlen(label) && memcmp(given->data, label, n) == 0;
}

/* What needs no look into the token. */
static CK_RV may_init_token(struct sr_work *work, const struct sr_token *token,
                            const struct sr_init_token_request *r)
{
    const char *label = token->config->label;
    if (r->pin.length == 0 || r->pin.length > SR_PIN_MAX)
        return CKR_PIN_INCORRECT;
    if (!same_label(&r->label, label))
        return sr_refuse(work, CKR_ARGUMENTS_BAD, "token's label",
                         "another label than \"%s\", by which [%s] finds the token", label,
                         token->config->name);
    if (token == work->daemon->jobs_token)
        return sr_refuse(
            work, CKR_ACTION_PROHIBITED, "custody rule 5",
            "init-token of \"%s\": it holds the keys of the registry; stop strongroomd and use the "
            "token's own tools",
            label);
    if (!is_alone(work, token))
        return sr_refuse(
            work, CKR_ACTION_PROHIBITED, "module",
            "init-token of \"%s\" while its module serves other tokens; stop strongroomd and use the "
            "token's own tools",
            label);
    return sr_clients_have_session(token->config->slot) ? CKR_SESSION_EXISTS : CKR_OK;
}

/* The keys of jobs that another configuration had, or of the audit log? */
static CK_RV spare_jobs(struct sr_work *work, const struct sr_token *token)
{
    CK_FUNCTION_LIST *f = token->module.f;
    CK_OBJECT_HANDLE *found = NULL;
    size_t count = 0;
    CK_RV rv = sr_find(f, token->keeper, NULL, 0, &found, &count);
    for (size_t i = 0; rv == CKR_OK && i < count; i++) {
        CK_ATTRIBUTE label = {.type = CKA_LABEL};
        rv = sr_attributes_read(f, token->keeper, found[i], &label, 1);
        if (rv == CKR_OK && sr_custody_reserved(label.pValue, label.ulValueLen))
            rv = sr_refuse(
                work, CKR_ACTION_PROHIBITED, "custody rule 5",
                "init-token of \"%s\": it holds \"%.*s\", which belongs to a job or to the audit log; stop "
                "strongroomd and use the token's own tools",
                token->config->label, (int)(label.ulValueLen < 64 ? label.ulValueLen : 64),
                (const char *)label.pValue);
        sr_attributes_free(&label, 1);
    }
    free(found);
    return rv;
}

/* With the token shut. */
static CK_RV init_token(struct sr_work *work, struct sr_token *token, const struct sr_bytes *pin)
{
    const char *label = token->config->label;
    const struct sr_order order = {.kind = SR_ORDER_INIT_TOKEN, .pin = *pin, .hold = -1};
    struct sr_why why = {""};
    bool sure;

    CK_RV rv = sr_clients_have_session(token->config->slot) ? CKR_SESSION_EXISTS : spare_jobs(work, token);
    if (rv == CKR_OK)
        rv = may_try_officer_pin(work);
    if (rv != CKR_OK)
        return rv;
    sr_token_end_sessions(token);
    rv = give_as_officer(work, token, &order, &sure);
    /* Also where it failed: its sessions are closed. */
    CK_RV opened = sr_token_changed(token, NULL, &why);
    if (opened != CKR_OK)
        sr_log(SR_LOG_ERROR, "token \"%s\": it is away: %s", label, why.text);
    else if (rv == CKR_OK)
        sr_log(SR_LOG_WARNING, "token \"%s\": it is a new one, and has no user PIN", label);
    return rv;
}

CK_RV sr_handle_init_token(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_init_token_request *r = request;
    (void)reply;

    CK_RV rv = only_here(work, CKR_ACTION_PROHIBITED);
    if (rv != CKR_OK)
        return rv;
    if (r->slot >= work->daemon->config->token_count)
        return CKR_SLOT_ID_INVALID;
    struct sr_token *token = &work->daemon->tokens[r->slot];
    (void)pthread_mutex_lock(&at_work);
    rv = may_init_token(work, token, r);
    if (rv == CKR_OK && !sr_token_shut(token, SHUT_MS)) {
        rv = sr_explain(work, CKR_FUNCTION_FAILED,
                        "other calls are at work in the token \"%s\", or it is away; try again",
                        token->config->label);
    } else if (rv == CKR_OK) {
        rv = init_token(work, token, &r->pin);
        sr_token_unshut(token);
    }
    (void)pthread_mutex_unlock(&at_work);
    return rv;
}
