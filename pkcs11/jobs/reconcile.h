/* The registry and the token brought together: versions whose keys are gone, and keys that the registry does
 * not know.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_JOBS_RECONCILE_H
#define STRONGROOM_JOBS_RECONCILE_H

#include "jobs/inventory.h"
#include "jobs/jobs.h"

#include <jansson.h>

struct sr_reconciliation {
    struct sr_registry *registry;
    const struct sr_bench *bench;
    const struct sr_inventory *inventory;
    const struct sr_operator *who;
    /* The registry was put in the place of another one a moment ago: what it says of keys may be old. */
    bool restored;
    json_t *report; /* made by sr_reconcile_report, and gets what was done: copies.h says how it looks */
};

/* An empty report; NULL when out of memory. */
json_t *sr_reconcile_report(void);

/* Does it, within a transaction of the registry's that writes, while nobody else changes a family.
 *
 * A version whose keys the token has and the registry does not know is added: as the current one where it is
 * its family's newest, and newer than all that the registry knows; else as an old one. A family that the
 * registry does not know is added with it. Where the registry was RESTORED, a version that was good and whose
 * keys are not in the token any more is destroyed, and one that was being made counts as not known. */
enum sr_job_result sr_reconcile(struct sr_reconciliation *r, struct sr_why *why);

#endif
