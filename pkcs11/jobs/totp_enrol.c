/* SPDX-License-Identifier: Apache-2.0 */
/* New seeds. */
#include "cryptoki/names.h"
#include "jobs/totp_seed.h"
#include "jobs/totp_text.h"

#include <openssl/crypto.h>
#include <string.h>

/* The row is written in place of the one that there is. */
static enum sr_job_result replace_user(struct sr_jobs *jobs, const struct sr_totp_user *new,
                                       struct sr_why *why)
{
    const size_t rest = offsetof(struct sr_totp_user, version);
    struct sr_totp_entry *entry;
    struct sr_totp_user *user;
    struct sr_totp_user old;

    enum sr_job_result result = sr_totp_user_hold(jobs, &new->family, new->user, &entry, &user, why);
    if (result != SR_JOB_OK)
        return result;
    old = *user;
    memcpy((char *)user + rest, (const char *)new + rest, sizeof(*user) - rest);
    result = sr_totp_user_store(jobs, entry, why);
    if (result != SR_JOB_OK)
        memcpy((char *)user + rest, (const char *)&old + rest, sizeof(*user) - rest);
    sr_totp_user_release(jobs, entry, result != SR_JOB_OK);
    return result;
}

static enum sr_job_result add_user(struct sr_jobs *jobs, const struct sr_totp_user *new, bool replace,
                                   struct sr_why *why)
{
    bool added = false;

    enum sr_job_result result = sr_totp_users_add(jobs, new, 1, false, &added, why);
    if (result != SR_JOB_OK || added)
        return result;
    if (replace)
        return replace_user(jobs, new, why);
    sr_why_set(why, "the user has a seed in %s:%s already; --replace makes another, and the old codes end",
               new->family.role, new->family.name);
    return SR_JOB_EXISTS;
}

static enum sr_job_result check(const struct sr_totp_user *new, const char *user, struct sr_why *why)
{
    enum sr_job_result result = sr_totp_check_family(&new->family, why);
    if (result == SR_JOB_OK)
        result = sr_totp_check_text(user, "the user's name", why);
    return result == SR_JOB_OK ? sr_totp_check_kind(&new->kind, why) : result;
}

enum sr_job_result sr_totp_enrol(struct sr_jobs *jobs, const struct sr_bench *bench,
                                 const struct sr_family_name *family, const char *user,
                                 const struct sr_totp_kind *kind, const struct sr_totp_label *label,
                                 bool replace, char **uri, struct sr_why *why)
{
    struct sr_totp_user new = {.family = *family, .kind = *kind, .created = sr_job_now(), .step = -1};
    unsigned char seed[SR_SEED_MAX];

    *uri = NULL;
    enum sr_job_result result = check(&new, user, why);
    if (result != SR_JOB_OK)
        return result;
    memcpy(new.user, user, strlen(user) + 1);
    size_t size = sr_totp_seed_size(kind);
    CK_RV rv = bench->f->C_GenerateRandom(bench->session, seed, size);
    if (rv != CKR_OK) {
        sr_why_set(why, "the token cannot make random bytes: %s", sr_rv_name(rv));
        result = SR_JOB_FAILED;
    }
    if (result == SR_JOB_OK)
        result = sr_totp_uri(label, kind, seed, size, uri, why);
    if (result == SR_JOB_OK)
        result = sr_totp_wrap(jobs, bench, &new, seed, size, why);
    OPENSSL_cleanse(seed, sizeof(seed));
    if (result == SR_JOB_OK)
        result = add_user(jobs, &new, replace, why);
    if (result != SR_JOB_OK) {
        sr_totp_free_secret(*uri);
        *uri = NULL;
    }
    return result;
}
