/* The registry's table of users with second factors. All are called within a transaction.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_JOBS_TOTP_ROWS_H
#define STRONGROOM_JOBS_TOTP_ROWS_H

#include "jobs/totp_users.h"

/* SR_JOB_NOT_FOUND where there is no such user; WHY says so. */
enum sr_job_result sr_totp_row_get(struct sr_registry *registry, const struct sr_family_name *family,
                                   const char *user, struct sr_totp_user *row, struct sr_why *why);
enum sr_job_result sr_totp_row_insert(struct sr_registry *registry, const struct sr_totp_user *row,
                                      struct sr_why *why);
/* Changes the row; where it is not there any more, nothing happens. */
enum sr_job_result sr_totp_row_update(struct sr_registry *registry, const struct sr_totp_user *row,
                                      struct sr_why *why);
enum sr_job_result sr_totp_row_delete(struct sr_registry *registry, const struct sr_family_name *family,
                                      const char *user, struct sr_why *why);

/* As sr_totp_users_page, sr_totp_users_old and sr_totp_users_count. */
enum sr_job_result sr_totp_row_page(struct sr_registry *registry, const struct sr_family_name *family,
                                    const char *after, size_t limit, struct sr_totp_user **rows,
                                    size_t *count, struct sr_why *why);
enum sr_job_result sr_totp_row_old(struct sr_registry *registry, const struct sr_family_name *family,
                                   unsigned long current, const struct sr_totp_place *after, size_t limit,
                                   struct sr_totp_place *places, size_t *count, struct sr_why *why);
enum sr_job_result sr_totp_row_count(struct sr_registry *registry, const struct sr_family_name *family,
                                     unsigned long from, unsigned long to, size_t *count, struct sr_why *why);

#endif
