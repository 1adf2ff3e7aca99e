/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/tick.h"

#include "cryptoki/names.h"
#include "daemon/audit_call.h"
#include "daemon/recover.h"
#include "jobs/data.h"
#include "jobs/totp.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PERIOD_MS 2000

struct sr_tick {
    struct sr_daemon *daemon;
    pthread_t thread;
    pthread_mutex_t lock; /* for the two flags */
    pthread_cond_t changed;
    bool stop;
    bool stopped;
    struct sr_why said; /* the last report, so that it is logged once; the thread's own */
};

static struct timespec in_ms(long long ms)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += (time_t)(ms / 1000);
    t.tv_nsec += (long)(ms % 1000) * 1000000L;
    if (t.tv_nsec >= 1000000000L) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000L;
    }
    return t;
}

static void work(struct sr_tick *tick, struct sr_why *report)
{
    struct sr_token *token = tick->daemon->jobs_token;
    struct sr_bench bench = {.f = token->module.f};

    CK_RV rv = sr_token_borrow(token, &bench.session);
    if (rv != CKR_OK) {
        sr_why_set(report, "families are not looked after: no session with the token \"%s\": %s",
                   token->config->label, sr_rv_name(rv));
        return;
    }
    if (!sr_recover_probe(token)) { /* one that was logged out shows no keys */
        sr_token_return(token, bench.session, CKR_DEVICE_ERROR);
        return;
    }
    bench.slot = token->slot; /* steady only now */
    sr_data_tick(tick->daemon->jobs);
    enum sr_job_result result = sr_family_tick(tick->daemon->jobs, &bench, report);
    struct sr_why second = {""};
    enum sr_job_result totp = sr_totp_tick(tick->daemon->jobs, &bench, &second);
    if (totp != SR_JOB_OK && result == SR_JOB_OK) {
        result = totp;
        *report = second;
    }
    sr_token_return(token, bench.session, result == SR_JOB_FAILED ? CKR_FUNCTION_FAILED : CKR_OK);
    sr_audit_changes(tick->daemon);
    if (result != SR_JOB_OK && report->text[0] == '\0')
        sr_why_set(report, "families are not looked after (error %d)", (int)result);
}

static void *run(void *arg)
{
    struct sr_tick *tick = arg;

    (void)pthread_mutex_lock(&tick->lock);
    while (!tick->stop) {
        struct sr_why report = {""};
        (void)pthread_mutex_unlock(&tick->lock);
        work(tick, &report);
        if (report.text[0] != '\0' && strcmp(report.text, tick->said.text) != 0)
            sr_log(SR_LOG_WARNING, "%s", report.text);
        tick->said = report;
        (void)pthread_mutex_lock(&tick->lock);

        struct timespec until = in_ms(PERIOD_MS);
        int waited = 0;
        while (!tick->stop && waited == 0)
            waited = pthread_cond_timedwait(&tick->changed, &tick->lock, &until);
    }
    tick->stopped = true;
    (void)pthread_cond_broadcast(&tick->changed);
    (void)pthread_mutex_unlock(&tick->lock);
    return NULL;
}

static bool prepare(struct sr_tick *tick)
{
    pthread_condattr_t attributes;
    if (pthread_condattr_init(&attributes) != 0)
        return false;
    /* The wall clock may jump. */
    bool ok = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 &&
              pthread_cond_init(&tick->changed, &attributes) == 0;
    (void)pthread_condattr_destroy(&attributes);
    (void)pthread_mutex_init(&tick->lock, NULL); /* cannot fail with default attributes */
    return ok;
}

struct sr_tick *sr_tick_start(struct sr_daemon *daemon, struct sr_why *why)
{
    struct sr_tick *tick = calloc(1, sizeof(*tick));
    int error = ENOMEM;

    if (tick != NULL && prepare(tick)) {
        tick->daemon = daemon;
        error = pthread_create(&tick->thread, NULL, run, tick);
    }
    if (error != 0) {
        sr_why_set(why, "no thread that looks after the families: %s", strerror(error));
        free(tick);
        return NULL;
    }
    return tick;
}

bool sr_tick_stop(struct sr_tick *tick, long long wait_ms)
{
    if (tick == NULL)
        return true;
    struct timespec until = in_ms(wait_ms);
    int waited = 0;
    (void)pthread_mutex_lock(&tick->lock);
    tick->stop = true;
    (void)pthread_cond_broadcast(&tick->changed);
    while (!tick->stopped && waited == 0)
        waited = pthread_cond_timedwait(&tick->changed, &tick->lock, &until);
    bool stopped = tick->stopped;
    (void)pthread_mutex_unlock(&tick->lock);
    if (!stopped) {
        (void)pthread_detach(tick->thread);
        return false;
    }
    (void)pthread_join(tick->thread, NULL);
    (void)pthread_cond_destroy(&tick->changed);
    (void)pthread_mutex_destroy(&tick->lock);
    free(tick);
    return true;
}
