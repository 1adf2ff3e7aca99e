/* The registry's connection to its SQLite file, and its rows: what registry_sqlite.c, registry_rows.c and
 * registry_tables.c share.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_JOBS_REGISTRY_SQLITE_H
#define STRONGROOM_JOBS_REGISTRY_SQLITE_H

#include "jobs/registry.h"

#include <pthread.h>
#include <sqlite3.h>

struct sr_registry {
    pthread_mutex_t turn; /* held from sr_registry_begin to sr_registry_end */
    struct sr_seal seal;
    sqlite3 *db;
    char *path;
};

/* SQLite's last error in words. SR_JOB_FAILED, or SR_JOB_NO_MEMORY. */
enum sr_job_result sr_registry_failed(const struct sr_registry *registry, struct sr_why *why);

/* Prepares SQL, one statement, for use within the transaction. SR_JOB_FAILED where there is none, or SQLite
 * has given it up after an error: what came next would be committed at once, and by itself. *STATEMENT is to
 * be finalized before the transaction ends; NULL unless SR_JOB_OK. */
enum sr_job_result sr_registry_prepare(struct sr_registry *registry, const char *sql,
                                       sqlite3_stmt **statement, struct sr_why *why);

/* The tables, and what their rows are made from: a struct sr_family, sr_version_row and sr_event. */
enum sr_table { SR_TABLE_FAMILIES, SR_TABLE_VERSIONS, SR_TABLE_EVENTS };

struct sr_version_row {
    struct sr_family_name family;
    struct sr_version version;
};

/* Runs SQL, whose parameters are the table's columns: ROW's fields and, last, its HMAC. */
enum sr_job_result sr_registry_put_row(struct sr_registry *registry, enum sr_table table, const char *sql,
                                       const void *row, struct sr_why *why);

/* Runs SQL, which selects all columns of the table; its parameters are a family's role and name unless NAME
 * is NULL. *ROWS gets an array of *COUNT struct sr_family, sr_version or sr_event, to be freed with free();
 * NULL where there are none. SR_JOB_TAMPERED where a single row is not as it was written. */
enum sr_job_result sr_registry_get_rows(struct sr_registry *registry, enum sr_table table, const char *sql,
                                        const struct sr_family_name *name, void **rows, size_t *count,
                                        struct sr_why *why);

#endif
