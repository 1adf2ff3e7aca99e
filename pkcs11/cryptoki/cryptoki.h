/* Cryptoki's types and constants: p11-kit's header under the specification's names, and what it lacks.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_CRYPTOKI_H
#define STRONGROOM_CRYPTOKI_H

#ifndef CRYPTOKI_COMPAT
#define CRYPTOKI_COMPAT 1
#endif
#include <p11-kit/pkcs11.h>

/* PKCS#11 v3.0 §3.6 (interfaces) and §5.4; p11-kit has them from 0.25 on. */
#ifndef CKF_INTERFACE_FORK_SAFE
#define CKF_INTERFACE_FORK_SAFE 1UL
typedef struct CK_INTERFACE {
    CK_UTF8CHAR *pInterfaceName;
    void *pFunctionList;
    CK_FLAGS flags;
} CK_INTERFACE;
typedef CK_INTERFACE *CK_INTERFACE_PTR;
typedef CK_INTERFACE_PTR *CK_INTERFACE_PTR_PTR;
#endif

/* PKCS#11 v3.0 §3.6: the function list of 3.0 begins as that of 2.40 does. Headers differ in whether they
 * have it, and in its name. */
typedef CK_RV (*sr_message_init_fn)(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key);
typedef CK_RV (*sr_message_cipher_fn)(CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameter_length,
                                      CK_BYTE *aad, CK_ULONG aad_length, CK_BYTE *in, CK_ULONG in_length,
                                      CK_BYTE *out, CK_ULONG *out_length);
typedef CK_RV (*sr_message_cipher_begin_fn)(CK_SESSION_HANDLE session, void *parameter,
                                            CK_ULONG parameter_length, CK_BYTE *aad, CK_ULONG aad_length);
typedef CK_RV (*sr_message_cipher_next_fn)(CK_SESSION_HANDLE session, void *parameter,
                                           CK_ULONG parameter_length, CK_BYTE *in, CK_ULONG in_length,
                                           CK_BYTE *out, CK_ULONG *out_length, CK_FLAGS flags);
typedef CK_RV (*sr_message_begin_fn)(CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameter_length);
typedef CK_RV (*sr_message_sign_fn)(CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameter_length,
                                    CK_BYTE *data, CK_ULONG data_length, CK_BYTE *signature,
                                    CK_ULONG *signature_length);
typedef CK_RV (*sr_message_verify_fn)(CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameter_length,
                                      CK_BYTE *data, CK_ULONG data_length, CK_BYTE *signature,
                                      CK_ULONG signature_length);
typedef CK_RV (*sr_message_final_fn)(CK_SESSION_HANDLE session);

struct sr_functions_3_0 {
    CK_FUNCTION_LIST v2;
    CK_RV (*C_GetInterfaceList)(CK_INTERFACE *list, CK_ULONG *n);
    CK_RV (*C_GetInterface)(CK_UTF8CHAR *name, CK_VERSION *version, CK_INTERFACE **interface, CK_FLAGS flags);
    CK_RV(*C_LoginUser)
    (CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR *pin, CK_ULONG pin_length, CK_UTF8CHAR *name,
     CK_ULONG name_length);
    CK_RV (*C_SessionCancel)(CK_SESSION_HANDLE session, CK_FLAGS flags);
    sr_message_init_fn C_MessageEncryptInit;
    sr_message_cipher_fn C_EncryptMessage;
    sr_message_cipher_begin_fn C_EncryptMessageBegin;
    sr_message_cipher_next_fn C_EncryptMessageNext;
    sr_message_final_fn C_MessageEncryptFinal;
    sr_message_init_fn C_MessageDecryptInit;
    sr_message_cipher_fn C_DecryptMessage;
    sr_message_cipher_begin_fn C_DecryptMessageBegin;
    sr_message_cipher_next_fn C_DecryptMessageNext;
    sr_message_final_fn C_MessageDecryptFinal;
    sr_message_init_fn C_MessageSignInit;
    sr_message_sign_fn C_SignMessage;
    sr_message_begin_fn C_SignMessageBegin;
    sr_message_sign_fn C_SignMessageNext;
    sr_message_final_fn C_MessageSignFinal;
    sr_message_init_fn C_MessageVerifyInit;
    sr_message_verify_fn C_VerifyMessage;
    sr_message_begin_fn C_VerifyMessageBegin;
    sr_message_verify_fn C_VerifyMessageNext;
    sr_message_final_fn C_MessageVerifyFinal;
};

#ifndef CKF_END_OF_MESSAGE
#define CKF_END_OF_MESSAGE 0x1UL
#endif
#ifndef CKF_MESSAGE_ENCRYPT
#define CKF_MESSAGE_ENCRYPT 0x2UL
#define CKF_MESSAGE_DECRYPT 0x4UL
#define CKF_MESSAGE_SIGN 0x8UL
#define CKF_MESSAGE_VERIFY 0x10UL
#endif
#ifndef CKF_FIND_OBJECTS
#define CKF_FIND_OBJECTS 0x40UL
#endif
#ifndef CKG_NO_GENERATE
#define CKG_NO_GENERATE 0UL
#endif

/* PKCS#11 v3.0 §6.3.7: the public key of an Edwards curve, and the curves' parameters. */
#ifndef CKK_EC_EDWARDS
#define CKK_EC_EDWARDS 0x40UL
#endif
#ifndef CKM_EC_EDWARDS_KEY_PAIR_GEN
#define CKM_EC_EDWARDS_KEY_PAIR_GEN 0x1055UL
#endif
#ifndef CKM_EDDSA
#define CKM_EDDSA 0x1057UL
#endif

/* PKCS#11 v3.0, Annex A: mechanisms. */
#ifndef CKM_SHA3_256_RSA_PKCS_PSS
#define CKM_SHA3_256_RSA_PKCS_PSS 0x63UL
#define CKM_SHA3_384_RSA_PKCS_PSS 0x64UL
#define CKM_SHA3_512_RSA_PKCS_PSS 0x65UL
#endif
#ifndef CKM_SHA3_224_RSA_PKCS_PSS
#define CKM_SHA3_224_RSA_PKCS_PSS 0x67UL
#endif
#ifndef CKM_SHA3_256
#define CKM_SHA3_256 0x2b0UL
#define CKM_SHA3_256_HMAC 0x2b1UL
#define CKM_SHA3_224 0x2b5UL
#define CKM_SHA3_224_HMAC 0x2b6UL
#define CKM_SHA3_384 0x2c0UL
#define CKM_SHA3_384_HMAC 0x2c1UL
#define CKM_SHA3_512 0x2d0UL
#define CKM_SHA3_512_HMAC 0x2d1UL
#endif
#ifndef CKM_SP800_108_COUNTER_KDF
#define CKM_SP800_108_COUNTER_KDF 0x3acUL
#define CKM_SP800_108_FEEDBACK_KDF 0x3adUL
#define CKM_SP800_108_DOUBLE_PIPELINE_KDF 0x3aeUL
#endif
#ifndef CKM_RSA_AES_KEY_WRAP
#define CKM_RSA_AES_KEY_WRAP 0x1054UL
#endif
#ifndef CKM_CHACHA20
#define CKM_CHACHA20 0x1226UL
#endif
#ifndef CKM_AES_KEY_WRAP_KWP
#define CKM_AES_KEY_WRAP_KWP 0x210bUL
#endif
#ifndef CKM_CHACHA20_POLY1305
#define CKM_CHACHA20_POLY1305 0x4021UL
#endif
#ifndef CKM_HKDF_DERIVE
#define CKM_HKDF_DERIVE 0x402aUL
#define CKM_HKDF_DATA 0x402bUL
#define CKM_HKDF_KEY_GEN 0x402cUL
#endif
#ifndef CKM_SALSA20
#define CKM_SALSA20 0x402eUL
#endif
#ifndef CKM_SALSA20_POLY1305
#define CKM_SALSA20_POLY1305 0x4020UL
#endif

#endif
