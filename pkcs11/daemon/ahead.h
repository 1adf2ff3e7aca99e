/* The signature that a connection's client will probably ask for next. A client that signs again and again
 * asks for the same key and mechanism each time, and C_SignInit is up to half of a signature: so while the
 * answer travels, the daemon makes that call already. It undoes it before it goes to sleep; an unused session
 * of the token is never held for longer than the moment for which a connection waits awake.
 *
 * Belongs to one connection, and is used by its thread alone.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_DAEMON_AHEAD_H
#define STRONGROOM_DAEMON_AHEAD_H

#include "daemon/object.h"
#include "wire/message.h"

/* All zeros at first. */
struct sr_ahead {
    struct sr_token_object *object; /* of the last signature, with a reference; NULL: none to expect */
    struct sr_mechanism mechanism;
    CK_OBJECT_HANDLE key;
    bool begun;
    CK_SESSION_HANDLE real; /* where begun: borrowed, with the operation active */
};

/* A signature succeeded: the next may be like it. KEY is the handle that the token was given. */
void sr_ahead_expect(struct sr_ahead *ahead, struct sr_token_object *object, const CK_MECHANISM *mechanism,
                     CK_OBJECT_HANDLE key);

/* Calls C_SignInit for the expected signature. Nothing happens where none is expected, or the token refuses.
 */
void sr_ahead_begin(struct sr_ahead *ahead);

/* If what was begun is a signature with this object and mechanism, and the object is still there: the
 * session, which is the caller's now. Else undoes it. */
bool sr_ahead_take(struct sr_ahead *ahead, struct sr_token_object *object, const CK_MECHANISM *mechanism,
                   CK_SESSION_HANDLE *real);

/* Undoes what was begun in a token that is away: it is not found again while a call is at work in it. */
void sr_ahead_undo_lost(struct sr_ahead *ahead);

/* Undoes what was begun. */
void sr_ahead_undo(struct sr_ahead *ahead);

/* Undoes it, and expects nothing any more. */
void sr_ahead_forget(struct sr_ahead *ahead);

#endif
