/* SPDX-License-Identifier: Apache-2.0 */
/* The mechanisms of the conformance table. */
#include "table_rows.h"
#include "cryptoki/attributes.h"

#include <string.h>

CK_BYTE table_data[256] = "data that is digested, signed, encrypted and derived from";

#define PAIR CKF_GENERATE_KEY_PAIR
#define ROW(type, ...)                                                                                       \
    {                                                                                                        \
        type, #type, __VA_ARGS__                                                                             \
    }

/* clang-format off */
const struct row table_rows[] = {
    ROW(CKM_RSA_PKCS_KEY_PAIR_GEN, KIND_RSA, PARAMETER_NONE, PAIR, 0, 0, 0),
    ROW(CKM_RSA_PKCS, KIND_RSA, PARAMETER_NONE, FOR_CRYPT | FOR_SIGN | FOR_WRAP, 32, 0, 0),
    ROW(CKM_RSA_X_509, KIND_RSA, PARAMETER_NONE, FOR_CRYPT | FOR_SIGN, 256, 0, 0),
    ROW(CKM_RSA_PKCS_OAEP, KIND_RSA, PARAMETER_OAEP, FOR_CRYPT | FOR_WRAP, 32, 0, 0),
    ROW(CKM_MD5_RSA_PKCS, KIND_RSA, PARAMETER_NONE, FOR_SIGN, 64, 0, 0),
    ROW(CKM_SHA1_RSA_PKCS, KIND_RSA, PARAMETER_NONE, FOR_SIGN, 64, 0, 0),
    ROW(CKM_SHA224_RSA_PKCS, KIND_RSA, PARAMETER_NONE, FOR_SIGN, 64, 0, 0),
    ROW(CKM_SHA256_RSA_PKCS, KIND_RSA, PARAMETER_NONE, FOR_SIGN, 64, 0, 0),
    ROW(CKM_SHA384_RSA_PKCS, KIND_RSA, PARAMETER_NONE, FOR_SIGN, 64, 0, 0),
    ROW(CKM_SHA512_RSA_PKCS, KIND_RSA, PARAMETER_NONE, FOR_SIGN, 64, 0, 0),
    ROW(CKM_RSA_PKCS_PSS, KIND_RSA, PARAMETER_PSS, FOR_SIGN, 32, CKM_SHA256, CKG_MGF1_SHA256),
    ROW(CKM_SHA1_RSA_PKCS_PSS, KIND_RSA, PARAMETER_PSS, FOR_SIGN, 64, CKM_SHA_1, CKG_MGF1_SHA1),
    ROW(CKM_SHA224_RSA_PKCS_PSS, KIND_RSA, PARAMETER_PSS, FOR_SIGN, 64, CKM_SHA224, CKG_MGF1_SHA224),
    ROW(CKM_SHA256_RSA_PKCS_PSS, KIND_RSA, PARAMETER_PSS, FOR_SIGN, 64, CKM_SHA256, CKG_MGF1_SHA256),
    ROW(CKM_SHA384_RSA_PKCS_PSS, KIND_RSA, PARAMETER_PSS, FOR_SIGN, 64, CKM_SHA384, CKG_MGF1_SHA384),
    ROW(CKM_SHA512_RSA_PKCS_PSS, KIND_RSA, PARAMETER_PSS, FOR_SIGN, 64, CKM_SHA512, CKG_MGF1_SHA512),
    ROW(CKM_DSA_PARAMETER_GEN, KIND_DSA, PARAMETER_NONE, CKF_GENERATE, 0, 0, 0),
    ROW(CKM_DSA_KEY_PAIR_GEN, KIND_DSA, PARAMETER_NONE, PAIR, 0, 0, 0),
    ROW(CKM_DSA, KIND_DSA, PARAMETER_NONE, FOR_SIGN, 20, 0, 0),
    ROW(CKM_DSA_SHA1, KIND_DSA, PARAMETER_NONE, FOR_SIGN, 64, 0, 0),
    ROW(CKM_DSA_SHA224, KIND_DSA, PARAMETER_NONE, FOR_SIGN, 64, 0, 0),
    ROW(CKM_DSA_SHA256, KIND_DSA, PARAMETER_NONE, FOR_SIGN, 64, 0, 0),
    ROW(CKM_DSA_SHA384, KIND_DSA, PARAMETER_NONE, FOR_SIGN, 64, 0, 0),
    ROW(CKM_DSA_SHA512, KIND_DSA, PARAMETER_NONE, FOR_SIGN, 64, 0, 0),
    ROW(CKM_DH_PKCS_PARAMETER_GEN, KIND_DH, PARAMETER_NONE, CKF_GENERATE, 0, 0, 0),
    ROW(CKM_DH_PKCS_KEY_PAIR_GEN, KIND_DH, PARAMETER_NONE, PAIR, 0, 0, 0),
    ROW(CKM_DH_PKCS_DERIVE, KIND_DH, PARAMETER_DH, CKF_DERIVE, 0, 0, 0),
    ROW(CKM_EC_KEY_PAIR_GEN, KIND_EC, PARAMETER_NONE, PAIR, 0, 0, 0),
    ROW(CKM_ECDSA, KIND_EC, PARAMETER_NONE, FOR_SIGN, 32, 0, 0),
    ROW(CKM_ECDH1_DERIVE, KIND_EC, PARAMETER_ECDH, CKF_DERIVE, 0, 0, 0),
    ROW(CKM_EC_EDWARDS_KEY_PAIR_GEN, KIND_EDWARDS, PARAMETER_NONE, PAIR, 0, 0, 0),
    ROW(CKM_EDDSA, KIND_EDWARDS, PARAMETER_NONE, FOR_SIGN, 64, 0, 0),
    ROW(CKM_GENERIC_SECRET_KEY_GEN, KIND_GENERIC, PARAMETER_NONE, CKF_GENERATE, 0, 0, 0),
    ROW(CKM_MD5, KIND_NONE, PARAMETER_NONE, CKF_DIGEST, 64, 0, 0),
    ROW(CKM_SHA_1, KIND_NONE, PARAMETER_NONE, CKF_DIGEST, 64, 0, 0),
    ROW(CKM_SHA224, KIND_NONE, PARAMETER_NONE, CKF_DIGEST, 64, 0, 0),
    ROW(CKM_SHA256, KIND_NONE, PARAMETER_NONE, CKF_DIGEST, 64, 0, 0),
    ROW(CKM_SHA384, KIND_NONE, PARAMETER_NONE, CKF_DIGEST, 64, 0, 0),
    ROW(CKM_SHA512, KIND_NONE, PARAMETER_NONE, CKF_DIGEST, 64, 0, 0),
    ROW(CKM_MD5_HMAC, KIND_GENERIC, PARAMETER_NONE, FOR_SIGN, 64, 0, 0),
    ROW(CKM_SHA_1_HMAC, KIND_GENERIC, PARAMETER_NONE, FOR_SIGN, 64, 0, 0),
    ROW(CKM_SHA224_HMAC, KIND_GENERIC, PARAMETER_NONE, FOR_SIGN, 64, 0, 0),
    ROW(CKM_SHA256_HMAC, KIND_GENERIC, PARAMETER_NONE, FOR_SIGN, 64, 0, 0),
    ROW(CKM_SHA384_HMAC, KIND_GENERIC, PARAMETER_NONE, FOR_SIGN, 64, 0, 0),
    ROW(CKM_SHA512_HMAC, KIND_GENERIC, PARAMETER_NONE, FOR_SIGN, 64, 0, 0),
    ROW(CKM_DES_KEY_GEN, KIND_DES, PARAMETER_NONE, CKF_GENERATE, 0, 0, 0),
    ROW(CKM_DES2_KEY_GEN, KIND_DES2, PARAMETER_NONE, CKF_GENERATE, 0, 0, 0),
    ROW(CKM_DES3_KEY_GEN, KIND_DES3, PARAMETER_NONE, CKF_GENERATE, 0, 0, 0),
    ROW(CKM_DES_ECB, KIND_DES, PARAMETER_NONE, FOR_CRYPT | CKF_WRAP, 64, 0, 0),
    ROW(CKM_DES_CBC, KIND_DES, PARAMETER_IV, FOR_CRYPT | CKF_WRAP, 64, 0, 0),
    ROW(CKM_DES_CBC_PAD, KIND_DES, PARAMETER_IV, FOR_CRYPT | CKF_WRAP, 60, 0, 0),
    ROW(CKM_DES_ECB_ENCRYPT_DATA, KIND_DES, PARAMETER_ECB_DATA, CKF_DERIVE, 0, 0, 0),
    ROW(CKM_DES_CBC_ENCRYPT_DATA, KIND_DES, PARAMETER_CBC_DATA, CKF_DERIVE, 0, 0, 0),
    ROW(CKM_DES3_ECB, KIND_DES3, PARAMETER_NONE, FOR_CRYPT, 64, 0, 0),
    ROW(CKM_DES3_CBC, KIND_DES3, PARAMETER_IV, FOR_CRYPT | CKF_WRAP, 64, 0, 0),
    ROW(CKM_DES3_CBC_PAD, KIND_DES3, PARAMETER_IV, FOR_CRYPT, 60, 0, 0),
    ROW(CKM_DES3_CMAC, KIND_DES3, PARAMETER_NONE, FOR_SIGN, 64, 0, 0),
    ROW(CKM_DES3_ECB_ENCRYPT_DATA, KIND_DES3, PARAMETER_ECB_DATA, CKF_DERIVE, 0, 0, 0),
    ROW(CKM_DES3_CBC_ENCRYPT_DATA, KIND_DES3, PARAMETER_CBC_DATA, CKF_DERIVE, 0, 0, 0),
    ROW(CKM_AES_KEY_GEN, KIND_AES, PARAMETER_NONE, CKF_GENERATE, 0, 0, 0),
    ROW(CKM_AES_ECB, KIND_AES, PARAMETER_NONE, FOR_CRYPT, 64, 0, 0),
    ROW(CKM_AES_CBC, KIND_AES, PARAMETER_IV, FOR_CRYPT | CKF_WRAP, 64, 0, 0),
    ROW(CKM_AES_CBC_PAD, KIND_AES, PARAMETER_IV, FOR_CRYPT, 60, 0, 0),
    ROW(CKM_AES_CTR, KIND_AES, PARAMETER_CTR, FOR_CRYPT, 61, 0, 0),
    ROW(CKM_AES_GCM, KIND_AES, PARAMETER_GCM, FOR_CRYPT, 61, 0, 0),
    ROW(CKM_AES_CMAC, KIND_AES, PARAMETER_NONE, FOR_SIGN, 64, 0, 0),
    ROW(CKM_AES_KEY_WRAP, KIND_AES, PARAMETER_NONE, FOR_WRAP, 0, 0, 0),
    ROW(CKM_AES_KEY_WRAP_PAD, KIND_AES, PARAMETER_NONE, FOR_WRAP, 0, 0, 0),
    ROW(CKM_AES_ECB_ENCRYPT_DATA, KIND_AES, PARAMETER_ECB_DATA, CKF_DERIVE, 0, 0, 0),
    ROW(CKM_AES_CBC_ENCRYPT_DATA, KIND_AES, PARAMETER_CBC_DATA, CKF_DERIVE, 0, 0, 0),
};
/* clang-format on */
const size_t table_row_count = sizeof(table_rows) / sizeof(table_rows[0]);

static CK_ULONG hash_length(CK_MECHANISM_TYPE hash)
{
    switch (hash) {
    case CKM_SHA_1:
        return 20;
    case CKM_SHA224:
        return 28;
    case CKM_SHA384:
        return 48;
    case CKM_SHA512:
        return 64;
    default:
        return 32;
    }
}

/* The public value of another pair of the kind. */
static CK_ULONG peer(struct table *t, const struct row *row, CK_BYTE *out, CK_ULONG size)
{
    struct pair other;
    CK_ATTRIBUTE derives[] = {ATTRIBUTE_YES(CKA_DERIVE)};
    CK_ATTRIBUTE value = {row->kind == KIND_EC ? CKA_EC_POINT : CKA_VALUE, out, size};
    if (table_generate(t, t->home, row->kind, NULL, 0, derives, 1, &other) != CKR_OK ||
        t->f->C_GetAttributeValue(t->home, other.public, &value, 1) != CKR_OK)
        return 0;
    return value.ulValueLen;
}

void table_prepare(struct table *t, const struct row *row, struct prepared *p)
{
    bool aes = row->kind == KIND_AES;
    memset(p, 0, sizeof(*p));
    p->mechanism.mechanism = row->type;
    p->mechanism.pParameter = &p->space;
    switch (row->parameter) {
    case PARAMETER_NONE:
        p->mechanism.pParameter = NULL;
        return;
    case PARAMETER_IV:
        p->mechanism.ulParameterLen = aes ? 16 : 8;
        return;
    case PARAMETER_CTR:
        p->space.ctr = (CK_AES_CTR_PARAMS){128, {0}};
        p->mechanism.ulParameterLen = sizeof(p->space.ctr);
        return;
    case PARAMETER_GCM:
        p->space.gcm = (CK_GCM_PARAMS){p->more, 12, 96, p->more + 16, 20, 128};
        p->mechanism.ulParameterLen = sizeof(p->space.gcm);
        return;
    case PARAMETER_OAEP:
        p->space.oaep = (CK_RSA_PKCS_OAEP_PARAMS){CKM_SHA_1, CKG_MGF1_SHA1, CKZ_DATA_SPECIFIED, NULL, 0};
        p->mechanism.ulParameterLen = sizeof(p->space.oaep);
        return;
    case PARAMETER_PSS:
        p->space.pss = (CK_RSA_PKCS_PSS_PARAMS){row->hash, row->mgf, hash_length(row->hash)};
        p->mechanism.ulParameterLen = sizeof(p->space.pss);
        return;
    case PARAMETER_CBC_DATA:
        memcpy(p->more, table_data, 32);
        if (aes) {
            p->space.aes_data = (CK_AES_CBC_ENCRYPT_DATA_PARAMS){{0}, p->more, 32};
            p->mechanism.ulParameterLen = sizeof(p->space.aes_data);
        } else {
            p->space.des_data = (CK_DES_CBC_ENCRYPT_DATA_PARAMS){{0}, p->more, 32};
            p->mechanism.ulParameterLen = sizeof(p->space.des_data);
        }
        return;
    case PARAMETER_ECB_DATA:
        memcpy(p->more, table_data, 32);
        p->space.string_data = (CK_KEY_DERIVATION_STRING_DATA){p->more, 32};
        p->mechanism.ulParameterLen = sizeof(p->space.string_data);
        return;
    case PARAMETER_ECDH:
        p->space.ecdh = (CK_ECDH1_DERIVE_PARAMS){1 /* CKD_NULL */, 0, NULL,
                                                 peer(t, row, p->more, sizeof(p->more)), p->more};
        p->mechanism.ulParameterLen = sizeof(p->space.ecdh);
        return;
    case PARAMETER_DH:
        p->mechanism.pParameter = p->more;
        p->mechanism.ulParameterLen = peer(t, row, p->more, sizeof(p->more));
        return;
    }
}

static CK_OBJECT_HANDLE half(const struct pair *pair, bool public)
{
    return public ? pair->public : pair->private;
}

CK_OBJECT_HANDLE table_other_kind(struct table *t, const struct row *row, enum role role, bool public)
{
    enum kind other = row->kind >= KIND_DES   ? (row->kind == KIND_AES ? KIND_DES3 : KIND_AES)
                      : row->kind == KIND_RSA ? (role == ROLE_SIGN ? KIND_EC : KIND_AES)
                                              : (role == ROLE_DERIVE ? KIND_AES : KIND_RSA);
    return half(table_key(t, other, role), public);
}

CK_OBJECT_HANDLE table_other_role(struct table *t, const struct row *row, enum role role, bool public)
{
    return half(table_key(t, row->kind, role == ROLE_SIGN ? ROLE_CRYPT : ROLE_SIGN), public);
}
