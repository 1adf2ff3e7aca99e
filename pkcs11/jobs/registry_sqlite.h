/* The registry's connection to its SQLite file, and its rows: what registry_sqlite.c, registry_rows.c and
 * registry_tables.c share.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_JOBS_REGISTRY_SQLITE_H
#define STRONGROOM_JOBS_REGISTRY_SQLITE_H

#include "jobs/registry.h"

#include <pthread.h>
#include <sqlite3.h>

#define SR_KEPT_MAX 32

struct sr_registry {
    pthread_mutex_t turn; /* held from sr_registry_begin to sr_registry_end */
    struct sr_seal seal;
    sqlite3 *db;
    char *path;
    sqlite3_stmt *kept[SR_KEPT_MAX]; /* by sr_registry_keep; NULL behind the last */
};

/* SQLite's last error in words. SR_JOB_FAILED, or SR_JOB_NO_MEMORY. */
enum sr_job_result sr_registry_failed(const struct sr_registry *registry, struct sr_why *why);

/* Prepares SQL, one statement, for use within the transaction. SR_JOB_FAILED where there is none, or SQLite
 * has given it up after an error: what came next would be committed at once, and by itself. *STATEMENT is to
 * be finalized before the transaction ends; NULL unless SR_JOB_OK. */
enum sr_job_result sr_registry_prepare(struct sr_registry *registry, const char *sql,
                                       sqlite3_stmt **statement, struct sr_why *why);

/* The same for a statement that is asked for again and again: it is prepared once. To be given back with
 * sr_registry_release, before the transaction ends. */
enum sr_job_result sr_registry_keep(struct sr_registry *registry, const char *sql, sqlite3_stmt **statement,
                                    struct sr_why *why);
void sr_registry_release(struct sr_registry *registry, sqlite3_stmt *statement); /* may be NULL */

/* A table: which structure its rows are made from, and which of its members the columns are, in their order;
 * the HMAC over them is the last column. A row of another table is none of this one: its name is in the HMAC.
 */
enum sr_column_kind {
    SR_COLUMN_TEXT,     /* char[] with a final zero */
    SR_COLUMN_SIGNED,   /* long long */
    SR_COLUMN_UNSIGNED, /* unsigned long */
    SR_COLUMN_STATE,    /* enum sr_version_state */
    SR_COLUMN_FLAG,     /* bool */
    SR_COLUMN_WRAPPED,  /* struct sr_wrapped */
    SR_COLUMN_BYTES,    /* unsigned char[], always all of them */
};

struct sr_column {
    enum sr_column_kind kind;
    size_t at;
    size_t size;
};

#define SR_COLUMN(kind, type, member)                                                                        \
    {                                                                                                        \
        SR_COLUMN_##kind, offsetof(type, member), sizeof(((type *)NULL)->member)                             \
    }
#define SR_COLUMNS(columns) columns, sizeof(columns) / sizeof((columns)[0])

struct sr_table {
    const char *name;
    const struct sr_column *columns;
    size_t count;
    size_t row; /* size of the structure; the part of it that callers get is SIZE bytes at AT */
    size_t at;
    size_t size;
    void (*describe)(const void *row, char *text, size_t size); /* names the row, for messages */
};

/* Runs SQL, whose parameters are the table's columns: ROW's members and, last, its HMAC. */
enum sr_job_result sr_registry_put_row(struct sr_registry *registry, const struct sr_table *table,
                                       const char *sql, const void *row, struct sr_why *why);

/* A parameter: TEXT, or (TEXT NULL, BYTES not) SIZE BYTES, or NUMBER. */
struct sr_parameter {
    const char *text;
    const void *bytes;
    size_t size;
    long long number;
};

/* Runs SQL, which selects all columns of the table, with N PARAMETERS. *ROWS gets an array of *COUNT of the
 * table's structures, or parts of them, to be freed with free(); NULL where there are none. SR_JOB_TAMPERED
 * where a single row is not as it was written. */
enum sr_job_result sr_registry_get_rows(struct sr_registry *registry, const struct sr_table *table,
                                        const char *sql, const struct sr_parameter *parameters, size_t n,
                                        void **rows, size_t *count, struct sr_why *why);

/* The same for a statement whose two parameters are a family's role and name, or (NAME NULL) that has none.
 */
enum sr_job_result sr_registry_get_named(struct sr_registry *registry, const struct sr_table *table,
                                         const char *sql, const struct sr_family_name *name, void **rows,
                                         size_t *count, struct sr_why *why);

/* Reads every row of a table, within a transaction. SR_JOB_TAMPERED where one is not as it was written. */
enum sr_job_result sr_registry_check_rows(struct sr_registry *registry, const struct sr_table *table,
                                          struct sr_why *why);

/* The tables of families; ends with NULL. Each table of the registry is in one of such lists, and the lists
 * in registry_copy.c: a backup with a table that is in none is not taken back. */
extern const struct sr_table *const sr_family_tables[];
extern const struct sr_table *const sr_totp_tables[];
extern const struct sr_table *const sr_data_tables[]; /* data_rows.c's */
extern const struct sr_table *const sr_backup_tables[];

#endif
