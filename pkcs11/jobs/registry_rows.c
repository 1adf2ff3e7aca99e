/* SPDX-License-Identifier: Apache-2.0 */
/* The registry's rows: structures to rows and back, and the HMAC that authenticates each.
 *
 * A table's columns are listed once; binding, reading and the HMAC go by that list, so that no column is left
 * out of any. The HMAC is over the table's name and all columns, each preceded by its length; lengths and
 * integers are 8 bytes, most significant first. */
#include "cryptoki/names.h"
#include "jobs/registry_sqlite.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

/* What the HMAC is over. A member takes at most its size in the structure, or 8 bytes, and 8 for the length.
 */
struct canon {
    size_t length;
    unsigned char *bytes;
};

static long long integer(const struct sr_column *column, const void *row)
{
    const char *at = (const char *)row + column->at;
    switch (column->kind) {
    case SR_COLUMN_SIGNED:
        return *(const long long *)(const void *)at;
    case SR_COLUMN_UNSIGNED:
        return (long long)*(const unsigned long *)(const void *)at;
    case SR_COLUMN_STATE:
        return (long long)*(const enum sr_version_state *)(const void *)at;
    case SR_COLUMN_FLAG:
        return *(const bool *)(const void *)at;
    case SR_COLUMN_TEXT:
    case SR_COLUMN_WRAPPED:
    case SR_COLUMN_BYTES:
        break;
    }
    return 0;
}

/* False where the member cannot have the value. */
static bool set_integer(const struct sr_column *column, void *row, long long value)
{
    char *at = (char *)row + column->at;
    switch (column->kind) {
    case SR_COLUMN_SIGNED:
        *(long long *)(void *)at = value;
        break;
    case SR_COLUMN_UNSIGNED:
        *(unsigned long *)(void *)at = (unsigned long)value;
        break;
    case SR_COLUMN_STATE:
        if (value < SR_VERSION_MAKING || value > SR_VERSION_DESTROYED)
            return false;
        *(enum sr_version_state *)(void *)at = (enum sr_version_state)value;
        break;
    case SR_COLUMN_FLAG:
        *(bool *)(void *)at = value != 0;
        break;
    case SR_COLUMN_TEXT:
    case SR_COLUMN_WRAPPED:
    case SR_COLUMN_BYTES:
        return false;
    }
    return integer(column, row) == value;
}

static bool is_integer(const struct sr_column *column)
{
    return column->kind == SR_COLUMN_SIGNED || column->kind == SR_COLUMN_UNSIGNED ||
           column->kind == SR_COLUMN_STATE || column->kind == SR_COLUMN_FLAG;
}

/* The bytes of a member that is no integer. */
static const void *bytes_of(const struct sr_column *column, const void *row, size_t *length)
{
    const char *at = (const char *)row + column->at;
    const struct sr_wrapped *wrapped = (const struct sr_wrapped *)(const void *)at;

    *length = 0;
    switch (column->kind) {
    case SR_COLUMN_TEXT:
        *length = strlen(at);
        return at;
    case SR_COLUMN_WRAPPED:
        *length = wrapped->size;
        return wrapped->bytes;
    case SR_COLUMN_BYTES:
        *length = column->size;
        return at;
    case SR_COLUMN_SIGNED:
    case SR_COLUMN_UNSIGNED:
    case SR_COLUMN_STATE:
    case SR_COLUMN_FLAG:
        break;
    }
    return NULL;
}

/* False where the member has no room for them, or cannot be them. */
static bool set_bytes(const struct sr_column *column, void *row, const void *bytes, size_t length)
{
    char *at = (char *)row + column->at;
    struct sr_wrapped *wrapped = (struct sr_wrapped *)(void *)at;
    switch (column->kind) {
    case SR_COLUMN_TEXT:
        if (length >= column->size || memchr(bytes, '\0', length) != NULL)
            return false;
        memcpy(at, bytes, length);
        return true;
    case SR_COLUMN_WRAPPED:
        if (length > sizeof(wrapped->bytes))
            return false;
        memcpy(wrapped->bytes, bytes, length);
        wrapped->size = length;
        return true;
    case SR_COLUMN_BYTES:
        if (length != column->size)
            return false;
        memcpy(at, bytes, length);
        return true;
    case SR_COLUMN_SIGNED:
    case SR_COLUMN_UNSIGNED:
    case SR_COLUMN_STATE:
    case SR_COLUMN_FLAG:
        break;
    }
    return false;
}

static void canon_integer(struct canon *canon, unsigned long long value)
{
    for (int shift = 56; shift >= 0; shift -= 8)
        canon->bytes[canon->length++] = (unsigned char)(value >> shift);
}

static void canon_bytes(struct canon *canon, const void *bytes, size_t length)
{
    canon_integer(canon, length);
    memcpy(canon->bytes + canon->length, bytes, length);
    canon->length += length;
}

static enum sr_job_result no_memory(const struct sr_registry *registry, struct sr_why *why)
{
    sr_why_set(why, "the registry %s cannot be read or written: out of memory", registry->path);
    return SR_JOB_NO_MEMORY;
}

static enum sr_job_result seal_row(const struct sr_registry *registry, const struct sr_table *table,
                                   const void *row, unsigned char mac[SR_SEAL_SIZE], struct sr_why *why)
{
    size_t name = strlen(table->name);
    struct canon canon = {.bytes = malloc(table->row + name + 16 * (table->count + 1))};

    if (canon.bytes == NULL)
        return no_memory(registry, why);
    canon_bytes(&canon, table->name, name);
    for (const struct sr_column *c = table->columns; c < table->columns + table->count; c++) {
        size_t length;
        if (is_integer(c)) {
            canon_integer(&canon, 8);
            canon_integer(&canon, (unsigned long long)integer(c, row));
        } else {
            const void *bytes = bytes_of(c, row, &length);
            canon_bytes(&canon, bytes, length);
        }
    }
    CK_RV rv = registry->seal.mac(registry->seal.key, canon.bytes, canon.length, mac);
    free(canon.bytes);
    if (rv == CKR_OK)
        return SR_JOB_OK;
    sr_why_set(why, "the registry %s: the token cannot authenticate its rows: %s", registry->path,
               sr_rv_name(rv));
    return SR_JOB_FAILED;
}

/* The row as far as it could be read: its names may be anything. */
static enum sr_job_result tampered(const struct sr_registry *registry, const struct sr_table *table,
                                   const void *row, struct sr_why *why)
{
    char what[200];

    table->describe(row, what, sizeof(what));
    for (char *c = what; *c != '\0'; c++)
        if (*c < ' ' || *c > '~')
            *c = '?';
    sr_why_set(why,
               "the registry %s was changed, or belongs to another token: strongroomd did not write what it "
               "says of %s: restore it from a backup",
               registry->path, what);
    return SR_JOB_TAMPERED;
}

/* A column into its member. *GOOD is cleared where it cannot be what was written. */
static enum sr_job_result read_column(const struct sr_registry *registry, const struct sr_column *column,
                                      sqlite3_stmt *statement, int number, void *row, bool *good,
                                      struct sr_why *why)
{
    bool text = column->kind == SR_COLUMN_TEXT;
    bool binary = column->kind == SR_COLUMN_WRAPPED || column->kind == SR_COLUMN_BYTES;
    int type = sqlite3_column_type(statement, number);

    if ((text && type == SQLITE_TEXT) || (binary && type == SQLITE_BLOB)) {
        const void *bytes = text ? (const void *)sqlite3_column_text(statement, number)
                                 : sqlite3_column_blob(statement, number);
        size_t length = (size_t)sqlite3_column_bytes(statement, number);
        if (bytes == NULL && (text || length > 0))
            return sr_registry_failed(registry, why);
        *good = set_bytes(column, row, bytes != NULL ? bytes : "", length) && *good;
    } else if (!text && !binary && type == SQLITE_INTEGER) {
        *good = set_integer(column, row, sqlite3_column_int64(statement, number)) && *good;
    } else {
        *good = false;
    }
    return SR_JOB_OK;
}

/* The statement's current row, its columns and then its MAC. */
static enum sr_job_result read_row(const struct sr_registry *registry, const struct sr_table *table,
                                   sqlite3_stmt *statement, void *row, struct sr_why *why)
{
    unsigned char mac[SR_SEAL_SIZE];
    enum sr_job_result result = SR_JOB_OK;
    int number = 0;
    bool good = true;

    memset(row, 0, table->row);
    for (size_t i = 0; i < table->count && result == SR_JOB_OK; i++, number++)
        result = read_column(registry, &table->columns[i], statement, number, row, &good, why);
    if (result != SR_JOB_OK)
        return result;
    const void *stored = sqlite3_column_blob(statement, number);
    if (!good || stored == NULL || sqlite3_column_bytes(statement, number) != SR_SEAL_SIZE)
        return tampered(registry, table, row, why);
    result = seal_row(registry, table, row, mac, why);
    if (result == SR_JOB_OK && CRYPTO_memcmp(stored, mac, SR_SEAL_SIZE) != 0)
        result = tampered(registry, table, row, why);
    return result;
}

static int bind_column(sqlite3_stmt *statement, int number, const struct sr_column *column, const void *row)
{
    size_t length;

    if (is_integer(column))
        return sqlite3_bind_int64(statement, number, integer(column, row));
    const void *bytes = bytes_of(column, row, &length);
    if (column->kind == SR_COLUMN_TEXT)
        return sqlite3_bind_text(statement, number, bytes, (int)length, SQLITE_STATIC);
    return sqlite3_bind_blob(statement, number, bytes, (int)length, SQLITE_STATIC);
}

enum sr_job_result sr_registry_put_row(struct sr_registry *registry, const struct sr_table *table,
                                       const char *sql, const void *row, struct sr_why *why)
{
    unsigned char mac[SR_SEAL_SIZE];
    sqlite3_stmt *statement = NULL;
    int parameter = 1;
    int bound = SQLITE_OK;

    enum sr_job_result result = seal_row(registry, table, row, mac, why);
    if (result == SR_JOB_OK)
        result = sr_registry_keep(registry, sql, &statement, why);
    if (result != SR_JOB_OK)
        goto out;
    for (const struct sr_column *c = table->columns; c < table->columns + table->count; c++)
        bound |= bind_column(statement, parameter++, c, row);
    bound |= sqlite3_bind_blob(statement, parameter, mac, SR_SEAL_SIZE, SQLITE_STATIC);
    if (bound != SQLITE_OK || sqlite3_step(statement) != SQLITE_DONE)
        result = sr_registry_failed(registry, why);
out:
    sr_registry_release(registry, statement);
    return result;
}

static int bind_parameter(sqlite3_stmt *statement, int number, const struct sr_parameter *p)
{
    if (p->text != NULL)
        return sqlite3_bind_text(statement, number, p->text, -1, SQLITE_STATIC);
    if (p->bytes != NULL)
        return sqlite3_bind_blob(statement, number, p->bytes, (int)p->size, SQLITE_STATIC);
    return sqlite3_bind_int64(statement, number, p->number);
}

/* Rows, as they grow. */
struct list {
    char *rows;
    size_t length;
    size_t room;
};

static bool append(struct list *list, const struct sr_table *table, const char *row)
{
    if (list->length == list->room) {
        size_t room = list->room == 0 ? 8 : list->room * 2;
        char *longer = reallocarray(list->rows, room, table->size);
        if (longer == NULL)
            return false;
        list->rows = longer;
        list->room = room;
    }
    memcpy(list->rows + list->length++ * table->size, row + table->at, table->size);
    return true;
}

enum sr_job_result sr_registry_get_rows(struct sr_registry *registry, const struct sr_table *table,
                                        const char *sql, const struct sr_parameter *parameters, size_t n,
                                        void **rows, size_t *count, struct sr_why *why)
{
    sqlite3_stmt *statement = NULL;
    char *row = malloc(table->row);
    struct list list = {0};
    int bound = SQLITE_OK;
    int step = SQLITE_DONE;

    *rows = NULL;
    *count = 0;
    if (row == NULL)
        return no_memory(registry, why);
    enum sr_job_result result = sr_registry_keep(registry, sql, &statement, why);
    if (result != SR_JOB_OK)
        goto out;
    for (size_t i = 0; i < n; i++)
        bound |= bind_parameter(statement, (int)i + 1, &parameters[i]);
    while (bound == SQLITE_OK && result == SR_JOB_OK && (step = sqlite3_step(statement)) == SQLITE_ROW) {
        result = read_row(registry, table, statement, row, why);
        if (result == SR_JOB_OK && !append(&list, table, row))
            result = no_memory(registry, why);
    }
    if (result == SR_JOB_OK && (bound != SQLITE_OK || step != SQLITE_DONE))
        result = sr_registry_failed(registry, why);
    if (result == SR_JOB_OK) {
        *rows = list.rows;
        *count = list.length;
        list.rows = NULL;
    }
out:
    free(row);
    free(list.rows);
    sr_registry_release(registry, statement);
    return result;
}

enum sr_job_result sr_registry_get_named(struct sr_registry *registry, const struct sr_table *table,
                                         const char *sql, const struct sr_family_name *name, void **rows,
                                         size_t *count, struct sr_why *why)
{
    const struct sr_parameter parameters[] = {{.text = name != NULL ? name->role : NULL},
                                              {.text = name != NULL ? name->name : NULL}};
    return sr_registry_get_rows(registry, table, sql, parameters, name != NULL ? 2 : 0, rows, count, why);
}

/* All columns, as the list of them has them: the HMAC last. NULL, and WHY says so, where that fails. */
static char *select_all(struct sr_registry *registry, const struct sr_table *table, struct sr_why *why)
{
    sqlite3_stmt *columns = NULL;
    char *sql = NULL;

    if (sr_registry_prepare(registry,
                            "SELECT group_concat(name, ', ') FROM (SELECT name FROM pragma_table_info(?1) "
                            "WHERE name <> 'mac' ORDER BY cid)",
                            &columns, why) != SR_JOB_OK)
        return NULL;
    if (sqlite3_bind_text(columns, 1, table->name, -1, SQLITE_STATIC) == SQLITE_OK &&
        sqlite3_step(columns) == SQLITE_ROW)
        sql = sqlite3_mprintf("SELECT %s, mac FROM %s", sqlite3_column_text(columns, 0), table->name);
    if (sql == NULL)
        (void)sr_registry_failed(registry, why);
    (void)sqlite3_finalize(columns);
    return sql;
}

enum sr_job_result sr_registry_check_rows(struct sr_registry *registry, const struct sr_table *table,
                                          struct sr_why *why)
{
    sqlite3_stmt *statement = NULL;
    char *row = malloc(table->row);
    char *sql = select_all(registry, table, why);
    enum sr_job_result result = SR_JOB_FAILED;
    int step = SQLITE_DONE;

    if (row == NULL)
        result = no_memory(registry, why);
    else if (sql != NULL)
        result = sr_registry_prepare(registry, sql, &statement, why);
    while (result == SR_JOB_OK && (step = sqlite3_step(statement)) == SQLITE_ROW)
        result = read_row(registry, table, statement, row, why);
    if (result == SR_JOB_OK && step != SQLITE_DONE)
        result = sr_registry_failed(registry, why);
    (void)sqlite3_finalize(statement);
    sqlite3_free(sql);
    free(row);
    return result;
}
