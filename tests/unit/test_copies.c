/* SPDX-License-Identifier: Apache-2.0 */
/* Backups of the registry: what comes back, what is refused, and what is left when strongroomd is killed at
 * any step of a restore. */
#include "unit_copies.h"

#include "jobs/family.h"
#include "unit_registry.h"

#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static bool there(const struct unit_jobs *u, const char *suffix)
{
    char path[200];
    struct stat st;
    (void)snprintf(path, sizeof(path), "%s%s", u->registry, suffix);
    return lstat(path, &st) == 0;
}

static void a_backup_comes_back(void)
{
    struct unit_jobs u;
    char *report = NULL;

    unit_jobs_make(&u, "copies-back");
    copies_create(&u, "session:web");
    copies_rotate(&u, "session:web");
    copies_create(&u, "data:tenants");
    struct copies_signature s = copies_sign(&u, "session:web");
    struct copies_backup backup = copies_take(&u);
    CU_ASSERT(!there(&u, ".backup"));
    copies_lose_registry(&u);
    CU_ASSERT_EQUAL(copies_verify(&u, "session:web", &s), SR_JOB_NOT_FOUND);

    CU_ASSERT_EQUAL(copies_restore(&u, &backup, false, &report), SR_JOB_OK);
    CU_ASSERT_STRING_EQUAL(report, "{\"added\":[],\"gone\":[],\"left\":[],\"families\":2,\"versions\":3}");
    CU_ASSERT_EQUAL(copies_verify(&u, "session:web", &s), SR_JOB_OK);
    CU_ASSERT_STRING_EQUAL(copies_states(&u, "session:web"), "old current");
    CU_ASSERT_STRING_EQUAL(copies_states(&u, "data:tenants"), "current");
    CU_ASSERT_EQUAL(copies_events(&u, "registry", "restore"), 1);
    CU_ASSERT_EQUAL(copies_events(&u, "session:web", "create"), 1);
    CU_ASSERT(!there(&u, ".restore"));

    /* Not over families, unless that is wanted. */
    copies_create(&u, "session:new");
    CU_ASSERT_EQUAL(copies_restore(&u, &backup, false, NULL), SR_JOB_REFUSED);
    CU_ASSERT_PTR_NOT_NULL(strstr(copies_why.text, "--force"));
    CU_ASSERT_STRING_EQUAL(copies_states(&u, "session:new"), "current");
    CU_ASSERT_EQUAL(copies_restore(&u, &backup, true, NULL), SR_JOB_OK);
    CU_ASSERT_STRING_EQUAL(copies_states(&u, "session:web"), "old current");
    /* The family that the backup did not know is in the token, so it is there again. */
    CU_ASSERT_STRING_EQUAL(copies_states(&u, "session:new"), "current");
    CU_ASSERT_EQUAL(copies_events(&u, "session:new", "rebuild"), 1);
    free(report);
    free(backup.data);
    unit_jobs_close(&u);
}

static void an_old_backup_brings_nothing_back(void)
{
    struct unit_jobs u;
    struct sr_family_name shop = unit_family("session:shop");
    unsigned long version;

    unit_jobs_make(&u, "copies-old");
    copies_create(&u, "session:web");
    copies_create(&u, "session:shop");
    struct copies_signature first = copies_sign(&u, "session:web");
    struct copies_signature shops = copies_sign(&u, "session:shop");
    struct copies_backup backup = copies_take(&u);
    copies_rotate(&u, "session:web");
    struct copies_signature second = copies_sign(&u, "session:web");
    copies_rotate(&u, "session:web");
    CU_ASSERT_EQUAL(copies_verify(&u, "session:web", &first), SR_JOB_OK);
    copies_destroy(&u, "session:web", 1);
    CU_ASSERT_EQUAL(sr_family_revoke(u.jobs, &u.bench, &shop, &unit_operator, &version, &copies_why),
                    SR_JOB_OK);

    CU_ASSERT_EQUAL(copies_restore(&u, &backup, true, NULL), SR_JOB_OK);
    CU_ASSERT_STRING_EQUAL(copies_states(&u, "session:web"), "destroyed old current");
    CU_ASSERT_STRING_EQUAL(copies_states(&u, "session:shop"), "destroyed current");
    CU_ASSERT_EQUAL(copies_verify(&u, "session:web", &first), SR_JOB_BAD);
    CU_ASSERT_EQUAL(copies_verify(&u, "session:web", &second), SR_JOB_OK);
    CU_ASSERT_EQUAL(copies_verify(&u, "session:shop", &shops), SR_JOB_BAD);
    CU_ASSERT_EQUAL(copies_events(&u, "session:web", "gone"), 1);
    CU_ASSERT_EQUAL(copies_events(&u, "session:web", "rebuild"), 2);
    copies_rotate(&u, "session:web"); /* and it goes on */
    CU_ASSERT_STRING_EQUAL(copies_states(&u, "session:web"), "destroyed old old current");
    free(backup.data);
    unit_jobs_close(&u);
}

/* Taken, somehow, in the middle of a rotation: the version was finished since, and things are made with it.
 */
static void a_version_in_the_making_is_not_cleared_up(void)
{
    struct unit_jobs u;
    struct sr_family_name web = unit_family("session:web");
    struct sr_version making = {.number = 2, .state = SR_VERSION_MAKING};
    struct sr_version current = {.number = 1, .state = SR_VERSION_CURRENT, .mechanism = "x"};
    struct sr_why report;

    unit_jobs_make(&u, "copies-making");
    copies_create(&u, "session:web");
    copies_rotate(&u, "session:web");
    struct copies_signature s = copies_sign(&u, "session:web");
    CU_ASSERT_EQUAL(sr_state_put(u.jobs, &web, &making, 1, NULL, &copies_why), SR_JOB_OK);
    CU_ASSERT_EQUAL(sr_state_put(u.jobs, &web, &current, 1, NULL, &copies_why), SR_JOB_OK);
    struct copies_backup backup = copies_take(&u);
    CU_ASSERT_EQUAL(copies_restore(&u, &backup, true, NULL), SR_JOB_OK);
    CU_ASSERT_EQUAL(sr_family_tick(u.jobs, &u.bench, &report), SR_JOB_OK);
    CU_ASSERT_STRING_EQUAL(copies_states(&u, "session:web"), "old current");
    CU_ASSERT_EQUAL(unit_objects(&u, "session:web:2"), 2);
    CU_ASSERT_EQUAL(copies_verify(&u, "session:web", &s), SR_JOB_OK);
    free(backup.data);
    unit_jobs_close(&u);
}

static void keep_clock(struct unit_jobs *u, long long seen)
{
    CU_ASSERT_EQUAL_FATAL(sr_registry_begin(u->jobs->registry, true, &copies_why), SR_JOB_OK);
    CU_ASSERT_EQUAL_FATAL(sr_registry_end(u->jobs->registry,
                                          sr_registry_put_clock(u->jobs->registry, seen, &copies_why),
                                          &copies_why),
                          SR_JOB_OK);
}

/* A backup of last week is no clock that jumped. */
static void the_clock_is_not_the_backup_s(void)
{
    struct unit_jobs u;
    long long seen = 0;

    unit_jobs_make(&u, "copies-clock");
    copies_create(&u, "session:web");
    keep_clock(&u, 5);
    struct copies_backup backup = copies_take(&u);
    keep_clock(&u, 7);
    CU_ASSERT_EQUAL(copies_restore(&u, &backup, true, NULL), SR_JOB_OK);
    CU_ASSERT_EQUAL(sr_registry_begin(u.jobs->registry, false, &copies_why), SR_JOB_OK);
    CU_ASSERT_EQUAL(sr_registry_end(u.jobs->registry, sr_registry_clock(u.jobs->registry, &seen, &copies_why),
                                    &copies_why),
                    SR_JOB_OK);
    CU_ASSERT_EQUAL(seen, 7);
    free(backup.data);
    unit_jobs_close(&u);
}

static void refused(struct unit_jobs *u, const struct copies_backup *backup)
{
    CU_ASSERT_EQUAL(copies_restore(u, backup, true, NULL), SR_JOB_TAMPERED);
    CU_ASSERT_PTR_NOT_NULL(strstr(copies_why.text, "the registry stays as it was"));
    CU_ASSERT(!there(u, ".restore"));
    CU_ASSERT_STRING_EQUAL(copies_states(u, "session:web"), "current");
}

static void a_changed_backup_is_refused(void)
{
    struct unit_jobs u;

    unit_jobs_make(&u, "copies-changed");
    copies_create(&u, "session:web");
    struct copies_backup backup = copies_take(&u);
    /* Every byte of the first row's and of the seal's, and one here and there. */
    for (size_t at = 0; at < backup.size; at += at + 48 >= backup.size ? 1 : 509) {
        backup.data[at] ^= 0x20;
        refused(&u, &backup);
        backup.data[at] ^= 0x20;
    }
    struct copies_backup part = backup;
    for (part.size = 1; part.size < backup.size; part.size += 511)
        refused(&u, &part);
    part.size = backup.size - 1;
    refused(&u, &part);
    part.size = backup.size - 48;
    refused(&u, &part);
    part.data = calloc(1, backup.size + 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(part.data);
    memcpy(part.data, backup.data, backup.size);
    part.size = backup.size + 1;
    refused(&u, &part);
    free(part.data);
    CU_ASSERT_EQUAL(copies_restore(&u, &backup, true, NULL), SR_JOB_OK); /* as it was, it is good */
    free(backup.data);
    unit_jobs_close(&u);
}

static void another_token_s_backup_is_refused(void)
{
    struct unit_jobs u;
    unit_jobs_make(&u, "copies-others");
    copies_create(&u, "session:theirs");
    struct copies_backup backup = copies_take(&u);
    unit_jobs_close(&u);

    unit_jobs_make(&u, "copies-ours");
    copies_create(&u, "session:web");
    refused(&u, &backup);
    CU_ASSERT_PTR_NOT_NULL(strstr(copies_why.text, "another token"));
    CU_ASSERT_STRING_EQUAL(copies_states(&u, "session:theirs"), "");
    free(backup.data);
    unit_jobs_close(&u);
}

static const char swap[] =
    "CREATE TEMP TABLE t AS SELECT * FROM versions; UPDATE versions SET (created, mechanism, mac) = "
    "(SELECT created, mechanism, mac FROM t WHERE t.name <> versions.name)";

/* What was changed in the registry itself, before the backup was taken and sealed. */
static void changed_rows_are_refused(void)
{
    static const char *const changes[] = {
        "UPDATE families SET grace_s = 1 WHERE name = 'web'",
        "UPDATE versions SET state = 3 WHERE name = 'web' AND number = 1",
        "UPDATE events SET operator_uid = 0 WHERE id = 1",
        swap,
        "CREATE TABLE more (role TEXT)",
        "CREATE TRIGGER families_gone AFTER INSERT ON events BEGIN DELETE FROM versions; END",
        "CREATE VIEW look AS SELECT * FROM families",
    };
    struct unit_jobs u;
    char good[200];
    char command[256];

    unit_jobs_make(&u, "copies-rows");
    copies_create(&u, "session:web");
    copies_create(&u, "session:shop");
    sr_jobs_close(u.jobs);
    (void)snprintf(good, sizeof(good), "%s.good", u.registry);
    (void)snprintf(command, sizeof(command), "VACUUM INTO '%s'", good);
    (void)unit_sqlite3(u.registry, command);
    CU_ASSERT_EQUAL(chmod(good, 0600), 0);
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        (void)unit_sqlite3(u.registry, changes[i]);
        unit_jobs_open(&u);
        struct copies_backup backup = copies_take(&u);
        sr_jobs_close(u.jobs);
        CU_ASSERT_EQUAL_FATAL(unlink(u.registry), 0);
        CU_ASSERT_EQUAL_FATAL(link(good, u.registry), 0);
        CU_ASSERT_EQUAL_FATAL(unlink(good), 0);
        (void)unit_sqlite3(u.registry, command);
        CU_ASSERT_EQUAL(chmod(good, 0600), 0);
        unit_jobs_open(&u);
        enum sr_job_result result = copies_restore(&u, &backup, true, NULL);
        if (result != SR_JOB_TAMPERED)
            (void)fprintf(stderr, "not seen: %s\n", changes[i]);
        CU_ASSERT_EQUAL(result, SR_JOB_TAMPERED);
        CU_ASSERT_STRING_EQUAL(copies_states(&u, "session:web"), "current");
        free(backup.data);
        sr_jobs_close(u.jobs);
    }
    unit_jobs_open(&u);
    struct copies_backup backup = copies_take(&u);
    CU_ASSERT_EQUAL(copies_restore(&u, &backup, true, NULL), SR_JOB_OK);
    free(backup.data);
    unit_jobs_close(&u);
}

static void a_newer_one_ends_the_older(void)
{
    struct unit_jobs u;
    unsigned long ids[2];
    unsigned long size;
    unsigned char piece[64];
    size_t n = sizeof(piece);
    unsigned long old = 0;
    unsigned long new = 0;
    char *json = NULL;

    unit_jobs_make(&u, "copies-newer");
    CU_ASSERT_EQUAL(sr_copy_begin(u.jobs, &ids[0], &size, &copies_why), SR_JOB_OK);
    CU_ASSERT_EQUAL(sr_copy_begin(u.jobs, &ids[1], &size, &copies_why), SR_JOB_OK);
    CU_ASSERT_EQUAL(sr_copy_read(u.jobs, ids[0], 0, piece, &n, &copies_why), SR_JOB_REFUSED);
    CU_ASSERT_PTR_NOT_NULL(strstr(copies_why.text, "newer"));
    n = sizeof(piece);
    CU_ASSERT_EQUAL(sr_copy_read(u.jobs, ids[1], 0, piece, &n, &copies_why), SR_JOB_OK);
    CU_ASSERT_EQUAL(n, sizeof(piece));
    CU_ASSERT_EQUAL(sr_copy_read(u.jobs, ids[1], size + 1, piece, &n, &copies_why), SR_JOB_INVALID);
    CU_ASSERT_EQUAL(sr_copy_read(u.jobs, ids[1], ~0UL, piece, &n, &copies_why), SR_JOB_INVALID);
    CU_ASSERT_EQUAL(sr_copy_read(u.jobs, 0, 0, piece, &n, &copies_why), SR_JOB_REFUSED);

    CU_ASSERT_EQUAL(sr_copy_put(u.jobs, &old, 0, "old", 3, &copies_why), SR_JOB_OK);
    CU_ASSERT(there(&u, ".restore"));
    CU_ASSERT_EQUAL(sr_copy_put(u.jobs, &old, 4, "gap", 3, &copies_why), SR_JOB_INVALID);
    CU_ASSERT_EQUAL(sr_copy_put(u.jobs, &new, 0, "new", 3, &copies_why), SR_JOB_OK);
    CU_ASSERT_NOT_EQUAL(old, new);
    CU_ASSERT_EQUAL(sr_registry_restore(u.jobs, &u.bench, old, true, &unit_operator, &json, &copies_why),
                    SR_JOB_REFUSED);
    CU_ASSERT_PTR_NULL(json);
    sr_jobs_close(u.jobs);
    CU_ASSERT(!there(&u, ".restore"));
    unit_jobs_open(&u);
    unit_jobs_close(&u);
}

struct signer {
    struct unit_jobs *u;
    struct sr_bench bench;
    atomic_bool *enough;
    size_t good;
    size_t bad;
};

static void *sign_and_verify(void *arg)
{
    struct signer *s = arg;
    const struct sr_family_name web = {"session", "web"};
    char text[SR_SIGNATURE_MAX];

    do {
        struct sr_why why;
        bool good =
            sr_session_sign(s->u->jobs, &s->bench, &web, "cookie", "data", 4, text, &why) == SR_JOB_OK &&
            sr_session_verify(s->u->jobs, &s->bench, &web, "cookie", "data", 4, text, &why) == SR_JOB_OK;
        s->good += good;
        s->bad += !good;
    } while (!atomic_load(s->enough));
    return NULL;
}

static void others_go_on_meanwhile(void)
{
    enum { THREADS = 3, ROUNDS = 8 };
    struct unit_jobs u;
    struct signer signers[THREADS];
    pthread_t threads[THREADS];
    atomic_bool enough = false;

    unit_jobs_make(&u, "copies-threads");
    copies_create(&u, "session:web");
    copies_create(&u, "session:shop");
    for (int i = 0; i < THREADS; i++) {
        signers[i] = (struct signer){.u = &u, .bench = u.bench, .enough = &enough};
        CU_ASSERT_EQUAL_FATAL(u.bench.f->C_OpenSession(u.bench.slot, CKF_SERIAL_SESSION | CKF_RW_SESSION,
                                                       NULL, NULL, &signers[i].bench.session),
                              CKR_OK);
        CU_ASSERT_EQUAL_FATAL(pthread_create(&threads[i], NULL, sign_and_verify, &signers[i]), 0);
    }
    for (int i = 0; i < ROUNDS; i++) {
        struct copies_backup backup = copies_take(&u);
        copies_rotate(&u, "session:shop");
        CU_ASSERT_EQUAL(copies_restore(&u, &backup, true, NULL), SR_JOB_OK);
        free(backup.data);
    }
    atomic_store(&enough, true);
    for (int i = 0; i < THREADS; i++) {
        CU_ASSERT_EQUAL(pthread_join(threads[i], NULL), 0);
        CU_ASSERT(signers[i].good > 0);
        CU_ASSERT_EQUAL(signers[i].bad, 0);
    }
    unit_jobs_close(&u);
}

/* The killer: ends the process at one of SQLite's calls that write. */
static unsigned long calls_left;
static sqlite3_syscall_ptr real_pwrite;
static sqlite3_syscall_ptr real_unlink;
static sqlite3_syscall_ptr real_truncate;

static void count(void)
{
    if (calls_left > 0 && --calls_left == 0)
        (void)kill(getpid(), SIGKILL);
}

static ssize_t killing_pwrite(int fd, const void *data, size_t n, off_t at)
{
    count();
    return ((ssize_t(*)(int, const void *, size_t, off_t))real_pwrite)(fd, data, n, at);
}

static int killing_unlink(const char *path)
{
    count();
    int n = ((int (*)(const char *))real_unlink)(path);
    count();
    return n;
}

static int killing_truncate(int fd, off_t size)
{
    count();
    return ((int (*)(int, off_t))real_truncate)(fd, size);
}

static void replace(const char *name, sqlite3_syscall_ptr with, sqlite3_syscall_ptr *was)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
    sqlite3_syscall_ptr now = vfs->xGetSystemCall(vfs, name);
    if (now == NULL)
        return;
    *was = now;
    if (vfs->xSetSystemCall(vfs, name, with) != SQLITE_OK)
        _exit(4);
}

/* In a child: exits with 0 where the restore came to its end before call number N. */
static int child(struct unit_jobs *u, const char *token, const struct copies_backup *backup, unsigned long n)
{
    unit_jobs_open_token(u, token);
    unit_jobs_open(u);
    replace("pwrite", (sqlite3_syscall_ptr)killing_pwrite, &real_pwrite);
    replace("pwrite64", (sqlite3_syscall_ptr)killing_pwrite, &real_pwrite);
    replace("unlink", (sqlite3_syscall_ptr)killing_unlink, &real_unlink);
    replace("ftruncate", (sqlite3_syscall_ptr)killing_truncate, &real_truncate);
    calls_left = n;
    return copies_restore(u, backup, true, NULL) == SR_JOB_OK ? 0 : 3;
}

static void killed_at_every_step(void)
{
    static const char token[] = "copies-killed";
    struct unit_jobs u;
    size_t before = 0;
    size_t after = 0;
    int status = 1;

    unit_jobs_make(&u, token);
    copies_create(&u, "session:web");
    copies_rotate(&u, "session:web");
    struct copies_backup newer = copies_take(&u);
    copies_lose_registry(&u);
    copies_create(&u, "data:tenants");
    copies_rotate(&u, "data:tenants");
    struct copies_backup older = copies_take(&u);
    for (unsigned long n = 1; status != 0; n++) {
        CU_ASSERT_EQUAL_FATAL(copies_restore(&u, &older, true, NULL), SR_JOB_OK);
        size_t restored = copies_events(&u, "registry", "restore");
        CU_ASSERT_EQUAL(restored, 1);
        unit_jobs_close(&u);
        pid_t pid = fork();
        CU_ASSERT_FATAL(pid >= 0);
        if (pid == 0)
            _exit(child(&u, token, &newer, n));
        CU_ASSERT_EQUAL_FATAL(waitpid(pid, &status, 0), pid);
        CU_ASSERT_FATAL(status == 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));

        unit_jobs_open_token(&u, token);
        unit_jobs_open(&u);
        CU_ASSERT(!there(&u, ".restore"));
        /* Either the older one, which tells of the making of data:tenants, or the newer one, which does not.
         */
        bool is_new = copies_events(&u, "data:tenants", "create") == 0;
        CU_ASSERT_EQUAL(copies_events(&u, "session:web", "create"), is_new ? 1 : 0);
        CU_ASSERT_EQUAL(copies_events(&u, "data:tenants", "rebuild"), is_new ? 2 : 0);
        CU_ASSERT_EQUAL(copies_events(&u, "session:web", "rebuild"), is_new ? 0 : 2);
        CU_ASSERT_STRING_EQUAL(copies_states(&u, "data:tenants"), "old current");
        CU_ASSERT_STRING_EQUAL(copies_states(&u, "session:web"), "old current");
        before += !is_new;
        after += is_new;
    }
    CU_ASSERT(before >= 10);
    CU_ASSERT(after >= 1);
    free(older.data);
    free(newer.data);
    unit_jobs_close(&u);
}

CU_TestInfo copies_tests[] = {
    {"a backup comes back", a_backup_comes_back},
    {"an old backup brings nothing back", an_old_backup_brings_nothing_back},
    {"a version in the making is not cleared up", a_version_in_the_making_is_not_cleared_up},
    {"the clock is not the backup's", the_clock_is_not_the_backup_s},
    {"a changed backup is refused", a_changed_backup_is_refused},
    {"another token's backup is refused", another_token_s_backup_is_refused},
    {"changed rows are refused", changed_rows_are_refused},
    {"a newer one ends the older", a_newer_one_ends_the_older},
    {"others go on meanwhile", others_go_on_meanwhile},
    {"killed at every step", killed_at_every_step},
    CU_TEST_INFO_NULL,
};
