/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions, and the login state that all sessions of a token share (PKCS#11 v3.0 §5.6). */
#include "shim/session.h"
#include "shim/exchange.h"
#include "shim/explain.h"
#include "shim/general.h"
#include "shim/objects.h"

#include <string.h>

static struct sr_table sessions = SR_TABLE_OF(struct sr_app_session);

static struct sr_app_session *at(size_t i)
{
    return sr_table_entry(&sessions, i);
}

/* Locks entry S where it is HANDLE's. */
static bool lock_if(struct sr_app_session *s, CK_SESSION_HANDLE handle)
{
    if (handle == 0)
        return false;
    (void)pthread_mutex_lock(&s->lock);
    if (sr_entry_is(s, handle))
        return true;
    (void)pthread_mutex_unlock(&s->lock);
    return false;
}

CK_RV sr_session_take(CK_SESSION_HANDLE handle, struct sr_app_session **session)
{
    struct sr_app_session *s = sr_table_at(&sessions, handle);
    if (s == NULL || !lock_if(s, handle)) {
        sr_say("there is no session %lu", handle);
        return CKR_SESSION_HANDLE_INVALID;
    }
    *session = s;
    return CKR_OK;
}

void sr_session_release(struct sr_app_session *s)
{
    (void)pthread_mutex_unlock(&s->lock);
}

/* The caller has taken S, and releases it. */
static void forget(struct sr_app_session *s)
{
    sr_search_end(&s->search);
    sr_ops_free(s);
    memset(s->messages, 0, sizeof(s->messages));
    if (s->made_objects)
        sr_objects_forget_of(atomic_load(&s->entry.handle));
    (void)pthread_mutex_lock(&sessions.lock);
    sr_table_remove(&sessions, s);
    (void)pthread_mutex_unlock(&sessions.lock);
}

/* Closing always succeeds: a daemon that is not there has no session any more. */
static void close_session(struct sr_app_session *s)
{
    if (s->generation == sr_link_generation()) {
        struct sr_session request;
        struct sr_exchange x = {.call = SR_CALL_CLOSE_SESSION,
                                .request = &request,
                                .session = s,
                                .session_at = &request.session,
                                .pinned = s->generation,
                                .hurry = true};
        (void)sr_exchange_only(&x);
    }
    forget(s);
}

void sr_sessions_forget_all(void)
{
    struct sr_app_session *s;
    for (size_t i = 0; (s = at(i)) != NULL; i++) {
        if (lock_if(s, atomic_load(&s->entry.handle))) {
            forget(s);
            sr_session_release(s);
        }
    }
}

void sr_sessions_after_fork(void)
{
    struct sr_app_session *s;
    for (size_t i = 0; (s = at(i)) != NULL; i++) {
        if (pthread_mutex_trylock(&s->lock) == 0) {
            (void)pthread_mutex_unlock(&s->lock);
            continue;
        }
        memset(&s->search, 0, sizeof(s->search));
        memset(s->ops, 0, sizeof(s->ops));
        memset(s->messages, 0, sizeof(s->messages));
        (void)pthread_mutex_init(&s->lock, NULL);
    }
    sr_table_after_fork(&sessions);
}

/* The login state is the token's: a new session finds it in any other one. */
static bool is_logged_out(CK_SLOT_ID slot)
{
    struct sr_app_session *s;
    bool out = false;
    for (size_t i = 0; !out && (s = at(i)) != NULL; i++)
        out = !sr_entry_is(s, 0) && atomic_load(&s->logged_out) && atomic_load(&s->slot) == slot;
    return out;
}

static void set_logged_out(CK_SLOT_ID slot, bool out)
{
    struct sr_app_session *s;
    for (size_t i = 0; (s = at(i)) != NULL; i++) {
        if (!sr_entry_is(s, 0) && atomic_load(&s->slot) == slot)
            atomic_store(&s->logged_out, out);
    }
}

static struct sr_app_session *new_session(void)
{
    (void)pthread_mutex_lock(&sessions.lock);
    struct sr_app_session *s = sr_table_add(&sessions);
    if (s != NULL && s->entry.uses == 0)
        (void)pthread_mutex_init(&s->lock, NULL);
    (void)pthread_mutex_unlock(&sessions.lock);
    return s;
}

CK_RV C_OpenSession(CK_SLOT_ID slot, CK_FLAGS flags, void *application, CK_NOTIFY notify,
                    CK_SESSION_HANDLE *session)
{
    struct sr_open_session_request request = {.slot = slot, .flags = flags};
    struct sr_session reply = {0};
    struct sr_exchange x = {.call = SR_CALL_OPEN_SESSION, .request = &request, .reply = &reply};
    CK_RV rv = sr_enter();

    (void)application;
    (void)notify; /* no call-backs: the daemon cannot call into the program */
    if (rv != CKR_OK)
        return rv;
    if (session == NULL)
        return CKR_ARGUMENTS_BAD;
    if ((flags & CKF_SERIAL_SESSION) == 0)
        return CKR_SESSION_PARALLEL_NOT_SUPPORTED;
    rv = sr_exchange(&x);
    if (rv != CKR_OK)
        return rv;
    unsigned long generation = x.connection->generation;
    sr_exchange_end(&x);
    struct sr_app_session *s = new_session();
    if (s == NULL) {
        sr_say("out of memory, or too many sessions: close some");
        return CKR_SESSION_COUNT;
    }
    bool logged_out = is_logged_out(slot);
    (void)pthread_mutex_lock(&s->lock);
    atomic_store(&s->slot, slot);
    s->flags = flags;
    s->daemon = reply.session;
    s->generation = generation;
    s->made_objects = false;
    atomic_store(&s->logged_out, logged_out);
    *session = sr_table_publish(&sessions, s);
    (void)pthread_mutex_unlock(&s->lock);
    return CKR_OK;
}

CK_RV C_CloseSession(CK_SESSION_HANDLE session)
{
    struct sr_app_session *s;
    CK_RV rv = sr_enter();
    if (rv == CKR_OK)
        rv = sr_session_take(session, &s);
    if (rv != CKR_OK)
        return rv;
    close_session(s);
    sr_session_release(s);
    return CKR_OK;
}

CK_RV C_CloseAllSessions(CK_SLOT_ID slot)
{
    struct sr_app_session *s;
    CK_RV rv = sr_enter();
    if (rv != CKR_OK)
        return rv;
    for (size_t i = 0; (s = at(i)) != NULL; i++) {
        if (!lock_if(s, atomic_load(&s->entry.handle)))
            continue;
        if (s->slot == slot)
            close_session(s);
        sr_session_release(s);
    }
    return CKR_OK;
}

static CK_RV ask_info(struct sr_app_session *s, CK_SESSION_INFO *info)
{
    struct sr_session request;
    struct sr_bytes_reply reply = {0};
    struct sr_exchange x = {.call = SR_CALL_SESSION_INFO,
                            .request = &request,
                            .reply = &reply,
                            .session = s,
                            .session_at = &request.session};
    CK_RV rv = sr_exchange(&x);
    if (rv != CKR_OK)
        return rv;
    if (reply.data.length == sizeof(*info)) {
        memcpy(info, reply.data.data, sizeof(*info));
    } else {
        sr_say("strongroomd's description of a session has another size: is it of another version?");
        rv = CKR_DEVICE_ERROR;
    }
    sr_exchange_end(&x);
    return rv;
}

CK_RV C_GetSessionInfo(CK_SESSION_HANDLE session, CK_SESSION_INFO *info)
{
    struct sr_app_session *s;
    CK_RV rv = sr_enter();
    if (rv == CKR_OK && info == NULL)
        rv = CKR_ARGUMENTS_BAD;
    if (rv == CKR_OK)
        rv = sr_session_take(session, &s);
    if (rv != CKR_OK)
        return rv;
    rv = ask_info(s, info);
    sr_session_release(s);
    return rv;
}

CK_RV C_Login(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR *pin, CK_ULONG length)
{
    struct sr_app_session *s;
    struct sr_login_request request = {.user = user, .pin = {length, pin}};
    struct sr_exchange x = {.call = SR_CALL_LOGIN, .request = &request, .session_at = &request.session};
    CK_RV rv = sr_enter();

    if (rv == CKR_OK && pin == NULL && length > 0)
        rv = CKR_ARGUMENTS_BAD;
    if (rv == CKR_OK)
        rv = sr_session_take(session, &s);
    if (rv != CKR_OK)
        return rv;
    x.session = s;
    rv = sr_exchange_only(&x);
    CK_SLOT_ID slot = s->slot;
    sr_session_release(s);
    if (rv == CKR_OK)
        set_logged_out(slot, false);
    return rv;
}

CK_RV C_Logout(CK_SESSION_HANDLE session)
{
    struct sr_app_session *s;
    struct sr_session request;
    struct sr_exchange x = {.call = SR_CALL_LOGOUT, .request = &request, .session_at = &request.session};
    CK_RV rv = sr_enter();

    if (rv == CKR_OK)
        rv = sr_session_take(session, &s);
    if (rv != CKR_OK)
        return rv;
    x.session = s;
    rv = sr_exchange_only(&x);
    CK_SLOT_ID slot = s->slot;
    sr_session_release(s);
    if (rv == CKR_OK)
        set_logged_out(slot, true);
    return rv;
}
