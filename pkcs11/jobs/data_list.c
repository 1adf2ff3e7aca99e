/* The data keys that the registry knows: as JSON, and counted.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "jobs/data.h"
#include "jobs/data_rows.h"
#include "jobs/family.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

static const char *state_name(unsigned long state)
{
    return state == SR_DATA_CURRENT ? "current" : state == SR_DATA_OLD ? "old" : "outside";
}

static json_t *row_json(const struct sr_data_row *row)
{
    char id[2 * SR_DATA_ID + 1];
    for (size_t i = 0; i < SR_DATA_ID; i++)
        (void)snprintf(id + 2 * i, 3, "%02x", row->key.id[i]);
    return json_pack("{s:s, s:I, s:s, s:I, s:I}", "id", id, "version", (json_int_t)row->key.version, "state",
                     state_name(row->state), "created", (json_int_t)row->created, "messages",
                     (json_int_t)row->messages);
}

static char *rows_json(const struct sr_data_row *rows, size_t count)
{
    json_t *array = json_array();
    char *text = NULL;
    size_t i = 0;

    while (array != NULL && i < count && json_array_append_new(array, row_json(&rows[i])) == 0)
        i++;
    if (array != NULL && i == count)
        text = json_dumps(array, JSON_COMPACT);
    json_decref(array);
    return text;
}

enum sr_job_result sr_data_list(struct sr_jobs *jobs, const struct sr_family_name *family, char **json,
                                struct sr_why *why)
{
    const struct sr_data_ask ask = {.family = *family};
    struct sr_data_row *rows = NULL;
    struct sr_family found;
    size_t count = 0;

    *json = NULL;
    enum sr_job_result result = sr_data_check(&ask, why);
    if (result == SR_JOB_OK)
        result = sr_registry_begin(jobs->registry, false, why);
    if (result != SR_JOB_OK)
        return result;
    result = sr_registry_family(jobs->registry, family, &found, why);
    if (result == SR_JOB_OK)
        result = sr_data_rows(jobs->registry, family, &rows, &count, why);
    result = sr_registry_end(jobs->registry, result, why);
    if (result == SR_JOB_OK) {
        *json = rows_json(rows, count);
        if (*json == NULL) {
            sr_why_set(why, "out of memory");
            result = SR_JOB_NO_MEMORY;
        }
    }
    free(rows);
    return result;
}

enum sr_job_result sr_data_under(struct sr_jobs *jobs, const struct sr_family_name *family,
                                 unsigned long version, size_t *count, struct sr_why *why)
{
    struct sr_data_row *rows = NULL;
    size_t n = 0;

    *count = 0;
    enum sr_job_result result = sr_registry_begin(jobs->registry, false, why);
    if (result != SR_JOB_OK)
        return result;
    result = sr_data_rows(jobs->registry, family, &rows, &n, why);
    result = sr_registry_end(jobs->registry, result, why);
    for (size_t i = 0; i < n; i++)
        *count += rows[i].key.version == version && rows[i].messages > 0;
    free(rows);
    return result;
}
