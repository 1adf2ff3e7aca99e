/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/audit_parts.h"

#include <stdlib.h>

/* Where it is, or the end. Under the client's lock. */
static struct sr_audit_part **place_of(struct sr_client *client, CK_SESSION_HANDLE session,
                                       enum sr_operation operation)
{
    struct sr_audit_part **at = &client->audit_parts;
    while (*at != NULL && ((session != 0 && (*at)->session != session) ||
                           (operation != SR_OPERATION_NONE && (*at)->operation != operation)))
        at = &(*at)->next;
    return at;
}

void sr_audit_parts_begin(struct sr_client *client, const struct sr_audit_part *part)
{
    struct sr_audit_part *copy = malloc(sizeof(*copy));
    if (copy == NULL)
        return;
    *copy = *part;
    if (copy->object != NULL)
        atomic_fetch_add(&copy->object->refs, 1);
    (void)pthread_mutex_lock(&client->lock);
    copy->next = client->audit_parts;
    client->audit_parts = copy;
    (void)pthread_mutex_unlock(&client->lock);
}

void sr_audit_parts_spent(struct sr_client *client, CK_SESSION_HANDLE session, enum sr_operation operation,
                          long long us)
{
    (void)pthread_mutex_lock(&client->lock);
    struct sr_audit_part *part = *place_of(client, session, operation);
    if (part != NULL)
        part->us += us;
    (void)pthread_mutex_unlock(&client->lock);
}

struct sr_audit_part *sr_audit_parts_take(struct sr_client *client, CK_SESSION_HANDLE session,
                                          enum sr_operation operation)
{
    (void)pthread_mutex_lock(&client->lock);
    struct sr_audit_part **at = place_of(client, session, operation);
    struct sr_audit_part *part = *at;
    if (part != NULL)
        *at = part->next;
    (void)pthread_mutex_unlock(&client->lock);
    return part;
}

void sr_audit_part_free(struct sr_audit_part *part)
{
    if (part != NULL)
        sr_object_release(part->object);
    free(part);
}
