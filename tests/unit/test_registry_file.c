/* SPDX-License-Identifier: Apache-2.0 */
/* The registry's file in the wrong hands: rows that were changed, modes, versions. */
#include "unit_registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static CK_RV no_token(void *key, const void *data, size_t length, unsigned char mac[SR_SEAL_SIZE])
{
    (void)key, (void)data, (void)length, (void)mac;
    return CKR_TOKEN_NOT_PRESENT;
}

/* One for each column, and then what else somebody could think of. */
static const char *const columns[] = {
    "UPDATE families SET role = 'data' WHERE name = 'a'",
    "UPDATE families SET name = 'c' WHERE name = 'a'",
    "UPDATE families SET created = created + 1 WHERE name = 'a'",
    "UPDATE families SET rotate_s = 0 WHERE name = 'a'",
    "UPDATE families SET grace_s = grace_s + 65536 WHERE name = 'a'",
    "UPDATE families SET mac = zeroblob(32) WHERE name = 'a'",
    "UPDATE versions SET role = 'data' WHERE name = 'a' AND number = 2",
    "UPDATE versions SET name = 'b' WHERE name = 'a' AND number = 2",
    "UPDATE versions SET number = 3 WHERE name = 'a' AND number = 2",
    "UPDATE versions SET state = 2 WHERE name = 'a' AND number = 1",
    "UPDATE versions SET created = 0 WHERE name = 'a' AND number = 1",
    "UPDATE versions SET retires = retires + 1 WHERE name = 'a' AND number = 1",
    "UPDATE versions SET mechanism = '' WHERE name = 'a' AND number = 1",
    "UPDATE versions SET mac = x'' WHERE name = 'a' AND number = 1",
    "UPDATE events SET id = 4 WHERE id = 1",
    "UPDATE events SET time = time - 1 WHERE id = 1",
    "UPDATE events SET role = 'data' WHERE id = 1",
    "UPDATE events SET name = 'b' WHERE id = 1",
    "UPDATE events SET operation = 'destroy' WHERE id = 1",
    "UPDATE events SET version = 2 WHERE id = 1",
    "UPDATE events SET operator_uid = -1 WHERE id = 1",
    "UPDATE events SET dry_run = 1 WHERE id = 1",
    "UPDATE events SET success = 0 WHERE id = 1",
    "UPDATE events SET mac = substr(mac, 1, 31) WHERE id = 1",
    "UPDATE clock SET id = 2",
    "UPDATE clock SET seen = seen + 86400",
    "UPDATE clock SET mac = x''",
    "UPDATE backups SET role = 'data' WHERE name = 'a'",
    "UPDATE backups SET name = 'b' WHERE name = 'a'",
    "UPDATE backups SET id = zeroblob(16) WHERE name = 'a'",
    "UPDATE backups SET version = 1 WHERE name = 'a'",
    "UPDATE backups SET created = created + 1 WHERE name = 'a'",
    "UPDATE backups SET mac = zeroblob(32) WHERE name = 'a'",
};

static const char *const moves[] = {
    /* two families' rows change places, names excepted */
    "CREATE TEMP TABLE t AS SELECT * FROM families; UPDATE families SET (created, rotate_s, grace_s, mac) = "
    "(SELECT created, rotate_s, grace_s, mac FROM t WHERE t.name <> families.name)",
    /* a version appears in another family as well, or as another version of its own */
    "INSERT INTO versions SELECT role, 'b', number, state, created, retires, mechanism, mac FROM versions "
    "WHERE name = 'a' AND number = 2",
    "INSERT INTO versions SELECT role, name, 3, state, created, retires, mechanism, mac FROM versions "
    "WHERE name = 'a' AND number = 2",
    "UPDATE versions SET mac = (SELECT mac FROM versions WHERE name = 'a' AND number = 1)",
    "INSERT INTO events SELECT 4, time, role, name, operation, version, operator_uid, dry_run, success, mac "
    "FROM events WHERE id = 1",
    /* the border between two fields moves */
    "UPDATE families SET role = 'sessio', name = 'na' WHERE name = 'a'",
    /* values that the structures have no room for, and such as only look the same in them */
    "UPDATE families SET name = name || char(0) || 'x' WHERE name = 'a'",
    "UPDATE families SET name = printf('%.64c', 'x') WHERE name = 'a'",
    "UPDATE versions SET state = state + 4294967296 WHERE name = 'a' AND number = 1",
    "UPDATE events SET success = 2 WHERE id = 1",
};

static void changed(const char *good, const char *const *statements, size_t count)
{
    char *path = unit_path("changed");
    char command[512];

    (void)snprintf(command, sizeof(command), "VACUUM INTO '%s'", path);
    for (size_t i = 0; i < count; i++) {
        struct sr_why why = {""};
        (void)unlink(path);
        (void)unit_sqlite3(good, command);
        CU_ASSERT_EQUAL(chmod(path, 0600), 0);
        CU_ASSERT_EQUAL(unit_read_all(path, unit_key, NULL), SR_JOB_OK);
        CU_ASSERT(unit_sqlite3(path, statements[i]) > 0);
        enum sr_job_result result = unit_read_all(path, unit_key, &why);
        if (result != SR_JOB_TAMPERED)
            (void)fprintf(stderr, "not seen: %s\n", statements[i]);
        CU_ASSERT_EQUAL(result, SR_JOB_TAMPERED);
        CU_ASSERT_PTR_NOT_NULL(strstr(why.text, path));
        CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "restore it from a backup"));
    }
    free(path);
}

static void a_changed_row_is_seen(void)
{
    char *good = unit_filled("good");
    struct sr_why why = {""};

    changed(good, columns, sizeof(columns) / sizeof(columns[0]));
    changed(good, moves, sizeof(moves) / sizeof(moves[0]));
    /* Each column of each table was in the list. */
    CU_ASSERT_EQUAL(unit_number(good,
                                "SELECT count(*) FROM sqlite_schema AS s JOIN pragma_table_info(s.name) "
                                "WHERE s.type = 'table' AND s.name NOT LIKE 'sqlite_%' "
                                "AND s.name NOT IN ('data_keys', 'totp_users')"),
                    sizeof(columns) / sizeof(columns[0]));

    CU_ASSERT_EQUAL(unit_sqlite3(good, "UPDATE families SET name = 'a' || char(10) WHERE name = 'a'"), 1);
    CU_ASSERT_EQUAL(unit_read_all(good, unit_key, &why), SR_JOB_TAMPERED);
    CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "family session:a?"));
    free(good);
}

/* Computed elsewhere: another encoding would make all registries that there are look changed. */
static void the_rows_are_sealed_as_ever(void)
{
    char *path = unit_filled("encoding");
    CU_ASSERT_EQUAL(
        unit_number(path, "SELECT mac = x'3af829e70beb856816f8ded39034454d25eafb19a463a7d55cb3dfb9f1badaf2' "
                          "FROM families WHERE name = 'a'"),
        1);
    CU_ASSERT_EQUAL(
        unit_number(path, "SELECT mac = x'b8d9d5e0c0b3cd4da6cfb46de95d8ea930cd30fd942b28a984e432d574e43a7a' "
                          "FROM versions WHERE name = 'a' AND number = 1"),
        1);
    CU_ASSERT_EQUAL(
        unit_number(path, "SELECT mac = x'8de919f30a8cc1f88b2f9a8d89d3850955433c4860489bdd3f66655a68976cf5' "
                          "FROM events WHERE id = 2"),
        1);
    free(path);
}

static void the_seal_decides(void)
{
    char other_key[] = "the key of quite another token.";
    char *path = unit_filled("sealed");
    struct sr_seal none = {no_token, NULL};
    struct sr_registry *registry;
    struct sr_family family;
    struct sr_why why = {""};

    CU_ASSERT_EQUAL(unit_read_all(path, other_key, &why), SR_JOB_TAMPERED);
    CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "another token"));
    CU_ASSERT_EQUAL(unit_read_all(path, unit_key, NULL), SR_JOB_OK);

    CU_ASSERT_EQUAL_FATAL(sr_registry_open(path, &none, &registry, NULL), SR_JOB_OK);
    unit_begin(registry, true);
    CU_ASSERT_EQUAL(sr_registry_family(registry, &family_a.name, &family, &why), SR_JOB_FAILED);
    CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "CKR_TOKEN_NOT_PRESENT"));
    CU_ASSERT_EQUAL(sr_registry_put_family(registry, &family_a, NULL), SR_JOB_FAILED);
    CU_ASSERT_EQUAL(sr_registry_end(registry, SR_JOB_FAILED, NULL), SR_JOB_FAILED);
    sr_registry_close(registry);
    free(path);
}

static void refused(const char *path, enum sr_job_result expected, const char *reason)
{
    struct sr_registry *registry;
    struct sr_why why = {""};
    CU_ASSERT_EQUAL(unit_open(path, unit_key, &registry, &why), expected);
    CU_ASSERT_PTR_NULL(registry);
    CU_ASSERT_PTR_NOT_NULL(strstr(why.text, path));
    CU_ASSERT_PTR_NOT_NULL(strstr(why.text, reason));
    sr_registry_close(registry);
}

static void the_file_is_the_owner_s_alone(void)
{
    static const mode_t modes[] = {0644, 0640, 0620, 0604, 0602, 0601};
    static const mode_t masks[] = {0, 0777};
    char *path = unit_filled("modes");
    char *link = unit_path("link");
    struct stat st;

    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        CU_ASSERT_EQUAL(chmod(path, modes[i]), 0);
        refused(path, SR_JOB_REFUSED, "0600");
    }
    CU_ASSERT_EQUAL(chmod(path, 0600), 0);
    CU_ASSERT_EQUAL(unit_read_all(path, unit_key, NULL), SR_JOB_OK);
    CU_ASSERT_EQUAL(symlink(path, link), 0);
    refused(link, SR_JOB_REFUSED, "not a regular file");
    refused(unit_folder(), SR_JOB_REFUSED, "not a regular file");
    refused("/nonexistent/registry", SR_JOB_FAILED, "cannot be made");
    refused("file:registry", SR_JOB_INVALID, "begins with");
    if (geteuid() == 0) { /* nobody else can give files away */
        CU_ASSERT_EQUAL(chown(path, 33, 33), 0);
        refused(path, SR_JOB_REFUSED, "chown");
    }
    for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
        mode_t before = umask(masks[i]);
        CU_ASSERT_EQUAL(unlink(path), 0);
        sr_registry_close(unit_opened(path));
        (void)umask(before);
        CU_ASSERT_EQUAL(stat(path, &st), 0);
        CU_ASSERT_EQUAL(st.st_mode & 07777, 0600);
    }
    free(link);
    free(path);
}

static void another_version_s_file_is_refused(void)
{
    char *path = unit_filled("newer");
    long long version = unit_number(path, "PRAGMA user_version");
    char sql[64];

    CU_ASSERT(version > 0);
    (void)snprintf(sql, sizeof(sql), "PRAGMA user_version = %lld", version + 1);
    (void)unit_sqlite3(path, sql);
    refused(path, SR_JOB_REFUSED, "install the newer strongroomd");
    (void)unit_sqlite3(path, "PRAGMA user_version = -1");
    refused(path, SR_JOB_REFUSED, "version -1");
    (void)snprintf(sql, sizeof(sql), "PRAGMA user_version = %lld", version);
    (void)unit_sqlite3(path, sql);
    CU_ASSERT_EQUAL(unit_read_all(path, unit_key, NULL), SR_JOB_OK);
    free(path);

    refused(unit_file("text", "This is not what SQLite writes, whatever its name may be.\n"), SR_JOB_FAILED,
            "not a database");
    sr_registry_close(unit_opened(unit_file("empty", ""))); /* killed right after the file was made */
}

static void a_migration_is_made_whole_or_not_at_all(void)
{
    const char *path = unit_file("halfway", "");
    (void)unit_sqlite3(path, "CREATE TABLE events (x)"); /* the last of the step's tables */
    refused(path, SR_JOB_FAILED, "events");
    CU_ASSERT_EQUAL(unit_number(path, "SELECT count(*) FROM sqlite_schema WHERE type = 'table'"), 1);
    CU_ASSERT_EQUAL(unit_number(path, "PRAGMA user_version"), 0);
}

CU_TestInfo registry_file_tests[] = {
    {"a changed row is seen", a_changed_row_is_seen},
    {"the rows are sealed as ever", the_rows_are_sealed_as_ever},
    {"the seal decides", the_seal_decides},
    {"the file is the owner's alone", the_file_is_the_owner_s_alone},
    {"another version's file is refused", another_version_s_file_is_refused},
    {"a migration is made whole or not at all", a_migration_is_made_whole_or_not_at_all},
    CU_TEST_INFO_NULL,
};
