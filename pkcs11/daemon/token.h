/* A token of the daemon: its module, the login, and a pool of real sessions that calls borrow.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_DAEMON_TOKEN_H
#define STRONGROOM_DAEMON_TOKEN_H

#include "cryptoki/module.h"
#include "cryptoki/pin.h"
#include "daemon/config.h"
#include "wire/buffer.h"

#include <pthread.h>

#define SR_OBJECT_BUCKETS 1024

struct sr_token_object;

/* A real session that is lent to an operation in parts, for as long as that lasts. All zeros: none is. */
struct sr_loan {
    CK_SESSION_HANDLE real;
    /* Under the token's lock: */
    bool lent;         /* false: there is none, or it was taken back */
    bool busy;         /* a call works in it */
    long long rest_ms; /* since when none does */
    struct sr_loan *before;
    struct sr_loan *after;
};

struct sr_token {
    const struct sr_token_config *config;
    struct sr_module module;
    size_t number;   /* its place in the configuration, which is the slot's number for clients */
    CK_SLOT_ID slot; /* the module's number for it */
    CK_TOKEN_INFO info;

    pthread_mutex_t
        changes; /* held while an object is changed: SoftHSM cannot change one object twice at once */
    pthread_mutex_t lock; /* for what follows */
    pthread_cond_t returned;
    pthread_cond_t loan_ended;
    struct sr_loan *oldest; /* loans, in the order in which they were last used */
    struct sr_loan *newest;
    size_t loan_count;
    struct sr_pin *pin;
    bool unset;    /* it has no user PIN yet: nobody is logged in */
    bool shut;     /* for a change from outside: nobody may enter or borrow */
    size_t inside; /* calls that are in it without a borrowed session */
    CK_SESSION_HANDLE
    keeper; /* open for as long as the daemon runs: holds the login and the session copies of keys */
    CK_SESSION_HANDLE *idle;
    size_t idle_count;
    size_t open_count; /* idle and borrowed */
    size_t open_max;
    struct sr_token_object *objects[SR_OBJECT_BUCKETS]; /* known ones, by handle; object.c's */
};

/* Loads the module, finds the token by its label, logs in with the PIN of the PIN file, or with the one
 * beside it where a change of the PIN was interrupted (pin_file.h). A token without a user PIN is opened
 * without a login. On failure *TOKEN is closed, and WHY says what is wrong with which file or token. CONFIG
 * must outlive the token. */
CK_RV sr_token_open(struct sr_token *token, const struct sr_token_config *config, struct sr_why *why);

/* The part of it that follows the module's C_Initialize. */
CK_RV sr_token_begin(struct sr_token *token, struct sr_why *why);

/* Closes all. No other thread may use the token any more. */
void sr_token_close(struct sr_token *token);

/* Borrows a logged-in session, waiting for one where all are lent. */
CK_RV sr_token_borrow(struct sr_token *token, CK_SESSION_HANDLE *session);

/* The same without waiting: CKR_SESSION_COUNT where all are lent. */
CK_RV sr_token_borrow_spare(struct sr_token *token, CK_SESSION_HANDLE *session);

/* One that is open already: false where none is idle. */
bool sr_token_borrow_idle(struct sr_token *token, CK_SESSION_HANDLE *session);

/* Borrows a session for an operation in parts, which is busy with a call then. LOAN stays where it is until
 * sr_loan_end. The last session of a pool is not lent in this way, but where it has no other; and a loan that
 * nobody used for a second is taken back when a session is wanted. */
CK_RV sr_loan_begin(struct sr_token *token, struct sr_loan *loan);

/* How much of the pool is in use now. */
struct sr_token_use {
    size_t open; /* idle ones too */
    size_t most;
    size_t loans;
};
struct sr_token_use sr_token_use(struct sr_token *token);

/* Before a call in the session: false where it was taken back, or the token is shut. */
bool sr_loan_use(struct sr_token *token, struct sr_loan *loan);

/* After it. */
void sr_loan_rest(struct sr_token *token, struct sr_loan *loan);

/* Gives it back, if it was not taken back; RV as with sr_token_return. */
void sr_loan_end(struct sr_token *token, struct sr_loan *loan, CK_RV rv);

/* Takes back all in which no call works. Under the token's lock, which it leaves meanwhile. */
void sr_loans_take_back(struct sr_token *token);

/* Enters the token for calls that need no session, or the keeper alone; CKR_TOKEN_NOT_PRESENT while it is
 * shut.
 */
CK_RV sr_token_enter(struct sr_token *token);
void sr_token_leave(struct sr_token *token);

/* Waits for WAIT_MS at most until nobody is inside and no session is borrowed, and lets nobody in any more.
 * Operations in parts end: between two calls at once, else after the call. False, with the token open as
 * before, where that does not come. */
bool sr_token_shut(struct sr_token *token, long long wait_ms);
void sr_token_unshut(struct sr_token *token);

/* Closes the daemon's own sessions with a token that is shut, as C_InitToken wants (PKCS#11 v3.0 §5.5.7). The
 * token is open again after sr_token_changed. */
void sr_token_end_sessions(struct sr_token *token);

/* Another process has changed the token. With a PIN, which is taken over: that is the user's now; a login
 * that is there outlives it, and sessions and objects stay (with SoftHSM, a new C_Login with it needs a
 * C_Initialize first). Without a login, or where PIN is NULL because the token is a new one, the token must
 * be shut, and the only one of its module (CKR_CANT_LOCK otherwise): all known objects are forgotten, the
 * module is restarted and the token opened again, with the login where it has a user PIN. */
CK_RV sr_token_changed(struct sr_token *token, struct sr_pin *pin, struct sr_why *why);

/* Is PIN the user's? Constant time in PIN: always compares all the bytes that a PIN may have. */
bool sr_token_pin_is(struct sr_token *token, const struct sr_bytes *pin);

/* Gives it back. A session in which a call failed (RV other than CKR_OK) may be left in the middle of an
 * operation: it is closed, and not lent again. */
void sr_token_return(struct sr_token *token, CK_SESSION_HANDLE session, CK_RV rv);

#endif
