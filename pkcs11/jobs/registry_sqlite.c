/* SPDX-License-Identifier: Apache-2.0 */
/* The registry's SQLite file: made and opened, brought up to date, its transactions.
 *
 * The rollback journal, not the write-ahead log: at rest the registry is one file, which can be copied and
 * put back as it is. With it, synchronous has to be EXTRA: FULL does not sync the folder after the journal
 * was removed, so that a loss of power could bring back the journal, and with it take back what was committed
 * (sqlite.org/pragma.html#pragma_synchronous). */
#include "jobs/registry_sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUSY_MS 3000 /* how long another process, sqlite3(1) say, may keep the file locked */

/* Step N brings the tables from version N to N + 1. A step that was released is never changed. */
static const char *const migrations[] = {
    "CREATE TABLE families ("
    "  role TEXT NOT NULL,"
    "  name TEXT NOT NULL,"
    "  created INTEGER NOT NULL,"
    "  rotate_s INTEGER NOT NULL,"
    "  grace_s INTEGER NOT NULL,"
    "  mac BLOB NOT NULL,"
    "  PRIMARY KEY (role, name)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE versions ("
    "  role TEXT NOT NULL,"
    "  name TEXT NOT NULL,"
    "  number INTEGER NOT NULL,"
    "  state INTEGER NOT NULL,"
    "  created INTEGER NOT NULL,"
    "  retires INTEGER NOT NULL,"
    "  mechanism TEXT NOT NULL,"
    "  mac BLOB NOT NULL,"
    "  PRIMARY KEY (role, name, number),"
    "  FOREIGN KEY (role, name) REFERENCES families (role, name)"
    ") STRICT, WITHOUT ROWID;"
    /* No reference to families: a family that could not be made has a history, too. */
    "CREATE TABLE events ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  time INTEGER NOT NULL,"
    "  role TEXT NOT NULL,"
    "  name TEXT NOT NULL,"
    "  operation TEXT NOT NULL,"
    "  version INTEGER NOT NULL,"
    "  operator_uid INTEGER NOT NULL,"
    "  dry_run INTEGER NOT NULL,"
    "  success INTEGER NOT NULL,"
    "  mac BLOB NOT NULL"
    ") STRICT;",
    "CREATE TABLE clock ("
    "  id INTEGER PRIMARY KEY,"
    "  seen INTEGER NOT NULL,"
    "  mac BLOB NOT NULL"
    ") STRICT;",
    /* With row ids: rows of this size would leave the upper levels of a tree by name with few branches. */
    "CREATE TABLE totp_users ("
    "  role TEXT NOT NULL,"
    "  name TEXT NOT NULL,"
    "  user TEXT NOT NULL,"
    "  version INTEGER NOT NULL,"
    "  seed BLOB NOT NULL,"
    "  mechanism TEXT NOT NULL,"
    "  algorithm TEXT NOT NULL,"
    "  digits INTEGER NOT NULL,"
    "  period INTEGER NOT NULL,"
    "  created INTEGER NOT NULL,"
    "  step INTEGER NOT NULL,"
    "  drift INTEGER NOT NULL,"
    "  failures INTEGER NOT NULL,"
    "  until INTEGER NOT NULL,"
    "  mac BLOB NOT NULL,"
    "  UNIQUE (role, name, user),"
    "  FOREIGN KEY (role, name) REFERENCES families (role, name)"
    ") STRICT;"
    "CREATE INDEX totp_users_by_version ON totp_users (role, name, version, user);",
    "CREATE TABLE data_keys ("
    "  id BLOB NOT NULL PRIMARY KEY,"
    "  role TEXT NOT NULL,"
    "  name TEXT NOT NULL,"
    "  version INTEGER NOT NULL,"
    "  wrapped BLOB NOT NULL,"
    "  state INTEGER NOT NULL,"
    "  created INTEGER NOT NULL,"
    "  messages INTEGER NOT NULL,"
    "  mac BLOB NOT NULL,"
    "  FOREIGN KEY (role, name, version) REFERENCES versions (role, name, number)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX data_keys_by_version ON data_keys (role, name, version);",
    "CREATE TABLE backups ("
    "  role TEXT NOT NULL,"
    "  name TEXT NOT NULL,"
    "  id BLOB NOT NULL,"
    "  version INTEGER NOT NULL,"
    "  created INTEGER NOT NULL,"
    "  mac BLOB NOT NULL,"
    "  PRIMARY KEY (role, name, id),"
    "  FOREIGN KEY (role, name) REFERENCES families (role, name)"
    ") STRICT, WITHOUT ROWID;",
};

#define NEWEST ((long long)(sizeof(migrations) / sizeof(migrations[0])))

static const char *way_out(int code)
{
    switch (code) {
    case SQLITE_BUSY:
        return " by another program: end that program";
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return ": restore it from a backup";
    default:
        return "";
    }
}

enum sr_job_result sr_registry_failed(const struct sr_registry *registry, struct sr_why *why)
{
    int code = sqlite3_errcode(registry->db);
    sr_why_set(why, "the registry %s cannot be read or written: %s%s", registry->path,
               sqlite3_errmsg(registry->db), way_out(code));
    return code == SQLITE_NOMEM ? SR_JOB_NO_MEMORY : SR_JOB_FAILED;
}

static enum sr_job_result execute(struct sr_registry *registry, const char *sql, struct sr_why *why)
{
    if (sqlite3_exec(registry->db, sql, NULL, NULL, NULL) != SQLITE_OK)
        return sr_registry_failed(registry, why);
    return SR_JOB_OK;
}

enum sr_job_result sr_registry_keep(struct sr_registry *registry, const char *sql, sqlite3_stmt **statement,
                                    struct sr_why *why)
{
    size_t i = 0;

    while (i < SR_KEPT_MAX && registry->kept[i] != NULL && strcmp(sqlite3_sql(registry->kept[i]), sql) != 0)
        i++;
    if (i == SR_KEPT_MAX || registry->kept[i] == NULL || sqlite3_stmt_busy(registry->kept[i])) {
        enum sr_job_result result = sr_registry_prepare(registry, sql, statement, why);
        if (result == SR_JOB_OK && i < SR_KEPT_MAX && registry->kept[i] == NULL)
            registry->kept[i] = *statement;
        return result;
    }
    *statement = NULL;
    if (sqlite3_get_autocommit(registry->db))
        return sr_registry_prepare(registry, sql, statement, why); /* which says what is wrong */
    *statement = registry->kept[i];
    return SR_JOB_OK;
}

void sr_registry_release(struct sr_registry *registry, sqlite3_stmt *statement)
{
    for (size_t i = 0; i < SR_KEPT_MAX; i++)
        if (statement != NULL && registry->kept[i] == statement) {
            (void)sqlite3_reset(statement); /* says once more how the last step ended */
            (void)sqlite3_clear_bindings(statement);
            return;
        }
    (void)sqlite3_finalize(statement);
}

enum sr_job_result sr_registry_prepare(struct sr_registry *registry, const char *sql,
                                       sqlite3_stmt **statement, struct sr_why *why)
{
    *statement = NULL;
    if (sqlite3_get_autocommit(registry->db)) {
        sr_why_set(why, "the registry %s: an error has ended the transaction", registry->path);
        return SR_JOB_FAILED;
    }
    if (sqlite3_prepare_v2(registry->db, sql, -1, statement, NULL) != SQLITE_OK)
        return sr_registry_failed(registry, why);
    return SR_JOB_OK;
}

/* Makes the file where it is not there. SQLite would make it as the umask says. */
static enum sr_job_result make_file(const char *path, struct sr_why *why)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 && errno == EEXIST)
        return SR_JOB_OK;
    if (fd < 0 || fchmod(fd, 0600) != 0) {
        sr_why_set(why, "the registry %s cannot be made: %s", path, strerror(errno));
        if (fd >= 0)
            (void)close(fd);
        return SR_JOB_FAILED;
    }
    (void)close(fd);
    return SR_JOB_OK;
}

/* By its path, not by a descriptor: closing one would end the locks that this process has on the file
 * (sqlite.org/howtocorrupt.html, section 2.2). */
static enum sr_job_result check_file(const char *path, struct sr_why *why)
{
    struct stat st;
    const char *reason = NULL;

    if (lstat(path, &st) != 0) {
        sr_why_set(why, "the registry %s cannot be read: %s", path, strerror(errno));
        return SR_JOB_FAILED;
    }
    if (!S_ISREG(st.st_mode))
        reason = "is not a regular file";
    else if (st.st_uid != geteuid())
        reason = "belongs to another user: make it strongroomd's with chown";
    else if (st.st_mode & (S_IRWXG | S_IRWXO))
        reason = "can be read or changed by others: set its mode to 0600 with chmod";
    if (reason == NULL)
        return SR_JOB_OK;
    sr_why_set(why, "the registry %s %s", path, reason);
    return SR_JOB_REFUSED;
}

/* The first column of SQL's first row, as text; a longer one is cut. */
static enum sr_job_result ask(struct sr_registry *registry, const char *sql, char answer[24],
                              struct sr_why *why)
{
    enum sr_job_result result = SR_JOB_OK;
    sqlite3_stmt *statement = NULL;
    const unsigned char *text = NULL;

    if (sqlite3_prepare_v2(registry->db, sql, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        text = sqlite3_column_text(statement, 0);
    if (text == NULL)
        result = sr_registry_failed(registry, why);
    else
        (void)snprintf(answer, 24, "%s", (const char *)text);
    (void)sqlite3_finalize(statement);
    return result;
}

static enum sr_job_result settle(struct sr_registry *registry, struct sr_why *why)
{
    char mode[24];
    int keys = 0;

    (void)sqlite3_busy_timeout(registry->db, BUSY_MS);
    /* What stands in the file's own tables is not trusted to run functions, nor may SQL damage the file. */
    if (sqlite3_db_config(registry->db, SQLITE_DBCONFIG_ENABLE_FKEY, 1, &keys) != SQLITE_OK || !keys ||
        sqlite3_db_config(registry->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL) != SQLITE_OK ||
        sqlite3_db_config(registry->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL) != SQLITE_OK) {
        sr_why_set(why, "the registry %s: this SQLite (%s) lacks foreign keys or its defensive settings",
                   registry->path, sqlite3_libversion());
        return SR_JOB_FAILED;
    }
    enum sr_job_result result = ask(registry, "PRAGMA journal_mode = DELETE", mode, why);
    if (result == SR_JOB_OK && strcmp(mode, "delete") != 0) {
        sr_why_set(why,
                   "the registry %s: its journal mode stays \"%s\", not \"delete\": end the other programs "
                   "that have it open",
                   registry->path, mode);
        return SR_JOB_FAILED;
    }
    if (result == SR_JOB_OK)
        result = execute(registry, "PRAGMA synchronous = EXTRA", why);
    /* A million users' rows are read where they lie in the system's cache. */
    return result == SR_JOB_OK ? execute(registry, "PRAGMA mmap_size = 4294967296", why) : result;
}

/* One step, where one is needed. The version is read within the transaction: another process may be at it. */
static enum sr_job_result migrate_once(struct sr_registry *registry, bool *done, struct sr_why *why)
{
    char text[24];
    char set[48];

    enum sr_job_result result = sr_registry_begin(registry, true, why);
    if (result != SR_JOB_OK)
        return result;
    result = ask(registry, "PRAGMA user_version", text, why);
    if (result != SR_JOB_OK)
        goto out;
    long long version = strtoll(text, NULL, 10);
    *done = version == NEWEST;
    if (*done)
        goto out;
    if (version < 0 || version > NEWEST) {
        sr_why_set(why,
                   "the registry %s is of version %lld, this strongroomd knows versions up to %lld: "
                   "install the newer strongroomd again, or restore the registry from a backup",
                   registry->path, version, NEWEST);
        result = SR_JOB_REFUSED;
        goto out;
    }
    (void)snprintf(set, sizeof(set), "PRAGMA user_version = %lld", version + 1);
    result = execute(registry, migrations[version], why);
    if (result == SR_JOB_OK)
        result = execute(registry, set, why);
out:
    return sr_registry_end(registry, result, why);
}

enum sr_job_result sr_registry_open(const char *path, const struct sr_seal *seal,
                                    struct sr_registry **registry, struct sr_why *why)
{
    struct sr_registry *r = NULL;
    enum sr_job_result result = SR_JOB_INVALID;
    bool done = false;

    *registry = NULL;
    if (path[0] != '/') { /* SQLite may take another path for a URI, or for its ":memory:" */
        sr_why_set(why, "the registry \"%s\" needs a path that begins with \"/\"", path);
        return result;
    }
    result = make_file(path, why);
    if (result == SR_JOB_OK)
        result = check_file(path, why);
    if (result != SR_JOB_OK)
        return result;

    r = calloc(1, sizeof(*r));
    if (r == NULL || (r->path = strdup(path)) == NULL) {
        sr_why_set(why, "the registry %s cannot be opened: out of memory", path);
        free(r);
        return SR_JOB_NO_MEMORY;
    }
    r->seal = *seal;
    (void)pthread_mutex_init(&r->turn, NULL); /* which cannot fail without attributes */
    if (sqlite3_open_v2(path, &r->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
        result = sr_registry_failed(r, why);
    if (result == SR_JOB_OK)
        result = settle(r, why);
    while (result == SR_JOB_OK && !done)
        result = migrate_once(r, &done, why);
    if (result == SR_JOB_OK)
        *registry = r;
    else
        sr_registry_close(r);
    return result;
}

void sr_registry_close(struct sr_registry *registry)
{
    if (registry == NULL)
        return;
    for (size_t i = 0; i < SR_KEPT_MAX; i++)
        (void)sqlite3_finalize(registry->kept[i]);
    (void)sqlite3_close(registry->db);
    (void)pthread_mutex_destroy(&registry->turn);
    free(registry->path);
    free(registry);
}

enum sr_job_result sr_registry_begin(struct sr_registry *registry, bool writes, struct sr_why *why)
{
    (void)pthread_mutex_lock(&registry->turn);
    /* A transaction that writes locks the file at once: one that has read already may not wait for a lock. */
    enum sr_job_result result = execute(registry, writes ? "BEGIN IMMEDIATE" : "BEGIN", why);
    if (result != SR_JOB_OK)
        (void)pthread_mutex_unlock(&registry->turn);
    return result;
}

enum sr_job_result sr_registry_end(struct sr_registry *registry, enum sr_job_result result,
                                   struct sr_why *why)
{
    if (result == SR_JOB_OK)
        result = execute(registry, "COMMIT", why);
    /* After some errors, a full disk for one, SQLite has rolled back already. */
    if (result != SR_JOB_OK && !sqlite3_get_autocommit(registry->db))
        (void)execute(registry, "ROLLBACK", NULL);
    (void)pthread_mutex_unlock(&registry->turn);
    return result;
}
