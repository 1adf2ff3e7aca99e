/* What time brings to families: session families that are due rotate, versions whose grace is over are
 * destroyed.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "jobs/family.h"

#include <stdlib.h>
#include <string.h>

#define JUMP_S 86400
#define HOLD_MS (3600LL * 1000) /* after a jump: time to set the clock right before anything is destroyed */

static const struct sr_operator strongroomd = {.uid = -1};

/* Has the wall clock run ahead of the monotonic one? Then nothing is done for an hour. */
static bool clock_holds(struct sr_jobs *jobs, long long now, struct sr_why *report)
{
    long long mono = sr_mono_ms();
    long long ahead = jobs->ticked != 0 ? now - jobs->ticked - (mono - jobs->ticked_mono) / 1000 : 0;

    jobs->ticked = now;
    jobs->ticked_mono = mono;
    if (ahead > JUMP_S) {
        jobs->hold_until = mono + HOLD_MS;
        sr_why_set(report,
                   "the clock has jumped forward by %lld hours: no family rotates and no key is destroyed "
                   "for an hour; set the clock right if it is wrong",
                   ahead / 3600);
    } else if (ahead < -JUMP_S) {
        jobs->hold_until = 0; /* it was set right */
    }
    return mono < jobs->hold_until;
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

    report->text[0] = '\0';
    if (clock_holds(jobs, sr_job_now(), report))
        return SR_JOB_OK;
    enum sr_job_result result = sr_registry_begin(jobs->registry, false, report);
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
