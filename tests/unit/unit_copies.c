/* SPDX-License-Identifier: Apache-2.0 */
#include "unit_copies.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct sr_why copies_why;

static void went_well(enum sr_job_result result)
{
    if (result != SR_JOB_OK)
        (void)fprintf(stderr, "%s\n", copies_why.text);
    CU_ASSERT_EQUAL_FATAL(result, SR_JOB_OK);
}

void copies_create(struct unit_jobs *u, const char *family)
{
    struct sr_family_name name = unit_family(family);
    went_well(sr_family_create(u->jobs, &u->bench, &name, 0, 3600, &unit_operator, &copies_why));
}

void copies_rotate(struct unit_jobs *u, const char *family)
{
    struct sr_family_name name = unit_family(family);
    unsigned long version;
    went_well(sr_family_rotate(u->jobs, &u->bench, &name, 0, true, &unit_operator, &version, &copies_why));
}

void copies_destroy(struct unit_jobs *u, const char *family, unsigned long version)
{
    struct sr_family_name name = unit_family(family);
    went_well(sr_family_destroy(u->jobs, &u->bench, &name, version, true, &unit_operator, &copies_why));
}

struct copies_signature copies_sign(struct unit_jobs *u, const char *family)
{
    struct sr_family_name name = unit_family(family);
    struct copies_signature s = {""};
    went_well(sr_session_sign(u->jobs, &u->bench, &name, "cookie", "data", 4, s.text, &copies_why));
    return s;
}

enum sr_job_result copies_verify(struct unit_jobs *u, const char *family, const struct copies_signature *s)
{
    struct sr_family_name name = unit_family(family);
    return sr_session_verify(u->jobs, &u->bench, &name, "cookie", "data", 4, s->text, &copies_why);
}

const char *copies_states(struct unit_jobs *u, const char *family)
{
    static char states[256];
    struct sr_family_name name = unit_family(family);
    char *text = NULL;
    size_t used = 0;

    states[0] = '\0';
    if (sr_family_show(u->jobs, &name, &text, &copies_why) != SR_JOB_OK)
        return states;
    json_t *shown = json_loads(text, 0, NULL);
    const json_t *versions = json_object_get(shown, "versions");
    for (size_t i = 0; i < json_array_size(versions) && used < sizeof(states); i++)
        used += (size_t)snprintf(states + used, sizeof(states) - used, "%s%s", i > 0 ? " " : "",
                                 json_string_value(json_object_get(json_array_get(versions, i), "state")));
    json_decref(shown);
    free(text);
    return states;
}

size_t copies_events(struct unit_jobs *u, const char *family, const char *operation)
{
    char *text = NULL;
    size_t n = 0;

    went_well(sr_family_history(u->jobs, NULL, &text, &copies_why));
    json_t *events = json_loads(text, 0, NULL);
    for (size_t i = 0; i < json_array_size(events); i++) {
        const json_t *event = json_array_get(events, i);
        n += strcmp(json_string_value(json_object_get(event, "family")), family) == 0 &&
             strcmp(json_string_value(json_object_get(event, "operation")), operation) == 0;
    }
    json_decref(events);
    free(text);
    return n;
}

struct copies_backup copies_take(struct unit_jobs *u)
{
    struct copies_backup backup = {0};
    unsigned long id;
    unsigned long size;
    size_t n = 1000;

    went_well(sr_copy_begin(u->jobs, &id, &size, &copies_why));
    backup.data = malloc(size + n);
    CU_ASSERT_PTR_NOT_NULL_FATAL(backup.data);
    while (n == 1000) {
        went_well(sr_copy_read(u->jobs, id, backup.size, backup.data + backup.size, &n, &copies_why));
        backup.size += n;
    }
    CU_ASSERT_EQUAL_FATAL(backup.size, size);
    return backup;
}

enum sr_job_result copies_restore(struct unit_jobs *u, const struct copies_backup *backup, bool force,
                                  char **report)
{
    enum sr_job_result result = SR_JOB_OK;
    unsigned long id = 0;
    char *json = NULL;

    for (size_t at = 0; at < backup->size && result == SR_JOB_OK; at += 1000) {
        size_t n = backup->size - at < 1000 ? backup->size - at : 1000;
        result = sr_copy_put(u->jobs, &id, at, backup->data + at, n, &copies_why);
    }
    if (result == SR_JOB_OK)
        result = sr_registry_restore(u->jobs, &u->bench, id, force, &unit_operator, &json, &copies_why);
    if (report != NULL)
        *report = json;
    else
        free(json);
    return result;
}

void copies_lose_registry(struct unit_jobs *u)
{
    sr_jobs_close(u->jobs);
    CU_ASSERT_EQUAL_FATAL(unlink(u->registry), 0);
    unit_jobs_open(u);
}
