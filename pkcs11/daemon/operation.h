/* The token's functions for the operations of PKCS#11 v3.0 §5.8 to §5.14, one row for each.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_DAEMON_OPERATION_H
#define STRONGROOM_DAEMON_OPERATION_H

#include "daemon/object.h"
#include "wire/lengths.h"

/* What goes in, and room for what comes out. A token gets no null pointer, also where there is nothing. */
struct sr_in_out {
    struct sr_bytes in;
    struct sr_bytes signature; /* that is to be verified */
    CK_BYTE *out;
    CK_ULONG length; /* in: room; out: bytes */
};

/* Is there such an operation? Has it parts? */
bool sr_operation_known(CK_ULONG operation);
bool sr_operation_has_parts(CK_ULONG operation);

/* C_xxxInit; KEY is nothing to a digest. */
CK_RV sr_operation_init(CK_FUNCTION_LIST *f, enum sr_operation operation, CK_SESSION_HANDLE session,
                        const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key);

/* The whole operation, once begun. */
CK_RV sr_operation_whole(CK_FUNCTION_LIST *f, enum sr_operation operation, CK_SESSION_HANDLE session,
                         struct sr_in_out *x);

/* One part, and the end. */
CK_RV sr_operation_update(CK_FUNCTION_LIST *f, enum sr_operation operation, CK_SESSION_HANDLE session,
                          struct sr_in_out *x);
CK_RV sr_operation_final(CK_FUNCTION_LIST *f, enum sr_operation operation, CK_SESSION_HANDLE session,
                         struct sr_in_out *x);

/* Begins it in a session with the object's session copy, or the original where the copy is lost. *KEY is the
 * one that was used. OBJECT is NULL for a digest. */
CK_RV sr_operation_begin(struct sr_token *token, enum sr_operation operation, CK_SESSION_HANDLE session,
                         const CK_MECHANISM *mechanism, struct sr_token_object *object,
                         CK_OBJECT_HANDLE *key);

/* Does the mechanism find out whether data were tampered with at their end only, so that nothing of the
 * plaintext may be given out before? */
bool sr_operation_withholds(enum sr_operation operation, CK_MECHANISM_TYPE mechanism);

/* Bytes that the operation, or a part of it, may give beyond those that went in. */
CK_ULONG sr_operation_slack(enum sr_operation operation, const struct sr_token_object *object);

/* The specification's word for what the token said of data: SoftHSM calls bad ones a general error. */
CK_RV sr_operation_verdict(enum sr_operation operation, CK_RV rv);

#endif
