/* The pool of a token's sessions: calls borrow one for themselves, operations in parts for as long as they
 * last. Whoever is at work in the token keeps it in its life (recover.h), and open (token_change.c).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "daemon/recover.h"
#include "wire/channel.h"

/* The longest that a call waits for a session: clients have given up long before. Where calls hang in the
 * token, the threads behind them shall not pile up. */
#define WAIT_MS 10000
#define HELD_MAX 256 /* calls at work in one token */

/* How long an operation in parts may be idle, and keep its session while somebody waits for one. */
#define LOAN_MS 1000

/* Under the token's lock, as all that is static here but borrow(): who waits for a session, or for everybody
 * to be out. */
static void tell_of_return(struct sr_token *token)
{
    if (token->shut)
        (void)pthread_cond_broadcast(&token->returned);
    else
        (void)pthread_cond_signal(&token->returned);
}

/* One call less is at work; POOL: a session of the pool is free. */
static void leave(struct sr_token *token, bool pool)
{
    token->recovery.in_use--;
    if (pool || token->shut)
        tell_of_return(token);
    if (token->recovery.waiting > 0)
        (void)pthread_cond_broadcast(&token->recovery.changed);
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

/* Leaves the lock meanwhile. Of a token that is away the session is lost: recovery closes it. */
static void take_back(struct sr_token *token, struct sr_loan *loan)
{
    CK_SESSION_HANDLE real = loan->real;
    unlink_loan(token, loan);
    loan->lent = false;
    loan->lost = token->recovery.away;
    if (!loan->lost) {
        token->recovery.in_use++;
        (void)pthread_mutex_unlock(&token->lock);
        /* There is an operation in it, which only its end would end. */
        (void)token->module.f->C_CloseSession(real);
        (void)pthread_mutex_lock(&token->lock);
        leave(token, false);
    }
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

/* Takes back the session of the operation in parts that has been idle for longest, or waits for CONDITION, at
 * most until there is one that may be taken. The caller looks again; false where it is later than UNTIL. */
static bool take_back_or_wait(struct sr_token *token, pthread_cond_t *condition, long long until)
{
    struct sr_loan *loan = idle_loan(token);
    if (loan == NULL)
        return sr_recover_wait_on(token, condition, until);
    long long due = loan->rest_ms + LOAN_MS;
    if (sr_now_ms() >= due)
        take_back(token, loan);
    else
        (void)sr_recover_wait_on(token, condition, due < until ? due : until);
    return sr_now_ms() < until;
}

/* A place among the calls at work: with a session of the pool, or (POOL false) none. */
static CK_RV enter(struct sr_token *token, bool wait, bool pool)
{
    struct sr_recovery *r = &token->recovery;
    long long until = sr_now_ms() + WAIT_MS;
    CK_RV rv;

    while ((rv = sr_recover_ready(token, wait)) == CKR_OK) {
        bool full =
            pool ? token->idle_count == 0 && token->open_count >= token->open_max : r->in_use >= HELD_MAX;
        if (token->shut)
            return CKR_TOKEN_NOT_PRESENT;
        if (!full) {
            r->in_use++;
            return CKR_OK;
        }
        if (!wait)
            return CKR_SESSION_COUNT;
        if (pool ? !take_back_or_wait(token, &token->returned, until) : !sr_recover_wait(token, until))
            return CKR_DEVICE_ERROR;
    }
    return rv;
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

    rv = token->module.f->C_OpenSession(token->slot, SR_SESSION_FLAGS, NULL, NULL, session);
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
    bool idle = token->idle_count > 0 && !token->shut && !token->recovery.away;
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

CK_RV sr_token_enter(struct sr_token *token)
{
    (void)pthread_mutex_lock(&token->lock);
    bool open = !token->shut;
    if (open)
        token->recovery.in_use++;
    (void)pthread_mutex_unlock(&token->lock);
    return open ? CKR_OK : CKR_TOKEN_NOT_PRESENT;
}

void sr_token_leave(struct sr_token *token)
{
    sr_token_let_go(token, CKR_OK);
}

CK_RV sr_loan_begin(struct sr_token *token, struct sr_loan *loan)
{
    size_t most = token->open_max > 1 ? token->open_max - 1 : 1;
    long long until = sr_now_ms() + WAIT_MS;
    CK_RV rv;

    (void)pthread_mutex_lock(&token->lock);
    while ((rv = sr_recover_ready(token, true)) == CKR_OK && !token->shut && token->loan_count >= most)
        if (!take_back_or_wait(token, &token->loan_ended, until)) {
            rv = CKR_DEVICE_ERROR;
            break;
        }
    token->loan_count += rv == CKR_OK; /* borrow() says whether the token is shut */
    (void)pthread_mutex_unlock(&token->lock);
    if (rv != CKR_OK)
        return rv;

    rv = borrow(token, true, &loan->real);
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

CK_RV sr_loan_use(struct sr_token *token, struct sr_loan *loan)
{
    CK_RV rv = CKR_OK;

    (void)pthread_mutex_lock(&token->lock);
    if (loan->lost || (loan->lent && token->recovery.away))
        rv = CKR_DEVICE_ERROR;
    else if (!loan->lent || token->shut)
        rv = CKR_FUNCTION_CANCELED;
    loan->busy = rv == CKR_OK;
    if (loan->busy)
        token->recovery.in_use++;
    (void)pthread_mutex_unlock(&token->lock);
    return rv;
}

void sr_loan_rest(struct sr_token *token, struct sr_loan *loan)
{
    (void)pthread_mutex_lock(&token->lock);
    loan->busy = false;
    loan->rest_ms = sr_now_ms();
    unlink_loan(token, loan);
    link_newest(token, loan);
    /* Who waits for a session may have to wait for this one now. */
    leave(token, true);
    (void)pthread_cond_signal(&token->loan_ended);
    (void)pthread_mutex_unlock(&token->lock);
}

/* The loan is to be given back: is there a session, with a call at work in it? One that rests is taken up for
 * that; of a token that is away there is none. */
static bool take_up(struct sr_token *token, struct sr_loan *loan)
{
    if (!loan->lent)
        return false;
    if (!loan->busy && token->recovery.away) {
        take_back(token, loan);
        return false;
    }
    unlink_loan(token, loan);
    token->recovery.in_use += !loan->busy;
    loan->lent = loan->busy = false;
    return true;
}

void sr_loan_end(struct sr_token *token, struct sr_loan *loan, CK_RV rv)
{
    (void)pthread_mutex_lock(&token->lock);
    bool there = take_up(token, loan);
    (void)pthread_mutex_unlock(&token->lock);
    if (!there)
        return;
    sr_token_return(token, loan->real, rv);
    (void)pthread_mutex_lock(&token->lock);
    loan_ended(token);
    (void)pthread_mutex_unlock(&token->lock);
}

void sr_token_drop_sessions(struct sr_token *token)
{
    (void)pthread_mutex_lock(&token->lock);
    token->idle_count = token->open_count = 0;
    while (token->oldest != NULL) {
        struct sr_loan *loan = token->oldest;
        unlink_loan(token, loan);
        loan->lent = false;
        loan->lost = true;
        loan_ended(token);
    }
    (void)pthread_mutex_unlock(&token->lock);
}
