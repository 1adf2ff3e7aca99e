/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/token.h"
#include "cryptoki/names.h"
#include "cryptoki/token.h"
#include "daemon/object.h"
#include "daemon/pin_file.h"
#include "wire/channel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* How long an operation in parts may be idle, and keep its session while somebody waits for one. */
#define LOAN_MS 1000

#define SESSION_FLAGS (CKF_SERIAL_SESSION | CKF_RW_SESSION)

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

static CK_RV try_pin(struct sr_token *token, const struct sr_pin *pin)
{
    CK_RV rv = token->module.f->C_Login(token->keeper, CKU_USER, (CK_UTF8CHAR *)pin->value, pin->length);
    return rv == CKR_USER_ALREADY_LOGGED_IN ? CKR_OK : rv;
}

/* The PIN file's PIN is the wrong one: is it because a change of it was interrupted? */
static CK_RV try_pending_pin(struct sr_token *token)
{
    const char *file = token->config->pin_file;
    struct sr_why why = {""};
    struct sr_pin *pending = sr_pin_file_pending(file);
    CK_RV rv = pending != NULL ? try_pin(token, pending) : CKR_PIN_INCORRECT;

    if (rv == CKR_OK) {
        sr_log(SR_LOG_WARNING,
               "token \"%s\": an interrupted change of the PIN is completed: the new one is good",
               token->config->label);
        if (!sr_pin_file_commit(file, &why))
            sr_log(SR_LOG_WARNING, "%s", why.text);
        (void)pthread_mutex_lock(&token->lock);
        struct sr_pin *old = token->pin;
        token->pin = pending;
        (void)pthread_mutex_unlock(&token->lock);
        pending = old;
    }
    sr_pin_free(pending);
    return rv;
}

/* A session that stays, and the login in it. */
static CK_RV login(struct sr_token *token, struct sr_why *why)
{
    const struct sr_token_config *c = token->config;
    CK_RV rv = token->module.f->C_OpenSession(token->slot, SESSION_FLAGS, NULL, NULL, &token->keeper);
    if (rv != CKR_OK) {
        sr_why_set(why, "no session with the token \"%s\": %s", c->label, sr_rv_name(rv));
        return rv;
    }
    token->unset = false;
    if (!(token->info.flags & CKF_LOGIN_REQUIRED))
        return CKR_OK;
    rv = try_pin(token, token->pin);
    if (rv == CKR_OK) {
        sr_pin_file_abandon(c->pin_file);
    } else if (rv == CKR_PIN_INCORRECT) {
        rv = try_pending_pin(token);
    } else if (rv == CKR_USER_PIN_NOT_INITIALIZED) {
        token->unset = true;
        rv = CKR_OK;
    }
    if (rv != CKR_OK)
        sr_why_set(why, "the token \"%s\" refuses the login with %s: %s: %s", c->label, c->pin_file,
                   sr_rv_name(rv), login_advice(rv));
    return rv;
}

CK_RV sr_token_begin(struct sr_token *token, struct sr_why *why)
{
    const struct sr_token_config *config = token->config;
    CK_RV rv =
        sr_token_find(token->module.f, sr_token_labelled, config->label, true, &token->slot, &token->info);
    if (rv == CKR_OK)
        return login(token, why);
    char labels[256];
    list_labels(token->module.f, labels, sizeof(labels));
    sr_why_set(why,
               "%s has no token labelled \"%s\" (it has: %s); see [%s] in the configuration, and whether "
               "this user may read "
               "the token's files",
               config->module, config->label, labels[0] != '\0' ? labels : "none", config->name);
    return rv;
}

/* They are waited for by sr_now_ms's clock. */
static void init_conditions(struct sr_token *token)
{
    pthread_condattr_t attributes;
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&token->returned, &attributes);
    (void)pthread_cond_init(&token->loan_ended, &attributes);
    (void)pthread_condattr_destroy(&attributes);
}

CK_RV sr_token_open(struct sr_token *token, const struct sr_token_config *config, struct sr_why *why)
{
    CK_RV rv;

    memset(token, 0, sizeof(*token));
    token->config = config;
    (void)pthread_mutex_init(&token->lock, NULL);
    (void)pthread_mutex_init(&token->changes, NULL);
    init_conditions(token);
    token->idle = calloc(config->max_sessions, sizeof(*token->idle));
    token->pin = sr_pin_read(config->pin_file, why);
    if (token->pin == NULL || token->idle == NULL) {
        rv = CKR_GENERAL_ERROR;
        goto out;
    }
    rv = sr_module_open(&token->module, config->module, config->init_args, SR_LOCKS_OURS, why);
    if (rv != CKR_OK)
        goto out;
    rv = sr_token_begin(token, why);
    token->open_max = config->max_sessions;
    /* PKCS#11 v3.0 §3.4, CK_TOKEN_INFO: 0 is CK_EFFECTIVELY_INFINITE; the keeper takes one. */
    CK_ULONG limit = token->info.ulMaxSessionCount;
    if (limit != CK_UNAVAILABLE_INFORMATION && limit != CK_EFFECTIVELY_INFINITE && limit <= token->open_max)
        token->open_max = limit > 1 ? limit - 1 : 1;
out:
    if (rv != CKR_OK)
        sr_token_close(token);
    return rv;
}

void sr_token_close(struct sr_token *token)
{
    sr_objects_forget(token);
    if (token->module.f != NULL)
        (void)token->module.f->C_CloseAllSessions(token->slot);
    sr_module_close(&token->module);
    sr_pin_free(token->pin);
    free(token->idle);
    (void)pthread_cond_destroy(&token->returned);
    (void)pthread_cond_destroy(&token->loan_ended);
    (void)pthread_mutex_destroy(&token->changes);
    (void)pthread_mutex_destroy(&token->lock);
    token->pin = NULL;
    token->idle = NULL;
}

/* Under the token's lock: who waits for a session, or for everybody to be out. */
static void tell_of_return(struct sr_token *token)
{
    if (token->shut)
        (void)pthread_cond_broadcast(&token->returned);
    else
        (void)pthread_cond_signal(&token->returned);
}

static void unlink_loan(struct sr_token *token, struct sr_loan *loan)
{
    *(loan->before != NULL ? &loan->before->after : &token->oldest) = loan->after;
    *(loan->after != NULL ? &loan->after->before : &token->newest) = loan->before;
    loan->before = loan->after = NULL;
}

static void link_newest(struct sr_token *token, struct sr_loan *loan)
{
    loan->before = token->newest;
    loan->after = NULL;
    *(token->newest != NULL ? &token->newest->after : &token->oldest) = loan;
    token->newest = loan;
}

static void loan_ended(struct sr_token *token)
{
    token->loan_count--;
    (void)pthread_cond_signal(&token->loan_ended);
}

/* The loan that has been idle for longest; NULL where every one is busy. */
static struct sr_loan *idle_loan(const struct sr_token *token)
{
    struct sr_loan *loan = token->oldest;
    while (loan != NULL && loan->busy)
        loan = loan->after;
    return loan;
}

/* Under the token's lock, which it leaves meanwhile. */
static void take_back(struct sr_token *token, struct sr_loan *loan)
{
    CK_SESSION_HANDLE real = loan->real;
    unlink_loan(token, loan);
    loan->lent = false;
    (void)pthread_mutex_unlock(&token->lock);
    /* There is an operation in it, which only its end would end. */
    (void)token->module.f->C_CloseSession(real);
    (void)pthread_mutex_lock(&token->lock);
    token->open_count--;
    loan_ended(token);
    tell_of_return(token);
}

void sr_loans_take_back(struct sr_token *token)
{
    struct sr_loan *loan;
    while ((loan = idle_loan(token)) != NULL)
        take_back(token, loan);
}

/* Takes back the session of the operation in parts that has been idle for longest, or waits for COND, at most
 * until there is one that may be taken. The caller holds the lock, and looks again. */
static void take_back_or_wait(struct sr_token *token, pthread_cond_t *cond)
{
    struct sr_loan *loan = idle_loan(token);
    if (loan == NULL) {
        (void)pthread_cond_wait(cond, &token->lock);
        return;
    }
    long long due_ms = loan->rest_ms + LOAN_MS;
    if (sr_now_ms() < due_ms) {
        struct timespec due = {.tv_sec = (time_t)(due_ms / 1000), .tv_nsec = due_ms % 1000 * 1000000};
        (void)pthread_cond_timedwait(cond, &token->lock, &due);
        return;
    }
    take_back(token, loan);
}

static CK_RV borrow(struct sr_token *token, bool wait, CK_SESSION_HANDLE *session)
{
    (void)pthread_mutex_lock(&token->lock);
    while (!token->shut && token->idle_count == 0 && token->open_count >= token->open_max) {
        if (!wait) {
            (void)pthread_mutex_unlock(&token->lock);
            return CKR_SESSION_COUNT;
        }
        take_back_or_wait(token, &token->returned);
    }
    if (token->shut) {
        (void)pthread_mutex_unlock(&token->lock);
        return CKR_TOKEN_NOT_PRESENT;
    }
    if (token->idle_count > 0) {
        *session = token->idle[--token->idle_count];
        (void)pthread_mutex_unlock(&token->lock);
        return CKR_OK;
    }
    token->open_count++;
    (void)pthread_mutex_unlock(&token->lock);

    CK_RV rv = token->module.f->C_OpenSession(token->slot, SESSION_FLAGS, NULL, NULL, session);
    if (rv != CKR_OK) {
        (void)pthread_mutex_lock(&token->lock);
        token->open_count--;
        tell_of_return(token);
        (void)pthread_mutex_unlock(&token->lock);
    }
    return rv;
}

CK_RV sr_loan_begin(struct sr_token *token, struct sr_loan *loan)
{
    size_t most = token->open_max > 1 ? token->open_max - 1 : 1;

    (void)pthread_mutex_lock(&token->lock);
    while (!token->shut && token->loan_count >= most)
        take_back_or_wait(token, &token->loan_ended);
    token->loan_count++; /* borrow() says whether the token is shut */
    (void)pthread_mutex_unlock(&token->lock);

    CK_RV rv = borrow(token, true, &loan->real);
    (void)pthread_mutex_lock(&token->lock);
    loan->lent = loan->busy = rv == CKR_OK;
    if (rv == CKR_OK)
        link_newest(token, loan);
    else
        loan_ended(token);
    (void)pthread_mutex_unlock(&token->lock);
    return rv;
}

struct sr_token_use sr_token_use(struct sr_token *token)
{
    (void)pthread_mutex_lock(&token->lock);
    struct sr_token_use use = {token->open_count, token->open_max, token->loan_count};
    (void)pthread_mutex_unlock(&token->lock);
    return use;
}

bool sr_loan_use(struct sr_token *token, struct sr_loan *loan)
{
    (void)pthread_mutex_lock(&token->lock);
    bool usable = loan->lent && !token->shut;
    loan->busy = usable;
    (void)pthread_mutex_unlock(&token->lock);
    return usable;
}

void sr_loan_rest(struct sr_token *token, struct sr_loan *loan)
{
    (void)pthread_mutex_lock(&token->lock);
    loan->busy = false;
    loan->rest_ms = sr_now_ms();
    unlink_loan(token, loan);
    link_newest(token, loan);
    /* Who waits for a session may have to wait for this one now. */
    tell_of_return(token);
    (void)pthread_cond_signal(&token->loan_ended);
    (void)pthread_mutex_unlock(&token->lock);
}

void sr_loan_end(struct sr_token *token, struct sr_loan *loan, CK_RV rv)
{
    (void)pthread_mutex_lock(&token->lock);
    bool lent = loan->lent;
    if (lent) {
        unlink_loan(token, loan);
        loan->lent = loan->busy = false;
    }
    (void)pthread_mutex_unlock(&token->lock);
    if (!lent)
        return;
    sr_token_return(token, loan->real, rv);
    (void)pthread_mutex_lock(&token->lock);
    loan_ended(token);
    (void)pthread_mutex_unlock(&token->lock);
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
    bool idle = token->idle_count > 0 && !token->shut;
    if (idle)
        *session = token->idle[--token->idle_count];
    (void)pthread_mutex_unlock(&token->lock);
    return idle;
}

void sr_token_return(struct sr_token *token, CK_SESSION_HANDLE session, CK_RV rv)
{
    if (rv != CKR_OK)
        (void)token->module.f->C_CloseSession(session);
    (void)pthread_mutex_lock(&token->lock);
    if (rv == CKR_OK)
        token->idle[token->idle_count++] = session;
    else
        token->open_count--;
    tell_of_return(token);
    (void)pthread_mutex_unlock(&token->lock);
}
