/* Changes of a token that another process makes: who is inside waits or is waited for, and what the daemon
 * knows of the token is put right.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "daemon/object.h"
#include "daemon/token.h"

#include <openssl/crypto.h>
#include <string.h>
#include <time.h>

CK_RV sr_token_enter(struct sr_token *token)
{
    (void)pthread_mutex_lock(&token->lock);
    bool open = !token->shut;
    if (open)
        token->inside++;
    (void)pthread_mutex_unlock(&token->lock);
    return open ? CKR_OK : CKR_TOKEN_NOT_PRESENT;
}

void sr_token_leave(struct sr_token *token)
{
    (void)pthread_mutex_lock(&token->lock);
    token->inside--;
    if (token->shut)
        (void)pthread_cond_broadcast(&token->returned);
    (void)pthread_mutex_unlock(&token->lock);
}

static bool is_quiet(const struct sr_token *token)
{
    return token->inside == 0 && token->open_count == token->idle_count;
}

bool sr_token_shut(struct sr_token *token, long long wait_ms)
{
    struct timespec until;
    int waited = 0;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(wait_ms / 1000);
    (void)pthread_mutex_lock(&token->lock);
    token->shut = true;
    (void)pthread_cond_broadcast(&token->returned); /* who waits for a session gets none */
    (void)pthread_cond_broadcast(&token->loan_ended);
    sr_loans_take_back(token);
    while (!is_quiet(token) && waited == 0) {
        waited = pthread_cond_clockwait(&token->returned, &token->lock, CLOCK_MONOTONIC, &until);
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
    token->idle_count = 0;
    token->open_count = 0;
    (void)pthread_mutex_unlock(&token->lock);
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
    }
    (void)pthread_mutex_unlock(&token->lock);
    if (!begin)
        return CKR_OK;
    sr_token_end_sessions(token);
    CK_RV rv = sr_module_restart(&token->module, why);
    if (rv == CKR_CANT_LOCK)
        sr_why_set(why, "the token \"%s\" is seen as it is now after a restart of strongroomd",
                   token->config->label);
    return rv == CKR_OK ? sr_token_begin(token, why) : rv;
}
