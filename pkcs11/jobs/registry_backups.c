/* SPDX-License-Identifier: Apache-2.0 */
/* The registry's table of backups: under which version of its family each file is. */
#include "jobs/backup_key.h"
#include "jobs/registry_sqlite.h"

#include <stdio.h>
#include <stdlib.h>

#define SELECT "SELECT role, name, id, version, created, mac FROM backups "

static const struct sr_column columns[] = {
    SR_COLUMN(TEXT, struct sr_backup_row, family.role), SR_COLUMN(TEXT, struct sr_backup_row, family.name),
    SR_COLUMN(BYTES, struct sr_backup_row, id),         SR_COLUMN(UNSIGNED, struct sr_backup_row, version),
    SR_COLUMN(SIGNED, struct sr_backup_row, created),
};

static void describe(const void *row, char *text, size_t size)
{
    const struct sr_backup_row *backup = row;
    (void)snprintf(text, size, "a backup of %s:%s:%lu", backup->family.role, backup->family.name,
                   backup->version);
}

static const struct sr_table backups_table = {
    "backups", SR_COLUMNS(columns), sizeof(struct sr_backup_row), 0, sizeof(struct sr_backup_row), describe};

const struct sr_table *const sr_backup_tables[] = {&backups_table, NULL};

enum sr_job_result sr_registry_put_backup(struct sr_registry *registry, const struct sr_backup_row *row,
                                          struct sr_why *why)
{
    return sr_registry_put_row(registry, &backups_table,
                               "INSERT INTO backups (role, name, id, version, created, mac) "
                               "VALUES (?1, ?2, ?3, ?4, ?5, ?6) "
                               "ON CONFLICT (role, name, id) DO UPDATE SET version = excluded.version, "
                               "created = excluded.created, mac = excluded.mac",
                               row, why);
}

enum sr_job_result sr_registry_backups(struct sr_registry *registry, const struct sr_family_name *family,
                                       struct sr_backup_row **rows, size_t *count, struct sr_why *why)
{
    void *found;
    enum sr_job_result result =
        sr_registry_get_named(registry, &backups_table,
                              family == NULL ? SELECT "ORDER BY role, name, created, id"
                                             : SELECT "WHERE role = ?1 AND name = ?2 ORDER BY created, id",
                              family, &found, count, why);
    *rows = found;
    return result;
}

enum sr_job_result sr_registry_backup(struct sr_registry *registry, const struct sr_family_name *family,
                                      const unsigned char id[SR_BACKUP_ID], struct sr_backup_row **row,
                                      struct sr_why *why)
{
    const struct sr_parameter parameters[] = {
        {.text = family->role}, {.text = family->name}, {.bytes = id, .size = SR_BACKUP_ID}};
    void *found;
    size_t count;
    enum sr_job_result result =
        sr_registry_get_rows(registry, &backups_table, SELECT "WHERE role = ?1 AND name = ?2 AND id = ?3",
                             parameters, 3, &found, &count, why);
    *row = found;
    return result;
}

enum sr_job_result sr_registry_remove_backup(struct sr_registry *registry,
                                             const struct sr_family_name *family,
                                             const unsigned char id[SR_BACKUP_ID], struct sr_why *why)
{
    sqlite3_stmt *statement;
    enum sr_job_result result = sr_registry_prepare(
        registry, "DELETE FROM backups WHERE role = ?1 AND name = ?2 AND id = ?3", &statement, why);
    if (result != SR_JOB_OK)
        return result;
    int bound = sqlite3_bind_text(statement, 1, family->role, -1, SQLITE_STATIC);
    bound |= sqlite3_bind_text(statement, 2, family->name, -1, SQLITE_STATIC);
    bound |= sqlite3_bind_blob(statement, 3, id, SR_BACKUP_ID, SQLITE_STATIC);
    if (bound != SQLITE_OK || sqlite3_step(statement) != SQLITE_DONE)
        result = sr_registry_failed(registry, why);
    (void)sqlite3_finalize(statement);
    return result;
}
