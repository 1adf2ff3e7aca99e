/* SPDX-License-Identifier: Apache-2.0 */
#include "jobs/registry_copy.h"
#include "cryptoki/names.h"
#include "jobs/registry_sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STEP_PAGES 256 /* the others wait for that many at a time */
#define MAGIC_SIZE (sizeof(SR_COPY_MAGIC) - 1)
#define TEXT "registry copy"
#define HASH_SIZE 32

static enum sr_job_result failed(const char *path, const char *what, struct sr_why *why)
{
    sr_why_set(why, "%s cannot be %s: %s", path, what, strerror(errno));
    return errno == ENOMEM ? SR_JOB_NO_MEMORY : SR_JOB_FAILED;
}

static bool read_all(int fd, unsigned char *to, size_t length, off_t at)
{
    while (length > 0) {
        ssize_t n = pread(fd, to, length, at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            errno = n == 0 ? EIO : errno;
            return false;
        }
        to += n;
        at += n;
        length -= (size_t)n;
    }
    return true;
}

static bool write_all(int fd, const unsigned char *from, size_t length, off_t at)
{
    while (length > 0) {
        ssize_t n = pwrite(fd, from, length, at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            errno = n == 0 ? EIO : errno;
            return false;
        }
        from += n;
        at += n;
        length -= (size_t)n;
    }
    return true;
}

/* SHA-256 over the first SIZE bytes of FD. */
static enum sr_job_result hash_file(int fd, const char *path, off_t size, unsigned char hash[HASH_SIZE],
                                    struct sr_why *why)
{
    const size_t room = (size_t)64 << 10;
    unsigned char *piece = malloc(room);
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    enum sr_job_result result = SR_JOB_OK;

    bool hashed = piece != NULL && md != NULL && EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1;
    for (off_t at = 0; at < size && result == SR_JOB_OK && hashed;) {
        size_t n = size - at < (off_t)room ? (size_t)(size - at) : room;
        if (!read_all(fd, piece, n, at))
            result = failed(path, "read", why);
        hashed = EVP_DigestUpdate(md, piece, n) == 1;
        at += (off_t)n;
    }
    if (result == SR_JOB_OK && !(hashed && EVP_DigestFinal_ex(md, hash, NULL) == 1)) {
        sr_why_set(why, "%s: libcrypto cannot compute SHA-256", path);
        result = SR_JOB_FAILED;
    }
    EVP_MD_CTX_free(md);
    free(piece);
    return result;
}

/* The HMAC over the first SIZE bytes of FD. */
static enum sr_job_result seal_of(const struct sr_registry *registry, int fd, const char *path, off_t size,
                                  unsigned char mac[SR_SEAL_SIZE], struct sr_why *why)
{
    unsigned char input[8 + sizeof(TEXT) - 1 + HASH_SIZE] = {0};

    input[7] = sizeof(TEXT) - 1;
    memcpy(input + 8, TEXT, sizeof(TEXT) - 1);
    enum sr_job_result result = hash_file(fd, path, size, input + 8 + sizeof(TEXT) - 1, why);
    if (result != SR_JOB_OK)
        return result;
    CK_RV rv = registry->seal.mac(registry->seal.key, input, sizeof(input), mac);
    if (rv == CKR_OK)
        return SR_JOB_OK;
    sr_why_set(why, "the token cannot authenticate a copy of the registry: %s", sr_rv_name(rv));
    return SR_JOB_FAILED;
}

/* All pages into the empty file at PATH. What is written to the registry between two steps by this connection
 * is written to the copy as well (sqlite.org/c3ref/backup_finish.html). */
static enum sr_job_result copy_pages(struct sr_registry *registry, const char *path, struct sr_why *why)
{
    sqlite3 *to = NULL;
    enum sr_job_result result = SR_JOB_OK;
    int code = sqlite3_open_v2(path, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);

    /* The copy is thrown away where this is interrupted. */
    if (code == SQLITE_OK)
        code = sqlite3_exec(to, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF", NULL, NULL, NULL);
    (void)pthread_mutex_lock(&registry->turn);
    sqlite3_backup *backup = code == SQLITE_OK ? sqlite3_backup_init(to, "main", registry->db, "main") : NULL;
    if (backup == NULL && code == SQLITE_OK)
        code = sqlite3_errcode(to);
    while (backup != NULL && (code = sqlite3_backup_step(backup, STEP_PAGES)) == SQLITE_OK) {
        (void)pthread_mutex_unlock(&registry->turn);
        (void)pthread_mutex_lock(&registry->turn);
    }
    if (backup != NULL && code == SQLITE_DONE)
        code = sqlite3_backup_finish(backup);
    else
        (void)sqlite3_backup_finish(backup);
    (void)pthread_mutex_unlock(&registry->turn);
    if (code != SQLITE_OK) {
        sr_why_set(why, "the registry %s cannot be copied to %s: %s", registry->path, path,
                   sqlite3_errstr(code));
        result = code == SQLITE_NOMEM ? SR_JOB_NO_MEMORY : SR_JOB_FAILED;
    }
    (void)sqlite3_close(to);
    return result;
}

static enum sr_job_result add_seal(const struct sr_registry *registry, const char *path, struct sr_why *why)
{
    unsigned char trailer[SR_COPY_TRAILER];
    struct stat st;
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    enum sr_job_result result = SR_JOB_OK;

    memcpy(trailer, SR_COPY_MAGIC, MAGIC_SIZE);
    if (fd < 0 || fstat(fd, &st) != 0 || !write_all(fd, trailer, MAGIC_SIZE, st.st_size))
        result = failed(path, "written", why);
    if (result == SR_JOB_OK)
        result = seal_of(registry, fd, path, st.st_size + (off_t)MAGIC_SIZE, trailer + MAGIC_SIZE, why);
    if (result == SR_JOB_OK && !write_all(fd, trailer, sizeof(trailer), st.st_size))
        result = failed(path, "written", why);
    if (fd >= 0)
        (void)close(fd);
    return result;
}

enum sr_job_result sr_registry_copy(struct sr_registry *registry, const char *path, struct sr_why *why)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return failed(path, "made", why);
    (void)close(fd);
    enum sr_job_result result = copy_pages(registry, path, why);
    return result == SR_JOB_OK ? add_seal(registry, path, why) : result;
}

static enum sr_job_result not_ours(const char *reason, struct sr_why *why)
{
    sr_why_set(why, "%s; the registry stays as it was: take another backup", reason);
    return SR_JOB_TAMPERED;
}

/* Checks the seal, and cuts it off. */
static enum sr_job_result check_seal(const struct sr_registry *registry, const char *path, struct sr_why *why)
{
    unsigned char trailer[SR_COPY_TRAILER];
    unsigned char mac[SR_SEAL_SIZE];
    struct stat st;
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    enum sr_job_result result = SR_JOB_OK;

    if (fd < 0 || fstat(fd, &st) != 0) {
        result = failed(path, "read", why);
        goto out;
    }
    off_t size = st.st_size - (off_t)sizeof(trailer);
    if (size > 0 && !read_all(fd, trailer, sizeof(trailer), size)) {
        result = failed(path, "read", why);
        goto out;
    }
    if (size <= 0 || memcmp(trailer, SR_COPY_MAGIC, MAGIC_SIZE) != 0) {
        result = not_ours("this is no backup of a registry, or its end is missing", why);
        goto out;
    }
    result = seal_of(registry, fd, path, size + (off_t)MAGIC_SIZE, mac, why);
    if (result == SR_JOB_OK && CRYPTO_memcmp(mac, trailer + MAGIC_SIZE, SR_SEAL_SIZE) != 0)
        result = not_ours("the backup was changed, or belongs to another token", why);
    if (result == SR_JOB_OK && ftruncate(fd, size) != 0)
        result = failed(path, "written", why);
out:
    if (fd >= 0)
        (void)close(fd);
    return result;
}

/* NULL where there is none of that name. */
static const struct sr_table *table_of(const unsigned char *name)
{
    static const struct sr_table *const *const lists[] = {sr_family_tables, sr_data_tables, sr_totp_tables,
                                                          sr_backup_tables};
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]) && name != NULL; i++)
        for (const struct sr_table *const *table = lists[i]; *table != NULL; table++)
            if (strcmp((*table)->name, (const char *)name) == 0)
                return *table;
    return NULL;
}

#define TABLES                                                                                               \
    "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "

/* Every row of every table. */
static enum sr_job_result check_tables(struct sr_registry *copy, struct sr_why *why)
{
    sqlite3_stmt *names = NULL;
    int step = SQLITE_DONE;

    enum sr_job_result result = sr_registry_prepare(copy, TABLES, &names, why);
    while (result == SR_JOB_OK && (step = sqlite3_step(names)) == SQLITE_ROW) {
        const struct sr_table *table = table_of(sqlite3_column_text(names, 0));
        if (table == NULL)
            result = not_ours("the backup has a table that strongroomd does not make", why);
        else
            result = sr_registry_check_rows(copy, table, why);
    }
    if (result == SR_JOB_OK && step != SQLITE_DONE)
        result = sr_registry_failed(copy, why);
    (void)sqlite3_finalize(names);
    return result;
}

enum sr_job_result sr_registry_vet(struct sr_registry *registry, const char *path, struct sr_why *why)
{
    struct sr_registry *copy = NULL;

    enum sr_job_result result = check_seal(registry, path, why);
    if (result == SR_JOB_OK)
        result = sr_registry_open(path, &registry->seal, &copy, why);
    if (result != SR_JOB_OK)
        return result;
    result = sr_registry_begin(copy, false, why);
    if (result == SR_JOB_OK)
        result = sr_registry_end(copy, check_tables(copy, why), why);
    sr_registry_close(copy);
    return result;
}

static enum sr_job_result execute(struct sr_registry *registry, const char *sql, struct sr_why *why)
{
    if (sqlite3_exec(registry->db, sql, NULL, NULL, NULL) != SQLITE_OK)
        return sr_registry_failed(registry, why);
    return SR_JOB_OK;
}

static enum sr_job_result attach(struct sr_registry *registry, const char *path, struct sr_why *why)
{
    sqlite3_stmt *statement = NULL;
    enum sr_job_result result = SR_JOB_OK;

    if (sqlite3_prepare_v2(registry->db, "ATTACH ?1 AS incoming", -1, &statement, NULL) != SQLITE_OK ||
        sqlite3_bind_text(statement, 1, path, -1, SQLITE_STATIC) != SQLITE_OK ||
        sqlite3_step(statement) != SQLITE_DONE)
        result = sr_registry_failed(registry, why);
    (void)sqlite3_finalize(statement);
    return result;
}

/* The first column of SQL's first row. */
static enum sr_job_result number_of(struct sr_registry *registry, const char *sql, long long *number,
                                    struct sr_why *why)
{
    sqlite3_stmt *statement;
    enum sr_job_result result = sr_registry_prepare(registry, sql, &statement, why);
    if (result != SR_JOB_OK)
        return result;
    if (sqlite3_step(statement) == SQLITE_ROW)
        *number = sqlite3_column_int64(statement, 0);
    else
        result = sr_registry_failed(registry, why);
    (void)sqlite3_finalize(statement);
    return result;
}

/* But for what ANALYZE leaves. */
#define SCHEMA(db)                                                                                           \
    "SELECT type, name, tbl_name, sql FROM " db                                                              \
    ".sqlite_schema WHERE name NOT LIKE 'sqlite\\_stat%' ESCAPE "                                            \
    "'\\'"

static enum sr_job_result check_place(struct sr_registry *registry, bool force, struct sr_why *why)
{
    long long families = 0;
    long long differences = 0;

    enum sr_job_result result = number_of(registry, "SELECT count(*) FROM main.families", &families, why);
    if (result == SR_JOB_OK && families > 0 && !force) {
        sr_why_set(why,
                   "the registry %s has families already (%lld): --force puts the backup in their place; "
                   "\"strongroom registry backup\" keeps what is there now",
                   registry->path, families);
        return SR_JOB_REFUSED;
    }
    /* Both went through the same steps, so their tables are the same; a trigger or a view more would be
     * somebody else's. */
    if (result == SR_JOB_OK)
        result = number_of(
            registry,
            "SELECT (SELECT count(*) FROM (" SCHEMA("main") " EXCEPT " SCHEMA(
                "incoming") "))"
                            " + (SELECT count(*) FROM (" SCHEMA("incoming") " EXCEPT " SCHEMA("main") "))",
            &differences, why);
    if (result == SR_JOB_OK && differences != 0)
        result = not_ours("the backup has other tables than the registry", why);
    return result;
}

/* Runs FORMAT, in which %w is a table's name, twice at most, for each that SELECT names. */
static enum sr_job_result for_tables(struct sr_registry *registry, const char *select, const char *format,
                                     struct sr_why *why)
{
    sqlite3_stmt *tables = NULL;
    int step = SQLITE_ERROR;

    enum sr_job_result result = sr_registry_prepare(registry, select, &tables, why);
    while (result == SR_JOB_OK && (step = sqlite3_step(tables)) == SQLITE_ROW) {
        const unsigned char *name = sqlite3_column_text(tables, 0);
        char *sql = sqlite3_mprintf(format, name, name);
        if (sql == NULL) {
            sr_why_set(why, "out of memory");
            result = SR_JOB_NO_MEMORY;
        } else {
            result = execute(registry, sql, why);
        }
        sqlite3_free(sql);
    }
    if (result == SR_JOB_OK && step != SQLITE_DONE)
        result = sr_registry_failed(registry, why);
    (void)sqlite3_finalize(tables);
    return result;
}

/* What strongroomd saw of the clock is its own, not a backup's. */
#define COPIED TABLES "AND name <> 'clock' "

/* All rows of all tables. Tables refer to such as were made before them, so these are emptied last and filled
 * first. */
static enum sr_job_result copy_rows(struct sr_registry *registry, struct sr_why *why)
{
    enum sr_job_result result =
        for_tables(registry, COPIED "ORDER BY rowid DESC", "DELETE FROM main.\"%w\"", why);
    if (result == SR_JOB_OK)
        result = for_tables(registry, COPIED "ORDER BY rowid",
                            "INSERT INTO main.\"%w\" SELECT * FROM incoming.\"%w\"", why);
    return result;
}

enum sr_job_result sr_registry_replace(struct sr_registry *registry, const char *path, bool force,
                                       enum sr_job_result (*change)(void *arg, struct sr_why *why), void *arg,
                                       struct sr_why *why)
{
    (void)pthread_mutex_lock(&registry->turn);
    enum sr_job_result result = attach(registry, path, why); /* not within a transaction */
    if (result != SR_JOB_OK)
        goto out;
    /* BEGIN IMMEDIATE would write to both files, and leave a third one behind where this process is killed: a
     * statement that changes nothing locks the one. */
    result = execute(registry, "BEGIN; UPDATE main.families SET created = created WHERE 0", why);
    if (result == SR_JOB_OK)
        result = check_place(registry, force, why);
    if (result == SR_JOB_OK)
        result = copy_rows(registry, why);
    if (result == SR_JOB_OK)
        result = change(arg, why);
    if (result == SR_JOB_OK)
        result = execute(registry, "COMMIT", why);
    if (result != SR_JOB_OK && !sqlite3_get_autocommit(registry->db))
        (void)execute(registry, "ROLLBACK", NULL);
    (void)execute(registry, "DETACH incoming", NULL);
out:
    (void)pthread_mutex_unlock(&registry->turn);
    return result;
}
