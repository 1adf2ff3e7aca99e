/* A call as a line of the audit log.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_DAEMON_AUDIT_CALL_H
#define STRONGROOM_DAEMON_AUDIT_CALL_H

#include "daemon/work.h"

struct sr_audited {
    enum sr_call call;
    bool permitted; /* REPLY is something only where it was */
    CK_RV rv;
    long long began; /* sr_audit_clock */
    const void *request;
    const void *reply;
};

/* Microseconds on the monotonic clock. */
long long sr_audit_clock(void);

/* CKR_OK, or why an operation with a key must not be done, whose line could not be written (audit-full). */
CK_RV sr_audit_before(struct sr_work *work, enum sr_call call, const void *request);

/* Writes a line for each change that strongroomd has made by itself, and lets the jobs forget it. Where one
 * cannot be written, it and those behind it are left for the next time. By one thread at a time. */
void sr_audit_changes(struct sr_daemon *daemon);

/* Writes the line, where there is one: for every job's call, but for a backup's chunk only where it failed;
 * for each operation with a key; for a hello where it was refused. The result is the return value for the
 * client: the call's own, or a failure where the line of an answer cannot be written. */
CK_RV sr_audit_call(struct sr_work *work, const struct sr_audited *audited);

#endif
