/* Clients: one per process, with what belongs to it: sessions, handles, the login it believes in.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_DAEMON_CLIENT_H
#define STRONGROOM_DAEMON_CLIENT_H

#include "daemon/admission.h"
#include "daemon/parts.h"

/* A client session: a record of the daemon's own, no session of the token's. */
struct sr_client_session {
    size_t token; /* index, which is the slot's number for clients */
    CK_FLAGS flags;
    bool busy; /* a call works on its operation */

    CK_OBJECT_HANDLE *found; /* of a search: the token's handles that were not told yet */
    size_t found_count;
    size_t found_at;
    unsigned long found_life; /* of the token, in which these handles are good */

    struct sr_parts *parts[SR_OPERATION_VERIFY_RECOVER + 1];    /* operations in parts; NULL: not under way */
    struct sr_parts *messages[SR_OPERATION_VERIFY_RECOVER + 1]; /* contexts of message-based functions */
};

/* Pointers by handle - 1; NULL where a handle was closed or destroyed. */
struct sr_places {
    void **at;
    size_t count;
    size_t used;
    size_t next; /* where to look for an empty one */
};

struct sr_client {
    unsigned char id[SR_CLIENT_ID];
    char name[9]; /* in the audit log: says nothing of the id, which is a secret */
    pid_t pid;
    uid_t uid;
    struct sr_client *next;
    unsigned connections;
    CK_ULONG events; /* number of the last slot event before it came */

    pthread_mutex_t lock; /* for what follows */
    bool logged_out;      /* by C_Logout: private objects are hidden from it until C_Login */
    struct {
        struct sr_pin *pin; /* that it logged in with as a token's security officer; NULL: it is none */
        size_t token;
    } officer;
    struct sr_places sessions;         /* struct sr_client_session */
    struct sr_places handles;          /* struct sr_token_object, each with a reference */
    struct sr_audit_part *audit_parts; /* operations in parts, as the audit log follows them */
    size_t seen; /* of handles: the one that was asked for last; searches mostly go on behind it */
};

/* The client with this id if it is this uid's and pid's, else a new one with a random id; *JOINED says which.
 * One more connection is counted for it. NULL when out of memory. Thread-safe, as all below. */
struct sr_client *sr_client_join(const struct sr_bytes *id, const struct sr_peer *peer, bool *joined);

/* One connection less; with the last one everything of the client goes, its session objects too. */
void sr_client_leave(struct sr_client *client);

/* Has it no other connection than the caller's? */
bool sr_client_is_last(struct sr_client *client);

/* How many there are. */
size_t sr_client_count(void);

/* A new session; *HANDLE is the client's name for it. CKR_SESSION_READ_WRITE_SO_EXISTS for a read-only one of
 * a security officer. */
CK_RV sr_client_open(struct sr_client *client, size_t token, CK_FLAGS flags, CK_SESSION_HANDLE *handle);

/* Closes it with its operation and its session objects. */
CK_RV sr_client_close(struct sr_client *client, CK_SESSION_HANDLE handle);

/* What a call needs to know of a session, copied out. */
struct sr_session_view {
    size_t token;
    CK_FLAGS flags;
    bool logged_out; /* private objects are hidden: also from a security officer */
    bool officer;
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

/* With true, its private session objects are destroyed. */
void sr_client_set_logged_out(struct sr_client *client, bool logged_out);

/* Has any client a session with the token? */
bool sr_clients_have_session(size_t token);

/* May the client log in as the token's security officer (PKCS#11 v3.0 §5.6.8)? CKR_OK,
 * CKR_SESSION_READ_ONLY_EXISTS, CKR_USER_ALREADY_LOGGED_IN or CKR_USER_ANOTHER_ALREADY_LOGGED_IN.
 * Thread-safe, as the following but where it is said. */
CK_RV sr_client_may_become_officer(struct sr_client *client, size_t token);

/* It has done so with PIN, which is taken over, and freed when it logs out, closes its last session with the
 * token, or ends. */
CK_RV sr_client_become_officer(struct sr_client *client, size_t token, struct sr_pin *pin);

/* Under the client's lock. */
bool sr_client_is_officer(const struct sr_client *client, size_t token);

/* A copy of that PIN, freed by the caller; NULL where it is no security officer, or out of memory. */
struct sr_pin *sr_client_officer_pin(struct sr_client *client, size_t token);

/* The PIN is another one now; it is taken over. */
void sr_client_set_officer_pin(struct sr_client *client, size_t token, struct sr_pin *pin);

void sr_client_end_officer(struct sr_client *client, size_t token);

/* The same where the client has no session with the token any more. Under the client's lock. */
void sr_client_end_idle_officer(struct sr_client *client, size_t token);

#endif
