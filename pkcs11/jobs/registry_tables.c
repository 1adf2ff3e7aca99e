/* SPDX-License-Identifier: Apache-2.0 */
/* The registry's tables of families: one statement for each thing that is asked of them. */
#include "jobs/registry_sqlite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SELECT_FAMILIES "SELECT role, name, created, rotate_s, grace_s, mac FROM families "
#define SELECT_EVENTS                                                                                        \
    "SELECT id, time, role, name, operation, version, operator_uid, dry_run, success, mac FROM events "

struct version_row {
    struct sr_family_name family;
    struct sr_version version;
};

static const struct sr_column family_columns[] = {
    SR_COLUMN(TEXT, struct sr_family, name.role), SR_COLUMN(TEXT, struct sr_family, name.name),
    SR_COLUMN(SIGNED, struct sr_family, created), SR_COLUMN(SIGNED, struct sr_family, rotate_s),
    SR_COLUMN(SIGNED, struct sr_family, grace_s),
};

static const struct sr_column version_columns[] = {
    SR_COLUMN(TEXT, struct version_row, family.role),
    SR_COLUMN(TEXT, struct version_row, family.name),
    SR_COLUMN(UNSIGNED, struct version_row, version.number),
    SR_COLUMN(STATE, struct version_row, version.state),
    SR_COLUMN(SIGNED, struct version_row, version.created),
    SR_COLUMN(SIGNED, struct version_row, version.retires),
    SR_COLUMN(TEXT, struct version_row, version.mechanism),
};

static const struct sr_column event_columns[] = {
    SR_COLUMN(UNSIGNED, struct sr_event, id),         SR_COLUMN(SIGNED, struct sr_event, time),
    SR_COLUMN(TEXT, struct sr_event, family.role),    SR_COLUMN(TEXT, struct sr_event, family.name),
    SR_COLUMN(TEXT, struct sr_event, operation),      SR_COLUMN(UNSIGNED, struct sr_event, version),
    SR_COLUMN(SIGNED, struct sr_event, operator_uid), SR_COLUMN(FLAG, struct sr_event, dry_run),
    SR_COLUMN(FLAG, struct sr_event, success),
};

struct clock_row {
    long long id;
    long long seen;
};

static const struct sr_column clock_columns[] = {
    SR_COLUMN(SIGNED, struct clock_row, id),
    SR_COLUMN(SIGNED, struct clock_row, seen),
};

static void describe_family(const void *row, char *text, size_t size)
{
    const struct sr_family *family = row;
    (void)snprintf(text, size, "family %s:%s", family->name.role, family->name.name);
}

static void describe_version(const void *row, char *text, size_t size)
{
    const struct version_row *v = row;
    (void)snprintf(text, size, "version %lu of %s:%s", v->version.number, v->family.role, v->family.name);
}

static void describe_event(const void *row, char *text, size_t size)
{
    const struct sr_event *event = row;
    (void)snprintf(text, size, "event %lu, of %s:%s", event->id, event->family.role, event->family.name);
}

static void describe_clock(const void *row, char *text, size_t size)
{
    (void)row;
    (void)snprintf(text, size, "the time of its last use");
}

static const struct sr_table families_table = {
    "families", SR_COLUMNS(family_columns), sizeof(struct sr_family),
    0,          sizeof(struct sr_family),   describe_family};
static const struct sr_table versions_table = {"versions",
                                               SR_COLUMNS(version_columns),
                                               sizeof(struct version_row),
                                               offsetof(struct version_row, version),
                                               sizeof(struct sr_version),
                                               describe_version};
static const struct sr_table events_table = {"events", SR_COLUMNS(event_columns), sizeof(struct sr_event),
                                             0,        sizeof(struct sr_event),   describe_event};

static const struct sr_table clock_table = {"clock", SR_COLUMNS(clock_columns), sizeof(struct clock_row),
                                            0,       sizeof(struct clock_row),  describe_clock};

const struct sr_table *const sr_family_tables[] = {&families_table, &versions_table, &events_table,
                                                   &clock_table, NULL};

enum sr_job_result sr_registry_family(struct sr_registry *registry, const struct sr_family_name *name,
                                      struct sr_family *family, struct sr_why *why)
{
    void *rows;
    size_t count;
    enum sr_job_result result = sr_registry_get_named(
        registry, &families_table, SELECT_FAMILIES "WHERE role = ?1 AND name = ?2", name, &rows, &count, why);
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
    return sr_registry_put_row(registry, &families_table,
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
    enum sr_job_result result = sr_registry_get_named(
        registry, &families_table, SELECT_FAMILIES "ORDER BY role, name", NULL, &rows, count, why);
    *families = rows;
    return result;
}

enum sr_job_result sr_registry_versions(struct sr_registry *registry, const struct sr_family_name *name,
                                        struct sr_version **versions, size_t *count, struct sr_why *why)
{
    void *rows;
    enum sr_job_result result =
        sr_registry_get_named(registry, &versions_table,
                              "SELECT role, name, number, state, created, retires, mechanism, mac "
                              "FROM versions WHERE role = ?1 AND name = ?2 ORDER BY number",
                              name, &rows, count, why);
    *versions = rows;
    return result;
}

enum sr_job_result sr_registry_put_version(struct sr_registry *registry, const struct sr_family_name *name,
                                           const struct sr_version *version, struct sr_why *why)
{
    struct version_row row = {.family = *name, .version = *version};
    return sr_registry_put_row(
        registry, &versions_table,
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
        registry, &events_table,
        "INSERT INTO events (id, time, role, name, operation, version, operator_uid, dry_run, "
        "success, mac) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        &row, why);
}

enum sr_job_result sr_registry_events(struct sr_registry *registry, const struct sr_family_name *name,
                                      struct sr_event **events, size_t *count, struct sr_why *why)
{
    void *rows;
    enum sr_job_result result =
        sr_registry_get_named(registry, &events_table,
                              name == NULL ? SELECT_EVENTS "ORDER BY id"
                                           : SELECT_EVENTS "WHERE role = ?1 AND name = ?2 ORDER BY id",
                              name, &rows, count, why);
    *events = rows;
    return result;
}

enum sr_job_result sr_registry_clock(struct sr_registry *registry, long long *seen, struct sr_why *why)
{
    void *rows;
    size_t count;
    enum sr_job_result result = sr_registry_get_named(
        registry, &clock_table, "SELECT id, seen, mac FROM clock", NULL, &rows, &count, why);
    *seen = count > 0 ? ((const struct clock_row *)rows)->seen : 0;
    free(rows);
    return result;
}

enum sr_job_result sr_registry_put_clock(struct sr_registry *registry, long long seen, struct sr_why *why)
{
    const struct clock_row row = {.id = 1, .seen = seen};
    return sr_registry_put_row(registry, &clock_table,
                               "INSERT INTO clock (id, seen, mac) VALUES (?1, ?2, ?3) ON CONFLICT (id) DO "
                               "UPDATE SET seen = excluded.seen, mac = excluded.mac",
                               &row, why);
}
