/* What time brings to families: session families that are due rotate, versions whose grace is over are
 * destroyed.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "jobs/copies.h"
#include "jobs/family.h"

#include <stdlib.h>
#include <string.h>

#define JUMP_S 86400
#define CLOCK_S 600             /* how often the time is written down */
#define HOLD_MS (3600LL * 1000) /* after a jump: time to set the clock right before anything is destroyed */

static const struct sr_operator strongroomd = {.uid = -1};

/* How far the wall clock has run ahead since the last tick: of the monotonic clock, or, where an earlier run
 * of strongroomd made it, of what that one wrote down. */
static enum sr_job_result look_at_clock(struct sr_jobs *jobs, long long now, long long *ahead,
                                        struct sr_why *why)
{
    long long mono = sr_mono_ms();
    enum sr_job_result result = SR_JOB_OK;

    if (jobs->ticked == 0) {
        result = sr_registry_begin(jobs->registry, false, why);
        if (result == SR_JOB_OK)
            result = sr_registry_end(jobs->registry,
                                     sr_registry_clock(jobs->registry, &jobs->clock_written, why), why);
        *ahead = jobs->clock_written != 0 ? now - jobs->clock_written : 0;
    } else {
        *ahead = now - jobs->ticked - (mono - jobs->ticked_mono) / 1000;
    }
    if (result == SR_JOB_OK) {
        jobs->ticked = now;
        jobs->ticked_mono = mono;
    }
    return result;
}

/* Writes the time down, from time to time: not while it is in doubt. */
static enum sr_job_result keep_clock(struct sr_jobs *jobs, long long now, struct sr_why *why)
{
    if (now - jobs->clock_written < CLOCK_S && now >= jobs->clock_written)
        return SR_JOB_OK;
    enum sr_job_result result = sr_registry_begin(jobs->registry, true, why);
    if (result == SR_JOB_OK)
        result = sr_registry_end(jobs->registry, sr_registry_put_clock(jobs->registry, now, why), why);
    if (result == SR_JOB_OK)
        jobs->clock_written = now;
    return result;
}

/* Is the clock in doubt? Then nothing is done for an hour. */
static bool clock_holds(struct sr_jobs *jobs, long long ahead, struct sr_why *report)
{
    if (ahead > JUMP_S) {
        jobs->hold_until = sr_mono_ms() + HOLD_MS;
        jobs->jump_h = ahead / 3600;
    } else if (ahead < -JUMP_S) {
        jobs->hold_until = 0; /* it was set right */
    }
    if (sr_mono_ms() >= jobs->hold_until)
        return false;
    sr_why_set(
        report,
        "the clock has jumped forward by %lld hours, or strongroomd was stopped for so long: no family "
        "rotates and no key is destroyed for an hour; set the clock right if it is wrong",
        jobs->jump_h);
    return true;
}

/* Ends the versions whose time is over; ENDED for all that should be gone: revoked ones and unfinished ones
 * too. */
static enum sr_job_result end_versions(struct sr_jobs *jobs, const struct sr_bench *bench,
                                       struct sr_state *state, long long now, struct sr_why *why)
{
    const struct sr_family_name *name = &state->family.name;
    enum sr_job_result result = SR_JOB_OK;

    for (size_t i = 0; i < state->count && result == SR_JOB_OK; i++) {
        struct sr_version *v = &state->versions[i];
        struct sr_event event = {.time = now,
                                 .family = *name,
                                 .operation = "expire",
                                 .version = v->number,
                                 .operator_uid = strongroomd.uid,
                                 .success = true};
        bool over = v->state == SR_VERSION_OLD && sr_role_expires(name) && now >= v->retires;
        if (over) {
            v->state = SR_VERSION_ENDING;
            result = sr_state_put(jobs, name, v, 1, NULL, why);
        }
        bool revoked = v->state == SR_VERSION_REVOKED && sr_role_expires(name);
        if (result == SR_JOB_OK &&
            (v->state == SR_VERSION_ENDING || revoked || v->state == SR_VERSION_MAKING))
            result = sr_version_end(jobs, bench, name, v, over ? &event : NULL, why);
    }
    return result;
}

static enum sr_job_result tick_family(struct sr_jobs *jobs, const struct sr_bench *bench,
                                      const struct sr_family_name *name, struct sr_why *why)
{
    struct sr_state state;
    unsigned long version;
    long long now = sr_job_now();

    (void)pthread_mutex_lock(&jobs->change);
    enum sr_job_result result = sr_state_read(jobs, name, &state, why);
    if (result == SR_JOB_OK)
        result = end_versions(jobs, bench, &state, now, why);
    long long due = result == SR_JOB_OK ? sr_state_due(&state) : 0;
    unsigned long current = due != 0 ? state.current->number : 0;
    sr_state_free(&state);
    (void)pthread_mutex_unlock(&jobs->change);
    if (due != 0 && now >= due && sr_role_expires(name))
        result = sr_family_rotate(jobs, bench, name, current, false, &strongroomd, &version, why);
    return result;
}

enum sr_job_result sr_family_tick(struct sr_jobs *jobs, const struct sr_bench *bench, struct sr_why *report)
{
    struct sr_family *families;
    size_t count;

    long long now = sr_job_now();
    long long ahead;

    report->text[0] = '\0';
    if (jobs->copies != NULL)
        sr_copies_tidy(jobs->copies);
    enum sr_job_result result = look_at_clock(jobs, now, &ahead, report);
    if (result != SR_JOB_OK || clock_holds(jobs, ahead, report))
        return result;
    result = keep_clock(jobs, now, report);
    if (result != SR_JOB_OK)
        return result;
    result = sr_registry_begin(jobs->registry, false, report);
    if (result != SR_JOB_OK)
        return result;
    result = sr_registry_families(jobs->registry, &families, &count, report);
    result = sr_registry_end(jobs->registry, result, report);
    if (result != SR_JOB_OK)
        return result;
    /* One family's trouble is not the others'. */
    for (size_t i = 0; i < count; i++) {
        struct sr_why why;
        enum sr_job_result one = tick_family(jobs, bench, &families[i].name, &why);
        if (one == SR_JOB_OK)
            continue;
        result = one;
        sr_why_set(report, "%s:%s: %s", families[i].name.role, families[i].name.name, why.text);
    }
    free(families);
    return result;
}

bool sr_family_tell(struct sr_jobs *jobs, struct sr_event *event)
{
    return sr_changes_next(&jobs->changes, event);
}

void sr_family_told(struct sr_jobs *jobs)
{
    sr_changes_drop(&jobs->changes);
}
