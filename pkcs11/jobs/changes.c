/* SPDX-License-Identifier: Apache-2.0 */
#include "jobs/changes.h"

#include <stdlib.h>

struct sr_change {
    struct sr_change *next;
    struct sr_event event;
};

void sr_changes_init(struct sr_changes *changes)
{
    *changes = (struct sr_changes){0};
    (void)pthread_mutex_init(&changes->lock, NULL); /* cannot fail with default attributes */
}

void sr_changes_end(struct sr_changes *changes)
{
    while (changes->first != NULL)
        sr_changes_drop(changes);
    (void)pthread_mutex_destroy(&changes->lock);
}

void sr_changes_add(struct sr_changes *changes, const struct sr_event *event)
{
    struct sr_change *change = NULL;

    if (event->operator_uid >= 0 || !event->success)
        return;
    (void)pthread_mutex_lock(&changes->lock);
    if (changes->count < SR_CHANGES_MAX)
        change = calloc(1, sizeof(*change));
    if (change != NULL) {
        change->event = *event;
        if (changes->last != NULL)
            changes->last->next = change;
        else
            changes->first = change;
        changes->last = change;
        changes->count++;
    }
    (void)pthread_mutex_unlock(&changes->lock);
}

bool sr_changes_next(struct sr_changes *changes, struct sr_event *event)
{
    (void)pthread_mutex_lock(&changes->lock);
    const struct sr_change *first = changes->first;
    if (first != NULL)
        *event = first->event;
    (void)pthread_mutex_unlock(&changes->lock);
    return first != NULL;
}

void sr_changes_drop(struct sr_changes *changes)
{
    (void)pthread_mutex_lock(&changes->lock);
    struct sr_change *first = changes->first;
    if (first != NULL) {
        changes->first = first->next;
        if (changes->first == NULL)
            changes->last = NULL;
        changes->count--;
    }
    (void)pthread_mutex_unlock(&changes->lock);
    free(first);
}
