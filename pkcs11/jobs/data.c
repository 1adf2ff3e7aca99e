/* Encrypting and decrypting small values.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "jobs/data.h"
#include "jobs/data_value.h"
#include "jobs/known.h"

#include <stdlib.h>
#include <string.h>

enum sr_job_result sr_data_check(const struct sr_data_ask *ask, struct sr_why *why)
{
    const struct sr_family_name *family = &ask->family;

    if (strcmp(family->role, "data") != 0) {
        sr_why_set(why, "%s:%s is no family of data keys", family->role, family->name);
        return SR_JOB_INVALID;
    }
    if (ask->key == NULL || (strcmp(ask->key->family.role, family->role) == 0 &&
                             strcmp(ask->key->family.name, family->name) == 0))
        return SR_JOB_OK;
    sr_why_set(why, "wrong key: it is one of %s:%s, not of %s:%s", ask->key->family.role,
               ask->key->family.name, family->role, family->name);
    return SR_JOB_WRONG_KEY;
}

enum sr_job_result sr_data_new_key(struct sr_jobs *jobs, const struct sr_bench *bench,
                                   const struct sr_data_ask *ask, struct sr_data_result *out,
                                   struct sr_why *why)
{
    unsigned long version;
    struct sr_data_key key;
    CK_OBJECT_HANDLE kek;

    enum sr_job_result result = sr_data_check(ask, why);
    if (result != SR_JOB_OK)
        return result;
    sr_use_begin(jobs, &ask->family);
    result = sr_use_current(jobs, &ask->family, &version, why);
    if (result == SR_JOB_OK)
        result = sr_use_kek(jobs, &ask->family, version, false, &kek, why);
    if (result == SR_JOB_OK)
        result = sr_data_make(bench, &ask->family, version, kek, &key, why);
    result = sr_use_end(jobs, &ask->family, result);
    if (result == SR_JOB_OK) {
        out->size = sr_data_key_write(&key, ask->binary, out->bytes);
        out->version = version;
    }
    return result;
}

enum sr_job_result sr_data_encrypt(struct sr_jobs *jobs, const struct sr_bench *bench,
                                   const struct sr_data_ask *ask, const struct sr_data_item *item,
                                   struct sr_data_result *out, struct sr_why *why)
{
    unsigned long version = 0;

    enum sr_job_result result = sr_data_check(ask, why);
    if (result == SR_JOB_OK)
        result = sr_data_check_item(item, why);
    if (result == SR_JOB_OK && item->size > SR_DATA_VALUE_MAX) {
        sr_why_set(why, "the data are longer than %zu bytes: \"strongroom backup\" is for longer ones",
                   SR_DATA_VALUE_MAX);
        result = SR_JOB_INVALID;
    }
    if (result != SR_JOB_OK)
        return result;
    sr_use_begin(jobs, &ask->family);
    if (ask->key == NULL)
        result = sr_use_current(jobs, &ask->family, &version, why);
    if (result == SR_JOB_OK)
        result = sr_data_seal(jobs, bench, ask, version, item, out, why);
    return sr_use_end(jobs, &ask->family, result);
}

enum sr_job_result sr_data_decrypt(struct sr_jobs *jobs, const struct sr_bench *bench,
                                   const struct sr_data_ask *ask, const struct sr_data_item *item,
                                   struct sr_data_result *out, struct sr_why *why)
{
    struct sr_data_value value;

    enum sr_job_result result = sr_data_check(ask, why);
    if (result == SR_JOB_OK)
        result = sr_data_check_item(item, why);
    if (result == SR_JOB_OK)
        result = sr_data_value_read(item->data, item->size, &value, why);
    if (result != SR_JOB_OK)
        return result;
    sr_use_begin(jobs, &ask->family);
    result = sr_data_unseal(jobs, bench, ask, &value, item, false, out->bytes, why);
    result = sr_use_end(jobs, &ask->family, result);
    if (result == SR_JOB_OK) {
        out->size = value.sealed_size - SR_GCM_TAG;
        out->version = value.version;
    }
    free(value.bytes);
    return result;
}
