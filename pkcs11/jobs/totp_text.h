/* What the files of second factors share: the texts that come from outside.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_JOBS_TOTP_TEXT_H
#define STRONGROOM_JOBS_TOTP_TEXT_H

#include "jobs/totp.h"

/* SR_JOB_INVALID where the family has another role. */
enum sr_job_result sr_totp_check_family(const struct sr_family_name *family, struct sr_why *why);

/* SR_JOB_INVALID where TEXT is not 1 to 255 bytes of UTF-8 without control characters. WHAT it is, for the
 * message, which does not repeat the text. */
enum sr_job_result sr_totp_check_text(const char *text, const char *what, struct sr_why *why);

/* The otpauth URI. *URI is to be freed with sr_totp_free_secret. */
enum sr_job_result sr_totp_uri(const struct sr_totp_label *label, const struct sr_totp_kind *kind,
                               const void *seed, size_t size, char **uri, struct sr_why *why);

#endif
