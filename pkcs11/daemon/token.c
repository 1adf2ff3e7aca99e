/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/token.h"
#include "cryptoki/names.h"
#include "cryptoki/token.h"
#include "daemon/object.h"
#include "daemon/recover.h"
#include "wire/channel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SESSION_FLAGS (CKF_SERIAL_SESSION | CKF_RW_SESSION)
/* The longest that a call waits for a session: clients have given up long before. Where calls hang in the
 * token, the threads behind them shall not pile up. */
#define WAIT_MS 10000
#define HELD_MAX 256 /* calls at work in one token */

/* The labels of the tokens that are there, for the message that ours is not. */
static void list_labels(CK_FUNCTION_LIST *f, char *out, size_t size)
{
    CK_SLOT_ID *slots;
    size_t count;
    size_t length = 0;

    out[0] = '\0';
    if (sr_slots(f, &slots, &count) != CKR_OK)
        return;
    for (size_t i = 0; i < count; i++) {
        CK_TOKEN_INFO info;
        char label[sizeof(info.label) + 1];
        if (f->C_GetTokenInfo(slots[i], &info) != CKR_OK || !(info.flags & CKF_TOKEN_INITIALIZED))
            continue;
        sr_unpad(info.label, sizeof(info.label), label, sizeof(label));
        int n = snprintf(out + length, size - length, "%s\"%s\"", length > 0 ? ", " : "", label);
        if (n < 0 || (size_t)n >= size - length)
            break;
        length += (size_t)n;
    }
    free(slots);
}

static const char *login_advice(CK_RV rv)
{
    switch (rv) {
    case CKR_PIN_INCORRECT:
        return "the PIN file holds another PIN; correct it before the token locks itself";
    case CKR_PIN_LOCKED:
        return "the PIN is locked after too many wrong ones; the token's security officer can unlock it";
    case CKR_USER_PIN_NOT_INITIALIZED:
        return "the token has no user PIN yet";
    default:
        return "the token's own log may say more";
    }
}

CK_RV sr_token_login(struct sr_token *token, struct sr_why *why)
{
    const struct sr_token_config *c = token->config;
    CK_RV rv = token->module.f->C_OpenSession(token->slot, SESSION_FLAGS, NULL, NULL, &token->keeper);
    if (rv != CKR_OK) {
        sr_why_set(why, "no session with the token \"%s\": %s", c->label, sr_rv_name(rv));
        return rv;
    }
    if (!(token->info.flags & CKF_LOGIN_REQUIRED))
        return CKR_OK;
    rv = token->module.f->C_Login(token->keeper, CKU_USER, (CK_UTF8CHAR *)token->pin->value,
                                  token->pin->length);
    if (rv == CKR_USER_ALREADY_LOGGED_IN)
        rv = CKR_OK;
    if (rv != CKR_OK)
        sr_why_set(why, "the token \"%s\" refuses the login with %s: %s: %s", c->label, c->pin_file,
                   sr_rv_name(rv), login_advice(rv));
    return rv;
}

/* PKCS#11 v3.0 §3.4, CK_TOKEN_INFO: 0 is CK_EFFECTIVELY_INFINITE; the keeper takes one. */
static void set_limit(struct sr_token *token)
{
    CK_ULONG limit = token->info.ulMaxSessionCount;
    token->open_max = token->config->max_sessions;
    if (limit != CK_UNAVAILABLE_INFORMATION && limit != CK_EFFECTIVELY_INFINITE && limit <= token->open_max)
        token->open_max = limit > 1 ? limit - 1 : 1;
}

CK_RV sr_token_find_labelled(struct sr_token *token, bool retry, struct sr_why *why)
{
    const struct sr_token_config *c = token->config;
    char labels[256];

    CK_RV rv = sr_token_find(token->module.f, sr_token_labelled, c->label, retry, &token->slot, &token->info);
    if (rv == CKR_OK)
        return rv;
    list_labels(token->module.f, labels, sizeof(labels));
    sr_why_set(why,
               "%s has no token labelled \"%s\" (it has: %s); see [%s] in the configuration, and whether "
               "this user may read "
               "the token's files",
               c->module, c->label, labels[0] != '\0' ? labels : "none", c->name);
    return rv;
}

/* The time may not be the wall clock's, which jumps. */
static void init_condition(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(condition, &attributes);
    (void)pthread_condattr_destroy(&attributes);
}

CK_RV sr_token_open(struct sr_token *token, const struct sr_token_config *config, struct sr_why *why)
{
    CK_RV rv;

    memset(token, 0, sizeof(*token));
    token->config = config;
    (void)pthread_mutex_init(&token->lock, NULL);
    init_condition(&token->returned);
    init_condition(&token->recovery.changed);
    sr_facts_init(&token->facts);
    token->idle = calloc(config->max_sessions, sizeof(*token->idle));
    token->pin = sr_recover_read_pin(token, why);
    if (token->pin == NULL || token->idle == NULL) {
        rv = CKR_GENERAL_ERROR;
        goto out;
    }
    rv = sr_module_open(&token->module, config->module, config->init_args, SR_LOCKS_OURS, why);
    if (rv != CKR_OK)
        goto out;
    sr_recover_register(token);
    rv = sr_token_find_labelled(token, !config->optional, why);
    if (rv == CKR_TOKEN_NOT_PRESENT && config->optional) {
        sr_recover_absent(token, why);
        rv = CKR_OK;
    } else if (rv == CKR_OK) {
        rv = sr_token_login(token, why);
        sr_facts_learn(&token->facts, token->module.f, token->slot);
    }
    set_limit(token);
out:
    if (rv != CKR_OK)
        sr_token_close(token);
    return rv;
}

void sr_token_close(struct sr_token *token)
{
    sr_objects_forget(token);
    sr_recover_unregister(token);
    if (token->module.f != NULL && !token->recovery.away)
        (void)token->module.f->C_CloseAllSessions(token->slot);
    sr_module_close(&token->module);
    sr_pin_free(token->pin);
    free(token->idle);
    sr_facts_free(&token->facts);
    (void)pthread_cond_destroy(&token->returned);
    (void)pthread_cond_destroy(&token->recovery.changed);
    (void)pthread_mutex_destroy(&token->lock);
    token->pin = NULL;
    token->idle = NULL;
}

/* A place among the calls at work, with the lock held: with a session of the pool, or (POOL false) none. */
static CK_RV enter(struct sr_token *token, bool wait, bool pool)
{
    struct sr_recovery *r = &token->recovery;
    long long until = sr_now_ms() + WAIT_MS;
    CK_RV rv;

    while ((rv = sr_recover_ready(token, wait)) == CKR_OK) {
        bool full =
            pool ? token->idle_count == 0 && token->open_count >= token->open_max : r->in_use >= HELD_MAX;
        if (!full) {
            r->in_use++;
            return CKR_OK;
        }
        if (!wait)
            return CKR_SESSION_COUNT;
        if (pool ? !sr_recover_wait_on(token, &token->returned, until) : !sr_recover_wait(token, until))
            return CKR_DEVICE_ERROR;
    }
    return rv;
}

static void leave(struct sr_token *token, bool pool)
{
    token->recovery.in_use--;
    if (pool)
        (void)pthread_cond_signal(&token->returned);
    if (token->recovery.waiting > 0)
        (void)pthread_cond_broadcast(&token->recovery.changed);
}

static CK_RV borrow(struct sr_token *token, bool wait, CK_SESSION_HANDLE *session)
{
    (void)pthread_mutex_lock(&token->lock);
    CK_RV rv = enter(token, wait, true);
    bool opens = rv == CKR_OK && token->idle_count == 0;
    if (opens)
        token->open_count++;
    else if (rv == CKR_OK)
        *session = token->idle[--token->idle_count];
    (void)pthread_mutex_unlock(&token->lock);
    if (!opens)
        return rv;

    rv = token->module.f->C_OpenSession(token->slot, SESSION_FLAGS, NULL, NULL, session);
    if (rv != CKR_OK) {
        sr_recover_check(token, rv);
        (void)pthread_mutex_lock(&token->lock);
        token->open_count--;
        leave(token, true);
        (void)pthread_mutex_unlock(&token->lock);
    }
    return rv;
}

CK_RV sr_token_borrow(struct sr_token *token, CK_SESSION_HANDLE *session)
{
    return borrow(token, true, session);
}

CK_RV sr_token_borrow_spare(struct sr_token *token, CK_SESSION_HANDLE *session)
{
    return borrow(token, false, session);
}

bool sr_token_borrow_idle(struct sr_token *token, CK_SESSION_HANDLE *session)
{
    (void)pthread_mutex_lock(&token->lock);
    bool idle = token->idle_count > 0 && !token->recovery.away;
    if (idle) {
        *session = token->idle[--token->idle_count];
        token->recovery.in_use++;
    }
    (void)pthread_mutex_unlock(&token->lock);
    return idle;
}

void sr_token_return(struct sr_token *token, CK_SESSION_HANDLE session, CK_RV rv)
{
    if (rv != CKR_OK) {
        sr_recover_check(token, rv);
        (void)token->module.f->C_CloseSession(session);
    }
    (void)pthread_mutex_lock(&token->lock);
    if (rv == CKR_OK)
        token->idle[token->idle_count++] = session;
    else
        token->open_count--;
    leave(token, true);
    (void)pthread_mutex_unlock(&token->lock);
}

void sr_token_park(struct sr_token *token, unsigned long *life)
{
    (void)pthread_mutex_lock(&token->lock);
    *life = token->recovery.life;
    leave(token, false);
    (void)pthread_mutex_unlock(&token->lock);
}

CK_RV sr_token_unpark(struct sr_token *token, unsigned long life)
{
    (void)pthread_mutex_lock(&token->lock);
    bool same = !token->recovery.away && token->recovery.life == life;
    if (same)
        token->recovery.in_use++;
    (void)pthread_mutex_unlock(&token->lock);
    return same ? CKR_OK : CKR_DEVICE_ERROR;
}

CK_RV sr_token_hold(struct sr_token *token)
{
    (void)pthread_mutex_lock(&token->lock);
    CK_RV rv = enter(token, true, false);
    (void)pthread_mutex_unlock(&token->lock);
    return rv;
}

void sr_token_let_go(struct sr_token *token, CK_RV rv)
{
    if (rv != CKR_OK)
        sr_recover_check(token, rv);
    (void)pthread_mutex_lock(&token->lock);
    leave(token, false);
    (void)pthread_mutex_unlock(&token->lock);
}
