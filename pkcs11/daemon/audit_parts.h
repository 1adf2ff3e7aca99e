/* Operations in parts that are under way, as the audit log sees them: their last call does not say which key
 * and mechanism they began with.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_DAEMON_AUDIT_PARTS_H
#define STRONGROOM_DAEMON_AUDIT_PARTS_H

#include "daemon/client.h"

struct sr_audit_part {
    struct sr_audit_part *next;
    CK_SESSION_HANDLE session;
    enum sr_operation operation;
    CK_MECHANISM_TYPE mechanism;
    struct sr_token_object *object; /* with a reference, or NULL */
    long long us;                   /* that its calls took so far */
};

/* Notes that an operation began. Takes a reference of its own on PART's object. Without memory nothing is
 * noted. Thread-safe, as all here. */
void sr_audit_parts_begin(struct sr_client *client, const struct sr_audit_part *part);

/* One more of its calls took so long. */
void sr_audit_parts_spent(struct sr_client *client, CK_SESSION_HANDLE session, enum sr_operation operation,
                          long long us);

/* Takes one out: of that session (0: of any) and operation (SR_OPERATION_NONE: any). NULL where there is
 * none; else to be freed with sr_audit_part_free. */
struct sr_audit_part *sr_audit_parts_take(struct sr_client *client, CK_SESSION_HANDLE session,
                                          enum sr_operation operation);
void sr_audit_part_free(struct sr_audit_part *part); /* may be NULL */

#endif
