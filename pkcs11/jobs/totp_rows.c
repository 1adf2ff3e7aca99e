/* SPDX-License-Identifier: Apache-2.0 */
#include "jobs/totp_rows.h"
#include "jobs/registry_sqlite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS                                                                                              \
    "role, name, user, version, seed, mechanism, algorithm, digits, period, created, step, drift, "          \
    "failures, "                                                                                             \
    "until, mac"

static const struct sr_column columns[] = {
    SR_COLUMN(TEXT, struct sr_totp_user, family.role),
    SR_COLUMN(TEXT, struct sr_totp_user, family.name),
    SR_COLUMN(TEXT, struct sr_totp_user, user),
    SR_COLUMN(UNSIGNED, struct sr_totp_user, version),
    SR_COLUMN(WRAPPED, struct sr_totp_user, seed),
    SR_COLUMN(TEXT, struct sr_totp_user, mechanism),
    SR_COLUMN(TEXT, struct sr_totp_user, kind.algorithm),
    SR_COLUMN(UNSIGNED, struct sr_totp_user, kind.digits),
    SR_COLUMN(UNSIGNED, struct sr_totp_user, kind.period),
    SR_COLUMN(SIGNED, struct sr_totp_user, created),
    SR_COLUMN(SIGNED, struct sr_totp_user, step),
    SR_COLUMN(SIGNED, struct sr_totp_user, drift),
    SR_COLUMN(UNSIGNED, struct sr_totp_user, failures),
    SR_COLUMN(SIGNED, struct sr_totp_user, until),
};

static void describe(const void *row, char *text, size_t size)
{
    const struct sr_totp_user *u = row;
    (void)snprintf(text, size, "user \"%.80s\" of %s:%s", u->user, u->family.role, u->family.name);
}

static const struct sr_table table = {
    "totp_users", SR_COLUMNS(columns), sizeof(struct sr_totp_user), 0, sizeof(struct sr_totp_user), describe};

const struct sr_table *const sr_totp_tables[] = {&table, NULL};

enum sr_job_result sr_totp_row_get(struct sr_registry *registry, const struct sr_family_name *family,
                                   const char *user, struct sr_totp_user *row, struct sr_why *why)
{
    const struct sr_parameter parameters[] = {{.text = family->role}, {.text = family->name}, {.text = user}};
    void *rows;
    size_t count;
    enum sr_job_result result = sr_registry_get_rows(
        registry, &table, "SELECT " COLUMNS " FROM totp_users WHERE role = ?1 AND name = ?2 AND user = ?3",
        parameters, 3, &rows, &count, why);
    if (result == SR_JOB_OK && count == 0) {
        sr_why_set(why, "%s:%s has no user of that name: \"strongroom totp enrol\" gives one a seed",
                   family->role, family->name);
        result = SR_JOB_NOT_FOUND;
    }
    if (result == SR_JOB_OK)
        memcpy(row, rows, sizeof(*row));
    free(rows);
    return result;
}

enum sr_job_result sr_totp_row_insert(struct sr_registry *registry, const struct sr_totp_user *row,
                                      struct sr_why *why)
{
    return sr_registry_put_row(registry, &table,
                               "INSERT INTO totp_users (" COLUMNS ") VALUES "
                               "(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
                               row, why);
}

enum sr_job_result sr_totp_row_update(struct sr_registry *registry, const struct sr_totp_user *row,
                                      struct sr_why *why)
{
    return sr_registry_put_row(
        registry, &table,
        "UPDATE totp_users SET version = ?4, seed = ?5, mechanism = ?6, algorithm = ?7, digits = ?8, "
        "period = ?9, created = ?10, step = ?11, drift = ?12, failures = ?13, until = ?14, mac = ?15 "
        "WHERE role = ?1 AND name = ?2 AND user = ?3",
        row, why);
}

static bool bind_family(sqlite3_stmt *statement, const struct sr_family_name *family)
{
    return sqlite3_bind_text(statement, 1, family->role, -1, SQLITE_STATIC) == SQLITE_OK &&
           sqlite3_bind_text(statement, 2, family->name, -1, SQLITE_STATIC) == SQLITE_OK;
}

enum sr_job_result sr_totp_row_delete(struct sr_registry *registry, const struct sr_family_name *family,
                                      const char *user, struct sr_why *why)
{
    sqlite3_stmt *statement;
    enum sr_job_result result = sr_registry_prepare(
        registry, "DELETE FROM totp_users WHERE role = ?1 AND name = ?2 AND user = ?3", &statement, why);
    if (result != SR_JOB_OK)
        return result;
    if (!bind_family(statement, family) ||
        sqlite3_bind_text(statement, 3, user, -1, SQLITE_STATIC) != SQLITE_OK ||
        sqlite3_step(statement) != SQLITE_DONE)
        result = sr_registry_failed(registry, why);
    (void)sqlite3_finalize(statement);
    return result;
}

enum sr_job_result sr_totp_row_page(struct sr_registry *registry, const struct sr_family_name *family,
                                    const char *after, size_t limit, struct sr_totp_user **rows,
                                    size_t *count, struct sr_why *why)
{
    const struct sr_parameter parameters[] = {
        {.text = family->role}, {.text = family->name}, {.text = after}, {.number = (long long)limit}};
    void *found;
    enum sr_job_result result =
        sr_registry_get_rows(registry, &table,
                             "SELECT " COLUMNS " FROM totp_users WHERE role = ?1 AND name = ?2 AND user > ?3 "
                             "ORDER BY user LIMIT ?4",
                             parameters, 4, &found, count, why);
    *rows = found;
    return result;
}

/* The statement's rows as places. */
static enum sr_job_result read_places(struct sr_registry *registry, sqlite3_stmt *statement, size_t limit,
                                      struct sr_totp_place *places, size_t *count, struct sr_why *why)
{
    int step = SQLITE_DONE;
    while (*count < limit && (step = sqlite3_step(statement)) == SQLITE_ROW) {
        const unsigned char *user = sqlite3_column_text(statement, 1);
        if (user == NULL || strlen((const char *)user) >= SR_TOTP_USER_MAX) {
            sr_why_set(why, "the registry %s was changed: a user's name is longer than any", registry->path);
            return SR_JOB_TAMPERED;
        }
        struct sr_totp_place *place = &places[(*count)++];
        place->version = (unsigned long)sqlite3_column_int64(statement, 0);
        (void)snprintf(place->user, sizeof(place->user), "%s", (const char *)user);
    }
    return step == SQLITE_ROW || step == SQLITE_DONE ? SR_JOB_OK : sr_registry_failed(registry, why);
}

enum sr_job_result sr_totp_row_old(struct sr_registry *registry, const struct sr_family_name *family,
                                   unsigned long current, const struct sr_totp_place *after, size_t limit,
                                   struct sr_totp_place *places, size_t *count, struct sr_why *why)
{
    sqlite3_stmt *statement;
    *count = 0;
    enum sr_job_result result =
        sr_registry_keep(registry,
                         "SELECT version, user FROM totp_users WHERE role = ?1 AND name = ?2 AND "
                         "version < ?3 AND (version, user) > (?4, ?5) ORDER BY version, user LIMIT ?6",
                         &statement, why);
    if (result != SR_JOB_OK)
        return result;
    if (!bind_family(statement, family) ||
        sqlite3_bind_int64(statement, 3, (sqlite3_int64)current) != SQLITE_OK ||
        sqlite3_bind_int64(statement, 4, (sqlite3_int64)after->version) != SQLITE_OK ||
        sqlite3_bind_text(statement, 5, after->user, -1, SQLITE_STATIC) != SQLITE_OK ||
        sqlite3_bind_int64(statement, 6, (sqlite3_int64)limit) != SQLITE_OK)
        result = sr_registry_failed(registry, why);
    else
        result = read_places(registry, statement, limit, places, count, why);
    sr_registry_release(registry, statement);
    return result;
}

enum sr_job_result sr_totp_row_count(struct sr_registry *registry, const struct sr_family_name *family,
                                     unsigned long from, unsigned long to, size_t *count, struct sr_why *why)
{
    sqlite3_stmt *statement;
    *count = 0;
    enum sr_job_result result = sr_registry_prepare(registry,
                                                    "SELECT count(*) FROM totp_users WHERE role = ?1 AND "
                                                    "name = ?2 AND version BETWEEN ?3 AND ?4",
                                                    &statement, why);
    if (result != SR_JOB_OK)
        return result;
    if (!bind_family(statement, family) ||
        sqlite3_bind_int64(statement, 3, (sqlite3_int64)from) != SQLITE_OK ||
        sqlite3_bind_int64(statement, 4, (sqlite3_int64)to) != SQLITE_OK ||
        sqlite3_step(statement) != SQLITE_ROW)
        result = sr_registry_failed(registry, why);
    else
        *count = (size_t)sqlite3_column_int64(statement, 0);
    (void)sqlite3_finalize(statement);
    return result;
}
