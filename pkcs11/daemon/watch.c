/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/watch.h"
#include "daemon/recover.h"
#include "wire/channel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PERIOD_MS 1000
#define STACK_SIZE ((size_t)256 << 10) /* for a module's login */

struct one {
    struct sr_watch *watch;
    struct sr_token *token;
    pthread_t thread;
};

struct sr_watch {
    pthread_mutex_t lock; /* for the next two */
    pthread_cond_t changed;
    bool stop;
    size_t running;
    size_t count;
    struct one each[];
};

static void look_after(struct sr_token *token)
{
    if (sr_token_hold(token) != CKR_OK) /* it is away, and was looked for */
        return;
    (void)sr_recover_probe(token);
    sr_facts_refresh(&token->facts, token->module.f, token->slot);
    sr_token_let_go(token, CKR_OK);
}

static bool wait_until(struct sr_watch *watch, long long until)
{
    struct timespec t = {.tv_sec = (time_t)(until / 1000), .tv_nsec = (long)(until % 1000) * 1000000L};
    return pthread_cond_timedwait(&watch->changed, &watch->lock, &t) == 0;
}

static void *run(void *arg)
{
    const struct one *one = arg;
    struct sr_watch *watch = one->watch;

    (void)pthread_mutex_lock(&watch->lock);
    while (!watch->stop) {
        long long until = sr_now_ms() + PERIOD_MS;
        while (!watch->stop && wait_until(watch, until))
            ;
        if (watch->stop)
            break;
        (void)pthread_mutex_unlock(&watch->lock);
        look_after(one->token);
        (void)pthread_mutex_lock(&watch->lock);
    }
    watch->running--;
    (void)pthread_cond_broadcast(&watch->changed);
    (void)pthread_mutex_unlock(&watch->lock);
    return NULL;
}

static int start(struct sr_watch *watch, struct sr_token *token)
{
    struct one *one = &watch->each[watch->count];
    pthread_attr_t attributes;

    *one = (struct one){.watch = watch, .token = token};
    int error = pthread_attr_init(&attributes);
    if (error != 0)
        return error;
    (void)pthread_attr_setstacksize(&attributes, STACK_SIZE);
    (void)pthread_mutex_lock(&watch->lock);
    error = pthread_create(&one->thread, &attributes, run, one);
    if (error == 0) {
        watch->running++;
        watch->count++;
    }
    (void)pthread_mutex_unlock(&watch->lock);
    (void)pthread_attr_destroy(&attributes);
    return error;
}

struct sr_watch *sr_watch_start(struct sr_token *tokens, size_t count, struct sr_why *why)
{
    struct sr_watch *watch = calloc(1, sizeof(*watch) + count * sizeof(watch->each[0]));
    pthread_condattr_t attributes;
    int error = ENOMEM;

    if (watch != NULL) {
        (void)pthread_mutex_init(&watch->lock, NULL); /* cannot fail with default attributes, as the others */
        (void)pthread_condattr_init(&attributes);
        (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
        (void)pthread_cond_init(&watch->changed, &attributes);
        (void)pthread_condattr_destroy(&attributes);
        error = 0;
        for (size_t i = 0; i < count && error == 0; i++)
            error = start(watch, &tokens[i]);
    }
    if (error == 0)
        return watch;
    sr_why_set(why, "no thread that looks after a token: %s", strerror(error));
    (void)sr_watch_stop(watch, PERIOD_MS);
    return NULL;
}

bool sr_watch_stop(struct sr_watch *watch, long long wait_ms)
{
    if (watch == NULL)
        return true;
    long long until = sr_now_ms() + wait_ms;
    (void)pthread_mutex_lock(&watch->lock);
    watch->stop = true;
    (void)pthread_cond_broadcast(&watch->changed);
    while (watch->running > 0 && sr_now_ms() < until)
        (void)wait_until(watch, until);
    bool ended = watch->running == 0;
    (void)pthread_mutex_unlock(&watch->lock);
    for (size_t i = 0; i < watch->count; i++) {
        if (ended)
            (void)pthread_join(watch->each[i].thread, NULL);
        else
            (void)pthread_detach(watch->each[i].thread);
    }
    if (!ended)
        return false;
    (void)pthread_cond_destroy(&watch->changed);
    (void)pthread_mutex_destroy(&watch->lock);
    free(watch);
    return true;
}
