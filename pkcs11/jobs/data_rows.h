/* The registry's rows of data keys: which there are, and for how many messages each may have been used.
 *
 * Within a transaction, as registry.h says.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_JOBS_DATA_ROWS_H
#define STRONGROOM_JOBS_DATA_ROWS_H

#include "jobs/data_format.h"

enum sr_data_state {
    SR_DATA_CURRENT = 1, /* its version's values are made with it */
    SR_DATA_OLD,         /* it has made as many as it may; it still opens them */
    SR_DATA_OUTSIDE, /* its wrapped form is the caller's, who has to bring it; here only its messages count */
};

struct sr_data_row {
    struct sr_data_key
        key;             /* of an outside one the wrapped form is empty; its version is the last one seen */
    unsigned long state; /* enum sr_data_state */
    long long created;
    unsigned long messages; /* reserved before they are used: there were at most as many */
};

/* The key of that id. *FOUND: there is one. */
enum sr_job_result sr_data_row_get(struct sr_registry *registry, const unsigned char id[SR_DATA_ID],
                                   struct sr_data_row *row, bool *found, struct sr_why *why);

/* A version's current key. SR_JOB_TAMPERED where there are two. */
enum sr_job_result sr_data_row_current(struct sr_registry *registry, const struct sr_family_name *family,
                                       unsigned long version, struct sr_data_row *row, bool *found,
                                       struct sr_why *why);

/* Adds the key, or changes its row. */
enum sr_job_result sr_data_row_put(struct sr_registry *registry, const struct sr_data_row *row,
                                   struct sr_why *why);

/* How many of a family's keys are of VERSION and have messages. A transaction of its own. */
struct sr_jobs;
enum sr_job_result sr_data_under(struct sr_jobs *jobs, const struct sr_family_name *family,
                                 unsigned long version, size_t *count, struct sr_why *why);

/* All keys of a family, by version and time; *ROWS is to be freed with free(). */
enum sr_job_result sr_data_rows(struct sr_registry *registry, const struct sr_family_name *family,
                                struct sr_data_row **rows, size_t *count, struct sr_why *why);

#endif
