/* SPDX-License-Identifier: Apache-2.0 */
#include "public.h"
#include "cryptoki/attributes.h"
#include "provider.h"

#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/param_build.h>
#include <string.h>

#define ED25519_SIZE 32

const struct sr_key_type sr_key_rsa = {"RSA", CKK_RSA};
const struct sr_key_type sr_key_rsa_pss = {"RSA-PSS", CKK_RSA};
const struct sr_key_type sr_key_ec = {"EC", CKK_EC};
const struct sr_key_type sr_key_ed25519 = {"ED25519", CKK_EC_EDWARDS};

/* A key that its token allows PSS mechanisms only is what X.509 calls RSASSA-PSS (RFC 4055 §1.2). */
static bool pss_only(const CK_ATTRIBUTE *allowed)
{
    if (allowed == NULL || allowed->ulValueLen == 0 || allowed->ulValueLen % sizeof(CK_MECHANISM_TYPE) != 0)
        return false;
    for (size_t i = 0; i < allowed->ulValueLen / sizeof(CK_MECHANISM_TYPE); i++) {
        CK_MECHANISM_TYPE m;
        memcpy(&m, (const CK_BYTE *)allowed->pValue + i * sizeof(m), sizeof(m));
        if (m != CKM_RSA_PKCS_PSS && m != CKM_SHA1_RSA_PKCS_PSS && m != CKM_SHA224_RSA_PKCS_PSS &&
            m != CKM_SHA256_RSA_PKCS_PSS && m != CKM_SHA384_RSA_PKCS_PSS && m != CKM_SHA512_RSA_PKCS_PSS)
            return false;
    }
    return true;
}

const struct sr_key_type *sr_key_type_of(const CK_ATTRIBUTE *a, size_t n)
{
    switch (sr_attribute_ulong(sr_attribute_find(a, n, CKA_KEY_TYPE), CK_UNAVAILABLE_INFORMATION)) {
    case CKK_RSA:
        return pss_only(sr_attribute_find(a, n, CKA_ALLOWED_MECHANISMS)) ? &sr_key_rsa_pss : &sr_key_rsa;
    case CKK_EC:
        return &sr_key_ec;
    case CKK_EC_EDWARDS:
        return &sr_key_ed25519;
    default:
        return NULL;
    }
}

/* The attribute of TYPE where it has a value, or NULL. */
static const CK_ATTRIBUTE *value(const CK_ATTRIBUTE *a, size_t n, CK_ATTRIBUTE_TYPE type)
{
    const CK_ATTRIBUTE *found = sr_attribute_find(a, n, type);
    return found != NULL && found->ulValueLen > 0 ? found : NULL;
}

bool sr_public_complete(const struct sr_key_type *type, const CK_ATTRIBUTE *a, size_t n)
{
    if (type->key_type == CKK_RSA)
        return value(a, n, CKA_MODULUS) != NULL && value(a, n, CKA_PUBLIC_EXPONENT) != NULL;
    return value(a, n, CKA_EC_PARAMS) != NULL && value(a, n, CKA_EC_POINT) != NULL;
}

static EVP_PKEY *from_params(const struct sr_provider *p, const struct sr_key_type *type,
                             const OSSL_PARAM *params)
{
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(p->libctx, type->name, p->others);
    if (ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, (OSSL_PARAM *)params) != 1)
        key = NULL;
    EVP_PKEY_CTX_free(ctx);
    return key;
}

static EVP_PKEY *rsa_key(const struct sr_provider *p, const struct sr_key_type *type, const CK_ATTRIBUTE *a,
                         size_t n)
{
    const CK_ATTRIBUTE *modulus = value(a, n, CKA_MODULUS);
    const CK_ATTRIBUTE *exponent = value(a, n, CKA_PUBLIC_EXPONENT);
    EVP_PKEY *key = NULL;
    OSSL_PARAM *params = NULL;
    BIGNUM *bn_n = BN_bin2bn(modulus->pValue, (int)modulus->ulValueLen, NULL);
    BIGNUM *bn_e = BN_bin2bn(exponent->pValue, (int)exponent->ulValueLen, NULL);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    if (bn_n != NULL && bn_e != NULL && build != NULL &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, bn_n) &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, bn_e) &&
        (params = OSSL_PARAM_BLD_to_param(build)) != NULL)
        key = from_params(p, type, params);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    BN_free(bn_n);
    BN_free(bn_e);
    return key;
}

/* PKCS#11 v3.0 §6.3.3: CKA_EC_POINT is a DER OCTET STRING that holds the point; some tokens give the bare
 * point, which can be told by its length. Allocated. */
static ASN1_OCTET_STRING *point_of(const CK_ATTRIBUTE *point)
{
    const unsigned char *at = point->pValue;
    const unsigned char *end = at + point->ulValueLen;
    ERR_set_mark();
    ASN1_OCTET_STRING *octets = d2i_ASN1_OCTET_STRING(NULL, &at, (long)point->ulValueLen);
    ERR_pop_to_mark();
    if (octets != NULL && at == end)
        return octets;
    ASN1_OCTET_STRING_free(octets);
    octets = ASN1_OCTET_STRING_new();
    if (octets != NULL && !ASN1_OCTET_STRING_set(octets, point->pValue, (int)point->ulValueLen)) {
        ASN1_OCTET_STRING_free(octets);
        octets = NULL;
    }
    return octets;
}

/* The named curve of CKA_EC_PARAMS; NULL where the parameters are explicit, which this provider has not. */
static const char *curve_of(const CK_ATTRIBUTE *parameters)
{
    const unsigned char *at = parameters->pValue;
    ASN1_OBJECT *oid = d2i_ASN1_OBJECT(NULL, &at, (long)parameters->ulValueLen);
    const char *name = oid != NULL ? OBJ_nid2sn(OBJ_obj2nid(oid)) : NULL;
    ASN1_OBJECT_free(oid);
    return name;
}

static EVP_PKEY *ec_key(const struct sr_provider *p, const struct sr_key_type *type, const CK_ATTRIBUTE *a,
                        size_t n)
{
    EVP_PKEY *key = NULL;
    ASN1_OCTET_STRING *point = point_of(value(a, n, CKA_EC_POINT));
    const char *group = type == &sr_key_ec ? curve_of(value(a, n, CKA_EC_PARAMS)) : "";
    OSSL_PARAM params[3];
    size_t count = 0;
    if (point == NULL || group == NULL ||
        (type == &sr_key_ed25519 && ASN1_STRING_length(point) != ED25519_SIZE))
        goto out;
    if (type == &sr_key_ec)
        params[count++] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)group, 0);
    params[count++] = OSSL_PARAM_construct_octet_string(
        OSSL_PKEY_PARAM_PUB_KEY, (void *)ASN1_STRING_get0_data(point), (size_t)ASN1_STRING_length(point));
    params[count] = OSSL_PARAM_construct_end();
    key = from_params(p, type, params);
out:
    ASN1_OCTET_STRING_free(point);
    return key;
}

EVP_PKEY *sr_public_new(const struct sr_provider *p, const struct sr_key_type *type, const CK_ATTRIBUTE *a,
                        size_t n, const char *whose)
{
    if (!sr_public_complete(type, a, n)) {
        sr_error(p, SR_R_KEY,
                 "the public half of %s is not in the token: put the public key or the certificate there, "
                 "with the "
                 "same CKA_ID as the private key",
                 whose);
        return NULL;
    }
    EVP_PKEY *key = type->key_type == CKK_RSA ? rsa_key(p, type, a, n) : ec_key(p, type, a, n);
    if (key == NULL)
        sr_error(p, SR_R_KEY,
                 "the public half of %s cannot be used: it is damaged, its curve is not known, or no other "
                 "provider "
                 "has %s keys (activate the default provider as well)",
                 whose, type->name);
    return key;
}

EVP_PKEY *sr_public_import(const struct sr_provider *p, const struct sr_key_type *type,
                           const OSSL_PARAM *params)
{
    return from_params(p, type, params);
}
