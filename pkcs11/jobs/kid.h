/* Key ids: "NAME.VERSION", the family's name and the version that something was made with.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_JOBS_KID_H
#define STRONGROOM_JOBS_KID_H

#include "jobs/job.h"

#define SR_KID_MAX (SR_NAME_MAX + 21) /* "." and 20 digits */

void sr_kid_format(const struct sr_family_name *family, unsigned long version, char kid[SR_KID_MAX]);

/* The version that a key id of LENGTH bytes names. SR_JOB_BAD where it is not exactly what sr_kid_format
 * writes for the family and a version from 1; WHY says whether it is malformed or another family's. */
enum sr_job_result sr_kid_parse(const char *kid, size_t length, const struct sr_family_name *family,
                                unsigned long *version, struct sr_why *why);

#endif
