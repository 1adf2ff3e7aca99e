/* The application's sessions.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_SHIM_SESSION_H
#define STRONGROOM_SHIM_SESSION_H

#include "shim/message.h"
#include "shim/table.h"

/* A search: everything that was found, and how far the application has taken it. */
struct sr_search {
    bool active;
    CK_OBJECT_HANDLE *found;
    size_t n;
    size_t taken;
};

enum sr_signing_state {
    SR_SIGNING_NONE,
    SR_SIGNING_READY,    /* after C_SignInit */
    SR_SIGNING_GATHERED, /* C_SignUpdate's parts are kept here */
    SR_SIGNING_STREAMED, /* they were more than fits, and went to the daemon */
    SR_SIGNING_DONE,     /* the signature waits for a buffer that is large enough */
};

struct sr_signing {
    enum sr_signing_state state;
    CK_OBJECT_HANDLE key;          /* the application's */
    CK_ULONG max;                  /* bytes of a signature; 0: not known */
    struct sr_mechanism mechanism; /* its parameter lies in itself or in kept: not to be moved */
    struct sr_buf kept;            /* a copy of the parameter; its memory stays for the next operation */
    struct sr_buf parts;           /* gathered parts, or the finished signature */
    unsigned long generation;      /* of a streamed operation */
};

/* Filled in by C_OpenSession; everything behind the lock is under it. */
struct sr_app_session {
    struct sr_entry entry;
    pthread_mutex_t lock;    /* held during a call to the daemon: it is this session's alone */
    _Atomic CK_SLOT_ID slot; /* read without the lock, where the token's login state is looked for */
    CK_FLAGS flags;
    CK_SESSION_HANDLE daemon; /* the daemon's handle */
    unsigned long generation; /* that it is good for */
    atomic_bool logged_out;   /* the application called C_Logout on this token */
    bool made_objects;        /* perhaps session objects, which end with the session */
    struct sr_search search;
    struct sr_signing signing;
    struct sr_message_context messages[SR_MESSAGE_CONTEXTS];
};

/* The session of HANDLE, locked until sr_session_release; CKR_SESSION_HANDLE_INVALID. */
CK_RV sr_session_take(CK_SESSION_HANDLE handle, struct sr_app_session **session);
void sr_session_release(struct sr_app_session *session);

/* Ends every session without telling the daemon. */
void sr_sessions_forget_all(void);

/* In a forked child, before anything else, one thread: what other threads of the parent had in hand is
 * forgotten. */
void sr_sessions_after_fork(void);

/* Ends the operation, if there is one, and frees what it holds. */
void sr_search_end(struct sr_search *search);
void sr_signing_free(struct sr_signing *signing);

#endif
