/* SPDX-License-Identifier: Apache-2.0 */
/* Families: their versions over time, two at once, and what is left when strongroomd is killed at any step.
 */
#include "unit_jobs.h"

#include <jansson.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define HOUR 3600LL
#define DAY (24 * HOUR)

static struct sr_why why;

static void create(struct unit_jobs *u, const char *family, long long rotate_s, long long grace_s)
{
    struct sr_family_name name = unit_family(family);
    enum sr_job_result result =
        sr_family_create(u->jobs, &u->bench, &name, rotate_s, grace_s, &unit_operator, &why);
    if (result != SR_JOB_OK)
        (void)fprintf(stderr, "%s: %s\n", family, why.text);
    CU_ASSERT_EQUAL_FATAL(result, SR_JOB_OK);
}

static enum sr_job_result rotate(struct unit_jobs *u, const char *family, unsigned long seen, bool force,
                                 unsigned long *version)
{
    struct sr_family_name name = unit_family(family);
    return sr_family_rotate(u->jobs, &u->bench, &name, seen, force, &unit_operator, version, &why);
}

struct signature {
    char text[SR_SIGNATURE_MAX];
};

static struct signature sign(struct unit_jobs *u, const char *family)
{
    struct sr_family_name name = unit_family(family);
    struct signature s = {""};
    why.text[0] = '\0';
    CU_ASSERT_EQUAL_FATAL(sr_session_sign(u->jobs, &u->bench, &name, "cookie", "data", 4, s.text, &why),
                          SR_JOB_OK);
    return s;
}

static enum sr_job_result verify(struct unit_jobs *u, const char *family, const struct signature *s)
{
    struct sr_family_name name = unit_family(family);
    return sr_session_verify(u->jobs, &u->bench, &name, "cookie", "data", 4, s->text, &why);
}

/* The family as sr_family_show has it, parsed. */
static json_t *show(struct unit_jobs *u, const char *family)
{
    struct sr_family_name name = unit_family(family);
    char *text = NULL;
    CU_ASSERT_EQUAL_FATAL(sr_family_show(u->jobs, &name, &text, &why), SR_JOB_OK);
    json_t *shown = json_loads(text, 0, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(shown);
    free(text);
    return shown;
}

static json_int_t current_of(struct unit_jobs *u, const char *family)
{
    json_t *shown = show(u, family);
    json_int_t current = json_integer_value(json_object_get(shown, "current"));
    json_decref(shown);
    return current;
}

static size_t history_length(struct unit_jobs *u)
{
    char *text = NULL;
    CU_ASSERT_EQUAL_FATAL(sr_family_history(u->jobs, NULL, &text, &why), SR_JOB_OK);
    json_t *events = json_loads(text, 0, NULL);
    size_t n = json_array_size(events);
    json_decref(events);
    free(text);
    return n;
}

static void a_family_is_made_once(void)
{
    struct unit_jobs u;
    struct sr_family_name web = unit_family("session:web");
    struct sr_family_name data = unit_family("data:web");

    unit_jobs_make(&u, "family-made");
    create(&u, "session:web", 90 * DAY, 48 * HOUR);
    CU_ASSERT_EQUAL(unit_objects(&u, "session:web:1"), 2);
    CU_ASSERT_EQUAL(sr_family_create(u.jobs, &u.bench, &web, 0, 0, &unit_operator, &why), SR_JOB_EXISTS);
    CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "session:web"));
    CU_ASSERT_EQUAL(sr_family_create(u.jobs, &u.bench, &data, -1, 0, &unit_operator, &why), SR_JOB_INVALID);
    json_t *shown = show(&u, "session:web");
    const json_t *version = json_array_get(json_object_get(shown, "versions"), 0);
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(version, "state")), "current");
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(version, "mechanism")),
                           "CKM_AES_CBC_ENCRYPT_DATA");
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(shown, "due")),
                    json_integer_value(json_object_get(version, "created")) + 90 * DAY);
    json_decref(shown);
    unit_jobs_close(&u);
    unit_jobs_open_token(&u, "family-made");
    unit_jobs_open(&u);
    CU_ASSERT_EQUAL(current_of(&u, "session:web"), 1);
    unit_jobs_close(&u);
}

static void a_family_rotates_when_it_is_due(void)
{
    struct unit_jobs u;
    unsigned long version = 0;
    struct sr_family_name web = unit_family("session:web");
    struct sr_operator dry = {.uid = 1, .dry_run = true};

    unit_jobs_make(&u, "family-rotates");
    create(&u, "session:web", 90 * DAY, 48 * HOUR);
    create(&u, "session:ever", 0, 0);
    struct signature first = sign(&u, "session:web");
    CU_ASSERT_EQUAL(rotate(&u, "session:web", 0, false, &version), SR_JOB_REFUSED);
    CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "--force"));
    CU_ASSERT_EQUAL(rotate(&u, "session:ever", 0, false, &version), SR_JOB_REFUSED);
    CU_ASSERT_EQUAL(rotate(&u, "session:none", 0, true, &version), SR_JOB_NOT_FOUND);

    size_t events = history_length(&u);
    CU_ASSERT_EQUAL(sr_family_rotate(u.jobs, &u.bench, &web, 0, true, &dry, &version, &why), SR_JOB_OK);
    CU_ASSERT_EQUAL(version, 2);
    CU_ASSERT_EQUAL(current_of(&u, "session:web"), 1);
    CU_ASSERT_EQUAL(unit_objects(&u, "session:web:2"), 0);
    CU_ASSERT_EQUAL(history_length(&u), events + 1);

    CU_ASSERT_EQUAL(rotate(&u, "session:web", 1, true, &version), SR_JOB_OK);
    CU_ASSERT_EQUAL(version, 2);
    CU_ASSERT_EQUAL(rotate(&u, "session:web", 1, true, &version), SR_JOB_OK); /* somebody else was first */
    CU_ASSERT_EQUAL(version, 2);
    CU_ASSERT_EQUAL(current_of(&u, "session:web"), 2);
    CU_ASSERT_EQUAL(verify(&u, "session:web", &first), SR_JOB_OK);
    unit_clock(90 * DAY + 1);
    CU_ASSERT_EQUAL(rotate(&u, "session:web", 0, false, &version), SR_JOB_OK);
    CU_ASSERT_EQUAL(version, 3);
    unit_jobs_close(&u);
}

/* 200 days in steps of 12 hours: every signature is good exactly as long as its version is. */
static void days_go_by(void)
{
    enum { STEPS = 400 };
    struct unit_jobs u;
    struct signature signatures[STEPS];
    long long made[STEPS];
    long long rotated[8] = {0};
    long version_of[STEPS];

    unit_jobs_make(&u, "family-days");
    create(&u, "session:web", 90 * DAY, 48 * HOUR);
    for (int i = 0; i < STEPS; i++) {
        long long now = 12 * HOUR * i;
        struct sr_why report;
        unit_clock(now);
        CU_ASSERT_EQUAL(sr_family_tick(u.jobs, &u.bench, &report), SR_JOB_OK);
        CU_ASSERT_STRING_EQUAL(report.text, "");
        signatures[i] = sign(&u, "session:web");
        made[i] = now;
        version_of[i] = strtol(strchr(signatures[i].text, '.') + 1, NULL, 10);
        CU_ASSERT_TRUE_FATAL(version_of[i] >= 1 && version_of[i] < 8);
        if (i > 0 && version_of[i] != version_of[i - 1])
            rotated[version_of[i - 1]] = now;
        for (int j = i; j >= 0 && j > i - 8; j--) {
            bool good = rotated[version_of[j]] == 0 || now < rotated[version_of[j]] + 48 * HOUR;
            CU_ASSERT_EQUAL(verify(&u, "session:web", &signatures[j]), good ? SR_JOB_OK : SR_JOB_BAD);
        }
    }
    CU_ASSERT_EQUAL(version_of[STEPS - 1], 3);
    CU_ASSERT_EQUAL(made[STEPS - 1], 12 * HOUR * (STEPS - 1));
    CU_ASSERT_EQUAL(unit_objects(&u, "session:web:1"), 0);
    CU_ASSERT_EQUAL(unit_objects(&u, "session:web:2"), 0);
    CU_ASSERT_EQUAL(unit_objects(&u, "session:web:3"), 2);
    unit_clock(0); /* no clock brings the roots back */
    CU_ASSERT_EQUAL(verify(&u, "session:web", &signatures[0]), SR_JOB_BAD);
    unit_jobs_close(&u);
}

static void a_clock_that_jumps_destroys_nothing(void)
{
    struct unit_jobs u;
    struct sr_why report;
    unsigned long version;

    unit_jobs_make(&u, "family-jumps");
    create(&u, "session:web", 0, HOUR);
    struct signature first = sign(&u, "session:web");
    CU_ASSERT_EQUAL(rotate(&u, "session:web", 0, true, &version), SR_JOB_OK);
    CU_ASSERT_EQUAL(sr_family_tick(u.jobs, &u.bench, &report), SR_JOB_OK);
    unit_clock(25 * HOUR);
    for (int i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL(sr_family_tick(u.jobs, &u.bench, &report), SR_JOB_OK);
        CU_ASSERT_PTR_NOT_NULL(strstr(report.text, "25 hours"));
        CU_ASSERT_EQUAL(unit_objects(&u, "session:web:1"), 2);
    }
    CU_ASSERT_EQUAL(verify(&u, "session:web", &first), SR_JOB_BAD);
    unit_clock(0);
    CU_ASSERT_EQUAL(sr_family_tick(u.jobs, &u.bench, &report), SR_JOB_OK);
    CU_ASSERT_EQUAL(verify(&u, "session:web", &first), SR_JOB_OK);
    unit_clock(2 * HOUR); /* no jump: this is how long grace takes */
    CU_ASSERT_EQUAL(sr_family_tick(u.jobs, &u.bench, &report), SR_JOB_OK);
    CU_ASSERT_EQUAL(unit_objects(&u, "session:web:1"), 0);
    unit_jobs_close(&u);
}

/* Nor does one that jumps while strongroomd is stopped. */
static void a_clock_that_jumped_meanwhile_destroys_nothing(void)
{
    struct unit_jobs u;
    struct sr_why report;
    unsigned long version;

    unit_jobs_make(&u, "family-jumped");
    create(&u, "session:web", 0, HOUR);
    CU_ASSERT_EQUAL(rotate(&u, "session:web", 0, true, &version), SR_JOB_OK);
    for (int i = 1; i <= 2; i++) {
        unit_jobs_close(&u);
        unit_clock(25 * HOUR);
        unit_jobs_open_token(&u, "family-jumped");
        unit_jobs_open(&u);
        CU_ASSERT_EQUAL(sr_family_tick(u.jobs, &u.bench, &report), SR_JOB_OK);
        CU_ASSERT_PTR_NOT_NULL(strstr(report.text, "25 hours"));
        CU_ASSERT_EQUAL(unit_objects(&u, "session:web:1"), 2);
    }
    unit_clock(2 * HOUR);
    CU_ASSERT_EQUAL(sr_family_tick(u.jobs, &u.bench, &report), SR_JOB_OK);
    /* Being stopped for two hours is none. */
    unit_jobs_close(&u);
    unit_jobs_open_token(&u, "family-jumped");
    unit_jobs_open(&u);
    CU_ASSERT_EQUAL(sr_family_tick(u.jobs, &u.bench, &report), SR_JOB_OK);
    CU_ASSERT_STRING_EQUAL(report.text, "");
    CU_ASSERT_EQUAL(unit_objects(&u, "session:web:1"), 0);
    unit_clock(0);
    unit_jobs_close(&u);
}

static void what_is_revoked_is_gone(void)
{
    struct unit_jobs u;
    unsigned long version = 0;
    struct sr_family_name web = unit_family("session:web");

    unit_jobs_make(&u, "family-revoked");
    create(&u, "session:web", 0, 48 * HOUR);
    struct signature first = sign(&u, "session:web");
    CU_ASSERT_EQUAL(verify(&u, "session:web", &first), SR_JOB_OK);
    CU_ASSERT_EQUAL(sr_family_revoke(u.jobs, &u.bench, &web, &unit_operator, &version, &why), SR_JOB_OK);
    CU_ASSERT_EQUAL(version, 2);
    CU_ASSERT_EQUAL(unit_objects(&u, "session:web:1"), 0);
    CU_ASSERT_EQUAL(verify(&u, "session:web", &first), SR_JOB_BAD);
    struct signature second = sign(&u, "session:web");
    CU_ASSERT_EQUAL(rotate(&u, "session:web", 0, true, &version), SR_JOB_OK);
    CU_ASSERT_EQUAL(sr_family_destroy(u.jobs, &u.bench, &web, 3, false, &unit_operator, &why),
                    SR_JOB_REFUSED);
    CU_ASSERT_EQUAL(sr_family_destroy(u.jobs, &u.bench, &web, 9, false, &unit_operator, &why),
                    SR_JOB_NOT_FOUND);
    CU_ASSERT_EQUAL(verify(&u, "session:web", &second), SR_JOB_OK);
    CU_ASSERT_EQUAL(sr_family_destroy(u.jobs, &u.bench, &web, 2, false, &unit_operator, &why), SR_JOB_OK);
    CU_ASSERT_EQUAL(sr_family_destroy(u.jobs, &u.bench, &web, 2, false, &unit_operator, &why),
                    SR_JOB_REFUSED);
    CU_ASSERT_EQUAL(verify(&u, "session:web", &second), SR_JOB_BAD);
    CU_ASSERT_EQUAL(unit_objects(&u, "session:web:2"), 0);
    CU_ASSERT_EQUAL(unit_objects(&u, "session:web:3"), 2);
    unit_jobs_close(&u);
}

struct rotator {
    struct unit_jobs *u;
    struct sr_bench bench;
    unsigned long version;
    enum sr_job_result result;
};

/* What they wrapped is to be read for as long as nobody says otherwise. */
static void keks_stay(void)
{
    struct unit_jobs u;
    struct sr_family_name shop = unit_family("data:shop");
    unsigned long version = 0;
    struct sr_why report;

    unit_jobs_make(&u, "family-keks");
    create(&u, "data:shop", 90 * DAY, 48 * HOUR);
    CU_ASSERT_EQUAL(unit_objects(&u, "data:shop:1"), 1);
    unit_clock(91 * DAY); /* one is due, and waits for somebody to rotate it */
    CU_ASSERT_EQUAL(sr_family_tick(u.jobs, &u.bench, &report), SR_JOB_OK);
    CU_ASSERT_EQUAL(current_of(&u, "data:shop"), 1);
    CU_ASSERT_EQUAL(sr_family_rotate(u.jobs, &u.bench, &shop, 0, false, &unit_operator, &version, &why),
                    SR_JOB_OK);
    CU_ASSERT_EQUAL(version, 2);
    CU_ASSERT_EQUAL(sr_family_revoke(u.jobs, &u.bench, &shop, &unit_operator, &version, &why), SR_JOB_OK);
    CU_ASSERT_EQUAL(version, 3);
    unit_jobs_close(&u);
    unit_clock(1000 * DAY);
    unit_jobs_open_token(&u, "family-keks");
    unit_jobs_open(&u); /* where there is no jump that would hold things back */
    CU_ASSERT_EQUAL(sr_family_tick(u.jobs, &u.bench, &report), SR_JOB_OK);
    CU_ASSERT_EQUAL(unit_objects(&u, "data:shop:"), 3);
    CU_ASSERT_EQUAL(sr_family_destroy(u.jobs, &u.bench, &shop, 1, false, &unit_operator, &why), SR_JOB_OK);
    CU_ASSERT_EQUAL(unit_objects(&u, "data:shop:"), 2);
    unit_clock(0);
    unit_jobs_close(&u);
}

static void *rotate_once(void *arg)
{
    struct rotator *r = arg;
    struct sr_family_name web = {"session", "web"};
    r->result = sr_family_rotate(r->u->jobs, &r->bench, &web, 1, true, &unit_operator, &r->version, NULL);
    return NULL;
}

static void two_at_once_make_one_version(void)
{
    enum { THREADS = 8 };
    struct unit_jobs u;
    struct rotator rotators[THREADS];
    pthread_t threads[THREADS];

    unit_jobs_make(&u, "family-at-once");
    create(&u, "session:web", 0, 48 * HOUR);
    for (int i = 0; i < THREADS; i++) {
        rotators[i] = (struct rotator){.u = &u, .bench = u.bench};
        CU_ASSERT_EQUAL_FATAL(u.bench.f->C_OpenSession(u.bench.slot, CKF_SERIAL_SESSION | CKF_RW_SESSION,
                                                       NULL, NULL, &rotators[i].bench.session),
                              CKR_OK);
    }
    for (int i = 0; i < THREADS; i++)
        CU_ASSERT_EQUAL_FATAL(pthread_create(&threads[i], NULL, rotate_once, &rotators[i]), 0);
    for (int i = 0; i < THREADS; i++) {
        CU_ASSERT_EQUAL(pthread_join(threads[i], NULL), 0);
        CU_ASSERT_EQUAL(rotators[i].result, SR_JOB_OK);
        CU_ASSERT_EQUAL(rotators[i].version, 2);
    }
    CU_ASSERT_EQUAL(current_of(&u, "session:web"), 2);
    CU_ASSERT_EQUAL(unit_objects(&u, "session:web:"), 4);
    unit_jobs_close(&u);
}

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

/* An old registry that is put back: the token's newer versions are not overwritten, and what it says is
 * current is gone. */
static void an_old_registry_brings_nothing_back(void)
{
    struct unit_jobs u;
    char old[200];
    unsigned long version;
    struct sr_family_name web = unit_family("session:web");

    unit_jobs_make(&u, "family-old");
    create(&u, "session:web", 0, 48 * HOUR);
    struct signature first = sign(&u, "session:web");
    sr_jobs_close(u.jobs);
    (void)snprintf(old, sizeof(old), "%s.old", u.registry);
    copy_file(u.registry, old);
    unit_jobs_open(&u);
    CU_ASSERT_EQUAL(sr_family_revoke(u.jobs, &u.bench, &web, &unit_operator, &version, &why), SR_JOB_OK);
    sr_jobs_close(u.jobs);
    copy_file(old, u.registry);
    unit_jobs_open(&u);
    CU_ASSERT_NOT_EQUAL(verify(&u, "session:web", &first), SR_JOB_OK);
    CU_ASSERT_EQUAL(rotate(&u, "session:web", 0, true, &version), SR_JOB_TAMPERED);
    CU_ASSERT_EQUAL(unit_objects(&u, "session:web:2"), 2);
    unit_jobs_close(&u);
}

/* The killer: counts Cryptoki calls, and ends the process at one of them. The seal's calls lie within the
 * registry's transactions, the others between them. */
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

static CK_RV killing_generate(CK_SESSION_HANDLE s, CK_MECHANISM *m, CK_ATTRIBUTE *a, CK_ULONG n,
                              CK_OBJECT_HANDLE *key)
{
    count();
    CK_RV rv = real.C_GenerateKey(s, m, a, n, key);
    count();
    return rv;
}

static CK_RV killing_destroy(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE object)
{
    count();
    CK_RV rv = real.C_DestroyObject(s, object);
    count();
    return rv;
}

enum change { CREATE, ROTATE, REVOKE, DESTROY, CHANGES };

static enum sr_job_result make_change(struct unit_jobs *u, enum change change)
{
    struct sr_family_name web = unit_family("session:web");
    struct sr_family_name new = unit_family("session:new");
    unsigned long version;
    switch (change) {
    case CREATE:
        return sr_family_create(u->jobs, &u->bench, &new, 0, HOUR, &unit_operator, &why);
    case ROTATE:
        return rotate(u, "session:web", 0, true, &version);
    case REVOKE:
        return sr_family_revoke(u->jobs, &u->bench, &web, &unit_operator, &version, &why);
    default:
        return sr_family_destroy(u->jobs, &u->bench, &web, 1, false, &unit_operator, &why);
    }
}

/* In a child: exits with 0 where the change came to its end before call number N. */
static int child(struct unit_jobs *u, const char *name, enum change change, unsigned long n)
{
    unit_jobs_open_token(u, name);
    unit_jobs_open(u);
    static CK_FUNCTION_LIST killing;
    real = killing = *u->module.f;
    killing.C_Sign = killing_sign;
    killing.C_GenerateKey = killing_generate;
    killing.C_DestroyObject = killing_destroy;
    calls_left = n;
    /* The benches hold the module's own list by pointer: its functions are replaced in place. */
    *u->module.f = killing;
    return make_change(u, change) == SR_JOB_OK ? 0 : 3;
}

static void look_after_the_kill(struct unit_jobs *u, enum change change, const struct signature *first,
                                const struct signature *second)
{
    size_t live = 0;
    json_t *shown = show(u, "session:web");
    const json_t *versions = json_object_get(shown, "versions");
    size_t currents = 0;
    for (size_t i = 0; i < json_array_size(versions); i++) {
        const char *state = json_string_value(json_object_get(json_array_get(versions, i), "state"));
        currents += strcmp(state, "current") == 0;
        live += strcmp(state, "current") == 0 || strcmp(state, "old") == 0;
        CU_ASSERT_STRING_NOT_EQUAL(state, "making");
        CU_ASSERT_STRING_NOT_EQUAL(state, "ending");
    }
    json_decref(shown);
    CU_ASSERT_EQUAL(currents, 1);
    CU_ASSERT_EQUAL(unit_objects(u, "session:web:"), 2 * live);
    struct signature fresh = sign(u, "session:web");
    CU_ASSERT_EQUAL(verify(u, "session:web", &fresh), SR_JOB_OK);
    if (change == CREATE || change == ROTATE) {
        CU_ASSERT_EQUAL(verify(u, "session:web", first), SR_JOB_OK);
        CU_ASSERT_EQUAL(verify(u, "session:web", second), SR_JOB_OK);
    }
    if (change == CREATE) { /* it is there, or can be made */
        enum sr_job_result again = make_change(u, CREATE);
        CU_ASSERT_TRUE(again == SR_JOB_OK || again == SR_JOB_EXISTS);
        CU_ASSERT_EQUAL(unit_objects(u, "session:new:"), 2);
    }
}

static void killed_at_every_step(void)
{
    static const char *const names[] = {"create", "rotate", "revoke", "destroy"};
    for (int change = 0; change < CHANGES; change++) {
        int status = -1;
        for (unsigned long n = 1; status != 0 && n < 100; n++) {
            struct unit_jobs u;
            char name[32];
            unsigned long version;
            (void)snprintf(name, sizeof(name), "kill-%s-%lu", names[change], n);
            unit_jobs_make(&u, name);
            create(&u, "session:web", 0, 48 * HOUR);
            struct signature first = sign(&u, "session:web");
            CU_ASSERT_EQUAL(rotate(&u, "session:web", 0, true, &version), SR_JOB_OK);
            struct signature second = sign(&u, "session:web");
            unit_jobs_close(&u);
            (void)fflush(NULL);
            pid_t pid = fork();
            CU_ASSERT_TRUE_FATAL(pid >= 0);
            if (pid == 0)
                _exit(child(&u, name, (enum change)change, n));
            CU_ASSERT_EQUAL_FATAL(waitpid(pid, &status, 0), pid);
            CU_ASSERT_TRUE(status == 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
            unit_jobs_open_token(&u, name);
            unit_jobs_open(&u);
            look_after_the_kill(&u, (enum change)change, &first, &second);
            unit_jobs_close(&u);
            if (n == 1)
                CU_ASSERT_NOT_EQUAL(status, 0); /* it was killed at least once */
        }
        CU_ASSERT_EQUAL(status, 0);
    }
}

CU_TestInfo family_tests[] = {
    {"a family is made once", a_family_is_made_once},
    {"a family rotates when it is due", a_family_rotates_when_it_is_due},
    {"days go by", days_go_by},
    {"a clock that jumps destroys nothing", a_clock_that_jumps_destroys_nothing},
    {"a clock that jumped meanwhile destroys nothing", a_clock_that_jumped_meanwhile_destroys_nothing},
    {"what is revoked is gone", what_is_revoked_is_gone},
    {"KEKs stay", keks_stay},
    {"two at once make one version", two_at_once_make_one_version},
    {"an old registry brings nothing back", an_old_registry_brings_nothing_back},
    {"killed at every step", killed_at_every_step},
    CU_TEST_INFO_NULL,
};
