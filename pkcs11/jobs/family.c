/* Families: made, rotated, revoked, and their old versions destroyed.
 *
 * A version is written down as being in the making before its first key is made, and as not to be used any
 * more before its first key is destroyed: whenever strongroomd is killed, what it finds next time tells what
 * is left to do.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "jobs/family.h"

#include <stdio.h>
#include <string.h>

#define SECONDS_MAX (100LL * 366 * 86400)

static struct sr_event event_of(const struct sr_family_name *name, const char *operation,
                                const struct sr_operator *who)
{
    struct sr_event event = {.time = sr_job_now(),
                             .family = *name,
                             .operator_uid = who->uid,
                             .dry_run = who->dry_run,
                             .success = true};
    (void)snprintf(event.operation, sizeof(event.operation), "%s", operation);
    return event;
}

/* Writes down what failed; what it was matters more to the caller than whether this fails as well. */
static void note_failure(struct sr_jobs *jobs, struct sr_event *event)
{
    event->success = false;
    (void)sr_state_put(jobs, &event->family, NULL, 0, event, NULL);
}

static enum sr_job_result check_new(const struct sr_family_name *family, long long rotate_s,
                                    long long grace_s, struct sr_why *why)
{
    if (rotate_s < 0 || rotate_s > SECONDS_MAX || grace_s < 0 || grace_s > SECONDS_MAX) {
        sr_why_set(why, "%s:%s: a family rotates, and its versions retire, within 100 years", family->role,
                   family->name);
        return SR_JOB_INVALID;
    }
    return SR_JOB_OK;
}

/* The row of a family that is not there, or was never finished. */
static enum sr_job_result put_new(struct sr_jobs *jobs, const struct sr_family *family, struct sr_why *why)
{
    struct sr_state state;
    enum sr_job_result result = sr_state_read(jobs, &family->name, &state, why);
    bool there = result == SR_JOB_OK && state.current != NULL;
    sr_state_free(&state);
    if (there) {
        sr_why_set(why, "%s:%s is there already; \"strongroom family rotate\" makes a new version",
                   family->name.role, family->name.name);
        return SR_JOB_EXISTS;
    }
    if (result != SR_JOB_OK && result != SR_JOB_NOT_FOUND)
        return result;
    result = sr_registry_begin(jobs->registry, true, why);
    if (result != SR_JOB_OK)
        return result;
    result = sr_registry_put_family(jobs->registry, family, why);
    return sr_registry_end(jobs->registry, result, why);
}

enum sr_job_result sr_family_create(struct sr_jobs *jobs, const struct sr_bench *bench,
                                    const struct sr_family_name *family, long long rotate_s,
                                    long long grace_s, const struct sr_operator *who, struct sr_why *why)
{
    struct sr_event event = event_of(family, "create", who);
    struct sr_family row = {.name = *family, .created = event.time, .rotate_s = rotate_s, .grace_s = grace_s};
    struct sr_state state = {0};

    enum sr_job_result result = check_new(family, rotate_s, grace_s, why);
    if (result != SR_JOB_OK)
        return result;
    (void)pthread_mutex_lock(&jobs->change);
    result = put_new(jobs, &row, why);
    if (result != SR_JOB_OK)
        goto out;
    result = sr_state_read(jobs, family, &state, why);
    event.version = state.newest + 1;
    if (result == SR_JOB_OK)
        result = sr_family_next(jobs, bench, &state, false, &event, why);
    if (result != SR_JOB_OK)
        note_failure(jobs, &event);
    sr_state_free(&state);
out:
    (void)pthread_mutex_unlock(&jobs->change);
    return result;
}

/* Reads a family that can be changed. */
static enum sr_job_result read_current(struct sr_jobs *jobs, const struct sr_family_name *family,
                                       struct sr_state *state, struct sr_why *why)
{
    enum sr_job_result result = sr_state_read(jobs, family, state, why);
    if (result == SR_JOB_OK && state->current == NULL) {
        sr_why_set(why, "%s:%s was never finished: create it once more", family->role, family->name);
        result = SR_JOB_REFUSED;
    }
    return result;
}

static enum sr_job_result check_due(const struct sr_state *state, long long now, struct sr_why *why)
{
    const struct sr_family_name *name = &state->family.name;
    long long due = sr_state_due(state);
    char when[SR_TIME_SIZE];

    if (due == 0) {
        sr_why_set(why, "%s:%s does not rotate by itself; --force rotates it now", name->role, name->name);
        return SR_JOB_REFUSED;
    }
    if (now < due) {
        sr_time_text(due, when);
        sr_why_set(why, "%s:%s is not due before %s; --force rotates it now", name->role, name->name, when);
        return SR_JOB_REFUSED;
    }
    return SR_JOB_OK;
}

enum sr_job_result sr_family_rotate(struct sr_jobs *jobs, const struct sr_bench *bench,
                                    const struct sr_family_name *family, unsigned long seen, bool force,
                                    const struct sr_operator *who, unsigned long *version, struct sr_why *why)
{
    struct sr_event event = event_of(family, "rotate", who);
    struct sr_state state;

    (void)pthread_mutex_lock(&jobs->change);
    enum sr_job_result result = read_current(jobs, family, &state, why);
    if (result != SR_JOB_OK)
        goto out;
    *version = state.current->number;
    if (seen != 0 && seen < state.current->number)
        goto out; /* somebody else was first */
    event.version = state.newest + 1;
    result = force ? SR_JOB_OK : check_due(&state, event.time, why);
    if (result != SR_JOB_OK)
        goto out;
    result = who->dry_run ? sr_state_put(jobs, family, NULL, 0, &event, why)
                          : sr_family_next(jobs, bench, &state, false, &event, why);
    if (result == SR_JOB_OK)
        *version = event.version;
    else
        note_failure(jobs, &event);
out:
    sr_state_free(&state);
    (void)pthread_mutex_unlock(&jobs->change);
    return result;
}

enum sr_job_result sr_family_revoke(struct sr_jobs *jobs, const struct sr_bench *bench,
                                    const struct sr_family_name *family, const struct sr_operator *who,
                                    unsigned long *version, struct sr_why *why)
{
    struct sr_event event = event_of(family, "revoke", who);
    struct sr_state state;

    (void)pthread_mutex_lock(&jobs->change);
    enum sr_job_result result = read_current(jobs, family, &state, why);
    if (result != SR_JOB_OK)
        goto out;
    event.version = state.current->number;
    *version = state.newest + 1;
    result = sr_family_next(jobs, bench, &state, true, &event, why);
    if (result != SR_JOB_OK)
        note_failure(jobs, &event);
    else if (sr_role_expires(family))
        result = sr_version_end(jobs, bench, family, state.current, NULL, why);
out:
    sr_state_free(&state);
    (void)pthread_mutex_unlock(&jobs->change);
    return result;
}

static enum sr_job_result check_destroyable(const struct sr_state *state, unsigned long number,
                                            struct sr_version **version, struct sr_why *why)
{
    const struct sr_family_name *name = &state->family.name;
    *version = NULL;
    for (size_t i = 0; i < state->count; i++)
        if (state->versions[i].number == number)
            *version = &state->versions[i];
    if (*version == NULL) {
        sr_why_set(why, "%s:%s has no version %lu", name->role, name->name, number);
        return SR_JOB_NOT_FOUND;
    }
    if ((*version)->state == SR_VERSION_CURRENT) {
        sr_why_set(why, "%s:%s:%lu is the current version: rotate first, or revoke it if it is compromised",
                   name->role, name->name, number);
        return SR_JOB_REFUSED;
    }
    if ((*version)->state == SR_VERSION_DESTROYED) {
        sr_why_set(why, "%s:%s:%lu is destroyed already", name->role, name->name, number);
        return SR_JOB_REFUSED;
    }
    return SR_JOB_OK;
}

/* Nothing that the registry knows of is to be lost unasked. */
static enum sr_job_result check_empty(struct sr_jobs *jobs, const struct sr_family_name *family,
                                      unsigned long number, struct sr_why *why)
{
    size_t count;
    enum sr_job_result result = sr_state_data_under(jobs, family, number, &count, why);
    if (result != SR_JOB_OK || count == 0)
        return result;
    /* Values are where the application keeps them: nobody else can tell whether all have gone over. */
    if (strcmp(family->role, "data") == 0)
        sr_why_set(why,
                   "%s:%s:%lu still protects data keys that were used (%zu): bring their values over to the "
                   "current version with \"strongroom data rewrap\"; then --force destroys it, and what was "
                   "left behind is lost for ever",
                   family->role, family->name, number, count);
    else
        sr_why_set(
            why,
            "%s:%s:%lu still protects %s (%zu), which would be lost for ever: \"strongroom %s rewrap\" "
            "brings them over to the current version; --force destroys it all the same",
            family->role, family->name, number,
            strcmp(family->role, "totp") == 0 ? "users' seeds" : "backups", count, family->role);
    return SR_JOB_REFUSED;
}

enum sr_job_result sr_family_destroy(struct sr_jobs *jobs, const struct sr_bench *bench,
                                     const struct sr_family_name *family, unsigned long number, bool force,
                                     const struct sr_operator *who, struct sr_why *why)
{
    struct sr_event event = event_of(family, "destroy", who);
    struct sr_version *version;
    struct sr_state state;

    event.version = number;
    (void)pthread_mutex_lock(&jobs->change);
    enum sr_job_result result = sr_state_read(jobs, family, &state, why);
    if (result == SR_JOB_OK)
        result = check_destroyable(&state, number, &version, why);
    if (result == SR_JOB_OK && !force)
        result = check_empty(jobs, family, number, why);
    if (result != SR_JOB_OK)
        goto out;
    version->state = SR_VERSION_ENDING;
    result = sr_state_put(jobs, family, version, 1, NULL, why);
    if (result == SR_JOB_OK)
        result = sr_version_end(jobs, bench, family, version, &event, why);
    if (result != SR_JOB_OK)
        note_failure(jobs, &event);
out:
    sr_state_free(&state);
    (void)pthread_mutex_unlock(&jobs->change);
    return result;
}
