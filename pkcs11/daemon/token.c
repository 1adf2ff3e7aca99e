/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/token.h"
#include "cryptoki/names.h"
#include "cryptoki/token.h"
#include "daemon/object.h"
#include "daemon/pin_file.h"
#include "daemon/recover.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    default:
        return "the token's own log may say more";
    }
}

/* The PIN that the daemon has may be another one from one moment to the next (sr_token_changed). */
static CK_RV try_pin(struct sr_token *token)
{
    (void)pthread_mutex_lock(&token->lock);
    struct sr_pin *pin = sr_pin_new(token->pin->value, token->pin->length);
    (void)pthread_mutex_unlock(&token->lock);
    if (pin == NULL)
        return CKR_HOST_MEMORY;
    CK_RV rv = token->module.f->C_Login(token->keeper, CKU_USER, (CK_UTF8CHAR *)pin->value, pin->length);
    sr_pin_free(pin);
    return rv == CKR_USER_ALREADY_LOGGED_IN ? CKR_OK : rv;
}

/* At the start, when no change of the PIN is under way: is the PIN file's PIN the wrong one because one was
 * interrupted? */
static CK_RV complete_change(struct sr_token *token, CK_RV rv)
{
    const char *file = token->config->pin_file;
    struct sr_why why = {""};

    if (rv == CKR_OK)
        sr_pin_file_abandon(file);
    struct sr_pin *pending = rv == CKR_PIN_INCORRECT ? sr_pin_file_pending(file) : NULL;
    if (pending == NULL)
        return rv;
    sr_pin_free(token->pin);
    token->pin = pending;
    rv = try_pin(token);
    if (rv != CKR_OK)
        return rv;
    sr_log(SR_LOG_WARNING, "token \"%s\": an interrupted change of the PIN is completed: the new one is good",
           token->config->label);
    if (!sr_pin_file_commit(file, &why))
        sr_log(SR_LOG_WARNING, "%s", why.text);
    return rv;
}

CK_RV sr_token_login(struct sr_token *token, bool starts, struct sr_why *why)
{
    const struct sr_token_config *c = token->config;
    CK_RV rv = token->module.f->C_OpenSession(token->slot, SR_SESSION_FLAGS, NULL, NULL, &token->keeper);
    if (rv != CKR_OK) {
        sr_why_set(why, "no session with the token \"%s\": %s", c->label, sr_rv_name(rv));
        return rv;
    }
    bool unset = false;
    if (token->info.flags & CKF_LOGIN_REQUIRED) {
        rv = try_pin(token);
        if (starts)
            rv = complete_change(token, rv);
        unset = rv == CKR_USER_PIN_NOT_INITIALIZED;
        rv = unset ? CKR_OK : rv;
    }
    (void)pthread_mutex_lock(&token->lock);
    token->unset = unset;
    (void)pthread_mutex_unlock(&token->lock);
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

/* They are waited for by sr_now_ms's clock. */
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
    (void)pthread_mutex_init(&token->changes, NULL);
    init_condition(&token->returned);
    init_condition(&token->loan_ended);
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
        rv = sr_token_login(token, true, why);
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
    (void)pthread_cond_destroy(&token->loan_ended);
    (void)pthread_cond_destroy(&token->recovery.changed);
    (void)pthread_mutex_destroy(&token->changes);
    (void)pthread_mutex_destroy(&token->lock);
    token->pin = NULL;
    token->idle = NULL;
}
