/* SPDX-License-Identifier: Apache-2.0 */
/* The registry's tables: one statement for each thing that is asked of them. The columns stand in the order
 * of registry_rows.c. */
#include "jobs/registry_sqlite.h"

#include <stdlib.h>
#include <string.h>

#define SELECT_FAMILIES "SELECT role, name, created, rotate_s, grace_s, mac FROM families "
#define SELECT_EVENTS                                                                                        \
    "SELECT id, time, role, name, operation, version, operator_uid, dry_run, success, mac FROM events "

enum sr_job_result sr_registry_family(struct sr_registry *registry, const struct sr_family_name *name,
                                      struct sr_family *family, struct sr_why *why)
{
    void *rows;
    size_t count;
    enum sr_job_result result =
        sr_registry_get_rows(registry, SR_TABLE_FAMILIES, SELECT_FAMILIES "WHERE role = ?1 AND name = ?2",
                             name, &rows, &count, why);
    if (result == SR_JOB_OK && count == 0) {
        sr_why_set(why, "there is no family %s:%s", name->role, name->name);
        result = SR_JOB_NOT_FOUND;
    }
    if (result == SR_JOB_OK)
        memcpy(family, rows, sizeof(*family));
    free(rows);
    return result;
}

enum sr_job_result sr_registry_put_family(struct sr_registry *registry, const struct sr_family *family,
                                          struct sr_why *why)
{
    return sr_registry_put_row(registry, SR_TABLE_FAMILIES,
                               "INSERT INTO families (role, name, created, rotate_s, grace_s, mac) "
                               "VALUES (?1, ?2, ?3, ?4, ?5, ?6) "
                               "ON CONFLICT (role, name) DO UPDATE SET created = excluded.created, "
                               "rotate_s = excluded.rotate_s, grace_s = excluded.grace_s, mac = excluded.mac",
                               family, why);
}

enum sr_job_result sr_registry_families(struct sr_registry *registry, struct sr_family **families,
                                        size_t *count, struct sr_why *why)
{
    void *rows;
    enum sr_job_result result = sr_registry_get_rows(
        registry, SR_TABLE_FAMILIES, SELECT_FAMILIES "ORDER BY role, name", NULL, &rows, count, why);
    *families = rows;
    return result;
}

enum sr_job_result sr_registry_versions(struct sr_registry *registry, const struct sr_family_name *name,
                                        struct sr_version **versions, size_t *count, struct sr_why *why)
{
    void *rows;
    enum sr_job_result result =
        sr_registry_get_rows(registry, SR_TABLE_VERSIONS,
                             "SELECT role, name, number, state, created, retires, mechanism, mac "
                             "FROM versions WHERE role = ?1 AND name = ?2 ORDER BY number",
                             name, &rows, count, why);
    *versions = rows;
    return result;
}

enum sr_job_result sr_registry_put_version(struct sr_registry *registry, const struct sr_family_name *name,
                                           const struct sr_version *version, struct sr_why *why)
{
    struct sr_version_row row = {.family = *name, .version = *version};
    return sr_registry_put_row(
        registry, SR_TABLE_VERSIONS,
        "INSERT INTO versions (role, name, number, state, created, retires, mechanism, mac) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) "
        "ON CONFLICT (role, name, number) DO UPDATE SET state = excluded.state, "
        "created = excluded.created, retires = excluded.retires, mechanism = excluded.mechanism, "
        "mac = excluded.mac",
        &row, why);
}

/* The id that SQLite would choose; it has to be known before the row is, for the row's MAC is over it. */
static enum sr_job_result next_event(struct sr_registry *registry, unsigned long *id, struct sr_why *why)
{
    sqlite3_stmt *statement;
    enum sr_job_result result = sr_registry_prepare(
        registry,
        "SELECT 1 + max(coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'events'), 0),"
        " coalesce((SELECT max(id) FROM events), 0))",
        &statement, why);
    if (result != SR_JOB_OK)
        return result;
    if (sqlite3_step(statement) == SQLITE_ROW)
        *id = (unsigned long)sqlite3_column_int64(statement, 0);
    else
        result = sr_registry_failed(registry, why);
    (void)sqlite3_finalize(statement);
    return result;
}

enum sr_job_result sr_registry_add_event(struct sr_registry *registry, const struct sr_event *event,
                                         struct sr_why *why)
{
    struct sr_event row = *event;
    enum sr_job_result result = next_event(registry, &row.id, why);
    if (result != SR_JOB_OK)
        return result;
    return sr_registry_put_row(
        registry, SR_TABLE_EVENTS,
        "INSERT INTO events (id, time, role, name, operation, version, operator_uid, dry_run, "
        "success, mac) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        &row, why);
}

enum sr_job_result sr_registry_events(struct sr_registry *registry, const struct sr_family_name *name,
                                      struct sr_event **events, size_t *count, struct sr_why *why)
{
    void *rows;
    enum sr_job_result result =
        sr_registry_get_rows(registry, SR_TABLE_EVENTS,
                             name == NULL ? SELECT_EVENTS "ORDER BY id"
                                          : SELECT_EVENTS "WHERE role = ?1 AND name = ?2 ORDER BY id",
                             name, &rows, count, why);
    *events = rows;
    return result;
}
