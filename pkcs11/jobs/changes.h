/* What strongroomd did to families by itself, by the clock: kept until somebody has written it down.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_JOBS_CHANGES_H
#define STRONGROOM_JOBS_CHANGES_H

#include "jobs/registry.h"

#include <pthread.h>

/* All that a log could miss is in the history as well. */
#define SR_CHANGES_MAX 4096

struct sr_change;

struct sr_changes {
    pthread_mutex_t lock;
    struct sr_change *first;
    struct sr_change *last;
    size_t count;
};

void sr_changes_init(struct sr_changes *changes);
void sr_changes_end(struct sr_changes *changes);

/* Takes an event that went well and is strongroomd's own; others are left out. */
void sr_changes_add(struct sr_changes *changes, const struct sr_event *event);

/* The oldest, which stays until sr_changes_drop; false where there is none. By one thread at a time. */
bool sr_changes_next(struct sr_changes *changes, struct sr_event *event);
void sr_changes_drop(struct sr_changes *changes);

#endif
