/* SPDX-License-Identifier: Apache-2.0 */
/* What the registry keeps: rows, history, transactions, under threads and kill -9. */
#include "jobs/registry_sqlite.h"
#include "unit_registry.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECONDS_TO_WAIT 20
#define ROUNDS 200
#define MANY 24000 /* events; SQLite keeps some 2 MB in memory */

static bool same_family(const struct sr_family *x, const struct sr_family *y)
{
    return strcmp(x->name.role, y->name.role) == 0 && strcmp(x->name.name, y->name.name) == 0 &&
           x->created == y->created && x->rotate_s == y->rotate_s && x->grace_s == y->grace_s;
}

static bool same_version(const struct sr_version *x, const struct sr_version *y)
{
    return x->number == y->number && x->state == y->state && x->created == y->created &&
           x->retires == y->retires && strcmp(x->mechanism, y->mechanism) == 0;
}

static bool same_event(const struct sr_event *x, const struct sr_event *y)
{
    return x->time == y->time && strcmp(x->family.role, y->family.role) == 0 &&
           strcmp(x->family.name, y->family.name) == 0 && strcmp(x->operation, y->operation) == 0 &&
           x->version == y->version && x->operator_uid == y->operator_uid && x->dry_run == y->dry_run &&
           x->success == y->success;
}

static void what_was_put_comes_back(void)
{
    char *path = unit_filled("filled");
    struct sr_registry *registry = unit_opened(path);
    struct sr_family *families;
    struct sr_version *versions;
    struct sr_family family;
    struct sr_why why = {""};
    size_t count;

    unit_begin(registry, true);
    CU_ASSERT_EQUAL(sr_registry_family(registry, &family_b.name, &family, NULL), SR_JOB_OK);
    CU_ASSERT(same_family(&family, &family_b));
    CU_ASSERT_EQUAL_FATAL(sr_registry_families(registry, &families, &count, NULL), SR_JOB_OK);
    CU_ASSERT_EQUAL_FATAL(count, 2);
    CU_ASSERT(same_family(&families[0], &family_a) && same_family(&families[1], &family_b));
    free(families);

    struct sr_version changed = a2;
    changed.state = SR_VERSION_REVOKED;
    changed.retires = 5000;
    CU_ASSERT_EQUAL(sr_registry_put_version(registry, &family_a.name, &changed, NULL), SR_JOB_OK);
    CU_ASSERT_EQUAL_FATAL(sr_registry_versions(registry, &family_a.name, &versions, &count, NULL), SR_JOB_OK);
    CU_ASSERT_EQUAL_FATAL(count, 2);
    CU_ASSERT(same_version(&versions[0], &a1) && same_version(&versions[1], &changed));
    free(versions);

    /* The longest names that there are, and a family without versions. */
    struct sr_family longest = {.created = -1};
    memset(longest.name.role, 'r', SR_ROLE_MAX - 1);
    memset(longest.name.name, 'n', SR_NAME_MAX - 1);
    CU_ASSERT_EQUAL(sr_registry_put_family(registry, &longest, NULL), SR_JOB_OK);
    longest.grace_s = 7;
    CU_ASSERT_EQUAL(sr_registry_put_family(registry, &longest, NULL), SR_JOB_OK);
    CU_ASSERT_EQUAL(sr_registry_family(registry, &longest.name, &family, NULL), SR_JOB_OK);
    CU_ASSERT(same_family(&family, &longest));
    CU_ASSERT_EQUAL(sr_registry_versions(registry, &longest.name, &versions, &count, NULL), SR_JOB_OK);
    CU_ASSERT_EQUAL(count, 0);
    CU_ASSERT_PTR_NULL(versions);

    struct sr_family_name unknown = {"session", "unknown"};
    CU_ASSERT_EQUAL(sr_registry_family(registry, &unknown, &family, &why), SR_JOB_NOT_FOUND);
    CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "session:unknown"));
    CU_ASSERT_EQUAL(sr_registry_put_version(registry, &unknown, &a1, &why), SR_JOB_FAILED);
    CU_ASSERT_PTR_NOT_NULL(strstr(why.text, path));
    CU_ASSERT_EQUAL(sr_registry_end(registry, SR_JOB_NOT_FOUND, NULL), SR_JOB_NOT_FOUND);
    sr_registry_close(registry);
    free(path);
}

static void events_come_oldest_first(void)
{
    char *path = unit_filled("events");
    struct sr_registry *registry = unit_opened(path);
    struct sr_event *events;
    size_t count;

    unit_begin(registry, false);
    CU_ASSERT_EQUAL_FATAL(sr_registry_events(registry, NULL, &events, &count, NULL), SR_JOB_OK);
    CU_ASSERT_EQUAL_FATAL(count, 3);
    CU_ASSERT(same_event(&events[0], &created) && same_event(&events[1], &rotated));
    CU_ASSERT(same_event(&events[2], &tried));
    CU_ASSERT(events[0].id == 1 && events[1].id == 2 && events[2].id == 3);
    free(events);
    CU_ASSERT_EQUAL_FATAL(sr_registry_events(registry, &family_b.name, &events, &count, NULL), SR_JOB_OK);
    CU_ASSERT_EQUAL_FATAL(count, 1);
    CU_ASSERT(same_event(&events[0], &tried) && events[0].id == 3);
    free(events);
    CU_ASSERT_EQUAL(sr_registry_end(registry, SR_JOB_OK, NULL), SR_JOB_OK);
    sr_registry_close(registry);
    free(path);
}

static void a_rollback_leaves_nothing(void)
{
    char *path = unit_path("rollback");
    struct sr_registry *registry = unit_opened(path);
    struct sr_why why = {"why it was refused"};

    unit_begin(registry, true);
    CU_ASSERT_EQUAL(unit_fill(registry), SR_JOB_OK);
    CU_ASSERT_EQUAL(sr_registry_end(registry, SR_JOB_REFUSED, &why), SR_JOB_REFUSED);
    CU_ASSERT_STRING_EQUAL(why.text, "why it was refused");
    CU_ASSERT_EQUAL(unit_families(registry), 0);

    /* SQLite gives a transaction up by itself after some errors: what follows is not committed alone. */
    unit_begin(registry, true);
    CU_ASSERT_EQUAL(sqlite3_exec(registry->db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    CU_ASSERT_EQUAL(sr_registry_put_family(registry, &family_a, &why), SR_JOB_FAILED);
    CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "ended the transaction"));
    CU_ASSERT_EQUAL(sr_registry_end(registry, SR_JOB_OK, NULL), SR_JOB_FAILED);
    CU_ASSERT_EQUAL(unit_families(registry), 0);

    unit_begin(registry, true);
    CU_ASSERT_EQUAL(sr_registry_end(registry, unit_fill(registry), NULL), SR_JOB_OK);
    CU_ASSERT_EQUAL(unit_families(registry), 2);
    sr_registry_close(registry);
    free(path);
}

static void what_is_committed_is_synced(void)
{
    char *path = unit_filled("synced");
    struct sr_registry *registry = unit_opened(path);
    sqlite3_stmt *statement = NULL;

    CU_ASSERT_EQUAL_FATAL(sqlite3_prepare_v2(registry->db, "PRAGMA synchronous", -1, &statement, NULL),
                          SQLITE_OK);
    CU_ASSERT_EQUAL(sqlite3_step(statement), SQLITE_ROW);
    CU_ASSERT_EQUAL(sqlite3_column_int(statement, 0), 3); /* EXTRA */
    (void)sqlite3_finalize(statement);
    sr_registry_close(registry);

    /* A file that somebody has switched to the write-ahead log is switched back. */
    (void)unit_sqlite3(path, "PRAGMA journal_mode = WAL");
    CU_ASSERT_EQUAL(unit_read_all(path, unit_key, NULL), SR_JOB_OK);
    CU_ASSERT_EQUAL(unit_number(path, "SELECT journal_mode = 'delete' FROM pragma_journal_mode"), 1);
    free(path);
}

static void somebody_else_s_lock_is_not_waited_for_for_ever(void)
{
    char *path = unit_filled("locked");
    struct sr_registry *registry = unit_opened(path);
    struct sr_why why = {""};
    sqlite3 *db = NULL;

    CU_ASSERT_EQUAL(sqlite3_open(path, &db), SQLITE_OK);
    CU_ASSERT_EQUAL(sqlite3_exec(db, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
    CU_ASSERT_EQUAL_FATAL(sr_registry_begin(registry, true, &why), SR_JOB_FAILED);
    CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "end that program"));
    CU_ASSERT_EQUAL(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);

    /* A transaction that will write has the file from its beginning, one that reads leaves it to others. */
    unit_begin(registry, true);
    CU_ASSERT_EQUAL(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_BUSY);
    CU_ASSERT_EQUAL(sr_registry_end(registry, SR_JOB_OK, NULL), SR_JOB_OK);
    unit_begin(registry, false);
    CU_ASSERT_EQUAL(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    CU_ASSERT_EQUAL(sr_registry_end(registry, SR_JOB_OK, NULL), SR_JOB_OK);
    CU_ASSERT_EQUAL(sqlite3_close(db), SQLITE_OK);
    CU_ASSERT_EQUAL(unit_families(registry), 2);
    sr_registry_close(registry);
    free(path);
}

/* Counts in a version's RETIRES. Each fifth time a nonsense value is put and taken back. */
static void *count_up(void *arg)
{
    struct sr_registry *registry = arg;

    for (int i = 0; i < ROUNDS + ROUNDS / 4; i++) {
        struct sr_version *versions = NULL;
        bool nonsense = i % 5 == 4;
        size_t count = 0;
        enum sr_job_result result = sr_registry_begin(registry, true, NULL);
        if (result != SR_JOB_OK)
            return "begin";
        result = sr_registry_versions(registry, &family_b.name, &versions, &count, NULL);
        if (result == SR_JOB_OK && count == 1) {
            versions[0].retires += nonsense ? 1000000 : 1;
            result = sr_registry_put_version(registry, &family_b.name, &versions[0], NULL);
        }
        free(versions);
        if (result == SR_JOB_OK && nonsense)
            result = SR_JOB_REFUSED;
        if (sr_registry_end(registry, result, NULL) != (nonsense ? SR_JOB_REFUSED : SR_JOB_OK))
            return "end";
    }
    return NULL;
}

static void transactions_do_not_mix(void)
{
    char *path = unit_filled("threads");
    struct sr_registry *registry = unit_opened(path);
    pthread_t threads[2];
    void *failed[2];

    for (size_t i = 0; i < 2; i++)
        CU_ASSERT_EQUAL_FATAL(pthread_create(&threads[i], NULL, count_up, registry), 0);
    for (size_t i = 0; i < 2; i++) {
        CU_ASSERT_EQUAL(pthread_join(threads[i], &failed[i]), 0);
        CU_ASSERT_PTR_NULL(failed[i]);
    }
    sr_registry_close(registry);
    CU_ASSERT_EQUAL(unit_number(path, "SELECT retires FROM versions WHERE name = 'b'"), 2LL * ROUNDS);
    CU_ASSERT_EQUAL(unit_read_all(path, unit_key, NULL), SR_JOB_OK);
    free(path);
}

/* In a child: writes, more than SQLite keeps in memory, tells PIPE and waits to be killed. */
static void write_and_wait(const char *path, bool commit, int pipe)
{
    struct sr_registry *registry;

    if (unit_open(path, unit_key, &registry, NULL) != SR_JOB_OK ||
        sr_registry_begin(registry, true, NULL) != SR_JOB_OK || unit_fill(registry) != SR_JOB_OK)
        _exit(2);
    struct sr_event many = tried;
    memset(many.family.name, 'n', SR_NAME_MAX - 1);
    for (int i = 0; i < MANY; i++)
        if (sr_registry_add_event(registry, &many, NULL) != SR_JOB_OK)
            _exit(2);
    if (commit && sr_registry_end(registry, SR_JOB_OK, NULL) != SR_JOB_OK)
        _exit(2);
    if (write(pipe, "", 1) != 1)
        _exit(2);
    (void)alarm(SECONDS_TO_WAIT);
    for (;;)
        (void)pause();
}

static void killed(const char *path, bool commit)
{
    int pipes[2];
    char byte;
    int status = 0;

    CU_ASSERT_EQUAL_FATAL(pipe(pipes), 0);
    pid_t child = fork();
    CU_ASSERT_FATAL(child >= 0);
    if (child == 0) {
        (void)close(pipes[0]);
        write_and_wait(path, commit, pipes[1]);
    }
    (void)close(pipes[1]);
    CU_ASSERT_EQUAL(read(pipes[0], &byte, 1), 1);
    CU_ASSERT_EQUAL(kill(child, SIGKILL), 0);
    CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
    CU_ASSERT(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    (void)close(pipes[0]);
}

static void a_killed_writer_leaves_nothing(void)
{
    char *path = unit_path("killed");
    char *journal = unit_path("killed-journal");
    struct stat st;

    sr_registry_close(unit_opened(path));
    killed(path, false);
    /* It was in the middle: the file has some of what it wrote. */
    CU_ASSERT_EQUAL(stat(path, &st), 0);
    CU_ASSERT(st.st_size > 200000);
    CU_ASSERT_EQUAL(stat(journal, &st), 0);
    CU_ASSERT_EQUAL(st.st_mode & 07777, 0600);

    struct sr_registry *registry = unit_opened(path);
    CU_ASSERT_EQUAL(unit_families(registry), 0);
    unit_begin(registry, true);
    CU_ASSERT_EQUAL(sr_registry_end(registry, unit_fill(registry), NULL), SR_JOB_OK);
    sr_registry_close(registry);
    CU_ASSERT_EQUAL(unit_read_all(path, unit_key, NULL), SR_JOB_OK);
    CU_ASSERT_EQUAL(unit_number(path, "SELECT count(*) FROM events"), 3);
    CU_ASSERT_NOT_EQUAL(stat(journal, &st), 0);
    free(journal);
    free(path);
}

static void what_a_killed_writer_committed_is_there(void)
{
    char *path = unit_path("committed");
    killed(path, true);
    CU_ASSERT_EQUAL(unit_read_all(path, unit_key, NULL), SR_JOB_OK);
    CU_ASSERT_EQUAL(unit_number(path, "SELECT count(*) FROM events"), MANY + 3);
    CU_ASSERT_EQUAL(unit_number(path, "SELECT count(*) FROM versions"), 3);
    free(path);
}

CU_TestInfo registry_tests[] = {
    {"what was put comes back", what_was_put_comes_back},
    {"events come oldest first", events_come_oldest_first},
    {"a rollback leaves nothing", a_rollback_leaves_nothing},
    {"what is committed is synced", what_is_committed_is_synced},
    {"somebody else's lock is not waited for for ever", somebody_else_s_lock_is_not_waited_for_for_ever},
    {"transactions do not mix", transactions_do_not_mix},
    {"a killed writer leaves nothing", a_killed_writer_leaves_nothing},
    {"what a killed writer committed is there", what_a_killed_writer_committed_is_there},
    CU_TEST_INFO_NULL,
};
