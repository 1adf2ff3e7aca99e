/* An operation in parts of a client session: the real session that it holds, and output that the client has
 * not fetched yet. Used under its client session's `busy`.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_DAEMON_PARTS_H
#define STRONGROOM_DAEMON_PARTS_H

#include "daemon/operation.h"

struct sr_parts {
    enum sr_operation operation;
    CK_MECHANISM_TYPE mechanism;
    struct sr_token *token;
    struct sr_token_object *object; /* with a reference; NULL for a digest */
    struct sr_loan loan;
    size_t total;        /* bytes that went in */
    bool withholds;      /* no plaintext goes out before the end */
    bool drains;         /* it is over, but for output that is to be fetched */
    unsigned char *kept; /* output that was not given yet, cleansed when it is freed */
    size_t kept_size;    /* bytes allocated */
    size_t kept_length;  /* bytes that may be plaintext */
    size_t kept_at;      /* the first one that was not fetched */
};

/* How much a decryption may withhold in the daemon's memory. */
#define SR_WITHHELD_MAX ((size_t)64 << 20)

/* A record with a session on loan, busy; NULL, and *RV, where there is none. Takes a reference to OBJECT (may
 * be NULL). */
struct sr_parts *sr_parts_new(struct sr_token *token, enum sr_operation operation,
                              CK_MECHANISM_TYPE mechanism, struct sr_token_object *object, CK_RV *rv);

/* Room for MORE bytes behind what is kept; NULL when out of memory. */
unsigned char *sr_parts_room(struct sr_parts *parts, size_t more);

/* Gives the session back and frees all. RV: CKR_OK where the operation in the session has come to its end.
 * PARTS may be NULL. */
void sr_parts_end(struct sr_parts *parts, CK_RV rv);

#endif
