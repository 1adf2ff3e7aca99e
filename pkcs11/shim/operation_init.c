/* SPDX-License-Identifier: Apache-2.0 */
/* Beginning an operation: the errors that belong to C_xxxInit. */
#include "shim/explain.h"
#include "shim/general.h"
#include "shim/mechanisms.h"
#include "shim/objects.h"
#include "shim/operation.h"
#include "shim/operation_wire.h"

#include <string.h>

/* Mechanisms that go with one key type; whatever is not here is the token's to judge. */
static const struct {
    CK_MECHANISM_TYPE mechanism;
    CK_KEY_TYPE key;
} key_types[] = {
    {CKM_RSA_PKCS, CKK_RSA},
    {CKM_RSA_X_509, CKK_RSA},
    {CKM_RSA_PKCS_OAEP, CKK_RSA},
    {CKM_RSA_PKCS_PSS, CKK_RSA},
    {CKM_SHA1_RSA_PKCS, CKK_RSA},
    {CKM_SHA224_RSA_PKCS, CKK_RSA},
    {CKM_SHA256_RSA_PKCS, CKK_RSA},
    {CKM_SHA384_RSA_PKCS, CKK_RSA},
    {CKM_SHA512_RSA_PKCS, CKK_RSA},
    {CKM_SHA1_RSA_PKCS_PSS, CKK_RSA},
    {CKM_SHA224_RSA_PKCS_PSS, CKK_RSA},
    {CKM_SHA256_RSA_PKCS_PSS, CKK_RSA},
    {CKM_SHA384_RSA_PKCS_PSS, CKK_RSA},
    {CKM_SHA512_RSA_PKCS_PSS, CKK_RSA},
    {CKM_ECDSA, CKK_EC},
    {CKM_ECDSA_SHA1, CKK_EC},
    {CKM_ECDSA_SHA224, CKK_EC},
    {CKM_ECDSA_SHA256, CKK_EC},
    {CKM_ECDSA_SHA384, CKK_EC},
    {CKM_ECDSA_SHA512, CKK_EC},
    {CKM_EDDSA, CKK_EC_EDWARDS},
    {CKM_DSA, CKK_DSA},
    {CKM_DSA_SHA1, CKK_DSA},
    {CKM_AES_ECB, CKK_AES},
    {CKM_AES_CBC, CKK_AES},
    {CKM_AES_CBC_PAD, CKK_AES},
    {CKM_AES_CTR, CKK_AES},
    {CKM_AES_GCM, CKK_AES},
    {CKM_AES_CCM, CKK_AES},
    {CKM_AES_CMAC, CKK_AES},
    {CKM_DES_ECB, CKK_DES},
    {CKM_DES_CBC, CKK_DES},
    {CKM_DES_CBC_PAD, CKK_DES},
};

static bool fits_key_type(CK_MECHANISM_TYPE mechanism, CK_KEY_TYPE key)
{
    for (size_t i = 0; i < sizeof(key_types) / sizeof(key_types[0]); i++) {
        if (key_types[i].mechanism == mechanism)
            return key_types[i].key == key;
    }
    return true;
}

/* The flag of CK_MECHANISM_INFO, and the half of a key pair (a secret key does for both). */
static const struct {
    CK_FLAGS flag;
    CK_OBJECT_CLASS class;
    const char *attribute;
} kinds[] = {
    [SR_OPERATION_ENCRYPT] = {CKF_ENCRYPT, CKO_PUBLIC_KEY, "CKA_ENCRYPT"},
    [SR_OPERATION_DECRYPT] = {CKF_DECRYPT, CKO_PRIVATE_KEY, "CKA_DECRYPT"},
    [SR_OPERATION_DIGEST] = {CKF_DIGEST, 0, ""},
    [SR_OPERATION_SIGN] = {CKF_SIGN, CKO_PRIVATE_KEY, "CKA_SIGN"},
    [SR_OPERATION_SIGN_RECOVER] = {CKF_SIGN_RECOVER, CKO_PRIVATE_KEY, "CKA_SIGN_RECOVER"},
    [SR_OPERATION_VERIFY] = {CKF_VERIFY, CKO_PUBLIC_KEY, "CKA_VERIFY"},
    [SR_OPERATION_VERIFY_RECOVER] = {CKF_VERIFY_RECOVER, CKO_PUBLIC_KEY, "CKA_VERIFY_RECOVER"},
};

static CK_RV check_key(enum sr_operation kind, CK_MECHANISM_TYPE mechanism, CK_OBJECT_HANDLE handle,
                       const struct sr_key *key)
{
    if ((key->class != kinds[kind].class && key->class != CKO_SECRET_KEY) ||
        !(key->flags & SR_CARD_MAY(kind))) {
        sr_say(
            "object %lu may not %s: it is no such key, its %s is false, or strongroomd's policy does not let "
            "this process",
            handle, sr_operation_name(kind), kinds[kind].attribute);
        return CKR_KEY_FUNCTION_NOT_PERMITTED;
    }
    if (!fits_key_type(mechanism, key->type)) {
        sr_say("mechanism 0x%lx is not one for a key of type 0x%lx", mechanism, key->type);
        return CKR_KEY_TYPE_INCONSISTENT;
    }
    if (!key->allowed) {
        sr_say("mechanism 0x%lx is not among the key's CKA_ALLOWED_MECHANISMS", mechanism);
        return CKR_MECHANISM_INVALID;
    }
    return CKR_OK;
}

static CK_RV check(CK_SLOT_ID slot, enum sr_operation kind, CK_MECHANISM_TYPE mechanism,
                   CK_OBJECT_HANDLE handle, struct sr_key *key)
{
    CK_MECHANISM_INFO info;
    CK_RV rv;

    memset(key, 0, sizeof(*key));
    if (kind != SR_OPERATION_DIGEST && sr_objects_key(handle, slot, mechanism, key) != CKR_OK)
        return CKR_KEY_HANDLE_INVALID;
    rv = sr_mechanism_info(slot, mechanism, &info);
    if (rv != CKR_OK)
        return rv;
    if ((info.flags & kinds[kind].flag) == 0) {
        sr_say("mechanism 0x%lx does not %s on this token", mechanism, sr_operation_name(kind));
        return CKR_MECHANISM_INVALID;
    }
    return kind != SR_OPERATION_DIGEST ? check_key(kind, mechanism, handle, key) : CKR_OK;
}

/* Takes over the mechanism with a copy of its parameter: the caller's memory is not ours after C_xxxInit. */
static CK_RV keep_mechanism(struct sr_op *op, const CK_MECHANISM *mechanism)
{
    static const struct sr_field fields[] = {{SR_FIELD_MECHANISM, 0}, {SR_FIELD_END, 0}};
    CK_RV rv = sr_mechanism_set(&op->mechanism, mechanism);
    if (rv == CKR_OK)
        rv = sr_cipher_parameter(mechanism);
    if (rv != CKR_OK) {
        sr_say("mechanism 0x%lx does not take a parameter like this one", mechanism->mechanism);
        return rv;
    }
    if (op->mechanism.m.ulParameterLen == 0)
        return CKR_OK;
    sr_buf_reset(&op->parameter);
    sr_encode(&op->parameter, fields, &op->mechanism);
    if (!sr_buf_ok(&op->parameter)) {
        sr_say("out of memory for the mechanism's parameter");
        return CKR_HOST_MEMORY;
    }
    struct sr_buf copy = sr_buf_over(op->parameter.data, op->parameter.length);
    return sr_decode(&copy, fields, &op->mechanism) ? CKR_OK : CKR_MECHANISM_PARAM_INVALID;
}

/* May both be active in one session? Those that the dual-function calls join (§5.14). */
static bool pairs(enum sr_operation a, enum sr_operation b)
{
    static const enum sr_operation pair[][2] = {{SR_OPERATION_DIGEST, SR_OPERATION_ENCRYPT},
                                                {SR_OPERATION_DECRYPT, SR_OPERATION_DIGEST},
                                                {SR_OPERATION_SIGN, SR_OPERATION_ENCRYPT},
                                                {SR_OPERATION_DECRYPT, SR_OPERATION_VERIFY}};
    for (size_t i = 0; i < sizeof(pair) / sizeof(pair[0]); i++)
        if ((pair[i][0] == a && pair[i][1] == b) || (pair[i][0] == b && pair[i][1] == a))
            return true;
    return false;
}

static bool prevented(struct sr_app_session *s, enum sr_operation kind)
{
    struct sr_op *active;
    size_t n = 0;
    bool pair = true;

    for (size_t other = SR_OPERATION_ENCRYPT; other <= SR_OPERATION_VERIFY_RECOVER; other++) {
        if (sr_op_of(s, other, &active) == CKR_OK) {
            pair = pair && pairs(kind, other);
            n++;
        }
    }
    return n > 1 || !pair;
}

static CK_RV cancel(struct sr_app_session *s, enum sr_operation kind)
{
    struct sr_op *op;
    if (sr_op_of(s, kind, &op) != CKR_OK)
        return CKR_ARGUMENTS_BAD;
    (void)sr_op_settle(s, op, CKR_FUNCTION_CANCELED);
    return CKR_OK;
}

/* A token without any mechanism for it does not have the function. */
static bool is_supported(CK_SLOT_ID slot, enum sr_operation kind)
{
    bool recovers = kind == SR_OPERATION_SIGN_RECOVER || kind == SR_OPERATION_VERIFY_RECOVER;
    if (!recovers || sr_mechanism_any(slot, kinds[kind].flag))
        return true;
    sr_say("this token has no mechanism to %s", sr_operation_name(kind));
    return false;
}

static CK_RV init(struct sr_app_session *s, enum sr_operation kind, const CK_MECHANISM *mechanism,
                  CK_OBJECT_HANDLE handle)
{
    struct sr_key key;

    if (mechanism == NULL)
        return cancel(s, kind);
    if (!is_supported(s->slot, kind))
        return CKR_FUNCTION_NOT_SUPPORTED;
    if (prevented(s, kind))
        return CKR_OPERATION_ACTIVE;
    struct sr_op *op = sr_op_record(s, kind);
    CK_RV rv = op != NULL ? check(s->slot, kind, mechanism->mechanism, handle, &key) : CKR_HOST_MEMORY;
    if (rv == CKR_OK)
        rv = keep_mechanism(op, mechanism);
    if (rv == CKR_OK) {
        op->key = handle;
        op->size = key.signature_max;
        op->state = SR_OP_READY;
    }
    return rv;
}

CK_RV sr_op_init(CK_SESSION_HANDLE session, enum sr_operation kind, const CK_MECHANISM *mechanism,
                 CK_OBJECT_HANDLE key)
{
    struct sr_app_session *s;
    CK_RV rv = sr_enter();

    if (rv == CKR_OK)
        rv = sr_session_take(session, &s);
    if (rv != CKR_OK)
        return rv;
    rv = init(s, kind, mechanism, key);
    sr_session_release(s);
    return rv;
}
