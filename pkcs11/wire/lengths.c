/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/lengths.h"

#include <string.h>

/* PKCS#11 v3.0 §6.13 (AES), §6.15 (DES): block ciphers and their modes. */
enum mode { MODE_BLOCKS, MODE_PADDED, MODE_STREAM, MODE_SEALED };

/* CK_GCM_PARAMS (§6.13.3): headers differ in what its members are called. */
struct gcm {
    CK_BYTE *iv;
    CK_ULONG iv_length;
    CK_ULONG iv_bits;
    CK_BYTE *aad;
    CK_ULONG aad_length;
    CK_ULONG tag_bits;
};

static const struct cipher {
    CK_MECHANISM_TYPE type;
    enum mode mode;
    CK_ULONG block;
    CK_ULONG parameter; /* bytes; 0: not looked at */
} ciphers[] = {
    {CKM_AES_ECB, MODE_BLOCKS, 16, 0},
    {CKM_AES_CBC, MODE_BLOCKS, 16, 16},
    {CKM_DES_ECB, MODE_BLOCKS, 8, 0},
    {CKM_DES_CBC, MODE_BLOCKS, 8, 8},
    {CKM_DES3_ECB, MODE_BLOCKS, 8, 0},
    {CKM_DES3_CBC, MODE_BLOCKS, 8, 8},
    {CKM_AES_CBC_PAD, MODE_PADDED, 16, 16},
    {CKM_DES_CBC_PAD, MODE_PADDED, 8, 8},
    {CKM_DES3_CBC_PAD, MODE_PADDED, 8, 8},
    {CKM_AES_CTR, MODE_STREAM, 16, sizeof(CK_ULONG) + 16},
    {CKM_AES_GCM, MODE_SEALED, 16, sizeof(struct gcm)},
};

static const struct cipher *cipher_of(CK_MECHANISM_TYPE type)
{
    for (size_t i = 0; i < sizeof(ciphers) / sizeof(ciphers[0]); i++)
        if (ciphers[i].type == type)
            return &ciphers[i];
    return NULL;
}

/* Digests, MACs over them, and MACs of ciphers. */
static const struct {
    CK_MECHANISM_TYPE type;
    CK_ULONG length;
} fixed[] = {
    {CKM_MD5, 16},           {CKM_SHA_1, 20},         {CKM_SHA224, 28},        {CKM_SHA256, 32},
    {CKM_SHA384, 48},        {CKM_SHA512, 64},        {CKM_SHA3_224, 28},      {CKM_SHA3_256, 32},
    {CKM_SHA3_384, 48},      {CKM_SHA3_512, 64},      {CKM_MD5_HMAC, 16},      {CKM_SHA_1_HMAC, 20},
    {CKM_SHA224_HMAC, 28},   {CKM_SHA256_HMAC, 32},   {CKM_SHA384_HMAC, 48},   {CKM_SHA512_HMAC, 64},
    {CKM_SHA3_224_HMAC, 28}, {CKM_SHA3_256_HMAC, 32}, {CKM_SHA3_384_HMAC, 48}, {CKM_SHA3_512_HMAC, 64},
    {CKM_AES_CMAC, 16},      {CKM_DES3_CMAC, 8},
};

static struct sr_length fixed_length(CK_MECHANISM_TYPE type)
{
    for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
        if (fixed[i].type == type)
            return (struct sr_length){SR_LENGTH_EXACT, fixed[i].length};
    return (struct sr_length){SR_LENGTH_UNKNOWN, 0};
}

static bool is_rsa(CK_MECHANISM_TYPE type)
{
    return type == CKM_RSA_PKCS || type == CKM_RSA_PKCS_OAEP || type == CKM_RSA_X_509;
}

/* Of a whole message of N bytes: what a cipher makes of it. */
static struct sr_length cipher_length(const struct cipher *c, bool decrypts, const CK_MECHANISM *m,
                                      CK_ULONG n)
{
    struct gcm gcm;
    CK_ULONG tag = 0;

    switch (c->mode) {
    case MODE_PADDED:
        return decrypts ? (struct sr_length){SR_LENGTH_MOST, n}
                        : (struct sr_length){SR_LENGTH_EXACT, n - n % c->block + c->block};
    case MODE_SEALED:
        if (m->ulParameterLen != sizeof(gcm))
            return (struct sr_length){SR_LENGTH_UNKNOWN, 0};
        memcpy(&gcm, m->pParameter, sizeof(gcm));
        tag = gcm.tag_bits / 8 + (gcm.tag_bits % 8 != 0);
        if (!decrypts)
            return (struct sr_length){SR_LENGTH_EXACT, n + tag};
        return (struct sr_length){SR_LENGTH_EXACT, n > tag ? n - tag : 0};
    case MODE_BLOCKS:
        if (n % c->block != 0) /* which the token refuses */
            return (struct sr_length){SR_LENGTH_UNKNOWN, 0};
        break;
    case MODE_STREAM:
        break;
    }
    return (struct sr_length){SR_LENGTH_EXACT, n};
}

struct sr_length sr_length_whole(CK_ULONG operation, const CK_MECHANISM *mechanism, CK_ULONG key, CK_ULONG n)
{
    const struct cipher *c = cipher_of(mechanism->mechanism);

    switch (operation) {
    case SR_OPERATION_VERIFY:
        return (struct sr_length){SR_LENGTH_EXACT, 0};
    case SR_OPERATION_DIGEST:
        return fixed_length(mechanism->mechanism);
    case SR_OPERATION_ENCRYPT:
    case SR_OPERATION_DECRYPT:
        if (c != NULL)
            return cipher_length(c, operation == SR_OPERATION_DECRYPT, mechanism, n);
        if (!is_rsa(mechanism->mechanism) || key == 0)
            return (struct sr_length){SR_LENGTH_UNKNOWN, 0};
        return (struct sr_length){operation == SR_OPERATION_ENCRYPT ? SR_LENGTH_EXACT : SR_LENGTH_MOST, key};
    default: {
        struct sr_length known = fixed_length(mechanism->mechanism);
        return known.kind == SR_LENGTH_UNKNOWN && key > 0 ? (struct sr_length){SR_LENGTH_MOST, key} : known;
    }
    }
}

struct sr_length sr_length_part(CK_ULONG operation, const CK_MECHANISM *mechanism, CK_ULONG before,
                                CK_ULONG n)
{
    const struct cipher *c = cipher_of(mechanism->mechanism);
    bool decrypts = operation == SR_OPERATION_DECRYPT;

    if (operation != SR_OPERATION_ENCRYPT && !decrypts)
        return (struct sr_length){SR_LENGTH_EXACT, 0};
    if (decrypts && sr_mechanism_seals(mechanism->mechanism))
        return (struct sr_length){SR_LENGTH_MOST, n};
    if (c == NULL)
        return (struct sr_length){SR_LENGTH_UNKNOWN, 0};
    if (c->mode == MODE_STREAM || c->mode == MODE_SEALED)
        return (struct sr_length){SR_LENGTH_EXACT, n};
    CK_ULONG blocks = (before % c->block + n) / c->block;
    /* The last block may be padding, so a token may hold it back until it knows. */
    if (decrypts && c->mode == MODE_PADDED)
        return (struct sr_length){SR_LENGTH_MOST, (blocks + (before >= c->block)) * c->block};
    return (struct sr_length){SR_LENGTH_EXACT, blocks * c->block};
}

struct sr_length sr_length_end(CK_ULONG operation, const CK_MECHANISM *mechanism, CK_ULONG key,
                               CK_ULONG before)
{
    const struct cipher *c = cipher_of(mechanism->mechanism);
    bool decrypts = operation == SR_OPERATION_DECRYPT;

    if (operation != SR_OPERATION_ENCRYPT && !decrypts)
        return sr_length_whole(operation, mechanism, key, 0);
    if (c == NULL)
        return (struct sr_length){SR_LENGTH_UNKNOWN, 0};
    if (c->mode == MODE_SEALED)
        return cipher_length(c, decrypts, mechanism, decrypts ? before : 0);
    if (c->mode == MODE_PADDED)
        return (struct sr_length){decrypts ? SR_LENGTH_MOST : SR_LENGTH_EXACT, c->block};
    return (struct sr_length){SR_LENGTH_EXACT, 0};
}

bool sr_mechanism_seals(CK_MECHANISM_TYPE type)
{
    return type == CKM_AES_GCM || type == CKM_AES_CCM || type == CKM_CHACHA20_POLY1305;
}

CK_RV sr_cipher_parameter(const CK_MECHANISM *mechanism)
{
    const struct cipher *c = cipher_of(mechanism->mechanism);
    return c == NULL || c->parameter == 0 || c->parameter == mechanism->ulParameterLen
               ? CKR_OK
               : CKR_MECHANISM_PARAM_INVALID;
}
