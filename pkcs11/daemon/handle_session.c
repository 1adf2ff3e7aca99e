/* Sessions are the daemon's own records. Clients are logged in from the start; a PIN they give is compared
 * here and never reaches the token.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "daemon/recover.h"
#include "daemon/work.h"
#include "wire/channel.h"

#include <openssl/crypto.h>
#include <string.h>

/* Wrong PINs per user: after FREE_TRIES each further one makes the user wait twice as long, up to
 * WAIT_MAX_MS. */
#define FREE_TRIES 3
#define WAIT_MS 1000LL
#define WAIT_MAX_MS 300000LL
#define USERS 64

static struct {
    uid_t uid;
    unsigned failures;
    long long until_ms;
} tries[USERS];
static size_t tries_count;
static pthread_mutex_t tries_lock = PTHREAD_MUTEX_INITIALIZER;

/* The place where the user's failures are counted; when all are taken, strangers share the last one. */
static size_t place_of(uid_t uid)
{
    for (size_t i = 0; i < tries_count; i++)
        if (tries[i].uid == uid)
            return i;
    if (tries_count < USERS) {
        tries[tries_count].uid = uid;
        tries_count++;
    }
    return tries_count - 1;
}

/* Counts one comparison's result; true if the user may be told it. */
static bool may_try(uid_t uid, bool right)
{
    (void)pthread_mutex_lock(&tries_lock);
    size_t i = place_of(uid);
    long long now = sr_now_ms();
    bool allowed = now >= tries[i].until_ms;
    if (allowed && right) {
        tries[i].failures = 0;
    } else if (allowed) {
        tries[i].failures++;
        if (tries[i].failures > FREE_TRIES) {
            unsigned doublings = tries[i].failures - FREE_TRIES - 1;
            long long wait = doublings < 20 ? WAIT_MS << doublings : WAIT_MAX_MS;
            tries[i].until_ms = now + (wait < WAIT_MAX_MS ? wait : WAIT_MAX_MS);
        }
    }
    (void)pthread_mutex_unlock(&tries_lock);
    return allowed;
}

/* Constant time in the client's PIN: always compares all the bytes that a PIN may have. */
static bool same_pin(const struct sr_pin *pin, const struct sr_bytes *given)
{
    char padded[SR_PIN_MAX + 1] = {0};
    size_t n = given->length <= SR_PIN_MAX ? given->length : SR_PIN_MAX;
    if (n > 0)
        memcpy(padded, given->data, n);
    bool same = (CRYPTO_memcmp(padded, pin->value, sizeof(padded)) == 0) & (given->length == pin->length);
    OPENSSL_cleanse(padded, sizeof(padded));
    return same;
}

CK_RV sr_handle_open_session(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_open_session_request *r = request;
    struct sr_session *answer = reply;
    struct sr_why why;
    if (r->slot >= work->daemon->config->token_count)
        return CKR_SLOT_ID_INVALID;
    if (!(r->flags & CKF_SERIAL_SESSION)) /* PKCS#11 v3.0 §5.6.1 */
        return CKR_SESSION_PARALLEL_NOT_SUPPORTED;
    if (sr_recover_gone(&work->daemon->tokens[r->slot], &why))
        return sr_explain(work, CKR_TOKEN_NOT_PRESENT, "the token \"%s\" is away: %s",
                          work->daemon->tokens[r->slot].config->label, why.text);
    return sr_client_open(work->client, r->slot, r->flags & (CKF_SERIAL_SESSION | CKF_RW_SESSION),
                          &answer->session);
}

CK_RV sr_handle_close_session(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_session *r = request;
    (void)reply;
    return sr_client_close(work->client, work->daemon->tokens, r->session);
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
    if (view.flags & CKF_RW_SESSION)
        info.state = view.logged_out ? CKS_RW_PUBLIC_SESSION : CKS_RW_USER_FUNCTIONS;
    else
        info.state = view.logged_out ? CKS_RO_PUBLIC_SESSION : CKS_RO_USER_FUNCTIONS;
    return sr_work_bytes(work, &info, sizeof(info), &answer->data);
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
        return sr_refuse(work, CKR_USER_TYPE_INVALID, "security officer",
                         "the security officer's login; use the token's own tools as its owner");
    if (r->user != CKU_USER)
        return CKR_USER_TYPE_INVALID;
    if (r->pin.length > 0) {
        (void)pthread_mutex_lock(&token->lock); /* recovery may read another one from the file */
        bool right = same_pin(token->pin, &r->pin);
        (void)pthread_mutex_unlock(&token->lock);
        if (!may_try(work->peer.uid, right))
            return sr_refuse(work, CKR_PIN_LOCKED, "PIN back-off",
                             "a login too soon after wrong PINs; wait, or log in without a PIN: admitted "
                             "programs need none");
        if (!right)
            return sr_refuse(work, CKR_PIN_INCORRECT, "PIN",
                             "a wrong PIN for the token \"%s\"; admitted programs need none: log in without",
                             token->config->label);
    }
    sr_client_set_logged_out(work->client, false);
    return CKR_OK;
}

CK_RV sr_handle_logout(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_session *r = request;
    struct sr_session_view view;
    (void)reply;

    CK_RV rv = sr_client_view(work->client, r->session, &view);
    if (rv == CKR_OK)
        sr_client_set_logged_out(work->client, true);
    return rv;
}
