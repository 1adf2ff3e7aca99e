/* SPDX-License-Identifier: Apache-2.0 */
#include "unit_registry.h"
#include "jobs/backup_key.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char unit_key[] = "the key of the registry's token";

const struct sr_family family_a = {{"session", "a"}, 1000, 3600, 600};
const struct sr_family family_b = {{"session", "b"}, 2000, 0, 60};
const struct sr_version a1 = {1, SR_VERSION_OLD, 1000, 5200, "CKM_AES_CBC_ENCRYPT_DATA"};
const struct sr_version a2 = {2, SR_VERSION_CURRENT, 4600, 0, "CKM_AES_CBC_ENCRYPT_DATA"};
const struct sr_version b1 = {1, SR_VERSION_CURRENT, 2000, 0, ""};
const struct sr_event created = {0, 1000, {"session", "a"}, "create", 1, 1001, false, true};
const struct sr_event rotated = {0, 4600, {"session", "a"}, "rotate", 2, -1, false, true};
const struct sr_event tried = {0, 4700, {"session", "b"}, "revoke", 0, 0, true, false};
static const struct sr_backup_row kept = {{"session", "a"}, "a file's id", 2, 4800};

static CK_RV hmac(void *key, const void *data, size_t length, unsigned char mac[SR_SEAL_SIZE])
{
    unsigned int size = SR_SEAL_SIZE;
    if (HMAC(EVP_sha256(), key, (int)strlen(key), data, length, mac, &size) == NULL)
        return CKR_FUNCTION_FAILED;
    return CKR_OK;
}

char *unit_path(const char *name)
{
    char *path;
    if (asprintf(&path, "%s/%s", unit_folder(), name) < 0)
        abort();
    return path;
}

enum sr_job_result unit_open(const char *path, char *key, struct sr_registry **registry, struct sr_why *why)
{
    struct sr_seal seal = {hmac, key};
    return sr_registry_open(path, &seal, registry, why);
}

struct sr_registry *unit_opened(const char *path)
{
    struct sr_registry *registry;
    struct sr_why why = {""};
    enum sr_job_result result = unit_open(path, unit_key, &registry, &why);
    if (result != SR_JOB_OK)
        (void)fprintf(stderr, "%s\n", why.text);
    CU_ASSERT_EQUAL_FATAL(result, SR_JOB_OK);
    return registry;
}

void unit_begin(struct sr_registry *registry, bool writes)
{
    CU_ASSERT_EQUAL_FATAL(sr_registry_begin(registry, writes, NULL), SR_JOB_OK);
}

enum sr_job_result unit_fill(struct sr_registry *registry)
{
    enum sr_job_result result = sr_registry_put_family(registry, &family_b, NULL);
    if (result == SR_JOB_OK)
        result = sr_registry_put_family(registry, &family_a, NULL);
    if (result == SR_JOB_OK)
        result = sr_registry_put_version(registry, &family_a.name, &a2, NULL);
    if (result == SR_JOB_OK)
        result = sr_registry_put_version(registry, &family_a.name, &a1, NULL);
    if (result == SR_JOB_OK)
        result = sr_registry_put_version(registry, &family_b.name, &b1, NULL);
    if (result == SR_JOB_OK)
        result = sr_registry_add_event(registry, &created, NULL);
    if (result == SR_JOB_OK)
        result = sr_registry_add_event(registry, &rotated, NULL);
    if (result == SR_JOB_OK)
        result = sr_registry_add_event(registry, &tried, NULL);
    if (result == SR_JOB_OK)
        result = sr_registry_put_clock(registry, 1700000000, NULL);
    if (result == SR_JOB_OK)
        result = sr_registry_put_backup(registry, &kept, NULL);
    return result;
}

char *unit_filled(const char *name)
{
    char *path = unit_path(name);
    struct sr_registry *registry = unit_opened(path);
    unit_begin(registry, true);
    CU_ASSERT_EQUAL_FATAL(sr_registry_end(registry, unit_fill(registry), NULL), SR_JOB_OK);
    sr_registry_close(registry);
    return path;
}

size_t unit_families(struct sr_registry *registry)
{
    struct sr_family *families;
    size_t count = 0;
    unit_begin(registry, false);
    enum sr_job_result result = sr_registry_families(registry, &families, &count, NULL);
    CU_ASSERT_EQUAL(sr_registry_end(registry, result, NULL), SR_JOB_OK);
    free(families);
    return count;
}

int unit_sqlite3(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    char *said = NULL;
    int changed = 0;

    CU_ASSERT_EQUAL(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &said) == SQLITE_OK)
        changed = sqlite3_changes(db);
    else
        (void)fprintf(stderr, "%s: %s\n", sql, said);
    sqlite3_free(said);
    CU_ASSERT_EQUAL(sqlite3_close(db), SQLITE_OK);
    return changed;
}

long long unit_number(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;

    CU_ASSERT_EQUAL(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    CU_ASSERT_EQUAL(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
    CU_ASSERT_EQUAL(sqlite3_step(statement), SQLITE_ROW);
    long long value = sqlite3_column_int64(statement, 0);
    (void)sqlite3_finalize(statement);
    CU_ASSERT_EQUAL(sqlite3_close(db), SQLITE_OK);
    return value;
}

enum sr_job_result unit_read_all(const char *path, char *key, struct sr_why *why)
{
    static const struct sr_family_name names[] = {{"session", "a"}, {"session", "b"}, {"data", "a"}};
    struct sr_registry *registry;
    struct sr_family *families = NULL;
    struct sr_version *versions = NULL;
    struct sr_event *events = NULL;
    long long seen;
    struct sr_backup_row *backups = NULL;
    size_t count;

    CU_ASSERT_EQUAL_FATAL(unit_open(path, key, &registry, NULL), SR_JOB_OK);
    unit_begin(registry, false);
    enum sr_job_result result = sr_registry_families(registry, &families, &count, why);
    for (size_t i = 0; i < 3 && result == SR_JOB_OK; i++) {
        result = sr_registry_versions(registry, &names[i], &versions, &count, why);
        free(versions);
    }
    if (result == SR_JOB_OK)
        result = sr_registry_events(registry, NULL, &events, &count, why);
    if (result == SR_JOB_OK)
        result = sr_registry_clock(registry, &seen, why);
    if (result == SR_JOB_OK)
        result = sr_registry_backups(registry, NULL, &backups, &count, why);
    result = sr_registry_end(registry, result, why);
    sr_registry_close(registry);
    free(families);
    free(backups);
    free(events);
    return result;
}
