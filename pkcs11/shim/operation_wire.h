/* The calls to the daemon that an operation is made of.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_SHIM_OPERATION_WIRE_H
#define STRONGROOM_SHIM_OPERATION_WIRE_H

#include "shim/operation.h"

/* Where output goes: to the application while it fits, else all of it to the store. */
struct sr_sink {
    CK_BYTE *out; /* may be NULL */
    size_t room;
    size_t length; /* of all that came */
    bool spilled;
    struct sr_store *store;
};

/* The whole operation; N is at most SR_BULK_MAX. */
CK_RV sr_op_send_whole(struct sr_app_session *s, struct sr_op *op, const unsigned char *in, size_t n,
                       const struct sr_bytes *signature, struct sr_sink *sink);

/* A part, with the beginning where the daemon does not have the operation yet; any N. */
CK_RV sr_op_send_part(struct sr_app_session *s, struct sr_op *op, const unsigned char *in, size_t n,
                      struct sr_sink *sink);

/* The end. */
CK_RV sr_op_send_end(struct sr_app_session *s, struct sr_op *op, const struct sr_bytes *signature,
                     struct sr_sink *sink);

/* Ends the daemon's part of it; nobody sees a result. */
void sr_op_send_cancel(struct sr_app_session *s, struct sr_op *op);

#endif
