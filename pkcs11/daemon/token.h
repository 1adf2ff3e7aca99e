/* A token of the daemon: its module, the login, and a pool of real sessions that calls borrow.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_DAEMON_TOKEN_H
#define STRONGROOM_DAEMON_TOKEN_H

#include "cryptoki/module.h"
#include "cryptoki/pin.h"
#include "daemon/config.h"

#include <pthread.h>

#define SR_OBJECT_BUCKETS 1024

struct sr_token_object;

struct sr_token {
    const struct sr_token_config *config;
    struct sr_module module;
    struct sr_pin *pin;
    CK_SLOT_ID slot; /* the module's number for it */
    CK_TOKEN_INFO info;

    pthread_mutex_t
        changes; /* held while an object is changed: SoftHSM cannot change one object twice at once */
    pthread_mutex_t lock; /* for what follows */
    pthread_cond_t returned;
    CK_SESSION_HANDLE
    keeper; /* open for as long as the daemon runs: holds the login and the session copies of keys */
    CK_SESSION_HANDLE *idle;
    size_t idle_count;
    size_t open_count; /* idle and borrowed */
    size_t open_max;
    struct sr_token_object *objects[SR_OBJECT_BUCKETS]; /* known ones, by handle; object.c's */
};

/* Loads the module, finds the token by its label, logs in with the PIN of the PIN file. On failure *TOKEN is
 * closed, and WHY says what is wrong with which file or token. CONFIG must outlive the token. */
CK_RV sr_token_open(struct sr_token *token, const struct sr_token_config *config, struct sr_why *why);

/* Closes all. No other thread may use the token any more. */
void sr_token_close(struct sr_token *token);

/* Borrows a logged-in session, waiting for one where all are lent. */
CK_RV sr_token_borrow(struct sr_token *token, CK_SESSION_HANDLE *session);

/* The same without waiting: CKR_SESSION_COUNT where all are lent. */
CK_RV sr_token_borrow_spare(struct sr_token *token, CK_SESSION_HANDLE *session);

/* One that is open already: false where none is idle. */
bool sr_token_borrow_idle(struct sr_token *token, CK_SESSION_HANDLE *session);

/* Gives it back. A session in which a call failed (RV other than CKR_OK) may be left in the middle of an
 * operation: it is closed, and not lent again. */
void sr_token_return(struct sr_token *token, CK_SESSION_HANDLE session, CK_RV rv);

#endif
