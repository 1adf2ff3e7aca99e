/* A token of the daemon: its module, the login, and a pool of real sessions that calls borrow.
 *
 * A token may lose its sessions, or go away and come back: recover.h. What was borrowed or held keeps the
 * token in its life: it is not found again before that was given back.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_DAEMON_TOKEN_H
#define STRONGROOM_DAEMON_TOKEN_H

#include "cryptoki/module.h"
#include "cryptoki/pin.h"
#include "daemon/config.h"
#include "daemon/facts.h"
#include "wire/buffer.h"

#include <pthread.h>
#include <stdatomic.h>

#define SR_OBJECT_BUCKETS 1024
#define SR_SESSION_FLAGS (CKF_SERIAL_SESSION | CKF_RW_SESSION)

struct sr_token_object;

/* A real session that is lent to an operation in parts, for as long as that lasts. All zeros: none is. */
struct sr_loan {
    CK_SESSION_HANDLE real;
    /* Under the token's lock: */
    bool lent;         /* false: there is none, or it was taken back */
    bool busy;         /* a call works in it */
    bool lost;         /* with the token's sessions */
    long long rest_ms; /* since when none does */
    struct sr_loan *before;
    struct sr_loan *after;
};

/* How a token fares; see recover.h. Under the token's lock, but for the last two, which whoever recovers it
 * has alone. */
struct sr_recovery {
    unsigned long life; /* counts how often it was found again: sessions and handles are good for one life */
    atomic_bool away;   /* its sessions are lost; read without the lock, too */
    bool gone;          /* and it was looked for in vain: clients see no token in the slot */
    bool at_work;       /* a thread looks for it */
    size_t in_use;      /* calls at work in it */
    size_t waiting;     /* threads that wait for what follows */
    pthread_cond_t changed; /* a call ended, or the token is back */
    long long began_ms;     /* when that thread began */
    long long next_ms;      /* not before then is it looked for again */
    struct sr_why why;      /* why it is away */
    bool refused;           /* its login: not tried again with the same PIN file */
    struct timespec pin_at; /* that file's time when the PIN was read */
    bool pin_changed;       /* since its module was initialised, by another process (token_change.c) */
    long long restart_ms;   /* not before then is its module initialised anew */
    long long restart_wait_ms;

    /* Called when the sessions were lost, before others are opened, and in the new life before anybody else
     * is let in. For the jobs, which have sessions and keys of their own in the token. May be NULL. */
    void (*lost)(void *arg);
    bool (*found)(void *arg, struct sr_why *why);
    void *arg;
};

struct sr_token {
    const struct sr_token_config *config;
    struct sr_module module;
    CK_SLOT_ID slot;    /* the module's number for it; changes with its life */
    CK_TOKEN_INFO info; /* as it was when it was found; facts have the news */
    struct sr_facts facts;

    pthread_mutex_t
        changes; /* held while an object is changed: SoftHSM cannot change one object twice at once */
    pthread_mutex_t lock; /* for what follows; never held while the token is called */
    pthread_cond_t returned;
    pthread_cond_t loan_ended;
    struct sr_loan *oldest; /* loans, in the order in which they were last used */
    struct sr_loan *newest;
    size_t loan_count;
    struct sr_pin *pin;
    bool unset; /* it has no user PIN yet: nobody is logged in */
    bool shut;  /* for a change from outside: nobody may enter or borrow */
    CK_SESSION_HANDLE
    keeper; /* open for as long as the daemon runs: holds the login and the session copies of keys */
    CK_SESSION_HANDLE *idle;
    size_t idle_count;
    size_t open_count; /* idle and borrowed */
    size_t open_max;
    struct sr_token_object *objects[SR_OBJECT_BUCKETS]; /* known ones, by handle; object.c's */
    struct sr_token_object *stale;                      /* known ones of an earlier life; object_again.c's */
    struct sr_recovery recovery;                        /* recover.c's */
};

/* Loads the module, finds the token by its label, logs in with the PIN of the PIN file, or with the one
 * beside it where a change of the PIN was interrupted (pin_file.h). A token without a user PIN is opened
 * without a login. One that the configuration calls optional may be absent: then it is away, and why is
 * logged. On failure *TOKEN is closed, and WHY says what is wrong with which file or token. CONFIG must
 * outlive the token. */
CK_RV sr_token_open(struct sr_token *token, const struct sr_token_config *config, struct sr_why *why);

/* Closes all. No other thread may use the token any more. */
void sr_token_close(struct sr_token *token);

/* Borrows a logged-in session, waiting for one where all are lent. CKR_TOKEN_NOT_PRESENT where the token is
 * away, or shut; CKR_DEVICE_ERROR where none was given back for a long time. */
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

/* Before a call in the session. CKR_FUNCTION_CANCELED where it was taken back, or the token is shut;
 * CKR_DEVICE_ERROR where the token lost its sessions. */
CK_RV sr_loan_use(struct sr_token *token, struct sr_loan *loan);

/* After it. */
void sr_loan_rest(struct sr_token *token, struct sr_loan *loan);

/* Gives it back, if it was not taken back; RV as with sr_token_return. */
void sr_loan_end(struct sr_token *token, struct sr_loan *loan, CK_RV rv);

/* Takes back all in which no call works. Under the token's lock, which it leaves meanwhile. */
void sr_loans_take_back(struct sr_token *token);

/* For a call that uses the keeper, or a handle, without a session: between the two the token stays in its
 * life. As sr_token_borrow; RV as with sr_token_return. */
CK_RV sr_token_hold(struct sr_token *token);
void sr_token_let_go(struct sr_token *token, CK_RV rv);

/* For one that does not call the token, and must not meet a change of it: CKR_TOKEN_NOT_PRESENT while it is
 * shut. */
CK_RV sr_token_enter(struct sr_token *token);
void sr_token_leave(struct sr_token *token);

/* Waits for WAIT_MS at most until no call is at work in the token, and lets nobody in any more. Operations in
 * parts end: between two calls at once, else after the call. False, with the token open as before, where that
 * does not come, and where the token is away. */
bool sr_token_shut(struct sr_token *token, long long wait_ms);
void sr_token_unshut(struct sr_token *token);

/* Closes the daemon's own sessions with a token that is shut, as C_InitToken wants (PKCS#11 v3.0 §5.5.7). The
 * token is open again after sr_token_changed. */
void sr_token_end_sessions(struct sr_token *token);

/* Another process has changed the token. With a PIN, which is taken over: that is the user's now; a login
 * that is there outlives it, and sessions and objects stay (with SoftHSM, a new C_Login with it needs a
 * C_Initialize first: recovery sees to that). Without a login, or where PIN is NULL because the token is a
 * new one, the token must be shut, and the only one of its module (CKR_CANT_LOCK otherwise): all known
 * objects are forgotten, the module is restarted and the token found again, with the login where it has a
 * user PIN. Where that fails, it is away. */
CK_RV sr_token_changed(struct sr_token *token, struct sr_pin *pin, struct sr_why *why);

/* Is PIN the user's? Constant time in PIN: always compares all the bytes that a PIN may have. */
bool sr_token_pin_is(struct sr_token *token, const struct sr_bytes *pin);

/* Gives it back. A session in which a call failed (RV other than CKR_OK) may be left in the middle of an
 * operation: it is closed, and not lent again. Where RV looks like it, the token is asked whether its
 * sessions were lost. */
void sr_token_return(struct sr_token *token, CK_SESSION_HANDLE session, CK_RV rv);

/* For recover.c, while no call is at work in the token: the pool is empty, and all loans are lost. */
void sr_token_drop_sessions(struct sr_token *token);

#endif
