/* What C_Encrypt, C_Decrypt, C_Digest, C_Sign, C_Verify and their kin have in common.
 *
 * C_xxxInit is answered from what is known of key and mechanism, and goes to the daemon with the data: one
 * round trip for a whole operation. Parts of what has no output before its end are gathered as long as they
 * are small, for the same reason; a cipher's go one by one. Nothing is ever done twice: output that finds no
 * room is kept until it is fetched (PKCS#11 v3.0 §5.2).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_SHIM_OPERATION_H
#define STRONGROOM_SHIM_OPERATION_H

#include "shim/session.h"
#include "wire/lengths.h"

/* Bytes of ours, cleansed when they go. All zeros at first. */
struct sr_store {
    unsigned char *data;
    size_t length;
    size_t size;
};
bool sr_store_add(struct sr_store *store, const void *data, size_t n);
void sr_store_free(struct sr_store *store);

enum sr_op_state {
    SR_OP_NONE,
    SR_OP_READY,      /* after C_xxxInit */
    SR_OP_PARTS,      /* C_xxxUpdate was called */
    SR_OP_WHOLE_KEPT, /* the result of C_Xxx waits for a buffer that is large enough */
    SR_OP_PART_KEPT,  /* C_xxxUpdate's does */
    SR_OP_END_KEPT,   /* C_xxxFinal's does */
};

/* One operation of a session. */
struct sr_op {
    enum sr_operation kind;
    enum sr_op_state state;
    CK_OBJECT_HANDLE key;          /* the application's */
    CK_ULONG size;                 /* bytes of a signature or RSA block; 0: not known */
    struct sr_mechanism mechanism; /* its parameter lies in itself or in parameter: not to be moved */
    struct sr_buf parameter;       /* a copy of it; its memory stays for the next operation */
    size_t before;                 /* bytes that were taken from the application */
    struct sr_store parts;         /* those that the daemon does not have yet */
    struct sr_store kept;          /* the result */
    struct sr_store input;         /* that it is the result of */
    bool streamed;                 /* the daemon has it, in parts */
    unsigned long generation;      /* of the daemon that has it */
};

/* C_xxxInit; without a mechanism it ends the operation (§5.8.1 and its kin, new in 3.0). */
CK_RV sr_op_init(CK_SESSION_HANDLE session, enum sr_operation kind, const CK_MECHANISM *mechanism,
                 CK_OBJECT_HANDLE key);

/* The application's pointers, as they are: what may be NULL, may. */
struct sr_op_call {
    CK_BYTE *in;
    CK_ULONG n;
    CK_BYTE *signature; /* to be verified */
    CK_ULONG signature_length;
    CK_BYTE *out;
    CK_ULONG *length;
};

/* C_Xxx, C_xxxUpdate, C_xxxFinal: checked, done, and ended where they end or fail. */
CK_RV sr_op_whole(CK_SESSION_HANDLE session, enum sr_operation kind, const struct sr_op_call *call);
CK_RV sr_op_update(CK_SESSION_HANDLE session, enum sr_operation kind, const struct sr_op_call *call);
CK_RV sr_op_final(CK_SESSION_HANDLE session, enum sr_operation kind, const struct sr_op_call *call);

/* The session's operation, if there is one: CKR_OPERATION_NOT_INITIALIZED. The session is taken. */
CK_RV sr_op_of(struct sr_app_session *s, enum sr_operation kind, struct sr_op **op);

/* C_xxxUpdate in a session that is taken. */
CK_RV sr_op_part(struct sr_app_session *s, struct sr_op *op, const struct sr_op_call *call);

/* Hands gathered parts over to the daemon, which has the operation then. */
CK_RV sr_op_flush(struct sr_app_session *s, struct sr_op *op);

/* Ends the operation where RV is an error that does (§5.2: every one but CKR_BUFFER_TOO_SMALL), for the
 * daemon as well. Returns RV. */
CK_RV sr_op_settle(struct sr_app_session *s, struct sr_op *op, CK_RV rv);

/* The session's record of that kind, made where there is none; NULL when out of memory. */
struct sr_op *sr_op_record(struct sr_app_session *s, enum sr_operation kind);

/* Ends one for the application: it is SR_OP_NONE. */
void sr_op_clear(struct sr_op *op);

#endif
