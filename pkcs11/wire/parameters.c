/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/parameters.h"

#include <stddef.h>
#include <string.h>

#define LIST_MAX 8

enum part_kind {
    PART_END,
    PART_ULONG,
    PART_BOOL,   /* CK_BBOOL */
    PART_INSIDE, /* bytes in the structure itself; their number stands where others have the length's offset
                  */
    PART_BYTES,  /* a pointer, and its length in bytes */
    PART_BITS,   /* a pointer, and its length in bits */
    PART_HANDLE, /* CK_OBJECT_HANDLE */
    PART_OAEP,   /* a pointer to a CK_RSA_PKCS_OAEP_PARAMS */
    PART_LIST,   /* a pointer to CK_PRF_DATA_PARAMs, and their number */
    PART_NONE,   /* a pointer and a number that must be 0 */
};

struct part {
    enum part_kind kind;
    size_t offset;
    size_t length;
};

struct shape {
    size_t size;
    const struct part *parts; /* NULL: no pointers; SIZE bytes, or (0) any number of them */
};

#define PART(kind, type, member)                                                                             \
    {                                                                                                        \
        PART_##kind, offsetof(type, member), 0                                                               \
    }
#define SIZED(kind, type, member, size)                                                                      \
    {                                                                                                        \
        PART_##kind, offsetof(type, member), offsetof(type, size)                                            \
    }
#define INSIDE(type, member)                                                                                 \
    {                                                                                                        \
        PART_INSIDE, offsetof(type, member), sizeof(((type *)0)->member)                                     \
    }
#define END                                                                                                  \
    {                                                                                                        \
        PART_END, 0, 0                                                                                       \
    }

/* The structures as PKCS#11 v3.0 has them, in the sections of their mechanisms: headers differ in which of
 * them they know and in what the members are called. */
struct oaep {
    CK_ULONG hash;
    CK_ULONG mgf;
    CK_ULONG source;
    CK_BYTE *data;
    CK_ULONG data_length;
};
static const struct part oaep_parts[] = {PART(ULONG, struct oaep, hash), PART(ULONG, struct oaep, mgf),
                                         PART(ULONG, struct oaep, source),
                                         SIZED(BYTES, struct oaep, data, data_length), END};

struct rsa_aes_wrap {
    CK_ULONG aes_bits;
    struct oaep *oaep;
};
static const struct part rsa_aes_wrap_parts[] = {PART(ULONG, struct rsa_aes_wrap, aes_bits),
                                                 PART(OAEP, struct rsa_aes_wrap, oaep), END};

struct gcm {
    CK_BYTE *iv;
    CK_ULONG iv_length;
    CK_ULONG iv_bits;
    CK_BYTE *aad;
    CK_ULONG aad_length;
    CK_ULONG tag_bits;
};
static const struct part gcm_parts[] = {
    SIZED(BYTES, struct gcm, iv, iv_length), PART(ULONG, struct gcm, iv_bits),
    SIZED(BYTES, struct gcm, aad, aad_length), PART(ULONG, struct gcm, tag_bits), END};

struct ccm {
    CK_ULONG data_length;
    CK_BYTE *nonce;
    CK_ULONG nonce_length;
    CK_BYTE *aad;
    CK_ULONG aad_length;
    CK_ULONG mac_length;
};
static const struct part ccm_parts[] = {
    PART(ULONG, struct ccm, data_length), SIZED(BYTES, struct ccm, nonce, nonce_length),
    SIZED(BYTES, struct ccm, aad, aad_length), PART(ULONG, struct ccm, mac_length), END};

struct chacha20 {
    CK_BYTE *counter;
    CK_ULONG counter_bits;
    CK_BYTE *nonce;
    CK_ULONG nonce_bits;
};
static const struct part chacha20_parts[] = {SIZED(BITS, struct chacha20, counter, counter_bits),
                                             SIZED(BITS, struct chacha20, nonce, nonce_bits), END};

struct poly1305 {
    CK_BYTE *nonce;
    CK_ULONG nonce_length;
    CK_BYTE *aad;
    CK_ULONG aad_length;
};
static const struct part poly1305_parts[] = {SIZED(BYTES, struct poly1305, nonce, nonce_length),
                                             SIZED(BYTES, struct poly1305, aad, aad_length), END};

struct eddsa {
    CK_BBOOL prehash;
    CK_ULONG context_length;
    CK_BYTE *context;
};
static const struct part eddsa_parts[] = {PART(BOOL, struct eddsa, prehash),
                                          SIZED(BYTES, struct eddsa, context, context_length), END};

struct ecdh1 {
    CK_ULONG kdf;
    CK_ULONG shared_length;
    CK_BYTE *shared;
    CK_ULONG public_length;
    CK_BYTE *public;
};
static const struct part ecdh1_parts[] = {PART(ULONG, struct ecdh1, kdf),
                                          SIZED(BYTES, struct ecdh1, shared, shared_length),
                                          SIZED(BYTES, struct ecdh1, public, public_length), END};

struct string_data {
    CK_BYTE *data;
    CK_ULONG length;
};
static const struct part string_data_parts[] = {SIZED(BYTES, struct string_data, data, length), END};

struct des_cbc_data {
    CK_BYTE iv[8];
    CK_BYTE *data;
    CK_ULONG length;
};
static const struct part des_cbc_data_parts[] = {INSIDE(struct des_cbc_data, iv),
                                                 SIZED(BYTES, struct des_cbc_data, data, length), END};

struct aes_cbc_data {
    CK_BYTE iv[16];
    CK_BYTE *data;
    CK_ULONG length;
};
static const struct part aes_cbc_data_parts[] = {INSIDE(struct aes_cbc_data, iv),
                                                 SIZED(BYTES, struct aes_cbc_data, data, length), END};

struct hkdf {
    CK_BBOOL extract;
    CK_BBOOL expand;
    CK_ULONG prf;
    CK_ULONG salt_type;
    CK_BYTE *salt;
    CK_ULONG salt_length;
    CK_OBJECT_HANDLE salt_key;
    CK_BYTE *info;
    CK_ULONG info_length;
};
static const struct part hkdf_parts[] = {PART(BOOL, struct hkdf, extract),
                                         PART(BOOL, struct hkdf, expand),
                                         PART(ULONG, struct hkdf, prf),
                                         PART(ULONG, struct hkdf, salt_type),
                                         SIZED(BYTES, struct hkdf, salt, salt_length),
                                         PART(HANDLE, struct hkdf, salt_key),
                                         SIZED(BYTES, struct hkdf, info, info_length),
                                         END};

/* An element of SP800-108's list. What it points to is bytes, or a structure without pointers. */
struct prf_data {
    CK_ULONG type;
    CK_BYTE *value;
    CK_ULONG length;
};
struct sp800_108 {
    CK_ULONG prf;
    CK_ULONG count;
    struct prf_data *list;
    CK_ULONG key_count;
    void *keys;
};
static const struct part sp800_108_parts[] = {PART(ULONG, struct sp800_108, prf),
                                              SIZED(LIST, struct sp800_108, list, count),
                                              SIZED(NONE, struct sp800_108, keys, key_count), END};
struct sp800_108_feedback {
    CK_ULONG prf;
    CK_ULONG count;
    struct prf_data *list;
    CK_ULONG iv_length;
    CK_BYTE *iv;
    CK_ULONG key_count;
    void *keys;
};
static const struct part sp800_108_feedback_parts[] = {
    PART(ULONG, struct sp800_108_feedback, prf), SIZED(LIST, struct sp800_108_feedback, list, count),
    SIZED(BYTES, struct sp800_108_feedback, iv, iv_length),
    SIZED(NONE, struct sp800_108_feedback, keys, key_count), END};

static const struct part handle_parts[] = {{PART_HANDLE, 0, 0}, END};

#define SHAPE(type, parts)                                                                                   \
    {                                                                                                        \
        sizeof(struct type), parts                                                                           \
    }
static const struct shape oaep_shape = SHAPE(oaep, oaep_parts);
static const struct shape rsa_aes_wrap_shape = SHAPE(rsa_aes_wrap, rsa_aes_wrap_parts);
static const struct shape gcm_shape = SHAPE(gcm, gcm_parts);
static const struct shape ccm_shape = SHAPE(ccm, ccm_parts);
static const struct shape chacha20_shape = SHAPE(chacha20, chacha20_parts);
static const struct shape poly1305_shape = SHAPE(poly1305, poly1305_parts);
static const struct shape eddsa_shape = SHAPE(eddsa, eddsa_parts);
static const struct shape ecdh1_shape = SHAPE(ecdh1, ecdh1_parts);
static const struct shape string_data_shape = SHAPE(string_data, string_data_parts);
static const struct shape des_cbc_data_shape = SHAPE(des_cbc_data, des_cbc_data_parts);
static const struct shape aes_cbc_data_shape = SHAPE(aes_cbc_data, aes_cbc_data_parts);
static const struct shape hkdf_shape = SHAPE(hkdf, hkdf_parts);
static const struct shape sp800_108_shape = SHAPE(sp800_108, sp800_108_parts);
static const struct shape sp800_108_feedback_shape = SHAPE(sp800_108_feedback, sp800_108_feedback_parts);
static const struct shape handle_shape = {sizeof(CK_OBJECT_HANDLE), handle_parts};
static const struct shape pss_shape = {3 * sizeof(CK_ULONG), NULL};
static const struct shape ctr_shape = {sizeof(CK_ULONG) + 16, NULL};
static const struct shape bytes_shape = {0, NULL};

/* Mechanisms whose parameter has a structure; of every other one it is bytes, or there is none. */
static const struct {
    CK_MECHANISM_TYPE type;
    const struct shape *shape;
} shapes[] = {
    {CKM_RSA_PKCS_OAEP, &oaep_shape},
    {CKM_RSA_AES_KEY_WRAP, &rsa_aes_wrap_shape},
    {CKM_RSA_PKCS_PSS, &pss_shape},
    {CKM_SHA1_RSA_PKCS_PSS, &pss_shape},
    {CKM_SHA224_RSA_PKCS_PSS, &pss_shape},
    {CKM_SHA256_RSA_PKCS_PSS, &pss_shape},
    {CKM_SHA384_RSA_PKCS_PSS, &pss_shape},
    {CKM_SHA512_RSA_PKCS_PSS, &pss_shape},
    {CKM_SHA3_224_RSA_PKCS_PSS, &pss_shape},
    {CKM_SHA3_256_RSA_PKCS_PSS, &pss_shape},
    {CKM_SHA3_384_RSA_PKCS_PSS, &pss_shape},
    {CKM_SHA3_512_RSA_PKCS_PSS, &pss_shape},
    {CKM_AES_CTR, &ctr_shape},
    {CKM_AES_GCM, &gcm_shape},
    {CKM_AES_GMAC, &bytes_shape},
    {CKM_AES_CCM, &ccm_shape},
    {CKM_CHACHA20, &chacha20_shape},
    {CKM_CHACHA20_POLY1305, &poly1305_shape},
    {CKM_EDDSA, &eddsa_shape},
    {CKM_ECDH1_DERIVE, &ecdh1_shape},
    {CKM_ECDH1_COFACTOR_DERIVE, &ecdh1_shape},
    {CKM_DES_ECB_ENCRYPT_DATA, &string_data_shape},
    {CKM_DES3_ECB_ENCRYPT_DATA, &string_data_shape},
    {CKM_AES_ECB_ENCRYPT_DATA, &string_data_shape},
    {CKM_DES_CBC_ENCRYPT_DATA, &des_cbc_data_shape},
    {CKM_DES3_CBC_ENCRYPT_DATA, &des_cbc_data_shape},
    {CKM_AES_CBC_ENCRYPT_DATA, &aes_cbc_data_shape},
    {CKM_CONCATENATE_BASE_AND_DATA, &string_data_shape},
    {CKM_CONCATENATE_DATA_AND_BASE, &string_data_shape},
    {CKM_XOR_BASE_AND_DATA, &string_data_shape},
    {CKM_CONCATENATE_BASE_AND_KEY, &handle_shape},
    {CKM_HKDF_DERIVE, &hkdf_shape},
    {CKM_HKDF_DATA, &hkdf_shape},
    {CKM_SP800_108_COUNTER_KDF, &sp800_108_shape},
    {CKM_SP800_108_DOUBLE_PIPELINE_KDF, &sp800_108_shape},
    {CKM_SP800_108_FEEDBACK_KDF, &sp800_108_feedback_shape},
};

/* Mechanisms whose parameter has pointers in a structure that nobody here knows how to carry. Bytes that look
 * like theirs would be pointers in the daemon. */
static bool unknown_structure(CK_MECHANISM_TYPE type)
{
    switch (type) {
    case CKM_ECMQV_DERIVE:
    case CKM_X9_42_DH_DERIVE:
    case CKM_X9_42_DH_HYBRID_DERIVE:
    case CKM_X9_42_MQV_DERIVE:
    case CKM_KEA_KEY_DERIVE:
    case CKM_PKCS5_PBKD2:
    case CKM_KEY_WRAP_SET_OAEP:
    case CKM_SKIPJACK_PRIVATE_WRAP:
    case CKM_SKIPJACK_RELAYX:
    case CKM_CMS_SIG:
    case CKM_KIP_DERIVE:
    case CKM_KIP_WRAP:
    case CKM_KIP_MAC:
    case CKM_SECURID:
    case CKM_HOTP:
    case CKM_ACTI:
    case CKM_ARIA_CBC_ENCRYPT_DATA:
    case CKM_ARIA_ECB_ENCRYPT_DATA:
    case CKM_CAMELLIA_CBC_ENCRYPT_DATA:
    case CKM_CAMELLIA_ECB_ENCRYPT_DATA:
    case CKM_SEED_CBC_ENCRYPT_DATA:
    case CKM_SEED_ECB_ENCRYPT_DATA:
    case CKM_SALSA20:
    case CKM_SALSA20_POLY1305:
        return true;
    default:
        /* SSL3_*, TLS_*, WTLS_* and TLS12_*, and password based encryption (§6.21, §6.22, §6.35 to §6.37). */
        return (type >= 0x370UL && type <= 0x378UL) || (type >= 0x3a0UL && type <= 0x3abUL) ||
               type == 0x3c0UL || (type >= 0x3d0UL && type <= 0x3d9UL) ||
               (type >= 0x3e0UL && type <= 0x3e7UL);
    }
}

static const struct shape *shape_of(CK_MECHANISM_TYPE type)
{
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
        if (shapes[i].type == type)
            return shapes[i].shape;
    return unknown_structure(type) ? NULL : &bytes_shape;
}

static CK_ULONG ulong_at(const void *structure, size_t offset)
{
    CK_ULONG value;
    memcpy(&value, (const char *)structure + offset, sizeof(value));
    return value;
}

static void *pointer_at(const void *structure, size_t offset)
{
    void *value;
    memcpy(&value, (const char *)structure + offset, sizeof(value));
    return value;
}

/* The bytes that a pointer and its length in bytes or bits stand for. */
static struct sr_bytes bytes_at(const void *structure, const struct part *part)
{
    CK_ULONG length = ulong_at(structure, part->length);
    if (part->kind == PART_BITS)
        length = length / 8 + (length % 8 != 0);
    return (struct sr_bytes){length, pointer_at(structure, part->offset)};
}

static bool sound(const struct sr_bytes *bytes)
{
    return bytes->length == 0 || (bytes->data != NULL && bytes->length <= SR_PARAMETER_MAX);
}

/* Can what the structure points to be followed? */
static bool parts_sound(const void *structure, const struct part *part)
{
    bool ok = true;
    for (; ok && part->kind != PART_END; part++) {
        if (part->kind == PART_BYTES || part->kind == PART_BITS) {
            struct sr_bytes bytes = bytes_at(structure, part);
            ok = sound(&bytes);
        } else if (part->kind == PART_OAEP) {
            const void *oaep = pointer_at(structure, part->offset);
            ok = oaep != NULL && parts_sound(oaep, oaep_parts);
        } else if (part->kind == PART_LIST) {
            const struct prf_data *list = pointer_at(structure, part->offset);
            CK_ULONG n = ulong_at(structure, part->length);
            ok = n == 0 || (n <= LIST_MAX && list != NULL);
            for (CK_ULONG i = 0; ok && i < n; i++) {
                struct sr_bytes bytes = {list[i].length, list[i].value};
                ok = sound(&bytes);
            }
        } else if (part->kind == PART_NONE) {
            ok = ulong_at(structure, part->length) == 0;
        }
    }
    return ok;
}

CK_RV sr_mechanism_set(struct sr_mechanism *to, const CK_MECHANISM *from)
{
    const struct shape *shape = shape_of(from->mechanism);
    struct sr_bytes parameter = {from->ulParameterLen, from->pParameter};

    if (shape == NULL || (parameter.length > 0 && !sound(&parameter)))
        return CKR_MECHANISM_PARAM_INVALID;
    if (parameter.length > 0 && shape->size != 0 && parameter.length != shape->size)
        return CKR_MECHANISM_PARAM_INVALID;
    if (parameter.length > 0 && shape->parts != NULL && !parts_sound(parameter.data, shape->parts))
        return CKR_MECHANISM_PARAM_INVALID;
    to->m = *from;
    if (from->ulParameterLen == 0)
        to->m.pParameter = NULL;
    return CKR_OK;
}

bool sr_mechanism_flat(const CK_MECHANISM *mechanism)
{
    const struct shape *shape = shape_of(mechanism->mechanism);
    return mechanism->ulParameterLen == 0 || (shape != NULL && shape->parts == NULL);
}

CK_OBJECT_HANDLE *sr_mechanism_handle(struct sr_mechanism *mechanism)
{
    const struct shape *shape = shape_of(mechanism->m.mechanism);
    if (shape == NULL || shape->parts == NULL || mechanism->m.pParameter != mechanism->parameter)
        return NULL;
    for (const struct part *part = shape->parts; part->kind != PART_END; part++) {
        if (part->kind == PART_HANDLE) {
            CK_OBJECT_HANDLE *handle = mechanism->parameter + part->offset / sizeof(CK_ULONG);
            return *handle != CK_INVALID_HANDLE ? handle : NULL;
        }
    }
    return NULL;
}

static void encode_parts(struct sr_buf *b, const void *structure, const struct part *part)
{
    for (; part->kind != PART_END; part++) {
        const char *at = (const char *)structure + part->offset;
        switch (part->kind) {
        case PART_ULONG:
        case PART_HANDLE:
            sr_buf_put_u64(b, ulong_at(structure, part->offset));
            break;
        case PART_BOOL:
            sr_buf_put_u64(b, *(const CK_BBOOL *)at != CK_FALSE);
            break;
        case PART_INSIDE:
            sr_buf_put_bytes(b, at, part->length);
            break;
        case PART_BYTES:
        case PART_BITS: {
            struct sr_bytes bytes = bytes_at(structure, part);
            sr_buf_put_u64(b, ulong_at(structure, part->length));
            sr_buf_put_bytes(b, bytes.data, bytes.length);
            break;
        }
        case PART_OAEP:
            encode_parts(b, pointer_at(structure, part->offset), oaep_parts);
            break;
        case PART_LIST: {
            const struct prf_data *list = pointer_at(structure, part->offset);
            CK_ULONG n = ulong_at(structure, part->length);
            sr_buf_put_u64(b, n);
            for (CK_ULONG i = 0; i < n; i++) {
                sr_buf_put_u64(b, list[i].type);
                sr_buf_put_bytes(b, list[i].value, list[i].length);
            }
            break;
        }
        case PART_NONE:
        case PART_END:
            break;
        }
    }
}

void sr_mechanism_encode(struct sr_buf *b, const struct sr_mechanism *mechanism)
{
    const CK_MECHANISM *m = &mechanism->m;
    bool structured = !sr_mechanism_flat(m);
    sr_buf_put_u64(b, m->mechanism);
    sr_buf_put_u64(b, structured);
    if (structured)
        encode_parts(b, m->pParameter, shape_of(m->mechanism)->parts);
    else
        sr_buf_put_bytes(b, m->pParameter, m->ulParameterLen);
}

static void put_ulong(void *structure, size_t offset, CK_ULONG value)
{
    memcpy((char *)structure + offset, &value, sizeof(value));
}

static void put_pointer(void *structure, size_t offset, void *value)
{
    memcpy((char *)structure + offset, &value, sizeof(value));
}

static bool decode_list(struct sr_buf *b, void *structure, const struct part *part, CK_ULONG *more)
{
    struct prf_data *list = (struct prf_data *)more;
    uint64_t n = sr_buf_get_u64(b);
    if (n > LIST_MAX)
        return false;
    for (uint64_t i = 0; i < n; i++) {
        list[i].type = sr_buf_get_u64(b);
        struct sr_bytes value = sr_buf_get_bytes(b);
        list[i].value = value.data;
        list[i].length = value.length;
    }
    put_ulong(structure, part->length, n);
    put_pointer(structure, part->offset, n > 0 ? list : NULL);
    return true;
}

/* MORE has room for one thing that the structure points to: no shape has two. */
static bool decode_parts(struct sr_buf *b, void *structure, const struct part *part, CK_ULONG *more)
{
    _Static_assert(LIST_MAX * sizeof(struct prf_data) <= sizeof(((struct sr_mechanism *)0)->more) &&
                       sizeof(struct oaep) <= sizeof(((struct sr_mechanism *)0)->more),
                   "room for what a parameter points to");
    bool ok = true;
    for (; ok && part->kind != PART_END; part++) {
        char *at = (char *)structure + part->offset;
        switch (part->kind) {
        case PART_ULONG:
        case PART_HANDLE:
            put_ulong(structure, part->offset, sr_buf_get_u64(b));
            break;
        case PART_BOOL:
            *(CK_BBOOL *)at = sr_buf_get_u64(b) != 0 ? CK_TRUE : CK_FALSE;
            break;
        case PART_INSIDE: {
            struct sr_bytes bytes = sr_buf_get_bytes(b);
            ok = bytes.length == part->length;
            if (ok)
                memcpy(at, bytes.data, bytes.length);
            break;
        }
        case PART_BYTES:
        case PART_BITS: {
            CK_ULONG length = sr_buf_get_u64(b);
            struct sr_bytes bytes = sr_buf_get_bytes(b);
            put_ulong(structure, part->length, length);
            put_pointer(structure, part->offset, bytes.length > 0 ? bytes.data : NULL);
            ok = bytes.length == bytes_at(structure, part).length;
            break;
        }
        case PART_OAEP:
            ok = more != NULL && decode_parts(b, more, oaep_parts, NULL);
            put_pointer(structure, part->offset, more);
            break;
        case PART_LIST:
            ok = more != NULL && decode_list(b, structure, part, more);
            break;
        case PART_NONE:
        case PART_END:
            break;
        }
    }
    return ok && sr_buf_ok(b);
}

bool sr_mechanism_decode(struct sr_buf *b, struct sr_mechanism *mechanism)
{
    CK_MECHANISM *m = &mechanism->m;
    m->mechanism = sr_buf_get_u64(b);
    bool structured = sr_buf_get_u64(b) != 0;
    const struct shape *shape = shape_of(m->mechanism);
    if (!sr_buf_ok(b) || shape == NULL)
        return false;
    if (!structured) {
        struct sr_bytes parameter = sr_buf_get_bytes(b);
        m->pParameter = parameter.length > 0 ? parameter.data : NULL;
        m->ulParameterLen = parameter.length;
        /* Bytes that are no pointers may cross as they are; a peer that sends pointers is not believed. */
        return sr_buf_ok(b) && sr_mechanism_flat(m) && parameter.length <= SR_PARAMETER_MAX &&
               (shape->size == 0 || parameter.length == 0 || parameter.length == shape->size);
    }
    _Static_assert(sizeof(struct hkdf) <= sizeof(mechanism->parameter) &&
                       sizeof(struct sp800_108_feedback) <= sizeof(mechanism->parameter),
                   "room for the longest structure");
    memset(mechanism->parameter, 0, sizeof(mechanism->parameter));
    m->pParameter = mechanism->parameter;
    m->ulParameterLen = shape->size;
    return shape->parts != NULL && decode_parts(b, mechanism->parameter, shape->parts, mechanism->more);
}
