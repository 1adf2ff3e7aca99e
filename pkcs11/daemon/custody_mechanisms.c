/* Custody rule 4: mechanisms that leak by padding or truncation are off.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "daemon/custody.h"

/* Equal blocks stay equal, and can be exchanged one by one. The same as a derivation: a client that chooses
 * the data builds a dictionary of blocks. */
static bool is_ecb(CK_MECHANISM_TYPE type)
{
    switch (type) {
    case CKM_AES_ECB:
    case CKM_DES3_ECB:
    case CKM_CAMELLIA_ECB:
    case CKM_ARIA_ECB:
    case CKM_SEED_ECB:
    case CKM_RC2_ECB:
    case CKM_CAST_ECB:
    case CKM_CAST3_ECB:
    case CKM_CAST128_ECB:
    case CKM_RC5_ECB:
    case CKM_IDEA_ECB:
    case CKM_CDMF_ECB:
    case CKM_GOST28147_ECB:
    case CKM_AES_ECB_ENCRYPT_DATA:
    case CKM_DES3_ECB_ENCRYPT_DATA:
    case CKM_CAMELLIA_ECB_ENCRYPT_DATA:
    case CKM_ARIA_ECB_ENCRYPT_DATA:
    case CKM_SEED_ECB_ENCRYPT_DATA:
        return true;
    default:
        return false;
    }
}

/* 56 bits can be searched. */
static bool is_single_des(CK_MECHANISM_TYPE type)
{
    return (type >= CKM_DES_KEY_GEN && type <= CKM_DES_CBC_PAD) ||
           (type >= CKM_DES_OFB64 && type <= CKM_DES_CFB8) || type == CKM_DES_ECB_ENCRYPT_DATA ||
           type == CKM_DES_CBC_ENCRYPT_DATA;
}

/* Pieces of a key, which are searched one by one; a key put together with known bytes; an answer that can be
 * read (PKCS#11 v3.0 §6.40, §6.62). */
static bool derives_pieces(CK_MECHANISM_TYPE type)
{
    switch (type) {
    case CKM_CONCATENATE_BASE_AND_KEY:
    case CKM_CONCATENATE_BASE_AND_DATA:
    case CKM_CONCATENATE_DATA_AND_BASE:
    case CKM_XOR_BASE_AND_DATA:
    case CKM_EXTRACT_KEY_FROM_KEY:
    case CKM_HKDF_DATA:
        return true;
    default:
        return false;
    }
}

/* What finds a changed or made-up blob. Every other mechanism makes keys of garbage, or says by its errors
 * what is in a blob. */
static bool unwraps_soundly(CK_MECHANISM_TYPE type)
{
    switch (type) {
    case CKM_AES_KEY_WRAP:
    case CKM_AES_KEY_WRAP_PAD:
    case CKM_AES_KEY_WRAP_KWP:
    case CKM_RSA_PKCS_OAEP:
    case CKM_RSA_AES_KEY_WRAP:
    case CKM_AES_GCM:
    case CKM_AES_CCM:
        return true;
    default:
        return false;
    }
}

/* Not the stream ciphers: under a nonce that the client repeats, a known key tells the stream, and the stream
 * the others. */
static bool wraps_soundly(CK_MECHANISM_TYPE type)
{
    switch (type) {
    case CKM_AES_GCM:
    case CKM_AES_CCM:
        return false;
    case CKM_RSA_PKCS:
    case CKM_AES_CBC:
    case CKM_AES_CBC_PAD:
    case CKM_DES3_CBC:
    case CKM_DES3_CBC_PAD:
        return true;
    default:
        return unwraps_soundly(type);
    }
}

bool sr_custody_leaks(enum sr_operation operation, CK_MECHANISM_TYPE type)
{
    if (type == CKM_RSA_X_509 || is_ecb(type) ||
        is_single_des(type)) /* signing without padding is decrypting */
        return true;
    switch (operation) {
    case SR_OPERATION_DECRYPT:
        return type == CKM_RSA_PKCS;
    case SR_OPERATION_WRAP:
        return !wraps_soundly(type);
    case SR_OPERATION_UNWRAP:
        return !unwraps_soundly(type);
    case SR_OPERATION_DERIVE:
        return derives_pieces(type);
    default:
        return false;
    }
}

CK_FLAGS sr_custody_flags(CK_MECHANISM_TYPE type, CK_FLAGS flags, bool *useless)
{
    static const struct {
        CK_FLAGS flag;
        enum sr_operation operation;
    } operations[] = {
        {CKF_ENCRYPT, SR_OPERATION_ENCRYPT},
        {CKF_DECRYPT, SR_OPERATION_DECRYPT},
        {CKF_DIGEST, SR_OPERATION_DIGEST},
        {CKF_SIGN, SR_OPERATION_SIGN},
        {CKF_SIGN_RECOVER, SR_OPERATION_SIGN_RECOVER},
        {CKF_VERIFY, SR_OPERATION_VERIFY},
        {CKF_VERIFY_RECOVER, SR_OPERATION_VERIFY_RECOVER},
        {CKF_GENERATE, SR_OPERATION_GENERATE},
        {CKF_GENERATE_KEY_PAIR, SR_OPERATION_GENERATE},
        {CKF_WRAP, SR_OPERATION_WRAP},
        {CKF_UNWRAP, SR_OPERATION_UNWRAP},
        {CKF_DERIVE, SR_OPERATION_DERIVE},
    };
    CK_FLAGS left = 0;
    CK_FLAGS all = 0;

    for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
        all |= operations[i].flag;
        if (!sr_custody_leaks(operations[i].operation, type))
            left |= flags & operations[i].flag;
    }
    *useless = (flags & all) != 0 && left == 0;
    return (flags & ~all) | left;
}
