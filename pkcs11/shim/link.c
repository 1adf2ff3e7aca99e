/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/link.h"
#include "shim/explain.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A call that may take a token a minute: making an RSA key. */
#define SLOW_MS 60000
/* After a time-out the daemon may hang. An event loop must not stand still for the whole time at each
 * handshake, so calls get little until one has succeeded, or until the daemon deserves another full try. */
#define SUSPECT_PATIENCE_MS 500
#define SUSPECT_FOR_MS 30000
#define RETRY_MIN_MS 20
#define RETRY_MAX_MS 100

/* For the next two, and changes of the generation. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char path[SR_SOCKET_MAX] = SR_SOCKET_DEFAULT;
static unsigned char client[SR_CLIENT_ID]; /* all zeros: none yet */
static atomic_long timeout_ms;
static atomic_long reconnect_ms;
static _Atomic(struct sr_connection *) all; /* never freed: a child must find every descriptor */
static _Thread_local struct sr_connection *last_used;
static _Atomic unsigned long generation = 1;
static atomic_bool reached; /* by this process, or by the one that it was forked from */
static _Atomic long long suspect_until;

void sr_link_configure(const struct sr_options *o)
{
    (void)pthread_mutex_lock(&lock);
    memcpy(path, o->socket, sizeof(path));
    (void)pthread_mutex_unlock(&lock);
    atomic_store(&timeout_ms, o->timeout_ms);
    atomic_store(&reconnect_ms, o->reconnect_ms);
}

unsigned long sr_link_generation(void)
{
    return atomic_load(&generation);
}

static bool suspect(void)
{
    long long until = atomic_load(&suspect_until);
    return until != 0 && sr_now_ms() < until;
}

static void suspect_now(void)
{
    if (!suspect())
        atomic_store(&suspect_until, sr_now_ms() + SUSPECT_FOR_MS);
}

static long patience(long ms)
{
    return ms > SUSPECT_PATIENCE_MS && suspect() ? SUSPECT_PATIENCE_MS : ms;
}

static bool claim(struct sr_connection *c)
{
    bool idle = false;
    return atomic_compare_exchange_strong(&c->busy, &idle, true);
}

static struct sr_connection *new_connection(void)
{
    struct sr_connection *c = calloc(1, sizeof(*c));
    if (c == NULL)
        return NULL;
    c->channel = SR_CHANNEL_CLOSED;
    atomic_store(&c->busy, true);
    c->before = atomic_load(&all);
    while (!atomic_compare_exchange_weak(&all, &c->before, c))
        ;
    return c;
}

/* The connection that this thread used last, else any that is idle, else a new one; it may be closed. A
 * thread that keeps its connection keeps the daemon's thread behind it, which expects its pace. */
static struct sr_connection *take_any(void)
{
    struct sr_connection *c = last_used;
    if (c == NULL || !claim(c)) {
        c = atomic_load(&all);
        while (c != NULL && !claim(c))
            c = c->before;
        if (c == NULL)
            c = new_connection();
        last_used = c;
    }
    if (c != NULL && c->generation != sr_link_generation())
        sr_channel_close(&c->channel);
    return c;
}

static void put(struct sr_connection *c)
{
    if (c->generation != sr_link_generation())
        sr_channel_close(&c->channel);
    atomic_store(&c->busy, false);
}

/* Connects and joins the client, or becomes a new one. Other threads may do the same meanwhile, without a
 * lock: the first of them that becomes a new client wins, and the others join that one. */
static enum sr_channel_status join(struct sr_connection *c, long long deadline)
{
    for (;;) {
        char where[SR_SOCKET_MAX];
        unsigned char id[SR_CLIENT_ID];
        bool joined;

        (void)pthread_mutex_lock(&lock);
        memcpy(where, path, sizeof(where));
        memcpy(id, client, sizeof(id));
        unsigned long from = atomic_load(&generation);
        (void)pthread_mutex_unlock(&lock);
        enum sr_channel_status status = sr_channel_open(&c->channel, where, id, &joined, deadline);
        if (status != SR_CHANNEL_OK)
            return status;
        (void)pthread_mutex_lock(&lock);
        bool current = from == atomic_load(&generation);
        if (current && !joined) {
            memcpy(client, id, sizeof(client));
            atomic_store(&generation, from + 1);
            from++;
        }
        (void)pthread_mutex_unlock(&lock);
        if (current) {
            c->generation = from;
            atomic_store(&reached, true);
            return SR_CHANNEL_OK;
        }
        sr_channel_close(&c->channel);
    }
}

static void nap(long ms)
{
    struct timespec t = {.tv_nsec = ms * 1000000};
    (void)nanosleep(&t, NULL);
}

/* Joins, and where the daemon is away tries again until its time is over. */
static CK_RV connect_patiently(struct sr_connection *c, bool wait)
{
    long long give_up = sr_now_ms() + (wait ? patience(atomic_load(&reconnect_ms)) : 0);
    long ms = RETRY_MIN_MS;
    for (;;) {
        enum sr_channel_status status = join(c, sr_now_ms() + patience(atomic_load(&timeout_ms)));
        if (status == SR_CHANNEL_OK)
            return CKR_OK;
        sr_say("%s", c->channel.why);
        if (status == SR_CHANNEL_REFUSED || (status == SR_CHANNEL_ABSENT && !atomic_load(&reached)))
            return CKR_TOKEN_NOT_PRESENT;
        if (status == SR_CHANNEL_TIMEOUT || sr_now_ms() + ms > give_up) {
            if (wait)
                suspect_now();
            return CKR_DEVICE_ERROR;
        }
        nap(ms);
        ms = ms * 2 < RETRY_MAX_MS ? ms * 2 : RETRY_MAX_MS;
    }
}

CK_RV sr_link_take(struct sr_connection **connection, bool wait, bool alive)
{
    struct sr_connection *c;
    for (;;) {
        c = take_any();
        if (c == NULL) {
            sr_say("out of memory for another connection to strongroomd");
            return CKR_HOST_MEMORY;
        }
        if (c->channel.fd < 0)
            break;
        if (!alive || sr_channel_alive(&c->channel)) {
            *connection = c;
            return CKR_OK;
        }
        sr_channel_close(&c->channel);
        put(c);
    }
    CK_RV rv = connect_patiently(c, wait);
    if (rv != CKR_OK) {
        put(c);
        c = NULL;
    }
    *connection = c;
    return rv;
}

static long long deadline_of(enum sr_call call)
{
    return sr_now_ms() + (sr_call_row(call)->slow ? SLOW_MS : patience(atomic_load(&timeout_ms)));
}

static enum sr_channel_status learn(enum sr_channel_status status)
{
    if (status == SR_CHANNEL_TIMEOUT)
        suspect_now();
    else if (status == SR_CHANNEL_OK && atomic_load(&suspect_until) != 0)
        atomic_store(&suspect_until, 0);
    return status;
}

enum sr_channel_status sr_link_call(struct sr_connection *c, enum sr_call call, const void *request,
                                    void *reply, CK_RV *rv)
{
    return learn(sr_channel_call(&c->channel, call, request, reply, deadline_of(call), rv));
}

enum sr_channel_status sr_link_send(struct sr_connection *c, enum sr_call call, const void *request,
                                    CK_RV *rv)
{
    return learn(sr_channel_send(&c->channel, call, request, deadline_of(call), rv));
}

enum sr_channel_status sr_link_receive(struct sr_connection *c, enum sr_call call, void *reply, CK_RV *rv)
{
    return learn(sr_channel_receive(&c->channel, call, reply, deadline_of(call), rv));
}

enum sr_channel_status sr_link_buffer(struct sr_connection *c, CK_RV *rv)
{
    return sr_channel_buffer(&c->channel, sr_now_ms() + patience(atomic_load(&timeout_ms)), rv);
}

void sr_link_give(struct sr_connection *c)
{
    put(c);
}

/* Closes the idle connections, or only those that are dead. */
static void close_idle(bool dead_only)
{
    for (struct sr_connection *c = atomic_load(&all); c != NULL; c = c->before) {
        if (!claim(c))
            continue;
        if (!dead_only || !sr_channel_alive(&c->channel))
            sr_channel_close(&c->channel);
        atomic_store(&c->busy, false);
    }
}

void sr_link_drop(struct sr_connection *c)
{
    sr_channel_close(&c->channel);
    put(c);
    close_idle(true);
}

void sr_link_end(void)
{
    (void)pthread_mutex_lock(&lock);
    /* What other threads still use is closed when they give it back. */
    atomic_fetch_add(&generation, 1);
    memset(client, 0, sizeof(client));
    (void)pthread_mutex_unlock(&lock);
    close_idle(false);
}

void sr_link_after_fork(void)
{
    (void)pthread_mutex_init(&lock, NULL);
    atomic_fetch_add(&generation, 1);
    memset(client, 0, sizeof(client));
    for (struct sr_connection *c = atomic_load(&all); c != NULL; c = c->before) {
        if (atomic_load(&c->busy)) {
            sr_channel_abandon(&c->channel);
        } else {
            sr_channel_close(&c->channel);
        }
        atomic_store(&c->busy, false);
    }
}
