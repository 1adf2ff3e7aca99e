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

#include <pthread.h>
#include <stdatomic.h>

#define SR_OBJECT_BUCKETS 1024

struct sr_token_object;

/* How a token fares; see recover.h. Under the token's lock, but for the last two, which whoever recovers it
 * has alone. */
struct sr_recovery {
    unsigned long life; /* counts how often it was found again: sessions and handles are good for one life */
    bool away;          /* its sessions are lost */
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
    struct sr_pin *pin;
    CK_SLOT_ID slot;    /* the module's number for it; changes with its life */
    CK_TOKEN_INFO info; /* as it was when it was found; facts have the news */
    struct sr_facts facts;

    pthread_mutex_t lock; /* for what follows; never held while the token is called */
    pthread_cond_t returned;
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

/* Loads the module, finds the token by its label, logs in with the PIN of the PIN file. On failure *TOKEN is
 * closed, and WHY says what is wrong with which file or token. One that the configuration calls optional may
 * be absent: then it is away, and why is logged. CONFIG must outlive the token. */
CK_RV sr_token_open(struct sr_token *token, const struct sr_token_config *config, struct sr_why *why);

/* Closes all. No other thread may use the token any more. */
void sr_token_close(struct sr_token *token);

/* Borrows a logged-in session, waiting for one where all are lent. CKR_TOKEN_NOT_PRESENT where the token is
 * away; CKR_DEVICE_ERROR where none was given back for a long time. */
CK_RV sr_token_borrow(struct sr_token *token, CK_SESSION_HANDLE *session);

/* The same without waiting: CKR_SESSION_COUNT where all are lent. */
CK_RV sr_token_borrow_spare(struct sr_token *token, CK_SESSION_HANDLE *session);

/* One that is open already: false where none is idle. */
bool sr_token_borrow_idle(struct sr_token *token, CK_SESSION_HANDLE *session);

/* Gives it back. A session in which a call failed (RV other than CKR_OK) may be left in the middle of an
 * operation: it is closed, and not lent again. Where RV looks like it, the token is asked whether its
 * sessions were lost. */
void sr_token_return(struct sr_token *token, CK_SESSION_HANDLE session, CK_RV rv);

/* Leaves a borrowed session with an operation in parts; *LIFE is the token's. */
void sr_token_park(struct sr_token *token, unsigned long *life);

/* Takes it up again. CKR_DEVICE_ERROR: the token lost it, there is nothing to give back. */
CK_RV sr_token_unpark(struct sr_token *token, unsigned long life);

/* For a call that uses the keeper, or a handle, without a session: between the two the token stays in its
 * life. As sr_token_borrow. */
CK_RV sr_token_hold(struct sr_token *token);
void sr_token_let_go(struct sr_token *token, CK_RV rv);

#endif
