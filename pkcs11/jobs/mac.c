/* SPDX-License-Identifier: Apache-2.0 */
#include "jobs/mac.h"
#include "cryptoki/names.h"
#include "jobs/known.h"

#include <string.h>

static enum sr_job_result check_role(const struct sr_family_name *name, struct sr_why *why)
{
    if (strcmp(name->role, "session") == 0)
        return SR_JOB_OK;
    sr_why_set(why, "%s:%s is no family of session keys", name->role, name->name);
    return SR_JOB_INVALID;
}

enum sr_job_result sr_mac_current(struct sr_jobs *jobs, const struct sr_family_name *family,
                                  unsigned long *version, struct sr_why *why)
{
    enum sr_job_result result = check_role(family, why);
    if (result != SR_JOB_OK)
        return result;
    sr_use_begin(jobs, family);
    result = sr_use_current(jobs, family, version, why);
    return sr_use_end(jobs, family, result);
}

enum sr_job_result sr_mac_make(struct sr_jobs *jobs, const struct sr_bench *bench,
                               const struct sr_family_name *family, unsigned long *version,
                               const char *purpose, const void *data, size_t length,
                               unsigned char mac[SR_MAC_MAX], size_t *size, struct sr_why *why)
{
    CK_MECHANISM_TYPE mechanism = purpose != NULL ? CKM_SHA256_HMAC : CKM_SHA512_HMAC;
    CK_OBJECT_HANDLE key;

    enum sr_job_result result = check_role(family, why);
    if (result != SR_JOB_OK)
        return result;
    sr_use_begin(jobs, family);
    result = *version == 0 ? sr_use_current(jobs, family, version, why) : SR_JOB_OK;
    if (result == SR_JOB_OK)
        result = sr_use_key(jobs, family, *version, purpose != NULL ? purpose : "", &key, why);
    if (result == SR_JOB_OK) {
        *size = SR_MAC_MAX;
        CK_RV rv = sr_keys_hmac(bench, mechanism, key, data, length, mac, size);
        if (rv != CKR_OK) {
            sr_why_set(why, "the token cannot make an HMAC with the key of %s:%s:%lu: %s", family->role,
                       family->name, *version, sr_rv_name(rv));
            result = SR_JOB_FAILED;
        }
    }
    return sr_use_end(jobs, family, result);
}
