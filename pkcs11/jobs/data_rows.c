/* SPDX-License-Identifier: Apache-2.0 */
#include "jobs/data_rows.h"
#include "jobs/registry_sqlite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SELECT "SELECT id, role, name, version, wrapped, state, created, messages, mac FROM data_keys "

static const struct sr_column columns[] = {
    SR_COLUMN(BYTES, struct sr_data_row, key.id),
    SR_COLUMN(TEXT, struct sr_data_row, key.family.role),
    SR_COLUMN(TEXT, struct sr_data_row, key.family.name),
    SR_COLUMN(UNSIGNED, struct sr_data_row, key.version),
    SR_COLUMN(WRAPPED, struct sr_data_row, key.wrapped),
    SR_COLUMN(UNSIGNED, struct sr_data_row, state),
    SR_COLUMN(SIGNED, struct sr_data_row, created),
    SR_COLUMN(UNSIGNED, struct sr_data_row, messages),
};

static void describe(const void *row, char *text, size_t size)
{
    const struct sr_data_row *r = row;
    char id[SR_DATA_ID_TEXT];
    sr_data_id_text(r->key.id, id);
    (void)snprintf(text, size, "data key %s of %s:%s", id, r->key.family.role, r->key.family.name);
}

static const struct sr_table table = {"data_keys", SR_COLUMNS(columns),        sizeof(struct sr_data_row),
                                      0,           sizeof(struct sr_data_row), describe};

const struct sr_table *const sr_data_tables[] = {&table, NULL};

enum sr_job_result sr_data_row_get(struct sr_registry *registry, const unsigned char id[SR_DATA_ID],
                                   struct sr_data_row *row, bool *found, struct sr_why *why)
{
    const struct sr_parameter parameter = {.bytes = id, .size = SR_DATA_ID};
    void *rows;
    size_t count;

    enum sr_job_result result =
        sr_registry_get_rows(registry, &table, SELECT "WHERE id = ?1", &parameter, 1, &rows, &count, why);
    *found = result == SR_JOB_OK && count == 1;
    if (*found)
        memcpy(row, rows, sizeof(*row));
    free(rows);
    return result;
}

enum sr_job_result sr_data_row_current(struct sr_registry *registry, const struct sr_family_name *family,
                                       unsigned long version, struct sr_data_row *row, bool *found,
                                       struct sr_why *why)
{
    const struct sr_parameter parameters[] = {{.text = family->role},
                                              {.text = family->name},
                                              {.number = (long long)version},
                                              {.number = SR_DATA_CURRENT}};
    void *rows;
    size_t count;

    enum sr_job_result result = sr_registry_get_rows(
        registry, &table, SELECT "WHERE role = ?1 AND name = ?2 AND version = ?3 AND state = ?4", parameters,
        4, &rows, &count, why);
    *found = result == SR_JOB_OK && count == 1;
    if (*found)
        memcpy(row, rows, sizeof(*row));
    free(rows);
    if (result == SR_JOB_OK && count > 1) {
        sr_why_set(why, "%s:%s:%lu has two current data keys in the registry: restore it from a backup",
                   family->role, family->name, version);
        result = SR_JOB_TAMPERED;
    }
    return result;
}

enum sr_job_result sr_data_row_put(struct sr_registry *registry, const struct sr_data_row *row,
                                   struct sr_why *why)
{
    return sr_registry_put_row(
        registry, &table,
        "INSERT INTO data_keys (id, role, name, version, wrapped, state, created, messages, mac) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) "
        "ON CONFLICT (id) DO UPDATE SET role = excluded.role, name = excluded.name, "
        "version = excluded.version, wrapped = excluded.wrapped, state = excluded.state, "
        "created = excluded.created, messages = excluded.messages, mac = excluded.mac",
        row, why);
}

enum sr_job_result sr_data_rows(struct sr_registry *registry, const struct sr_family_name *family,
                                struct sr_data_row **rows, size_t *count, struct sr_why *why)
{
    void *all;
    enum sr_job_result result = sr_registry_get_named(
        registry, &table, SELECT "WHERE role = ?1 AND name = ?2 ORDER BY version, created, id", family, &all,
        count, why);
    *rows = all;
    return result;
}
