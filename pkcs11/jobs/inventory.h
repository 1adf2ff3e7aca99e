/* What the token has of the jobs' keys, by their labels: "role:name:version", and a suffix where a version
 * has several.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_JOBS_INVENTORY_H
#define STRONGROOM_JOBS_INVENTORY_H

#include "jobs/keys.h"

/* A version that the token has keys of. */
struct sr_token_version {
    struct sr_family_name family;
    unsigned long number;
    unsigned parts; /* which of its keys are there, as bits */
    bool whole;     /* all of them are */
    bool readable;  /* one of them could be read or extracted: strongroomd does not make such keys */
};

struct sr_inventory {
    struct sr_token_version *versions; /* by role, name and number */
    size_t count;
};

/* Lists them; to be freed with sr_inventory_free, on failure too. SR_JOB_REFUSED where several keys have one
 * label; WHY names it. Objects with other labels are nobody's here. */
enum sr_job_result sr_inventory_take(const struct sr_bench *bench, struct sr_inventory *inventory,
                                     struct sr_why *why);
void sr_inventory_free(struct sr_inventory *inventory);

/* The version's entry, or NULL. */
const struct sr_token_version *sr_inventory_find(const struct sr_inventory *inventory,
                                                 const struct sr_family_name *family, unsigned long number);

/* The highest number of a version of the family's that the token has any key of; 0 where there is none. */
enum sr_job_result sr_inventory_newest(const struct sr_bench *bench, const struct sr_family_name *family,
                                       unsigned long *number, struct sr_why *why);

/* Below 0, 0 or above 0, as strcmp: by role, then by name. */
int sr_family_compare(const struct sr_family_name *a, const struct sr_family_name *b);

#endif
