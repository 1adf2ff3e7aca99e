/* SPDX-License-Identifier: Apache-2.0 */
/* Verdicts on codes.
 *
 * All codes of the window are always computed and compared, in constant time, and then it is decided. Of a
 * user one code at a time is looked at, so that of several who bring the same one only the first is let in.
 */
#include "jobs/known.h"
#include "jobs/totp_seed.h"
#include "jobs/totp_text.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW 1     /* steps to either side of where the user's clock is taken to be */
#define DRIFT_MAX 10 /* steps that are learned from codes, one at a time */
#define RESYNC_MAX 100
#define SLOW_FROM 5 /* failures in a row from which on the user has to wait: 1, 2, 4, 8, 16 s */
#define LOCK_FROM 10
#define LOCK_S 900

#define WINDOW_CODES ((size_t)(2 * WINDOW + 1))
#define RESYNC_CODES ((size_t)(2 * RESYNC_MAX + 2))

/* One look at a user. */
struct look {
    struct sr_jobs *jobs;
    const struct sr_bench *bench;
    struct sr_totp_entry *entry;
    struct sr_totp_user *user;
    bool changed; /* to be written back */
    long long now;
    long long step; /* of now */
    long long last; /* this step and those before it are used */
};

/* The last step that may have been used before this start, of which the registry may know nothing: it was not
 * written yet, or an older registry was put back. A user who came later had none. */
static long long used_before(const struct look *look)
{
    const struct sr_totp_user *user = look->user;
    long long opened = sr_totp_opened(look->jobs);
    long long ahead = user->drift + WINDOW;

    if (user->created >= opened)
        return -1;
    return opened / (long long)user->kind.period + (ahead > 0 ? ahead : 0);
}

static enum sr_job_result begin(struct look *look, const struct sr_family_name *family, const char *user,
                                struct sr_why *why)
{
    unsigned long version;

    enum sr_job_result result = sr_totp_check_family(family, why);
    if (result == SR_JOB_OK)
        result = sr_totp_check_text(user, "the user's name", why);
    if (result == SR_JOB_OK)
        result = sr_totp_user_hold(look->jobs, family, user, &look->entry, &look->user, why);
    if (result == SR_JOB_NOT_FOUND) {
        /* Perhaps it is the family that is not there. */
        struct sr_why reason = {""};
        sr_use_begin(look->jobs, family);
        if (sr_use_end(look->jobs, family, sr_use_current(look->jobs, family, &version, &reason)) !=
            SR_JOB_OK)
            sr_why_set(why, "%s", reason.text);
    }
    if (result != SR_JOB_OK)
        return result;
    long long period = (long long)look->user->kind.period;
    long long floor = used_before(look);
    look->now = sr_job_now();
    look->step = look->now / period;
    look->last = look->user->step > floor ? look->user->step : floor;
    return SR_JOB_OK;
}

static enum sr_job_result end(struct look *look, enum sr_job_result result)
{
    sr_totp_user_release(look->jobs, look->entry, look->changed);
    return result;
}

/* White space counts: a code that may be written in two ways is two codes to whoever counts them. */
static enum sr_job_result check_form(const struct look *look, const char *code, struct sr_why *why)
{
    size_t digits = look->user->kind.digits;
    if (strlen(code) == digits && strspn(code, "0123456789") == digits)
        return SR_JOB_OK;
    sr_why_set(why, "that is no code of this user's: it has exactly %zu digits, and nothing else", digits);
    return SR_JOB_BAD;
}

static enum sr_job_result check_wait(const struct look *look, struct sr_why *why)
{
    struct sr_totp_user *user = look->user;
    if (user->until > look->now + LOCK_S) /* the clock was set back */
        user->until = look->now + LOCK_S;
    if (look->now >= user->until)
        return SR_JOB_OK;
    sr_why_set(why, "after %lu wrong codes in a row no code is looked at; try again in %lld s",
               user->failures, user->until - look->now);
    return SR_JOB_BAD;
}

/* The codes of COUNT steps from FIRST on. A seed that is under an older version goes over to the current one:
 * so a family that was rotated or revoked goes on. */
static enum sr_job_result codes_of(struct look *look, long long first, size_t count,
                                   char codes[][SR_CODE_MAX], struct sr_why *why)
{
    const struct sr_family_name *family = &look->user->family;
    unsigned long current;

    sr_use_begin(look->jobs, family);
    enum sr_job_result result = sr_use_current(look->jobs, family, &current, why);
    if (result == SR_JOB_OK && look->user->version != current) {
        result = sr_totp_rewrap_seed(look->jobs, look->bench, look->user, current, why);
        look->changed = look->changed || result == SR_JOB_OK;
    }
    if (result == SR_JOB_OK)
        result = sr_totp_codes(look->jobs, look->bench, look->user, first, count, codes, why);
    return sr_use_end(look->jobs, family, result);
}

static enum sr_job_result note_failure(struct look *look, const char *what, struct sr_why *why)
{
    struct sr_totp_user *user = look->user;
    long long wait = 0;

    user->failures++;
    look->changed = true;
    if (user->failures >= LOCK_FROM)
        wait = LOCK_S;
    else if (user->failures >= SLOW_FROM)
        wait = 1LL << (user->failures - SLOW_FROM);
    user->until = wait > 0 ? look->now + wait : 0;
    if (wait == LOCK_S && sr_totp_user_store(look->jobs, look->entry, NULL) == SR_JOB_OK)
        look->changed = false; /* a restart does not unlock; where that failed, the write-back tries again */
    if (wait > 0)
        sr_why_set(why, "%s; after %lu wrong ones in a row the next try is in %lld s", what, user->failures,
                   wait);
    else
        sr_why_set(why, "%s", what);
    return SR_JOB_BAD;
}

/* The step is used from now on. DURABLE: that has to be written before the answer is given. */
static enum sr_job_result accept(struct look *look, long long step, long long drift, bool durable,
                                 struct sr_why *why)
{
    look->user->step = step;
    look->user->drift = drift;
    look->user->failures = 0;
    look->user->until = 0;
    look->changed = true;
    if (!durable)
        return SR_JOB_OK;
    enum sr_job_result result = sr_totp_user_store(look->jobs, look->entry, why);
    look->changed = result != SR_JOB_OK;
    return result;
}

/* What a code at OFFSET steps from ours says of the user's clock. */
static long long learn(long long drift, long long offset)
{
    return llabs(offset) <= DRIFT_MAX || llabs(offset) < llabs(drift) ? offset : drift;
}

/* 1 where they are equal; a step before 0 has the code "". */
static unsigned equal(const char *code, const char *given, size_t digits)
{
    return (unsigned)(CRYPTO_memcmp(code, given, digits) == 0);
}

static enum sr_job_result verify(struct look *look, const char *code, struct sr_why *why)
{
    char codes[WINDOW_CODES][SR_CODE_MAX];
    long long first = look->step + look->user->drift - WINDOW;
    long long found = -1;
    unsigned used = 0;

    memset(codes, 0, sizeof(codes));
    enum sr_job_result result = codes_of(look, first, WINDOW_CODES, codes, why);
    if (result != SR_JOB_OK)
        return result;
    for (size_t i = 0; i < WINDOW_CODES; i++) {
        long long step = first + (long long)i;
        unsigned right = equal(codes[i], code, look->user->kind.digits);
        unsigned fresh = (unsigned)(step > look->last);
        long long mask = -(long long)(right & fresh);
        found = (step & mask) | (found & ~mask);
        used |= right & (fresh ^ 1U);
    }
    OPENSSL_cleanse(codes, sizeof(codes));
    if (found >= 0)
        /* After a start all steps up to now count as used: one that is yet to come would not. */
        return accept(look, found, learn(look->user->drift, found - look->step), found > look->step, why);
    if (used == 0)
        return note_failure(look, "the code is wrong", why);
    sr_why_set(why,
               "the code was used already, or is from before strongroomd was started; wait for the next one");
    return SR_JOB_BAD;
}

enum sr_job_result sr_totp_verify(struct sr_jobs *jobs, const struct sr_bench *bench,
                                  const struct sr_family_name *family, const char *user, const char *code,
                                  struct sr_why *why)
{
    struct look look = {.jobs = jobs, .bench = bench};

    enum sr_job_result result = begin(&look, family, user, why);
    if (result != SR_JOB_OK)
        return result;
    result = check_form(&look, code, why);
    if (result == SR_JOB_OK)
        result = check_wait(&look, why);
    if (result == SR_JOB_OK)
        result = verify(&look, code, why);
    return end(&look, result);
}

static enum sr_job_result resync(struct look *look, const char *one, const char *two, struct sr_why *why)
{
    char codes[RESYNC_CODES][SR_CODE_MAX];
    size_t digits = look->user->kind.digits;
    long long first = look->step - RESYNC_MAX;
    long long found = -1;

    memset(codes, 0, sizeof(codes));
    enum sr_job_result result = codes_of(look, first, RESYNC_CODES, codes, why);
    if (result != SR_JOB_OK)
        return result;
    for (size_t i = 0; i + 1 < RESYNC_CODES; i++) {
        long long step = first + (long long)i;
        long long mask = -(long long)(equal(codes[i], one, digits) & equal(codes[i + 1], two, digits) &
                                      (unsigned)(step > look->last));
        found = ((step + 1) & mask) | (found & ~mask);
    }
    OPENSSL_cleanse(codes, sizeof(codes));
    if (found >= 0)
        return accept(look, found, found - look->step, true, why);
    return note_failure(
        look,
        "these are not two codes that follow one another, not used yet and of the last or next "
        "100",
        why);
}

enum sr_job_result sr_totp_resync(struct sr_jobs *jobs, const struct sr_bench *bench,
                                  const struct sr_family_name *family, const char *user, const char *first,
                                  const char *second, struct sr_why *why)
{
    struct look look = {.jobs = jobs, .bench = bench};

    enum sr_job_result result = begin(&look, family, user, why);
    if (result != SR_JOB_OK)
        return result;
    result = check_form(&look, first, why);
    if (result == SR_JOB_OK)
        result = check_form(&look, second, why);
    if (result == SR_JOB_OK)
        result = check_wait(&look, why);
    if (result == SR_JOB_OK)
        result = resync(&look, first, second, why);
    return end(&look, result);
}
