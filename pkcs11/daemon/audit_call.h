/* A job's call as a line of the audit log.
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

/* Is there a line for this call? For every job's, but for a backup's chunk only where it failed; for a hello
 * where it was refused. */
bool sr_audit_wanted(const struct sr_work *work, const struct sr_audited *audited);

/* Writes a line for each change that strongroomd has made by itself, and lets the jobs forget it. Where one
 * cannot be written, it and those behind it are left for the next time. By one thread at a time. */
void sr_audit_changes(struct sr_daemon *daemon);

/* Writes the line. The result is the return value for the client: the call's own, or a failure where the line
 * of an answer cannot be written. */
CK_RV sr_audit_call(struct sr_work *work, const struct sr_audited *audited);

#endif
