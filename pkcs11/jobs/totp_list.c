/* SPDX-License-Identifier: Apache-2.0 */
/* Who is there, who goes, and whose seed goes over to another version. */
#include "jobs/known.h"
#include "jobs/totp_seed.h"
#include "jobs/totp_text.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define PAGE 128      /* users that are looked for at once */
#define TICK_MAX 1000 /* seeds that a tick rewraps */

static json_t *user_json(const struct sr_totp_user *u, long long now)
{
    return json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "user", u->user, "algorithm",
                     u->kind.algorithm, "digits", (json_int_t)u->kind.digits, "period",
                     (json_int_t)u->kind.period, "created", (json_int_t)u->created, "version",
                     (json_int_t)u->version, "drift", (json_int_t)u->drift, "failures",
                     (json_int_t)u->failures, "until", u->until > now ? json_integer(u->until) : json_null());
}

enum sr_job_result sr_totp_list(struct sr_jobs *jobs, const struct sr_family_name *family, const char *after,
                                size_t limit, char **json, struct sr_why *why)
{
    struct sr_state state = {0};
    struct sr_totp_user *rows = NULL;
    size_t count = 0;

    *json = NULL;
    enum sr_job_result result = sr_totp_check_family(family, why);
    if (result == SR_JOB_OK) {
        result = sr_state_read(jobs, family, &state, why);
        sr_state_free(&state);
    }
    if (result == SR_JOB_OK)
        result = sr_totp_users_page(jobs, family, after, limit < SR_TOTP_BATCH ? limit : SR_TOTP_BATCH, &rows,
                                    &count, why);
    if (result != SR_JOB_OK)
        return result;
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++)
        (void)json_array_append_new(array, user_json(&rows[i], sr_job_now()));
    *json = json_array_size(array) == count ? json_dumps(array, JSON_COMPACT) : NULL;
    json_decref(array);
    free(rows);
    if (*json != NULL)
        return SR_JOB_OK;
    sr_why_set(why, "out of memory");
    return SR_JOB_NO_MEMORY;
}

enum sr_job_result sr_totp_remove(struct sr_jobs *jobs, const struct sr_family_name *family, const char *user,
                                  struct sr_why *why)
{
    struct sr_totp_entry *entry;
    struct sr_totp_user *row;

    enum sr_job_result result = sr_totp_check_family(family, why);
    if (result == SR_JOB_OK)
        result = sr_totp_check_text(user, "the user's name", why);
    if (result == SR_JOB_OK)
        result = sr_totp_user_hold(jobs, family, user, &entry, &row, why);
    if (result != SR_JOB_OK)
        return result;
    result = sr_totp_user_delete(jobs, entry, why);
    sr_totp_user_release(jobs, entry, result != SR_JOB_OK);
    return result;
}

/* One user's seed goes over to the version that is current now. */
static enum sr_job_result rewrap_user(struct sr_jobs *jobs, const struct sr_bench *bench,
                                      const struct sr_family_name *family, const char *user,
                                      struct sr_why *why)
{
    struct sr_totp_entry *entry;
    struct sr_totp_user *row;
    unsigned long current;

    enum sr_job_result result = sr_totp_user_hold(jobs, family, user, &entry, &row, why);
    if (result != SR_JOB_OK)
        return result == SR_JOB_NOT_FOUND ? SR_JOB_OK : result; /* removed meanwhile */
    unsigned long before = row->version;
    sr_use_begin(jobs, family);
    result = sr_use_current(jobs, family, &current, why);
    if (result == SR_JOB_OK)
        result = sr_totp_rewrap_seed(jobs, bench, row, current, why);
    result = sr_use_end(jobs, family, result);
    sr_totp_user_release(jobs, entry, row->version != before);
    return result;
}

/* Goes on behind *PLACE. One user's trouble is not the others': it is the result, and is in WHY. */
static enum sr_job_result rewrap_page(struct sr_jobs *jobs, const struct sr_bench *bench,
                                      const struct sr_family_name *family, unsigned long current,
                                      size_t limit, struct sr_totp_place *place, size_t *found, size_t *moved,
                                      struct sr_why *why)
{
    struct sr_totp_place *places = calloc(PAGE, sizeof(*places));
    enum sr_job_result trouble = SR_JOB_OK;

    *found = 0;
    if (places == NULL) {
        sr_why_set(why, "out of memory");
        return SR_JOB_NO_MEMORY;
    }
    enum sr_job_result result =
        sr_totp_users_old(jobs, family, current, place, limit < PAGE ? limit : PAGE, places, found, why);
    for (size_t i = 0; i < *found && result == SR_JOB_OK; i++) {
        struct sr_why reason = {""};
        enum sr_job_result one = rewrap_user(jobs, bench, family, places[i].user, &reason);
        *place = places[i];
        *moved += one == SR_JOB_OK;
        if (one != SR_JOB_OK && trouble == SR_JOB_OK) {
            trouble = one;
            sr_why_set(why, "some seeds cannot be rewrapped, the first of which: %s", reason.text);
        }
    }
    free(places);
    return result == SR_JOB_OK ? trouble : result;
}

enum sr_job_result sr_totp_rewrap(struct sr_jobs *jobs, const struct sr_bench *bench,
                                  const struct sr_family_name *family, size_t limit, size_t *moved,
                                  size_t *left, struct sr_why *why)
{
    struct sr_totp_place place = {.version = 0};
    struct sr_state state = {0};
    unsigned long current = 0;
    size_t found = 1;

    *moved = 0;
    if (left != NULL)
        *left = 0;
    enum sr_job_result result = sr_totp_check_family(family, why);
    if (result == SR_JOB_OK) {
        result = sr_state_read(jobs, family, &state, why);
        if (result == SR_JOB_OK && state.current != NULL)
            current = state.current->number;
        sr_state_free(&state);
    }
    if (result == SR_JOB_OK)
        result = sr_totp_users_flush(jobs, why); /* those who went over by themselves */
    if (result != SR_JOB_OK)
        return result;
    while (*moved < limit && found > 0) {
        struct sr_why reason = {""};
        enum sr_job_result one =
            rewrap_page(jobs, bench, family, current, limit - *moved, &place, &found, moved, &reason);
        if (one != SR_JOB_OK && result == SR_JOB_OK) {
            result = one;
            sr_why_set(why, "%s", reason.text);
        }
    }
    /* Counting writes back first: no key of an older version is needed for these any more. */
    struct sr_why reason = {""};
    enum sr_job_result written = SR_JOB_OK;
    if (left != NULL && current > 1)
        written = sr_totp_users_count(jobs, family, 1, current - 1, left, &reason);
    else if (*moved > 0)
        written = sr_totp_users_flush(jobs, &reason);
    if (written != SR_JOB_OK && result == SR_JOB_OK) {
        result = written;
        sr_why_set(why, "%s", reason.text);
    }
    return result;
}

enum sr_job_result sr_totp_under(struct sr_jobs *jobs, const struct sr_family_name *family,
                                 unsigned long version, size_t *count, struct sr_why *why)
{
    return sr_totp_users_count(jobs, family, version, version, count, why);
}

static enum sr_job_result rewrap_families(struct sr_jobs *jobs, const struct sr_bench *bench,
                                          struct sr_why *report)
{
    struct sr_family *families = NULL;
    size_t count = 0;
    size_t moved;

    enum sr_job_result result = sr_registry_begin(jobs->registry, false, report);
    if (result != SR_JOB_OK)
        return result;
    result = sr_registry_families(jobs->registry, &families, &count, report);
    result = sr_registry_end(jobs->registry, result, report);
    for (size_t i = 0; i < count; i++) {
        struct sr_why why = {""};
        const struct sr_family_name *name = &families[i].name;
        if (strcmp(name->role, "totp") != 0)
            continue;
        enum sr_job_result one = sr_totp_rewrap(jobs, bench, name, TICK_MAX, &moved, NULL, &why);
        if (one != SR_JOB_OK) {
            result = one;
            sr_why_set(report, "%s:%s: %s", name->role, name->name, why.text);
        }
    }
    free(families);
    return result;
}

enum sr_job_result sr_totp_tick(struct sr_jobs *jobs, const struct sr_bench *bench, struct sr_why *report)
{
    report->text[0] = '\0';
    enum sr_job_result result = sr_totp_users_flush(jobs, report);
    return result == SR_JOB_OK ? rewrap_families(jobs, bench, report) : result;
}
