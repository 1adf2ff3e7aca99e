/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/client.h"
#include "daemon/events.h"
#include "daemon/object_again.h"
#include "daemon/recover.h"

#include "daemon/audit_parts.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define SESSIONS_MAX 65536
#define HANDLES_MAX 262144
#define PLACES 64 /* at first */

static pthread_mutex_t clients_lock = PTHREAD_MUTEX_INITIALIZER;
static struct sr_client *clients;
static size_t clients_count;

static bool random_bytes(unsigned char *bytes, size_t size)
{
    size_t have = 0;
    while (have < size) {
        ssize_t n = getrandom(bytes + have, size - have, 0);
        if (n < 0 && errno != EINTR)
            return false;
        have += n > 0 ? (size_t)n : 0;
    }
    return true;
}

struct sr_client *sr_client_join(const struct sr_bytes *id, const struct sr_peer *peer, bool *joined)
{
    struct sr_client *c = NULL;

    *joined = false;
    (void)pthread_mutex_lock(&clients_lock);
    if (id->length == SR_CLIENT_ID)
        for (c = clients; c != NULL; c = c->next)
            if (c->uid == peer->uid && c->pid == peer->pid &&
                CRYPTO_memcmp(c->id, id->data, SR_CLIENT_ID) == 0)
                break;
    if (c != NULL) {
        *joined = true;
        c->connections++;
        goto out;
    }
    c = calloc(1, sizeof(*c));
    if (c == NULL)
        goto out;
    uint32_t name = 0;
    if (!random_bytes(c->id, sizeof(c->id)) || !random_bytes((unsigned char *)&name, sizeof(name))) {
        free(c);
        c = NULL;
        goto out;
    }
    (void)snprintf(c->name, sizeof(c->name), "%08x", name);
    c->uid = peer->uid;
    c->pid = peer->pid;
    c->connections = 1;
    c->events = sr_event_last();
    (void)pthread_mutex_init(&c->lock, NULL);
    c->next = clients;
    clients = c;
    clients_count++;
out:
    (void)pthread_mutex_unlock(&clients_lock);
    return c;
}

bool sr_client_is_last(struct sr_client *client)
{
    (void)pthread_mutex_lock(&clients_lock);
    bool last = client->connections == 1;
    (void)pthread_mutex_unlock(&clients_lock);
    return last;
}

size_t sr_client_count(void)
{
    (void)pthread_mutex_lock(&clients_lock);
    size_t n = clients_count;
    (void)pthread_mutex_unlock(&clients_lock);
    return n;
}

bool sr_clients_have_session(size_t token)
{
    bool have = false;
    (void)pthread_mutex_lock(&clients_lock);
    for (struct sr_client *c = clients; c != NULL && !have; c = c->next) {
        (void)pthread_mutex_lock(&c->lock);
        for (size_t i = 0; i < c->sessions.count && !have; i++) {
            const struct sr_client_session *s = c->sessions.at[i];
            have = s != NULL && s->token == token;
        }
        (void)pthread_mutex_unlock(&c->lock);
    }
    (void)pthread_mutex_unlock(&clients_lock);
    return have;
}

/* Puts POINTER into an empty place; the handle is that place's, or 0 when LIMIT is reached or memory is out.
 * A place that became empty is taken again as late as possible: a stale handle shall not name another object.
 */
static CK_ULONG put(struct sr_places *places, void *pointer, size_t limit)
{
    /* A quarter stays empty, so that the search for an empty place is short. */
    if (places->used >= places->count - places->count / 4) {
        size_t more = places->count == 0 ? PLACES : places->count * 2;
        void **grown = more <= limit ? reallocarray(places->at, more, sizeof(*grown)) : NULL;
        if (grown != NULL) {
            memset(grown + places->count, 0, (more - places->count) * sizeof(*grown));
            places->next = places->count;
            places->at = grown;
            places->count = more;
        } else if (places->used == places->count) {
            return 0;
        }
    }
    if (places->count == 0)
        return 0;
    while (places->at[places->next % places->count] != NULL)
        places->next++;
    size_t place = places->next++ % places->count;
    places->at[place] = pointer;
    places->used++;
    return place + 1;
}

static void *get(const struct sr_places *places, CK_ULONG handle)
{
    return handle >= 1 && handle <= places->count ? places->at[handle - 1] : NULL;
}

static void *remove_at(struct sr_places *places, CK_ULONG handle)
{
    void *pointer = get(places, handle);
    if (pointer != NULL) {
        places->at[handle - 1] = NULL;
        places->used--;
    }
    return pointer;
}

/* The object of HANDLE as it is now, where its attributes were changed. Under the client's lock. */
static struct sr_token_object *renew(struct sr_client *client, CK_OBJECT_HANDLE handle)
{
    struct sr_token_object *object = get(&client->handles, handle);
    if (object == NULL || !atomic_load(&object->renewed))
        return object;
    struct sr_token_object *now = sr_object_current(object);
    client->handles.at[handle - 1] = now;
    sr_object_release(object);
    return now;
}

static void destroy(struct sr_token_object *object)
{
    struct sr_token *token = object->token;
    if (atomic_load(&object->gone) || sr_token_hold(token) != CKR_OK)
        return;
    CK_RV rv = atomic_load(&object->gone) ? CKR_OK : sr_object_destroy(object, token->keeper);
    sr_token_let_go(token, rv);
}

/* Destroys the session objects that the client made, in one session or (0) in all. Called without the
 * client's lock. */
static void destroy_owned(struct sr_client *client, CK_SESSION_HANDLE session)
{
    (void)pthread_mutex_lock(&client->lock);
    for (size_t i = 1; i <= client->handles.count; i++) {
        struct sr_token_object *object = renew(client, i);
        if (object == NULL || atomic_load(&object->owner) != client ||
            (session != 0 && object->session != session))
            continue;
        (void)remove_at(&client->handles, i);
        (void)pthread_mutex_unlock(&client->lock);
        destroy(object);
        sr_object_release(object);
        (void)pthread_mutex_lock(&client->lock);
    }
    (void)pthread_mutex_unlock(&client->lock);
}

/* PKCS#11 v3.0 §5.6.9: private session objects end with the login. */
static void destroy_private(struct sr_client *client)
{
    bool end = false;
    for (CK_ULONG i = 1; !end; i++) {
        (void)pthread_mutex_lock(&client->lock);
        struct sr_token_object *object = renew(client, i);
        if (object != NULL && atomic_load(&object->owner) == client && (object->card.flags & SR_CARD_PRIVATE))
            (void)remove_at(&client->handles, i);
        else
            object = NULL;
        end = i >= client->handles.count;
        (void)pthread_mutex_unlock(&client->lock);
        if (object != NULL)
            destroy(object);
        sr_object_release(object);
    }
}

static void free_session(struct sr_client_session *session)
{
    for (size_t i = 0; i < sizeof(session->parts) / sizeof(session->parts[0]); i++)
        sr_parts_end(session->parts[i], CKR_FUNCTION_CANCELED);
    for (size_t i = 0; i < sizeof(session->messages) / sizeof(session->messages[0]); i++)
        sr_parts_end(session->messages[i], CKR_FUNCTION_CANCELED);
    free(session->found);
    free(session);
}

void sr_client_leave(struct sr_client *client)
{
    struct sr_audit_part *part;

    (void)pthread_mutex_lock(&clients_lock);
    bool last = --client->connections == 0;
    if (last) {
        struct sr_client **at = &clients;
        while (*at != client)
            at = &(*at)->next;
        *at = client->next;
        clients_count--;
    }
    (void)pthread_mutex_unlock(&clients_lock);
    if (!last)
        return;
    destroy_owned(client, 0);
    for (size_t i = 0; i < client->sessions.count; i++)
        if (client->sessions.at[i] != NULL)
            free_session(client->sessions.at[i]);
    for (size_t i = 0; i < client->handles.count; i++)
        sr_object_release(client->handles.at[i]);
    while ((part = sr_audit_parts_take(client, 0, SR_OPERATION_NONE)) != NULL)
        sr_audit_part_free(part);
    free(client->sessions.at);
    free(client->handles.at);
    sr_pin_free(client->officer.pin);
    (void)pthread_mutex_destroy(&client->lock);
    OPENSSL_clear_free(client, sizeof(*client));
}

CK_RV sr_client_open(struct sr_client *client, size_t token, CK_FLAGS flags, CK_SESSION_HANDLE *handle)
{
    struct sr_client_session *session = calloc(1, sizeof(*session));
    if (session == NULL)
        return CKR_HOST_MEMORY;
    session->token = token;
    session->flags = flags;
    CK_RV rv = CKR_OK;
    (void)pthread_mutex_lock(&client->lock);
    if (!(flags & CKF_RW_SESSION) && sr_client_is_officer(client, token)) {
        rv = CKR_SESSION_READ_WRITE_SO_EXISTS;
    } else {
        *handle = put(&client->sessions, session, SESSIONS_MAX);
        rv = *handle != 0 ? CKR_OK : CKR_SESSION_COUNT;
    }
    (void)pthread_mutex_unlock(&client->lock);
    if (rv != CKR_OK)
        free(session);
    return rv;
}

CK_RV sr_client_close(struct sr_client *client, CK_SESSION_HANDLE handle)
{
    struct sr_client_session *session;
    CK_RV rv = sr_client_take(client, handle, &session);
    if (rv != CKR_OK)
        return rv;
    (void)pthread_mutex_lock(&client->lock);
    (void)remove_at(&client->sessions, handle);
    sr_client_end_idle_officer(client, session->token);
    (void)pthread_mutex_unlock(&client->lock);
    destroy_owned(client, handle);
    free_session(session);
    return CKR_OK;
}

CK_RV sr_client_view(struct sr_client *client, CK_SESSION_HANDLE handle, struct sr_session_view *view)
{
    (void)pthread_mutex_lock(&client->lock);
    const struct sr_client_session *session = get(&client->sessions, handle);
    if (session != NULL) {
        view->token = session->token;
        view->flags = session->flags;
        view->officer = sr_client_is_officer(client, session->token);
        view->logged_out = client->logged_out || view->officer;
    }
    (void)pthread_mutex_unlock(&client->lock);
    return session != NULL ? CKR_OK : CKR_SESSION_HANDLE_INVALID;
}

CK_RV sr_client_take(struct sr_client *client, CK_SESSION_HANDLE handle, struct sr_client_session **session)
{
    CK_RV rv = CKR_OK;
    (void)pthread_mutex_lock(&client->lock);
    struct sr_client_session *s = get(&client->sessions, handle);
    if (s == NULL)
        rv = CKR_SESSION_HANDLE_INVALID;
    else if (s->busy)
        rv = CKR_OPERATION_ACTIVE;
    else
        s->busy = true;
    (void)pthread_mutex_unlock(&client->lock);
    *session = s;
    return rv;
}

void sr_client_done(struct sr_client *client, struct sr_client_session *session)
{
    (void)pthread_mutex_lock(&client->lock);
    session->busy = false;
    (void)pthread_mutex_unlock(&client->lock);
}

CK_OBJECT_HANDLE sr_client_handle(struct sr_client *client, struct sr_token_object *object)
{
    CK_OBJECT_HANDLE handle = 0;

    (void)pthread_mutex_lock(&client->lock);
    struct sr_token_object *spare = object;
    for (size_t n = 0; handle == 0 && n < client->handles.count; n++) {
        size_t i = (client->seen + 1 + n) % client->handles.count;
        struct sr_token_object *o = client->handles.at[i];
        if (o != NULL && o->line == object->line) {
            handle = i + 1;
            if (atomic_load(&o->renewed)) {
                client->handles.at[i] = object;
                spare = o;
            }
        }
    }
    if (handle == 0) {
        handle = put(&client->handles, object, HANDLES_MAX);
        spare = handle == 0 ? object : NULL;
    }
    if (handle != 0)
        client->seen = handle - 1;
    (void)pthread_mutex_unlock(&client->lock);
    sr_object_release(spare);
    return handle;
}

bool sr_client_sees(const struct sr_client *client, bool logged_out, const struct sr_token_object *object)
{
    const void *owner = atomic_load(&object->owner);
    /* A session object without an owner is a job's, or is being made by somebody who will own it. */
    if (!(object->card.flags & SR_CARD_TOKEN) && owner != client && !(owner == NULL && object->reserved))
        return false;
    return !logged_out || !(object->card.flags & SR_CARD_PRIVATE);
}

struct sr_token_object *sr_client_object(struct sr_client *client, struct sr_token *token,
                                         CK_OBJECT_HANDLE handle)
{
    (void)pthread_mutex_lock(&client->lock);
    struct sr_token_object *object = renew(client, handle);
    bool lost = object != NULL && atomic_load(&object->lost);
    bool public_only = client->logged_out || sr_client_is_officer(client, token->config->slot);
    if (object != NULL && (object->token != token || atomic_load(&object->gone) ||
                           !sr_client_sees(client, public_only, object)))
        object = NULL;
    if (object != NULL)
        atomic_fetch_add(&object->refs, 1);
    (void)pthread_mutex_unlock(&client->lock);
    if (object != NULL && sr_object_again(object) != CKR_OK) {
        lost = true;
        sr_object_release(object);
        object = NULL;
    }
    if (lost)
        sr_recover_note_lost_object();
    return object;
}

void sr_client_forget(struct sr_client *client, CK_OBJECT_HANDLE handle)
{
    (void)pthread_mutex_lock(&client->lock);
    struct sr_token_object *object = remove_at(&client->handles, handle);
    (void)pthread_mutex_unlock(&client->lock);
    sr_object_release(object);
}

void sr_client_set_logged_out(struct sr_client *client, bool logged_out)
{
    (void)pthread_mutex_lock(&client->lock);
    client->logged_out = logged_out;
    (void)pthread_mutex_unlock(&client->lock);
    if (logged_out)
        destroy_private(client);
}
