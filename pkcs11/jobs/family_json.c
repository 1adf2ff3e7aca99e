/* What there is of families, as JSON.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "jobs/family.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

static const char *state_name(enum sr_version_state state)
{
    static const char *const names[] = {
        [SR_VERSION_MAKING] = "making", [SR_VERSION_CURRENT] = "current",
        [SR_VERSION_OLD] = "old",       [SR_VERSION_REVOKED] = "revoked",
        [SR_VERSION_ENDING] = "ending", [SR_VERSION_DESTROYED] = "destroyed",
    };
    return names[state];
}

/* Turns VALUE, whose reference is taken over, into text. NULL where memory ran out on the way. */
static enum sr_job_result dump(json_t *value, char **json, struct sr_why *why)
{
    *json = value != NULL ? json_dumps(value, JSON_COMPACT) : NULL;
    json_decref(value);
    if (*json != NULL)
        return SR_JOB_OK;
    sr_why_set(why, "out of memory");
    return SR_JOB_NO_MEMORY;
}

static json_t *number_or_null(bool there, long long number)
{
    return there ? json_integer(number) : json_null();
}

static json_t *versions_json(const struct sr_state *state)
{
    json_t *array = json_array();
    for (size_t i = 0; array != NULL && i < state->count; i++) {
        const struct sr_version *v = &state->versions[i];
        json_t *one = json_pack("{s:I, s:s, s:I, s:o, s:s}", "version", (json_int_t)v->number, "state",
                                state_name(v->state), "created", (json_int_t)v->created, "retires",
                                number_or_null(v->retires != 0, v->retires), "mechanism", v->mechanism);
        if (json_array_append_new(array, one) != 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

static json_t *family_json(const struct sr_state *state, bool with_versions)
{
    const struct sr_family *f = &state->family;
    char name[SR_FAMILY_MAX + 1];
    json_int_t left = 0;
    long long due = sr_state_due(state);

    for (size_t i = 0; i < state->count; i++)
        left += state->versions[i].state != SR_VERSION_DESTROYED;
    (void)snprintf(name, sizeof(name), "%s:%s", f->name.role, f->name.name);
    return json_pack("{s:s, s:o, s:o, s:I, s:I, s:I, s:o}", "family", name, "current",
                     number_or_null(state->current != NULL,
                                    state->current != NULL ? (long long)state->current->number : 0),
                     "versions", with_versions ? versions_json(state) : json_integer(left), "created",
                     (json_int_t)f->created, "rotate", (json_int_t)f->rotate_s, "grace",
                     (json_int_t)f->grace_s, "due", number_or_null(due != 0, due));
}

enum sr_job_result sr_family_show(struct sr_jobs *jobs, const struct sr_family_name *family, char **json,
                                  struct sr_why *why)
{
    struct sr_state state;
    *json = NULL;
    enum sr_job_result result = sr_state_read(jobs, family, &state, why);
    if (result == SR_JOB_OK)
        result = dump(family_json(&state, true), json, why);
    sr_state_free(&state);
    return result;
}

static enum sr_job_result add_family(struct sr_jobs *jobs, const struct sr_family_name *name, json_t *list,
                                     struct sr_why *why)
{
    struct sr_state state;
    enum sr_job_result result = sr_state_read(jobs, name, &state, why);
    if (result == SR_JOB_OK && json_array_append_new(list, family_json(&state, false)) != 0) {
        sr_why_set(why, "out of memory");
        result = SR_JOB_NO_MEMORY;
    }
    sr_state_free(&state);
    return result;
}

enum sr_job_result sr_family_list(struct sr_jobs *jobs, char **json, struct sr_why *why)
{
    struct sr_family *families = NULL;
    size_t count = 0;
    json_t *list = json_array();

    *json = NULL;
    enum sr_job_result result = sr_registry_begin(jobs->registry, false, why);
    if (result == SR_JOB_OK) {
        result = sr_registry_families(jobs->registry, &families, &count, why);
        result = sr_registry_end(jobs->registry, result, why);
    }
    for (size_t i = 0; i < count && result == SR_JOB_OK; i++)
        result = add_family(jobs, &families[i].name, list, why);
    if (result == SR_JOB_OK)
        result = dump(list, json, why);
    else
        json_decref(list);
    free(families);
    return result;
}

static json_t *event_json(const struct sr_event *e)
{
    char name[SR_FAMILY_MAX + 1];
    char time[SR_TIME_SIZE];
    /* What was done to the registry as a whole has a role only. */
    (void)snprintf(name, sizeof(name), "%s%s%s", e->family.role, e->family.name[0] != '\0' ? ":" : "",
                   e->family.name);
    sr_time_text(e->time, time);
    return json_pack("{s:I, s:s, s:s, s:s, s:o, s:o, s:b, s:b}", "id", (json_int_t)e->id, "timestamp", time,
                     "family", name, "operation", e->operation, "version",
                     number_or_null(e->version != 0, (long long)e->version), "operator",
                     number_or_null(e->operator_uid >= 0, e->operator_uid), "dry_run", e->dry_run, "success",
                     e->success);
}

enum sr_job_result sr_family_history(struct sr_jobs *jobs, const struct sr_family_name *family, char **json,
                                     struct sr_why *why)
{
    struct sr_event *events = NULL;
    size_t count = 0;

    *json = NULL;
    enum sr_job_result result = sr_registry_begin(jobs->registry, false, why);
    if (result == SR_JOB_OK) {
        result = sr_registry_events(jobs->registry, family, &events, &count, why);
        result = sr_registry_end(jobs->registry, result, why);
    }
    if (result != SR_JOB_OK)
        return result;
    json_t *list = json_array();
    for (size_t i = 0; i < count && list != NULL; i++) {
        if (json_array_append_new(list, event_json(&events[i])) != 0) {
            json_decref(list);
            list = NULL;
        }
    }
    free(events);
    return dump(list, json, why);
}
