/* A family at a moment, and its changes.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "jobs/data_rows.h"
#include "jobs/family.h"
#include "jobs/inventory.h"
#include "jobs/totp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

long long sr_mono_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* FNV-1a; families are made by administrators. */
size_t sr_family_bucket(const struct sr_family_name *name)
{
    uint32_t hash = 2166136261U;
    for (const char *c = name->role; *c != '\0'; c++)
        hash = (hash ^ (unsigned char)*c) * 16777619U;
    for (const char *c = name->name; *c != '\0'; c++)
        hash = (hash ^ (unsigned char)*c) * 16777619U;
    return hash % SR_FAMILY_BUCKETS;
}

void sr_time_text(long long time, char text[SR_TIME_SIZE])
{
    time_t t = (time_t)time;
    struct tm tm;
    if (gmtime_r(&t, &tm) == NULL || strftime(text, SR_TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        (void)snprintf(text, SR_TIME_SIZE, "%lld", time);
}

enum sr_job_result sr_state_read(struct sr_jobs *jobs, const struct sr_family_name *name,
                                 struct sr_state *state, struct sr_why *why)
{
    memset(state, 0, sizeof(*state));
    enum sr_job_result result = sr_registry_begin(jobs->registry, false, why);
    if (result != SR_JOB_OK)
        return result;
    result = sr_registry_family(jobs->registry, name, &state->family, why);
    if (result == SR_JOB_OK)
        result = sr_registry_versions(jobs->registry, name, &state->versions, &state->count, why);
    result = sr_registry_end(jobs->registry, result, why);
    if (result != SR_JOB_OK)
        return result;
    for (size_t i = 0; i < state->count; i++) {
        state->newest = state->versions[i].number;
        if (state->versions[i].state != SR_VERSION_CURRENT)
            continue;
        if (state->current != NULL) {
            sr_why_set(why, "%s:%s has two current versions in the registry: restore it from a backup",
                       name->role, name->name);
            return SR_JOB_TAMPERED;
        }
        state->current = &state->versions[i];
    }
    return SR_JOB_OK;
}

bool sr_role_expires(const struct sr_family_name *name)
{
    return strcmp(name->role, "session") == 0;
}

void sr_state_free(struct sr_state *state)
{
    free(state->versions);
    state->versions = NULL;
    state->current = NULL;
}

long long sr_state_due(const struct sr_state *state)
{
    return state->current != NULL && state->family.rotate_s > 0
               ? state->current->created + state->family.rotate_s
               : 0;
}

enum sr_job_result sr_state_put(struct sr_jobs *jobs, const struct sr_family_name *name,
                                const struct sr_version *versions, size_t n, const struct sr_event *event,
                                struct sr_why *why)
{
    enum sr_job_result result = sr_registry_begin(jobs->registry, true, why);
    if (result != SR_JOB_OK)
        return result;
    for (size_t i = 0; i < n && result == SR_JOB_OK; i++)
        result = sr_registry_put_version(jobs->registry, name, &versions[i], why);
    if (result == SR_JOB_OK && event != NULL)
        result = sr_registry_add_event(jobs->registry, event, why);
    result = sr_registry_end(jobs->registry, result, why);
    if (result == SR_JOB_OK && event != NULL)
        sr_changes_add(&jobs->changes, event);
    if (n > 0)
        sr_known_forget(jobs, name);
    return result;
}

enum sr_job_result sr_state_data_under(struct sr_jobs *jobs, const struct sr_family_name *name,
                                       unsigned long version, size_t *count, struct sr_why *why)
{
    *count = 0;
    if (strcmp(name->role, "totp") == 0)
        return sr_totp_under(jobs, name, version, count, why);
    if (strcmp(name->role, "data") == 0)
        return sr_data_under(jobs, name, version, count, why);
    if (strcmp(name->role, "backup") == 0)
        return sr_backup_count(jobs, name, version, count, why);
    return SR_JOB_OK;
}

enum sr_job_result sr_version_end(struct sr_jobs *jobs, const struct sr_bench *bench,
                                  const struct sr_family_name *name, struct sr_version *version,
                                  const struct sr_event *event, struct sr_why *why)
{
    (void)pthread_rwlock_wrlock(&jobs->uses);
    enum sr_job_result result = sr_keys_destroy(bench, name, version->number, why);
    (void)pthread_rwlock_unlock(&jobs->uses);
    if (result != SR_JOB_OK)
        return result;
    version->state = SR_VERSION_DESTROYED;
    return sr_state_put(jobs, name, version, 1, event, why);
}

/* The token must not have keys of a version that the registry never heard of, this one or a newer one: they
 * are what is left of a newer registry, and making the version anew would destroy them. */
static enum sr_job_result refuse_unknown_keys(const struct sr_bench *bench, const struct sr_family_name *name,
                                              unsigned long number, struct sr_why *why)
{
    unsigned long newest = 0;
    size_t count;
    enum sr_job_result result = sr_keys_count(bench, name, number, &count, why);
    if (result == SR_JOB_OK)
        result = sr_inventory_newest(bench, name, &newest, why);
    if (result != SR_JOB_OK || (count == 0 && newest < number))
        return result;
    sr_why_set(
        why,
        "the token has keys of %s:%s:%lu, which the registry does not know: is it an old one? "
        "\"strongroom registry restore\" brings back a newer backup, \"strongroom registry rebuild\" adds "
        "what the token has",
        name->role, name->name, newest > number ? newest : number);
    return SR_JOB_TAMPERED;
}

static enum sr_job_result make_keys(const struct sr_bench *bench, const struct sr_family_name *name,
                                    struct sr_version *version, struct sr_why *why)
{
    if (sr_role_expires(name))
        return sr_keys_make_session(bench, name->name, version->number, version->mechanism, why);
    return sr_keys_make_kek(bench, name, version->number, version->mechanism, why);
}

static long long retires(const struct sr_state *state, long long now)
{
    return sr_role_expires(&state->family.name) ? now + state->family.grace_s : 0;
}

enum sr_job_result sr_family_next(struct sr_jobs *jobs, const struct sr_bench *bench, struct sr_state *state,
                                  bool revoke, const struct sr_event *event, struct sr_why *why)
{
    const struct sr_family_name *name = &state->family.name;
    struct sr_version next = {
        .number = state->newest + 1, .state = SR_VERSION_MAKING, .created = event->time};
    struct sr_version both[2];
    size_t n = 0;

    /* No use is under way meanwhile: those make and destroy session objects, which fails whoever looks at all
     * objects just then. */
    (void)pthread_rwlock_wrlock(&jobs->uses);
    enum sr_job_result result = refuse_unknown_keys(bench, name, next.number, why);
    (void)pthread_rwlock_unlock(&jobs->uses);
    if (result == SR_JOB_OK)
        result = sr_state_put(jobs, name, &next, 1, NULL, why);
    if (result != SR_JOB_OK)
        return result;
    /* Twice: SoftHSM may fail to make a key while a client looks through the token's files. */
    (void)pthread_rwlock_wrlock(&jobs->uses);
    result = make_keys(bench, name, &next, why);
    if (result == SR_JOB_FAILED)
        result = make_keys(bench, name, &next, why);
    (void)pthread_rwlock_unlock(&jobs->uses);
    if (result != SR_JOB_OK) {
        (void)sr_version_end(jobs, bench, name, &next, NULL, NULL);
        return result;
    }
    next.state = SR_VERSION_CURRENT;
    both[n++] = next;
    if (state->current != NULL) {
        state->current->state = revoke ? SR_VERSION_REVOKED : SR_VERSION_OLD;
        state->current->retires = revoke ? event->time : retires(state, event->time);
        both[n++] = *state->current;
    }
    return sr_state_put(jobs, name, both, n, event, why);
}
