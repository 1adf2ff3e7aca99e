/* SPDX-License-Identifier: Apache-2.0 */
/* Verdicts on codes: vectors, the window, replays, drift, failures, many at once. */
#include "jobs/known.h"
#include "unit_totp.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct unit_jobs u;

static enum sr_job_result verify(long long step)
{
    return unit_totp_verify(&u, "alice", step);
}

/* Refused, and the reason has REASON in it. */
static void refused(long long step, const char *reason)
{
    CU_ASSERT_EQUAL(verify(step), SR_JOB_BAD);
    CU_ASSERT_PTR_NOT_NULL(strstr(unit_totp_why.text, reason));
}

static void fail_once(const char *reason)
{
    CU_ASSERT_EQUAL(unit_totp_verify_text(&u, "alice", "000000"), SR_JOB_BAD);
    CU_ASSERT_PTR_NOT_NULL(strstr(unit_totp_why.text, reason));
}

/* The token's codes of a seed. */
static void codes(const char *algorithm, unsigned long digits, const char *seed, long long first,
                  size_t count, char (*out)[SR_CODE_MAX])
{
    struct sr_totp_user user = {.family = unit_users, .kind = {.digits = digits, .period = 30}};
    struct sr_why why = {""};

    (void)snprintf(user.kind.algorithm, sizeof(user.kind.algorithm), "%s", algorithm);
    CU_ASSERT_EQUAL_FATAL(sr_totp_wrap(u.jobs, &u.bench, &user, seed, strlen(seed), &why), SR_JOB_OK);
    sr_use_begin(u.jobs, &unit_users);
    CU_ASSERT_EQUAL(
        sr_use_end(u.jobs, &unit_users, sr_totp_codes(u.jobs, &u.bench, &user, first, count, out, &why)),
        SR_JOB_OK);
}

/* RFC 4226 appendix D; RFC 6238 appendix B, with the seeds of its program. */
static void vectors(void)
{
    static const char *const hotp[] = {"755224", "287082", "359152", "969429", "338314",
                                       "254676", "287922", "162583", "399871", "520489"};
    static const struct {
        long long time;
        const char *sha1, *sha256, *sha512;
    } totp[] = {
        {59, "94287082", "46119246", "90693936"},         {1111111109, "07081804", "68084774", "25091201"},
        {1111111111, "14050471", "67062674", "99943326"}, {1234567890, "89005924", "91819424", "93441116"},
        {2000000000, "69279037", "90698825", "38618901"}, {20000000000, "65353130", "77737706", "47863826"}};
    static const char seed[] = "1234567890123456789012345678901234567890123456789012345678901234";
    char out[10][SR_CODE_MAX];
    char short_seed[33];

    unit_totp_make(&u, "totp-vectors");
    codes("SHA1", 6, "12345678901234567890", 0, 10, out);
    for (size_t i = 0; i < 10; i++)
        CU_ASSERT_STRING_EQUAL(out[i], hotp[i]);
    (void)snprintf(short_seed, sizeof(short_seed), "%.32s", seed);
    for (size_t i = 0; i < sizeof(totp) / sizeof(totp[0]); i++) {
        codes("SHA1", 8, "12345678901234567890", totp[i].time / 30, 1, out);
        CU_ASSERT_STRING_EQUAL(out[0], totp[i].sha1);
        codes("SHA256", 8, short_seed, totp[i].time / 30, 1, out);
        CU_ASSERT_STRING_EQUAL(out[0], totp[i].sha256);
        codes("SHA512", 8, seed, totp[i].time / 30, 1, out);
        CU_ASSERT_STRING_EQUAL(out[0], totp[i].sha512);
    }
    codes("SHA1", 6, "12345678901234567890", -1, 2, out);
    CU_ASSERT_STRING_EQUAL(out[0], "");
    CU_ASSERT_STRING_EQUAL(out[1], hotp[0]);
    CU_ASSERT_EQUAL(unit_objects(&u, "totp:users"), 1); /* the KEK */
    unit_jobs_close(&u);
}

static void a_code_is_accepted_once(void)
{
    unit_totp_make(&u, "totp-once");
    unit_totp_import(&u, "alice");
    unit_totp_go(2, 0);
    unit_totp_restart(&u);
    refused(2, "before strongroomd was started");
    refused(3, "before strongroomd was started"); /* a clock that is ahead could have shown it */
    unit_totp_import(&u, "carol");
    CU_ASSERT_EQUAL(unit_totp_verify(&u, "carol", 2), SR_JOB_OK); /* who came after the start */
    unit_totp_go(5, 0);
    CU_ASSERT_EQUAL(verify(5), SR_JOB_OK);
    refused(5, "used already");
    refused(4, "used already");
    CU_ASSERT_EQUAL(verify(6), SR_JOB_OK); /* a clock that is ahead */
    refused(6, "used already");
    unit_totp_go(6, 0);
    refused(6, "used already");
    CU_ASSERT_EQUAL(verify(5), SR_JOB_BAD);
    unit_totp_go(8, 0);
    CU_ASSERT_EQUAL(verify(8), SR_JOB_OK);
    unit_totp_go(5, 0); /* the machine's clock goes back: what is used stays used */
    refused(5, "used already");
    CU_ASSERT_EQUAL(unit_totp_verify(&u, "bob", 8), SR_JOB_NOT_FOUND);
    unit_jobs_close(&u);
}

static void the_window_has_three_steps(void)
{
    unit_totp_make(&u, "totp-window");
    for (long long offset = -3; offset <= 3; offset++) {
        char user[16];
        (void)snprintf(user, sizeof(user), "user%lld", offset);
        unit_totp_import(&u, user);
        unit_totp_go(10, 0);
        CU_ASSERT_EQUAL(unit_totp_verify(&u, user, 10 + offset),
                        offset >= -1 && offset <= 1 ? SR_JOB_OK : SR_JOB_BAD);
    }
    unit_jobs_close(&u);
}

static void what_is_no_code_is_refused_first(void)
{
    static const char *const wrong[] = {
        "",         "12345",   "1234567", " 123456",   "123456 ",
        "123456\n", "12 3456", "12345a",  "+12345",    "-12345",
        "0x1234",   "１２",    "123\t56", "12345\xb2", "12345678901234567890"};
    unit_totp_make(&u, "totp-form");
    unit_totp_import(&u, "alice");
    unit_totp_go(5, 0);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        CU_ASSERT_EQUAL(unit_totp_verify_text(&u, "alice", wrong[i]), SR_JOB_BAD);
        CU_ASSERT_PTR_NOT_NULL(strstr(unit_totp_why.text, "exactly 6 digits"));
    }
    CU_ASSERT_EQUAL(verify(5), SR_JOB_OK); /* they were no failures */
    unit_jobs_close(&u);
}

static void drift_is_learned(void)
{
    unit_totp_make(&u, "totp-drift");
    unit_totp_import(&u, "alice");
    for (long long ahead = 1; ahead <= 12; ahead++) {
        unit_totp_go(100 * ahead, 0);
        CU_ASSERT_EQUAL(verify(100 * ahead + ahead), ahead <= 11 ? SR_JOB_OK : SR_JOB_BAD);
    }
    unit_totp_go(2000, 0);
    refused(2000, "wrong"); /* it is where the user's clock is that codes are looked for */
    CU_ASSERT_EQUAL(verify(2009), SR_JOB_OK);
    unit_totp_go(2100, 0);
    CU_ASSERT_EQUAL(verify(2108), SR_JOB_OK);
    unit_totp_restart(&u);
    unit_totp_go(2200, 0);
    CU_ASSERT_EQUAL(verify(2207), SR_JOB_OK);
    unit_jobs_close(&u);
}

static void failures_slow_down_then_lock(void)
{
    unit_totp_make(&u, "totp-failures");
    unit_totp_import(&u, "alice");
    unit_totp_import(&u, "bob");
    unit_totp_go(5, 0);
    for (int i = 0; i < 4; i++)
        fail_once("wrong");
    CU_ASSERT_EQUAL(verify(5), SR_JOB_OK); /* which is the end of the row */
    unit_totp_go(7, 0);
    for (int i = 0; i < 4; i++)
        fail_once("is wrong");
    long long at = 0;
    for (int i = 0; i < 5; i++) {
        char text[40];
        (void)snprintf(text, sizeof(text), "next try is in %d s", 1 << i);
        fail_once(text);
        if (i > 1)                      /* so long a wait that it cannot be over yet */
            refused(7, "try again in"); /* although it is right */
        at += 1 << i;
        unit_totp_go(7, at + i + 1);
    }
    fail_once("after 10 wrong ones");
    refused(7, "try again in");
    CU_ASSERT_EQUAL(unit_totp_verify(&u, "bob", 8), SR_JOB_OK); /* nobody else waits */
    unit_totp_restart(&u);
    refused(7, "try again in");
    unit_totp_go(9, 0);
    CU_ASSERT_EQUAL(verify(9), SR_JOB_OK);
    unit_totp_go(10, 0);
    fail_once("the code is wrong");
    CU_ASSERT_EQUAL(verify(10), SR_JOB_OK);
    /* A clock that is set back does not lock for longer. */
    for (int i = 0; i < 10; i++) {
        unit_totp_go(20, 100LL * i);
        fail_once("wrong");
    }
    unit_totp_go(12, 0);
    refused(12, "try again in 900 s");
    unit_jobs_close(&u);
}

static void two_codes_set_the_clock_right(void)
{
    char one[SR_CODE_MAX];
    char two[SR_CODE_MAX];

    unit_totp_make(&u, "totp-resync");
    unit_totp_import(&u, "alice");
    unit_totp_go(200, 0);
    refused(260, "wrong");
#define RESYNC(a, b)                                                                                         \
    sr_totp_resync(u.jobs, &u.bench, &unit_users, "alice", unit_totp_code(a, one), unit_totp_code(b, two),   \
                   &unit_totp_why)
    CU_ASSERT_EQUAL(RESYNC(260, 262), SR_JOB_BAD);
    CU_ASSERT_EQUAL(RESYNC(261, 260), SR_JOB_BAD);
    CU_ASSERT_EQUAL(RESYNC(301, 302), SR_JOB_BAD);
    CU_ASSERT_EQUAL(RESYNC(260, 261), SR_JOB_OK);
    refused(261, "used already");
    CU_ASSERT_EQUAL(verify(262), SR_JOB_OK);
    unit_totp_go(300, 0);
    CU_ASSERT_EQUAL(RESYNC(261, 262), SR_JOB_BAD); /* used */
    unit_totp_restart(&u);
    unit_totp_go(400, 0);
    CU_ASSERT_EQUAL(verify(461), SR_JOB_OK);
    unit_totp_go(500, 0);
    CU_ASSERT_EQUAL(RESYNC(499, 500), SR_JOB_OK);
    CU_ASSERT_EQUAL(sr_totp_resync(u.jobs, &u.bench, &unit_users, "alice", "12345", "123456", &unit_totp_why),
                    SR_JOB_BAD);
    for (int i = 0; i < 5; i++)
        CU_ASSERT_EQUAL(RESYNC(1, 2), SR_JOB_BAD);
    CU_ASSERT_PTR_NOT_NULL(strstr(unit_totp_why.text, "next try is in 1 s")); /* it is no way around */
    unit_jobs_close(&u);
}

enum { VERIFIERS = 64 };

struct verifier {
    struct sr_bench bench;
    pthread_barrier_t *start;
    const char *code;
    enum sr_job_result result;
};

static void *verify_once(void *arg)
{
    struct verifier *v = arg;
    struct sr_why why = {""};
    (void)pthread_barrier_wait(v->start);
    v->result = sr_totp_verify(u.jobs, &v->bench, &unit_users, "alice", v->code, &why);
    return NULL;
}

static void one_of_many_at_once_is_accepted(void)
{
    pthread_t threads[VERIFIERS];
    struct verifier verifiers[VERIFIERS];
    pthread_barrier_t start;
    char code[SR_CODE_MAX];

    unit_totp_make(&u, "totp-at-once");
    unit_totp_import(&u, "alice");
    CU_ASSERT_EQUAL_FATAL(pthread_barrier_init(&start, NULL, VERIFIERS), 0);
    for (int i = 0; i < VERIFIERS; i++) {
        verifiers[i] = (struct verifier){.bench = u.bench, .start = &start};
        CU_ASSERT_EQUAL_FATAL(u.bench.f->C_OpenSession(u.bench.slot, CKF_SERIAL_SESSION | CKF_RW_SESSION,
                                                       NULL, NULL, &verifiers[i].bench.session),
                              CKR_OK);
    }
    for (long long step = 1; step <= 5; step++) {
        int accepted = 0;
        int refusals = 0;
        unit_totp_go(step, 0);
        for (int i = 0; i < VERIFIERS; i++) {
            verifiers[i].code = unit_totp_code(step + (step & 1), code); /* those ahead are written at once */
            CU_ASSERT_EQUAL_FATAL(pthread_create(&threads[i], NULL, verify_once, &verifiers[i]), 0);
        }
        for (int i = 0; i < VERIFIERS; i++) {
            CU_ASSERT_EQUAL(pthread_join(threads[i], NULL), 0);
            accepted += verifiers[i].result == SR_JOB_OK;
            refusals += verifiers[i].result == SR_JOB_BAD;
        }
        CU_ASSERT_EQUAL(accepted, step == 1 || step == 3 || step == 5 ? 1 : 0);
        CU_ASSERT_EQUAL(accepted + refusals, VERIFIERS);
    }
    (void)pthread_barrier_destroy(&start);
    unit_jobs_close(&u);
}

CU_TestInfo totp_tests[] = {
    {"vectors", vectors},
    {"a code is accepted once", a_code_is_accepted_once},
    {"the window has three steps", the_window_has_three_steps},
    {"what is no code is refused first", what_is_no_code_is_refused_first},
    {"drift is learned", drift_is_learned},
    {"failures slow down, then lock", failures_slow_down_then_lock},
    {"two codes set the clock right", two_codes_set_the_clock_right},
    {"one of many at once is accepted", one_of_many_at_once_is_accepted},
    CU_TEST_INFO_NULL,
};
