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

struct sr_op;

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
    struct sr_op *ops[SR_OPERATION_VERIFY_RECOVER + 1]; /* NULL: there was none yet, see operation.h */
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

/* Ends the search, and the operations, and frees what they hold. */
void sr_search_end(struct sr_search *search);
void sr_ops_free(struct sr_app_session *session);

#endif
