/* Where an operation's input lies, and where its output goes: the message, or the connection's buffer.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_DAEMON_BULK_H
#define STRONGROOM_DAEMON_BULK_H

#include "daemon/operation.h"
#include "daemon/work.h"

/* BULK bytes of the buffer, or (0) DATA, as the input. A client that changes what the token is checking would
 * make a seal worth nothing, so what is to be decrypted is copied (read once) before the token sees it;
 * whatever else a client changes meanwhile is its own loss. CKR_ARGUMENTS_BAD for more than there is. */
CK_RV sr_bulk_in(struct sr_work *work, enum sr_operation operation, const struct sr_bytes *data,
                 CK_ULONG bulk, struct sr_in_out *x);

/* Room for WANT bytes of output; plaintext goes to memory of our own first. CKR_HOST_MEMORY. */
CK_RV sr_bulk_room(struct sr_work *work, enum sr_operation operation, size_t want, struct sr_in_out *x);

/* The output that X has now, into the reply, where RV is CKR_OK; else nothing is given, and what is in our
 * own memory is cleansed. */
void sr_bulk_out(struct sr_work *work, CK_RV rv, const struct sr_in_out *x, struct sr_operate_reply *reply);

#endif
