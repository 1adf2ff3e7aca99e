/* Objects of a token as the daemon knows them: their cards, and session copies of keys, which sign faster
 * than token objects (SoftHSM reads those from disk at each use).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_DAEMON_OBJECT_H
#define STRONGROOM_DAEMON_OBJECT_H

#include "daemon/token.h"
#include "wire/card.h"

#include <stdatomic.h>

struct sr_token_object {
    struct sr_token *token;
    /* The token's handle, good in the token's life; CK_INVALID_HANDLE until the object is found again. */
    _Atomic CK_OBJECT_HANDLE real;
    struct sr_card card;         /* its byte strings belong to the object; the handle in it is not used */
    unsigned long long serial;   /* no other object has it, nor this one with another name */
    char *uri;                   /* what it is called in the audit log and matched by in the policy */
    unsigned long line;          /* the same for all that stand or stood for one object of the token */
    _Atomic(const void *) owner; /* of a session object: the client that made it; NULL for token objects */
    CK_SESSION_HANDLE session;   /* of a session object: the owner's session */
    atomic_uint refs;
    bool reserved;           /* labelled for a job: clients may see it and no more (custody rule 5) */
    atomic_bool lost;        /* it went with the token's sessions, or was not found again */
    atomic_bool renewed;     /* another one stands for it, since its attributes were changed */
    atomic_bool undemanding; /* it was seen to prescribe nothing to what it unwraps or derives */

    /* Under the token's lock: */
    struct sr_token_object *next;      /* in its bucket */
    struct sr_token_object *successor; /* where it was renewed, with a reference */
    CK_OBJECT_HANDLE copy;             /* CK_INVALID_HANDLE where there is none */
    long long checked_ms;              /* when the original was last seen to be there */
    atomic_bool gone;                  /* the token does not have it any more; read without the lock, too */
    bool hidden;                       /* a copy that the daemon made, or its own key: no client sees it */
    bool changing;                     /* nobody else uses it now, for SoftHSM shows it half changed */
    bool copy_tried;
};

/* The object with the handle REAL, known or made now by reading its attributes through SESSION. The caller
 * gives the reference back with sr_object_release. CKR_OBJECT_HANDLE_INVALID for one of the daemon's own
 * copies. */
CK_RV sr_object_get(struct sr_token *token, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE real,
                    struct sr_token_object **object);

/* Within object*.c: the object is read as sr_object_get does, but not known to anybody yet. */
CK_RV sr_object_describe(struct sr_token *token, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE real,
                         struct sr_token_object **object);

/* Within object*.c, with the token's lock held: the object known by that handle, or NULL; into and out of the
 * table of known ones. */
struct sr_token_object *sr_object_known(struct sr_token *token, CK_OBJECT_HANDLE real);
void sr_object_link(struct sr_token_object *object);
void sr_object_unlink(struct sr_token_object *object);

/* Marks a new session object as its maker's. */
void sr_object_own(struct sr_token_object *object, const void *owner, CK_SESSION_HANDLE session);

/* Gives a reference back. OBJECT may be NULL. */
void sr_object_release(struct sr_token_object *object);

/* The handle to operate on: the session copy, made at the first use, or the original. At most a second after
 * the original was destroyed behind the daemon's back: CKR_KEY_HANDLE_INVALID. */
CK_RV sr_object_key(struct sr_token_object *asked, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *handle);

/* The token does not know the copy any more: drop it, and ask sr_object_key again. That gives the original
 * until the daemon is restarted, or a new copy where the object was changed meanwhile. */
void sr_object_drop_copy(struct sr_token_object *object);

/* Its attributes are going to be changed, or were: sr_object_key waits meanwhile. The caller holds the
 * token's lock for changes. */
void sr_object_changing(struct sr_token_object *object, bool changing);

/* The object's attributes were changed: makes another one that says so, with the caller's reference in
 * *RENEWED, and ends this one with its copy. Who still has this one finds the other by sr_object_current. */
CK_RV sr_object_renew(struct sr_token_object *object, CK_SESSION_HANDLE session,
                      struct sr_token_object **renewed);

/* What stands now for an object that was renewed, with a reference; NULL where it was destroyed since. */
struct sr_token_object *sr_object_current(struct sr_token_object *object);

/* Destroys the object in the token, and its copy with it. */
CK_RV sr_object_destroy(struct sr_token_object *object, CK_SESSION_HANDLE session);

/* Forgets all objects of a token that is being closed, or that nobody else is inside of. */
void sr_objects_forget(struct sr_token *token);

#endif
