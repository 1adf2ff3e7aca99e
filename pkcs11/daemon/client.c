/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/client.h"
#include "daemon/events.h"
#include "daemon/object_again.h"
#include "daemon/recover.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define SESSIONS_MAX 65536
#define HANDLES_MAX 262144
#define PLACES 256 /* at first */

static pthread_mutex_t clients_lock = PTHREAD_MUTEX_INITIALIZER;
static struct sr_client *clients;
static size_t clients_count;

static bool random_id(unsigned char *id)
{
    size_t have = 0;
    while (have < SR_CLIENT_ID) {
        ssize_t n = getrandom(id + have, SR_CLIENT_ID - have, 0);
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
    if (!random_id(c->id)) {
        free(c);
        c = NULL;
        goto out;
    }
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

size_t sr_client_count(void)
{
    (void)pthread_mutex_lock(&clients_lock);
    size_t n = clients_count;
    (void)pthread_mutex_unlock(&clients_lock);
    return n;
}

/* Puts POINTER into an empty place; the handle is that place's, or 0 when LIMIT is reached or memory is out.
 * A place that became empty is taken again as late as possible: a stale handle shall not name another object.
 */
static CK_ULONG put(struct sr_places *places, void *pointer, size_t limit)
{
    size_t looked = 0;
    while (looked < places->count && places->at[places->next % places->count] != NULL) {
        places->next++;
        looked++;
    }
    if (looked == places->count) {
        size_t more = places->count == 0 ? PLACES : places->count * 2;
        void **grown = more <= limit ? reallocarray(places->at, more, sizeof(*grown)) : NULL;
        if (grown == NULL)
            return 0;
        memset(grown + places->count, 0, (more - places->count) * sizeof(*grown));
        places->next = places->count;
        places->at = grown;
        places->count = more;
    }
    size_t place = places->next++ % places->count;
    places->at[place] = pointer;
    return place + 1;
}

static void *get(const struct sr_places *places, CK_ULONG handle)
{
    return handle >= 1 && handle <= places->count ? places->at[handle - 1] : NULL;
}

static void *remove_at(struct sr_places *places, CK_ULONG handle)
{
    void *pointer = get(places, handle);
    if (pointer != NULL)
        places->at[handle - 1] = NULL;
    return pointer;
}

/* Destroys the session objects that the client made, in one session or (0) in all. Called without the
 * client's lock. */
static void destroy_owned(struct sr_client *client, CK_SESSION_HANDLE session)
{
    bool end = false;
    for (size_t i = 1; !end; i++) {
        (void)pthread_mutex_lock(&client->lock);
        struct sr_token_object *object = get(&client->handles, i);
        if (object != NULL && object->owner == client && (session == 0 || object->session == session))
            (void)remove_at(&client->handles, i);
        else
            object = NULL;
        end = i >= client->handles.count;
        (void)pthread_mutex_unlock(&client->lock);
        if (object != NULL && !object->lost && sr_token_hold(object->token) == CKR_OK) {
            CK_RV rv = object->lost ? CKR_OK : sr_object_destroy(object, object->token->keeper);
            sr_token_let_go(object->token, rv);
        }
        sr_object_release(object);
    }
}

static void free_session(struct sr_client_session *session, struct sr_token *tokens)
{
    /* In the middle of an operation: not fit for another borrower. */
    if (session->signing && sr_token_unpark(&tokens[session->token], session->life) == CKR_OK)
        sr_token_return(&tokens[session->token], session->real, CKR_FUNCTION_CANCELED);
    free(session->found);
    free(session);
}

void sr_client_leave(struct sr_client *client, struct sr_token *tokens)
{
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
            free_session(client->sessions.at[i], tokens);
    for (size_t i = 0; i < client->handles.count; i++)
        sr_object_release(client->handles.at[i]);
    free(client->sessions.at);
    free(client->handles.at);
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
    (void)pthread_mutex_lock(&client->lock);
    *handle = put(&client->sessions, session, SESSIONS_MAX);
    (void)pthread_mutex_unlock(&client->lock);
    if (*handle == 0) {
        free(session);
        return CKR_SESSION_COUNT;
    }
    return CKR_OK;
}

CK_RV sr_client_close(struct sr_client *client, struct sr_token *tokens, CK_SESSION_HANDLE handle)
{
    struct sr_client_session *session;
    CK_RV rv = sr_client_take(client, handle, &session);
    if (rv != CKR_OK)
        return rv;
    (void)pthread_mutex_lock(&client->lock);
    (void)remove_at(&client->sessions, handle);
    (void)pthread_mutex_unlock(&client->lock);
    destroy_owned(client, handle);
    free_session(session, tokens);
    return CKR_OK;
}

CK_RV sr_client_view(struct sr_client *client, CK_SESSION_HANDLE handle, struct sr_session_view *view)
{
    (void)pthread_mutex_lock(&client->lock);
    const struct sr_client_session *session = get(&client->sessions, handle);
    if (session != NULL) {
        view->token = session->token;
        view->flags = session->flags;
        view->logged_out = client->logged_out;
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
    for (size_t i = 0; handle == 0 && i < client->handles.count; i++)
        if (client->handles.at[i] == object)
            handle = i + 1;
    bool had = handle != 0;
    if (!had)
        handle = put(&client->handles, object, HANDLES_MAX);
    (void)pthread_mutex_unlock(&client->lock);
    if (had || handle == 0)
        sr_object_release(object);
    return handle;
}

bool sr_client_sees(const struct sr_client *client, bool logged_out, const struct sr_token_object *object)
{
    if (object->owner != NULL && object->owner != client)
        return false;
    return !logged_out || !(object->card.flags & SR_CARD_PRIVATE);
}

struct sr_token_object *sr_client_object(struct sr_client *client, struct sr_token *token,
                                         CK_OBJECT_HANDLE handle)
{
    (void)pthread_mutex_lock(&client->lock);
    struct sr_token_object *object = get(&client->handles, handle);
    if (object != NULL && (object->token != token || !sr_client_sees(client, client->logged_out, object)))
        object = NULL;
    if (object != NULL)
        atomic_fetch_add(&object->refs, 1);
    (void)pthread_mutex_unlock(&client->lock);
    if (object != NULL && sr_object_again(object) != CKR_OK) {
        sr_recover_note_lost_object();
        sr_object_release(object);
        object = NULL;
    }
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
}
