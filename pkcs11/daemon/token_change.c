/* Changes of a token that another process makes: who is inside waits or is waited for, and what the daemon
 * knows of the token is put right.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "daemon/object.h"
#include "daemon/recover.h"
#include "wire/channel.h"

#include <openssl/crypto.h>
#include <string.h>

static bool is_quiet(const struct sr_token *token)
{
    const struct sr_recovery *r = &token->recovery;
    return !r->away && !r->at_work && r->in_use == 0 && token->open_count == token->idle_count;
}

bool sr_token_shut(struct sr_token *token, long long wait_ms)
{
    long long until = sr_now_ms() + wait_ms;
    bool in_time = true;

    (void)pthread_mutex_lock(&token->lock);
    (void)sr_recover_ready(token, true); /* nobody finds it again while it is shut */
    token->shut = true;
    (void)pthread_cond_broadcast(&token->returned); /* who waits for a session gets none */
    (void)pthread_cond_broadcast(&token->loan_ended);
    sr_loans_take_back(token);
    while (!is_quiet(token) && in_time) {
        in_time = sr_recover_wait_on(token, &token->returned, until);
        sr_loans_take_back(token);
    }
    token->shut = is_quiet(token);
    bool shut = token->shut;
    (void)pthread_mutex_unlock(&token->lock);
    return shut;
}

void sr_token_unshut(struct sr_token *token)
{
    (void)pthread_mutex_lock(&token->lock);
    token->shut = false;
    (void)pthread_mutex_unlock(&token->lock);
}

void sr_token_end_sessions(struct sr_token *token)
{
    (void)pthread_mutex_lock(&token->lock);
    sr_objects_forget(token);
    (void)pthread_mutex_unlock(&token->lock);
    sr_token_drop_sessions(token);
    (void)token->module.f->C_CloseAllSessions(token->slot);
}

bool sr_token_pin_is(struct sr_token *token, const struct sr_bytes *pin)
{
    char padded[SR_PIN_MAX + 1] = {0};
    size_t n = pin->length <= SR_PIN_MAX ? pin->length : SR_PIN_MAX;
    if (n > 0)
        memcpy(padded, pin->data, n);
    (void)pthread_mutex_lock(&token->lock);
    bool same =
        (CRYPTO_memcmp(padded, token->pin->value, sizeof(padded)) == 0) & (pin->length == token->pin->length);
    (void)pthread_mutex_unlock(&token->lock);
    OPENSSL_cleanse(padded, sizeof(padded));
    return same;
}

CK_RV sr_token_changed(struct sr_token *token, struct sr_pin *pin, struct sr_why *why)
{
    (void)pthread_mutex_lock(&token->lock);
    bool begin = pin == NULL || token->unset;
    if (pin != NULL) {
        sr_pin_free(token->pin);
        token->pin = pin;
        sr_recover_new_pin(token);
    }
    (void)pthread_mutex_unlock(&token->lock);
    if (!begin)
        return CKR_OK;
    sr_token_end_sessions(token);
    return sr_recover_anew(token, why);
}
