/* Values under data keys, within a use (known.h): what data.c and data_rewrap.c share.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_JOBS_DATA_VALUE_H
#define STRONGROOM_JOBS_DATA_VALUE_H

#include "jobs/data_key.h"

/* Encrypts under ask->key, or the family's current key of VERSION. */
enum sr_job_result sr_data_seal(struct sr_jobs *jobs, const struct sr_bench *bench,
                                const struct sr_data_ask *ask, unsigned long version,
                                const struct sr_data_item *item, struct sr_data_result *out,
                                struct sr_why *why);

/* Decrypts VALUE into OUT, which has room for VALUE->sealed_size. LEAVING as in sr_use_kek. */
enum sr_job_result sr_data_unseal(struct sr_jobs *jobs, const struct sr_bench *bench,
                                  const struct sr_data_ask *ask, const struct sr_data_value *value,
                                  const struct sr_data_item *item, bool leaving, unsigned char *out,
                                  struct sr_why *why);

/* SR_JOB_BAD where VERSION is older than ask->min_version. */
enum sr_job_result sr_data_check_age(const struct sr_data_ask *ask, unsigned long version,
                                     struct sr_why *why);

/* SR_JOB_INVALID for a context that is too long. */
enum sr_job_result sr_data_check_item(const struct sr_data_item *item, struct sr_why *why);

#endif
