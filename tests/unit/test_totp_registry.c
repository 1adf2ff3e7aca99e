/* SPDX-License-Identifier: Apache-2.0 */
/* Users in the registry: enrolled, imported, removed, rewrapped; rows that were changed, an older file that
 * is put back, a file that cannot be written, strongroomd killed at any step. */
#include "unit_copies.h"
#include "unit_registry.h"
#include "unit_totp.h"

#include <jansson.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct unit_jobs u;
static struct sr_why why;

static const struct sr_totp_kind sha1 = {"SHA1", 6, 30};
static const struct sr_totp_label acme = {"ACME: no", "alice"};
static const struct sr_totp_label shop = {"Shop & Co", "al ice"};

static enum sr_job_result enrol(const char *user, const struct sr_totp_kind *kind,
                                const struct sr_totp_label *label, bool replace, char **uri)
{
    why.text[0] = '\0';
    return sr_totp_enrol(u.jobs, &u.bench, &unit_users, user, kind, label, replace, uri, &why);
}

static size_t users(void)
{
    char *json = NULL;
    CU_ASSERT_EQUAL_FATAL(sr_totp_list(u.jobs, &unit_users, "", SR_TOTP_BATCH, &json, &why), SR_JOB_OK);
    json_t *array = json_loads(json, 0, NULL);
    size_t count = json_array_size(array);
    json_decref(array);
    free(json);
    return count;
}

static void a_user_is_enrolled_once(void)
{
    static const struct sr_totp_kind wrong[] = {
        {"MD5", 6, 30}, {"SHA1", 5, 30}, {"SHA1", 9, 30}, {"SHA1", 6, 0}, {"SHA1", 6, 86401}};
    static const char *const names[] = {
        "", "a\nb", "a\x7f", "\xc2\x85", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff"};
    static const struct sr_totp_kind long_kind = {"SHA512", 8, 60};
    struct sr_family_name other = {"session", "users"};
    char *first = NULL;
    char *second = NULL;

    unit_totp_make(&u, "totp-enrol");
    CU_ASSERT_EQUAL_FATAL(enrol("alice", &sha1, &shop, false, &first), SR_JOB_OK);
    CU_ASSERT_EQUAL(strncmp(first, "otpauth://totp/Shop%20%26%20Co:al%20ice?secret=", 47), 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(first, "&issuer=Shop%20%26%20Co&algorithm=SHA1&digits=6&period=30"));
    CU_ASSERT_EQUAL(strcspn(first + 47, "&"), 32);
    CU_ASSERT_EQUAL(enrol("alice", &sha1, &shop, false, &second), SR_JOB_EXISTS);
    CU_ASSERT_PTR_NULL(second);
    CU_ASSERT_EQUAL(enrol("alice", &long_kind, &shop, true, &second), SR_JOB_OK);
    CU_ASSERT_EQUAL(strcspn(second + 47, "&"), 103);
    CU_ASSERT_PTR_NOT_NULL(strstr(second, "&algorithm=SHA512&digits=8&period=60"));
    sr_totp_free_secret(first);
    sr_totp_free_secret(second);
    CU_ASSERT_EQUAL(enrol("bob", &sha1, &acme, false, &first), SR_JOB_INVALID); /* a colon */
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        CU_ASSERT_EQUAL(enrol("bob", &wrong[i], &shop, false, &first), SR_JOB_INVALID);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        CU_ASSERT_EQUAL(enrol(names[i], &sha1, &shop, false, &first), SR_JOB_INVALID);
    CU_ASSERT_EQUAL(sr_totp_enrol(u.jobs, &u.bench, &other, "bob", &sha1, &shop, false, &first, &why),
                    SR_JOB_INVALID);
    other = (struct sr_family_name){"totp", "nowhere"};
    CU_ASSERT_EQUAL(sr_totp_enrol(u.jobs, &u.bench, &other, "bob", &sha1, &shop, false, &first, &why),
                    SR_JOB_NOT_FOUND);
    CU_ASSERT_EQUAL(sr_totp_verify(u.jobs, &u.bench, &other, "bob", "123456", &why), SR_JOB_NOT_FOUND);
    CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "no family"));
    CU_ASSERT_EQUAL(users(), 1);
    CU_ASSERT_EQUAL(sr_totp_remove(u.jobs, &unit_users, "alice", &why), SR_JOB_OK);
    CU_ASSERT_EQUAL(sr_totp_remove(u.jobs, &unit_users, "alice", &why), SR_JOB_NOT_FOUND);
    CU_ASSERT_EQUAL(unit_totp_verify_text(&u, "alice", "12345678"), SR_JOB_NOT_FOUND);
    CU_ASSERT_EQUAL(users(), 0);
    CU_ASSERT_EQUAL_FATAL(enrol("alice", &sha1, &shop, false, &first), SR_JOB_OK);
    sr_totp_free_secret(first);
    unit_jobs_close(&u);
}

#define ROW(user, secret, rest) user "\t" secret "\t" rest "\n"
#define KIND "SHA1\t6\t3600"

static void outcomes(const char *rows, bool dry_run, const char *wanted)
{
    char got[400] = "";
    char *json = NULL;
    CU_ASSERT_EQUAL_FATAL(
        sr_totp_import(u.jobs, &u.bench, &unit_users, rows, strlen(rows), dry_run, &json, &why), SR_JOB_OK);
    json_t *array = json_loads(json, 0, NULL);
    for (size_t i = 0; i < json_array_size(array); i++) {
        const char *result = json_string_value(json_object_get(json_array_get(array, i), "result"));
        (void)snprintf(got + strlen(got), sizeof(got) - strlen(got), "%c", result[0]);
    }
    if (strcmp(got, wanted) != 0)
        (void)fprintf(stderr, "%s\n", json);
    CU_ASSERT_STRING_EQUAL(got, wanted);
    json_decref(array);
    free(json);
}

static void seeds_are_imported(void)
{
    static const char rows[] =
        ROW("alice", UNIT_SEED, KIND) ROW("bob", "jbsw y3dp-ehpk3pxp jbswy3dpehpk3pxp======", KIND)
            ROW("alice", UNIT_SEED, KIND) ROW("short", "JBSWY3DPEHPK3PXP", KIND) ROW("char", "JBSW!", KIND)
                ROW("kind", UNIT_SEED, "MD5\t6\t30") ROW("digits", UNIT_SEED, "SHA1\t12\t30")
                    ROW("more", UNIT_SEED, KIND "\tx") "less\t" UNIT_SEED "\n" ROW("\xff", UNIT_SEED, KIND)
                        ROW("", UNIT_SEED, KIND) "\n";
    char *json = NULL;

    unit_totp_make(&u, "totp-import");
    outcomes(rows, true, "iibbbbbbbbbb");
    CU_ASSERT_EQUAL(users(), 0);
    outcomes(rows, false, "iibbbbbbbbbb");
    outcomes(rows, true, "eebbbbbbbbbb");
    outcomes(rows, false, "eebbbbbbbbbb");
    outcomes(ROW("bob", UNIT_SEED, KIND) ROW("carol", UNIT_SEED, KIND) ROW("alice", UNIT_SEED, KIND)
                 ROW("dave", UNIT_SEED, KIND),
             false, "eiei");
    CU_ASSERT_EQUAL(users(), 4);
    unit_totp_go(1, 0);
    CU_ASSERT_EQUAL(unit_totp_verify(&u, "alice", 1), SR_JOB_OK);
    CU_ASSERT_EQUAL(unit_totp_verify(&u, "bob", 1), SR_JOB_OK);
    CU_ASSERT_EQUAL(unit_totp_verify(&u, "carol", 1), SR_JOB_OK);
    CU_ASSERT_EQUAL(unit_totp_verify(&u, "dave", 1), SR_JOB_OK);
    CU_ASSERT_EQUAL(sr_totp_import(u.jobs, &u.bench, &unit_users, "x", 1, false, &json, &why),
                    SR_JOB_INVALID);
    unit_jobs_close(&u);
}

static void seeds_go_over_to_the_current_version(void)
{
    unsigned long version = 0;
    size_t moved;
    size_t left;
    struct sr_why report = {""};

    unit_totp_make(&u, "totp-rewrap");
    unit_totp_import(&u, "alice");
    unit_totp_import(&u, "bob");
    unit_totp_import(&u, "carol");
    CU_ASSERT_EQUAL(sr_family_rotate(u.jobs, &u.bench, &unit_users, 0, true, &unit_operator, &version, &why),
                    SR_JOB_OK);
    CU_ASSERT_EQUAL(sr_family_destroy(u.jobs, &u.bench, &unit_users, 1, false, &unit_operator, &why),
                    SR_JOB_REFUSED);
    CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "users' seeds (3)"));
    unit_totp_go(1, 0);
    CU_ASSERT_EQUAL(unit_totp_verify(&u, "alice", 1), SR_JOB_OK); /* and goes over */
    CU_ASSERT_EQUAL(sr_totp_rewrap(u.jobs, &u.bench, &unit_users, 1, &moved, &left, &why), SR_JOB_OK);
    CU_ASSERT_EQUAL(moved, 1);
    CU_ASSERT_EQUAL(left, 1);
    CU_ASSERT_EQUAL(sr_totp_tick(u.jobs, &u.bench, &report), SR_JOB_OK);
    CU_ASSERT_EQUAL(sr_family_destroy(u.jobs, &u.bench, &unit_users, 1, false, &unit_operator, &why),
                    SR_JOB_OK);
    unit_totp_restart(&u);
    CU_ASSERT_EQUAL(sr_family_revoke(u.jobs, &u.bench, &unit_users, &unit_operator, &version, &why),
                    SR_JOB_OK);
    unit_totp_go(3, 0);
    CU_ASSERT_EQUAL(unit_totp_verify(&u, "bob", 3), SR_JOB_OK);
    CU_ASSERT_EQUAL(sr_totp_rewrap(u.jobs, &u.bench, &unit_users, 100, &moved, &left, &why), SR_JOB_OK);
    CU_ASSERT_EQUAL(left, 0);
    CU_ASSERT_EQUAL(sr_family_destroy(u.jobs, &u.bench, &unit_users, 2, false, &unit_operator, &why),
                    SR_JOB_OK);
    CU_ASSERT_EQUAL(unit_totp_verify(&u, "alice", 3), SR_JOB_OK);
    CU_ASSERT_EQUAL(unit_totp_verify(&u, "carol", 3), SR_JOB_OK);
    CU_ASSERT_EQUAL(unit_objects(&u, "totp:users"), 1);
    /* Without its key a seed is lost, which is no verdict on a code. */
    CU_ASSERT_EQUAL(sr_family_rotate(u.jobs, &u.bench, &unit_users, 0, true, &unit_operator, &version, &why),
                    SR_JOB_OK);
    CU_ASSERT_EQUAL(sr_family_destroy(u.jobs, &u.bench, &unit_users, 3, true, &unit_operator, &why),
                    SR_JOB_OK);
    unit_totp_go(5, 0);
    CU_ASSERT_EQUAL(unit_totp_verify(&u, "alice", 5), SR_JOB_FAILED);
    CU_ASSERT_EQUAL(sr_totp_tick(u.jobs, &u.bench, &report), SR_JOB_FAILED);
    CU_ASSERT_PTR_NOT_NULL(strstr(report.text, "cannot be rewrapped"));
    unit_jobs_close(&u);
}

/* One for each column, and two users' parts that change places. */
static const char *const changes[] = {
    ("UPDATE totp_users SET user = 'mallory' WHERE user = 'alice'; "
     "UPDATE totp_users SET user = 'alice' WHERE user = 'bob'"),
    ("CREATE TEMP TABLE t AS SELECT * FROM totp_users; UPDATE totp_users SET (seed, mac) = "
     "(SELECT seed, mac FROM t WHERE t.user <> totp_users.user)"),
    ("CREATE TEMP TABLE t AS SELECT * FROM totp_users; UPDATE totp_users SET seed = "
     "(SELECT seed FROM t WHERE t.user <> totp_users.user)"),
    "UPDATE totp_users SET version = 2 WHERE user = 'alice'",
    "UPDATE totp_users SET seed = zeroblob(40) WHERE user = 'alice'",
    "UPDATE totp_users SET mechanism = '' WHERE user = 'alice'",
    "UPDATE totp_users SET algorithm = 'SHA256' WHERE user = 'alice'",
    "UPDATE totp_users SET digits = 7 WHERE user = 'alice'",
    "UPDATE totp_users SET period = 1800 WHERE user = 'alice'",
    "UPDATE totp_users SET created = created - 1 WHERE user = 'alice'",
    "UPDATE totp_users SET step = -1 WHERE user = 'alice'",
    "UPDATE totp_users SET drift = 5 WHERE user = 'alice'",
    "UPDATE totp_users SET failures = failures + 1 WHERE user = 'alice'",
    "UPDATE totp_users SET until = until + 1 WHERE user = 'alice'",
    "UPDATE totp_users SET mac = zeroblob(32) WHERE user = 'alice'",
};

static void copy_file(const char *from, const char *to)
{
    char bytes[4096];
    size_t n;
    FILE *in = fopen(from, "rb");
    FILE *out = fopen(to, "wb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(in);
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    while ((n = fread(bytes, 1, sizeof(bytes), in)) > 0)
        CU_ASSERT_EQUAL(fwrite(bytes, 1, n, out), n);
    CU_ASSERT_EQUAL(fclose(in), 0);
    CU_ASSERT_EQUAL(fclose(out), 0);
}

static void rows_that_were_changed_are_found(void)
{
    char good[200];

    unit_totp_make(&u, "totp-changed");
    unit_totp_import(&u, "alice");
    outcomes(ROW("bob", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", KIND), false, "i");
    unit_totp_go(1, 0);
    CU_ASSERT_EQUAL(unit_totp_verify(&u, "alice", 1), SR_JOB_OK);
    sr_jobs_close(u.jobs);
    (void)snprintf(good, sizeof(good), "%s.good", u.registry);
    copy_file(u.registry, good);
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        copy_file(good, u.registry);
        CU_ASSERT_TRUE(unit_sqlite3(u.registry, changes[i]) > 0);
        unit_totp_go(1, 0);
        unit_jobs_open(&u);
        unit_totp_go(3, 0);
        enum sr_job_result result = unit_totp_verify(&u, "alice", 3);
        if (result != SR_JOB_TAMPERED)
            (void)fprintf(stderr, "%s: %s\n", changes[i], unit_totp_why.text);
        CU_ASSERT_EQUAL(result, SR_JOB_TAMPERED);
        sr_jobs_close(u.jobs);
    }
    copy_file(good, u.registry);
    unit_totp_go(1, 0);
    unit_jobs_open(&u);
    unit_totp_go(3, 0);
    CU_ASSERT_EQUAL(unit_totp_verify(&u, "alice", 3), SR_JOB_OK);
    unit_jobs_close(&u);
}

static void a_used_code_stays_used(void)
{
    char old[200];
    char crashed[200];

    unit_totp_make(&u, "totp-old");
    unit_totp_import(&u, "alice");
    unit_totp_import(&u, "bob");
    sr_jobs_close(u.jobs);
    (void)snprintf(old, sizeof(old), "%s.old", u.registry);
    (void)snprintf(crashed, sizeof(crashed), "%s.crashed", u.registry);
    copy_file(u.registry, old);
    unit_jobs_open(&u);
    unit_totp_go(5, 0);
    CU_ASSERT_EQUAL(unit_totp_verify(&u, "alice", 5), SR_JOB_OK);
    CU_ASSERT_EQUAL(unit_totp_verify(&u, "bob", 6), SR_JOB_OK); /* ahead: it is written at once */
    copy_file(u.registry, crashed);                             /* as a kill would leave it */
    sr_jobs_close(u.jobs);
    copy_file(crashed, u.registry);
    CU_ASSERT_EQUAL(unit_number(crashed, "SELECT max(step) FROM totp_users WHERE user = 'alice'"), -1);
    unit_jobs_open(&u);
    CU_ASSERT_EQUAL(unit_totp_verify(&u, "alice", 5), SR_JOB_BAD);
    CU_ASSERT_EQUAL(unit_totp_verify(&u, "bob", 6), SR_JOB_BAD);
    CU_ASSERT_EQUAL(unit_totp_verify(&u, "alice", 6), SR_JOB_BAD); /* it could have been used */
    sr_jobs_close(u.jobs);
    copy_file(old, u.registry);
    unit_jobs_open(&u);
    CU_ASSERT_EQUAL(unit_totp_verify(&u, "alice", 5), SR_JOB_BAD);
    CU_ASSERT_EQUAL(unit_totp_verify(&u, "bob", 6), SR_JOB_BAD); /* of which this registry knows nothing */
    unit_totp_go(6, 0);
    CU_ASSERT_EQUAL(unit_totp_verify(&u, "bob", 6), SR_JOB_BAD);
    CU_ASSERT_EQUAL(unit_totp_verify(&u, "bob", 7), SR_JOB_OK);
    unit_totp_go(7, 0);
    CU_ASSERT_EQUAL(unit_totp_verify(&u, "alice", 7), SR_JOB_OK);
    unit_jobs_close(&u);
}

/* While strongroomd runs: what it remembers is of the registry before. */
static void a_restored_registry_accepts_no_used_code(void)
{
    struct sr_why report = {""};

    unit_totp_make(&u, "totp-restored");
    unit_totp_import(&u, "alice");
    unit_totp_import(&u, "bob");
    unit_totp_go(3, 0);
    CU_ASSERT_EQUAL(unit_totp_verify(&u, "alice", 4), SR_JOB_OK);
    struct copies_backup backup = copies_take(&u);
    unit_totp_go(5, 0);
    CU_ASSERT_EQUAL(unit_totp_verify(&u, "alice", 5), SR_JOB_OK);
    CU_ASSERT_EQUAL(unit_totp_verify(&u, "bob", 5), SR_JOB_OK);
    unit_totp_import(&u, "carol");
    CU_ASSERT_EQUAL(sr_totp_remove(u.jobs, &unit_users, "bob", &why), SR_JOB_OK);
    unit_totp_go(7, 0);
    CU_ASSERT_EQUAL(unit_totp_verify(&u, "alice", 7), SR_JOB_OK);
    CU_ASSERT_EQUAL_FATAL(copies_restore(&u, &backup, true, NULL), SR_JOB_OK);
    CU_ASSERT_EQUAL(sr_totp_tick(u.jobs, &u.bench, &report), SR_JOB_OK);
    CU_ASSERT_EQUAL(unit_totp_verify(&u, "alice", 7), SR_JOB_BAD);
    CU_ASSERT_EQUAL(unit_totp_verify(&u, "bob", 5), SR_JOB_BAD);
    CU_ASSERT_EQUAL(unit_totp_verify(&u, "carol", 7), SR_JOB_NOT_FOUND);
    unit_totp_go(9, 0);
    CU_ASSERT_EQUAL(unit_totp_verify(&u, "alice", 10), SR_JOB_OK); /* with the drift that the backup had */
    CU_ASSERT_EQUAL(unit_totp_verify(&u, "bob", 9), SR_JOB_OK);
    free(backup.data);
    unit_jobs_close(&u);
}

static void a_disk_that_fails_is_no_verdict(void)
{
    sqlite3 *db = NULL;
    struct sr_why report = {""};

    unit_totp_make(&u, "totp-locked");
    unit_totp_import(&u, "alice");
    unit_totp_go(5, 0);
    CU_ASSERT_EQUAL(unit_totp_verify(&u, "alice", 5), SR_JOB_OK);
    CU_ASSERT_EQUAL(sqlite3_open_v2(u.registry, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    CU_ASSERT_EQUAL(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    unit_totp_go(7, 0);
    CU_ASSERT_EQUAL(unit_totp_verify(&u, "alice", 7), SR_JOB_OK); /* needs no disk */
    CU_ASSERT_EQUAL(sr_totp_tick(u.jobs, &u.bench, &report), SR_JOB_FAILED);
    CU_ASSERT_EQUAL(unit_totp_verify(&u, "alice", 8), SR_JOB_FAILED); /* ahead: it does */
    CU_ASSERT_EQUAL(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    CU_ASSERT_EQUAL(sqlite3_close(db), SQLITE_OK);
    CU_ASSERT_EQUAL(unit_totp_verify(&u, "alice", 8), SR_JOB_BAD); /* it counts as used all the same */
    CU_ASSERT_EQUAL(sr_totp_tick(u.jobs, &u.bench, &report), SR_JOB_OK);
    CU_ASSERT_EQUAL(unit_number(u.registry, "SELECT drift FROM totp_users"), 1);
    unit_jobs_close(&u);
}

/* The killer counts Cryptoki calls, and ends the process at one of them. */
static CK_FUNCTION_LIST real;
static unsigned long calls_left;

static void count(void)
{
    if (--calls_left == 0)
        (void)kill(getpid(), SIGKILL);
}

static CK_RV killing_sign(CK_SESSION_HANDLE s, CK_BYTE *data, CK_ULONG n, CK_BYTE *out, CK_ULONG *size)
{
    count();
    return real.C_Sign(s, data, n, out, size);
}

static CK_RV killing_wrap(CK_SESSION_HANDLE s, CK_MECHANISM *m, CK_OBJECT_HANDLE kek, CK_OBJECT_HANDLE key,
                          CK_BYTE *out, CK_ULONG *size)
{
    count();
    CK_RV rv = real.C_WrapKey(s, m, kek, key, out, size);
    count();
    return rv;
}

static CK_RV killing_destroy(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE object)
{
    count();
    return real.C_DestroyObject(s, object);
}

enum change { IMPORT, REPLACE, REWRAP, REMOVE, CHANGES };

static enum sr_job_result make_change(enum change change)
{
    static const char rows[] = ROW("new1", UNIT_SEED, KIND) ROW("new2", UNIT_SEED, KIND);
    char *text = NULL;
    size_t moved;
    size_t left;
    enum sr_job_result result;
    switch (change) {
    case IMPORT:
        result = sr_totp_import(u.jobs, &u.bench, &unit_users, rows, strlen(rows), false, &text, &why);
        break;
    case REPLACE:
        result = enrol("alice", &sha1, &shop, true, &text);
        break;
    case REWRAP:
        return sr_totp_rewrap(u.jobs, &u.bench, &unit_users, 100, &moved, &left, &why);
    default:
        return sr_totp_remove(u.jobs, &unit_users, "alice", &why);
    }
    free(text);
    return result;
}

/* In a child: exits with 0 where the change came to its end before call number N. */
static int child(const char *name, enum change change, unsigned long n)
{
    unit_jobs_open_token(&u, name);
    unit_jobs_open(&u);
    real = *u.module.f;
    calls_left = n;
    u.module.f->C_Sign = killing_sign;
    u.module.f->C_WrapKey = killing_wrap;
    u.module.f->C_DestroyObject = killing_destroy;
    return make_change(change) == SR_JOB_OK ? 0 : 3;
}

static void look_after_the_kill(enum change change, bool whole)
{
    size_t there = users(); /* every row is as it was written */
    size_t moved;
    size_t left = 1;
    unit_totp_go(3, 0);
    CU_ASSERT_EQUAL(unit_totp_verify(&u, "bob", 3), SR_JOB_OK);
    if (change == IMPORT)
        CU_ASSERT_TRUE(there == (whole ? 4 : 2) || there == 4);
    if (change == REWRAP) {
        CU_ASSERT_EQUAL(there, 2);
        CU_ASSERT_EQUAL(unit_totp_verify(&u, "alice", 3), SR_JOB_OK);
    }
    if (change == REPLACE)
        CU_ASSERT_EQUAL(there, 2);
    if (change == REMOVE)
        CU_ASSERT_TRUE(there == 1 || (there == 2 && unit_totp_verify(&u, "alice", 3) == SR_JOB_OK));
    CU_ASSERT_EQUAL(sr_totp_rewrap(u.jobs, &u.bench, &unit_users, 100, &moved, &left, &why), SR_JOB_OK);
    CU_ASSERT_EQUAL(left, 0);
}

static void killed_at_every_step(void)
{
    for (int change = 0; change < CHANGES; change++) {
        int status = -1;
        for (unsigned long n = 1; status != 0 && n < 100; n++) {
            char name[32];
            unsigned long version;
            (void)snprintf(name, sizeof(name), "totp-kill-%d-%lu", change, n);
            unit_totp_make(&u, name);
            unit_totp_import(&u, "alice");
            unit_totp_import(&u, "bob");
            if (change == REWRAP)
                CU_ASSERT_EQUAL(
                    sr_family_rotate(u.jobs, &u.bench, &unit_users, 0, true, &unit_operator, &version, &why),
                    SR_JOB_OK);
            unit_jobs_close(&u);
            (void)fflush(NULL);
            pid_t pid = fork();
            CU_ASSERT_TRUE_FATAL(pid >= 0);
            if (pid == 0)
                _exit(child(name, (enum change)change, n));
            CU_ASSERT_EQUAL_FATAL(waitpid(pid, &status, 0), pid);
            CU_ASSERT_TRUE(status == 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
            unit_jobs_open_token(&u, name);
            unit_jobs_open(&u);
            look_after_the_kill((enum change)change, status == 0);
            unit_jobs_close(&u);
            if (n == 1)
                CU_ASSERT_NOT_EQUAL(status, 0); /* it was killed at least once */
        }
        CU_ASSERT_EQUAL(status, 0);
    }
}

CU_TestInfo totp_registry_tests[] = {
    {"a user is enrolled once", a_user_is_enrolled_once},
    {"seeds are imported", seeds_are_imported},
    {"seeds go over to the current version", seeds_go_over_to_the_current_version},
    {"rows that were changed are found", rows_that_were_changed_are_found},
    {"a used code stays used", a_used_code_stays_used},
    {"a restored registry accepts no used code", a_restored_registry_accepts_no_used_code},
    {"a disk that fails is no verdict", a_disk_that_fails_is_no_verdict},
    {"killed at every step", killed_at_every_step},
    CU_TEST_INFO_NULL,
};
