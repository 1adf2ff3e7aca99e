/* Clients: one per process, with what belongs to it: sessions, handles, the login it believes in.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_DAEMON_CLIENT_H
#define STRONGROOM_DAEMON_CLIENT_H

#include "daemon/admission.h"
#include "daemon/object.h"

/* A client session: a record of the daemon's own, no session of the token's. */
struct sr_client_session {
    size_t token; /* index, which is the slot's number for clients */
    CK_FLAGS flags;
    bool busy; /* a call works on its operation */

    CK_OBJECT_HANDLE *found; /* of a search: the token's handles that were not told yet */
    size_t found_count;
    size_t found_at;
    unsigned long found_life; /* of the token, in which these handles are good */

    bool signing; /* a signature in parts: its real session is parked between them */
    CK_SESSION_HANDLE real;
    unsigned long life; /* of the token, as it was parked */
};

/* Pointers by handle - 1; NULL where a handle was closed or destroyed. */
struct sr_places {
    void **at;
    size_t count;
    size_t next; /* where to look for an empty one */
};

struct sr_client {
    unsigned char id[SR_CLIENT_ID];
    pid_t pid;
    uid_t uid;
    struct sr_client *next;
    unsigned connections;
    CK_ULONG events; /* number of the last slot event before it came */

    pthread_mutex_t lock;      /* for what follows */
    bool logged_out;           /* by C_Logout: private objects are hidden from it until C_Login */
    struct sr_places sessions; /* struct sr_client_session */
    struct sr_places handles;  /* struct sr_token_object, each with a reference */
};

/* The client with this id if it is this uid's and pid's, else a new one with a random id; *JOINED says which.
 * One more connection is counted for it. NULL when out of memory. Thread-safe, as all below. */
struct sr_client *sr_client_join(const struct sr_bytes *id, const struct sr_peer *peer, bool *joined);

/* One connection less; with the last one everything of the client goes, its session objects too. */
void sr_client_leave(struct sr_client *client, struct sr_token *tokens);

/* How many there are. */
size_t sr_client_count(void);

/* A new session; *HANDLE is the client's name for it. */
CK_RV sr_client_open(struct sr_client *client, size_t token, CK_FLAGS flags, CK_SESSION_HANDLE *handle);

/* Closes it with its operation and its session objects. */
CK_RV sr_client_close(struct sr_client *client, struct sr_token *tokens, CK_SESSION_HANDLE handle);

/* What a call needs to know of a session, copied out. */
struct sr_session_view {
    size_t token;
    CK_FLAGS flags;
    bool logged_out;
};
CK_RV sr_client_view(struct sr_client *client, CK_SESSION_HANDLE handle, struct sr_session_view *view);

/* Takes the session for a call that works on its operation, so that no other call or close can; given back
 * with sr_client_done. CKR_SESSION_HANDLE_INVALID, or CKR_OPERATION_ACTIVE where another call has it. */
CK_RV sr_client_take(struct sr_client *client, CK_SESSION_HANDLE handle, struct sr_client_session **session);
void sr_client_done(struct sr_client *client, struct sr_client_session *session);

/* The client's handle for an object, the same one each time; takes over the reference. 0 when out of memory.
 */
CK_OBJECT_HANDLE sr_client_handle(struct sr_client *client, struct sr_token_object *object);

/* The object behind a handle, with a reference for the caller; NULL where there is none, it is of another
 * token than TOKEN, or hidden because the client logged out, or the token lost it. It may take a call of the
 * token: the caller has no session borrowed. */
struct sr_token_object *sr_client_object(struct sr_client *client, struct sr_token *token,
                                         CK_OBJECT_HANDLE handle);

/* May the client see the object? Session objects are their maker's, private ones need the login. */
bool sr_client_sees(const struct sr_client *client, bool logged_out, const struct sr_token_object *object);

/* Forgets a handle whose object was destroyed. */
void sr_client_forget(struct sr_client *client, CK_OBJECT_HANDLE handle);

void sr_client_set_logged_out(struct sr_client *client, bool logged_out);

#endif
