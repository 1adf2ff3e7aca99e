/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/operation.h"

/* Room for an RSA block or a signature whose size is not known beforehand: keys of 16384 bits. */
#define RSA_ROOM 2048
/* Two blocks and a tag of any cipher; any digest. */
#define BLOCKS_ROOM 128

bool sr_operation_known(CK_ULONG operation)
{
    return operation >= SR_OPERATION_ENCRYPT && operation <= SR_OPERATION_VERIFY_RECOVER;
}

bool sr_operation_has_parts(CK_ULONG operation)
{
    return sr_operation_known(operation) && operation != SR_OPERATION_SIGN_RECOVER &&
           operation != SR_OPERATION_VERIFY_RECOVER;
}

CK_RV sr_operation_init(CK_FUNCTION_LIST *f, enum sr_operation operation, CK_SESSION_HANDLE session,
                        const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    CK_MECHANISM m = *mechanism; /* the token's argument is not const */

    switch (operation) {
    case SR_OPERATION_ENCRYPT:
        return f->C_EncryptInit(session, &m, key);
    case SR_OPERATION_DECRYPT:
        return f->C_DecryptInit(session, &m, key);
    case SR_OPERATION_DIGEST:
        return f->C_DigestInit(session, &m);
    case SR_OPERATION_SIGN:
        return f->C_SignInit(session, &m, key);
    case SR_OPERATION_SIGN_RECOVER:
        return f->C_SignRecoverInit(session, &m, key);
    case SR_OPERATION_VERIFY:
        return f->C_VerifyInit(session, &m, key);
    case SR_OPERATION_VERIFY_RECOVER:
        return f->C_VerifyRecoverInit(session, &m, key);
    default:
        return CKR_FUNCTION_NOT_SUPPORTED;
    }
}

static CK_BYTE *data_of(const struct sr_bytes *bytes)
{
    static CK_BYTE empty;
    return bytes->length > 0 ? bytes->data : &empty;
}

CK_RV sr_operation_whole(CK_FUNCTION_LIST *f, enum sr_operation operation, CK_SESSION_HANDLE session,
                         struct sr_in_out *x)
{
    CK_BYTE *in = data_of(&x->in);
    CK_ULONG n = x->in.length;

    switch (operation) {
    case SR_OPERATION_ENCRYPT:
        return f->C_Encrypt(session, in, n, x->out, &x->length);
    case SR_OPERATION_DECRYPT:
        return f->C_Decrypt(session, in, n, x->out, &x->length);
    case SR_OPERATION_DIGEST:
        return f->C_Digest(session, in, n, x->out, &x->length);
    case SR_OPERATION_SIGN:
        return f->C_Sign(session, in, n, x->out, &x->length);
    case SR_OPERATION_SIGN_RECOVER:
        return f->C_SignRecover(session, in, n, x->out, &x->length);
    case SR_OPERATION_VERIFY:
        x->length = 0;
        return f->C_Verify(session, in, n, data_of(&x->signature), x->signature.length);
    case SR_OPERATION_VERIFY_RECOVER:
        return f->C_VerifyRecover(session, in, n, x->out, &x->length);
    default:
        return CKR_FUNCTION_NOT_SUPPORTED;
    }
}

CK_RV sr_operation_update(CK_FUNCTION_LIST *f, enum sr_operation operation, CK_SESSION_HANDLE session,
                          struct sr_in_out *x)
{
    CK_BYTE *in = data_of(&x->in);
    CK_ULONG n = x->in.length;

    switch (operation) {
    case SR_OPERATION_ENCRYPT:
        return f->C_EncryptUpdate(session, in, n, x->out, &x->length);
    case SR_OPERATION_DECRYPT:
        return f->C_DecryptUpdate(session, in, n, x->out, &x->length);
    default:
        break;
    }
    x->length = 0;
    switch (operation) {
    case SR_OPERATION_DIGEST:
        return f->C_DigestUpdate(session, in, n);
    case SR_OPERATION_SIGN:
        return f->C_SignUpdate(session, in, n);
    case SR_OPERATION_VERIFY:
        return f->C_VerifyUpdate(session, in, n);
    default:
        return CKR_FUNCTION_NOT_SUPPORTED;
    }
}

CK_RV sr_operation_final(CK_FUNCTION_LIST *f, enum sr_operation operation, CK_SESSION_HANDLE session,
                         struct sr_in_out *x)
{
    switch (operation) {
    case SR_OPERATION_ENCRYPT:
        return f->C_EncryptFinal(session, x->out, &x->length);
    case SR_OPERATION_DECRYPT:
        return f->C_DecryptFinal(session, x->out, &x->length);
    case SR_OPERATION_DIGEST:
        return f->C_DigestFinal(session, x->out, &x->length);
    case SR_OPERATION_SIGN:
        return f->C_SignFinal(session, x->out, &x->length);
    case SR_OPERATION_VERIFY:
        x->length = 0;
        return f->C_VerifyFinal(session, data_of(&x->signature), x->signature.length);
    default:
        return CKR_FUNCTION_NOT_SUPPORTED;
    }
}

CK_RV sr_operation_begin(struct sr_token *token, enum sr_operation operation, CK_SESSION_HANDLE session,
                         const CK_MECHANISM *mechanism, struct sr_token_object *object, CK_OBJECT_HANDLE *key)
{
    CK_FUNCTION_LIST *f = token->module.f;

    *key = CK_INVALID_HANDLE;
    if (object == NULL)
        return sr_operation_init(f, operation, session, mechanism, CK_INVALID_HANDLE);
    CK_RV rv = sr_object_key(object, session, key);
    if (rv != CKR_OK)
        return rv;
    rv = sr_operation_init(f, operation, session, mechanism, *key);
    if ((rv == CKR_KEY_HANDLE_INVALID || rv == CKR_OBJECT_HANDLE_INVALID) && *key != object->real) {
        sr_object_drop_copy(object);
        rv = sr_object_key(object, session, key);
        if (rv == CKR_OK)
            rv = sr_operation_init(f, operation, session, mechanism, *key);
    }
    return rv;
}

bool sr_operation_withholds(enum sr_operation operation, CK_MECHANISM_TYPE mechanism)
{
    return operation == SR_OPERATION_DECRYPT && sr_mechanism_seals(mechanism);
}

CK_ULONG sr_operation_slack(enum sr_operation operation, const struct sr_token_object *object)
{
    switch (operation) {
    case SR_OPERATION_SIGN:
        return object->card.signature_max > 0 ? object->card.signature_max : RSA_ROOM;
    case SR_OPERATION_ENCRYPT:
    case SR_OPERATION_DECRYPT:
        /* An RSA block may be longer than what goes in. */
        return object->card.type == CKK_RSA ? RSA_ROOM : BLOCKS_ROOM;
    case SR_OPERATION_DIGEST:
        return BLOCKS_ROOM;
    case SR_OPERATION_VERIFY:
        return 0;
    default:
        return RSA_ROOM;
    }
}

CK_RV sr_operation_verdict(enum sr_operation operation, CK_RV rv)
{
    return operation == SR_OPERATION_DECRYPT && rv == CKR_GENERAL_ERROR ? CKR_ENCRYPTED_DATA_INVALID : rv;
}
