/* SPDX-License-Identifier: Apache-2.0 */
#include "attacker.h"
#include "cryptoki/attributes.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static void put(struct template *t, CK_ATTRIBUTE_TYPE type, const void *value, size_t length)
{
    if (t->n == TEMPLATE_MAX)
        abort();
    t->a[t->n++] = (CK_ATTRIBUTE){type, (void *)value, length};
}

/* Booleans and numbers stand once for all: a template may be moved. */
void put_bool(struct template *t, CK_ATTRIBUTE_TYPE type, bool value)
{
    static const CK_BBOOL yes = CK_TRUE;
    static const CK_BBOOL no = CK_FALSE;
    put(t, type, value ? &yes : &no, sizeof(yes));
}

void put_ulong(struct template *t, CK_ATTRIBUTE_TYPE type, CK_ULONG value)
{
    static const CK_ULONG numbers[] = {CKO_DATA,
                                       CKO_PUBLIC_KEY,
                                       CKO_SECRET_KEY,
                                       CKO_PRIVATE_KEY,
                                       CKK_GENERIC_SECRET,
                                       CKK_AES,
                                       CKK_RSA,
                                       1,
                                       32,
                                       2048};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        if (numbers[i] == value) {
            put(t, type, &numbers[i], sizeof(value));
            return;
        }
    }
    abort();
}

void put_bytes(struct template *t, CK_ATTRIBUTE_TYPE type, const void *data, size_t length)
{
    put(t, type, data, length);
}

struct template secret(CK_KEY_TYPE type, CK_ULONG length, const char *label, bool sensitive, bool extractable,
                       ...)
{
    struct template t = {.n = 0};
    va_list usages;

    put_ulong(&t, CKA_CLASS, CKO_SECRET_KEY);
    put_ulong(&t, CKA_KEY_TYPE, type);
    if (length > 0)
        put_ulong(&t, CKA_VALUE_LEN, length);
    if (label != NULL)
        put(&t, CKA_LABEL, label, strlen(label));
    put_bool(&t, CKA_SENSITIVE, sensitive);
    put_bool(&t, CKA_EXTRACTABLE, extractable);
    static const CK_ATTRIBUTE_TYPE all[] = {CKA_ENCRYPT, CKA_DECRYPT, CKA_SIGN,  CKA_VERIFY,
                                            CKA_WRAP,    CKA_UNWRAP,  CKA_DERIVE};
    bool asked[sizeof(all) / sizeof(all[0])] = {false};
    va_start(usages, extractable);
    for (CK_ATTRIBUTE_TYPE u; (u = va_arg(usages, CK_ATTRIBUTE_TYPE)) != 0;)
        for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
            asked[i] = asked[i] || all[i] == u;
    va_end(usages);
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        put_bool(&t, all[i], asked[i]);
    return t;
}

CK_RV generate_aes(struct signer *s, struct template *t, CK_OBJECT_HANDLE *key)
{
    CK_MECHANISM mechanism = {CKM_AES_KEY_GEN, NULL, 0};
    return s->module.f->C_GenerateKey(s->session, &mechanism, t->a, t->n, key);
}

CK_RV wrap(struct signer *s, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE with, CK_OBJECT_HANDLE key,
           struct wrapped *out)
{
    out->length = sizeof(out->data);
    return s->module.f->C_WrapKey(s->session, mechanism, with, key, out->data, &out->length);
}

CK_RV unwrap(struct signer *s, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE with, struct wrapped *in,
             struct template *t, CK_OBJECT_HANDLE *key)
{
    return s->module.f->C_UnwrapKey(s->session, mechanism, with, in->data, in->length, t->a, t->n, key);
}

CK_RV decrypt(struct signer *s, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key, const struct wrapped *in,
              CK_BYTE *out, CK_ULONG *n)
{
    CK_RV rv = s->module.f->C_DecryptInit(s->session, mechanism, key);
    return rv == CKR_OK ? s->module.f->C_Decrypt(s->session, (CK_BYTE *)in->data, in->length, out, n) : rv;
}

bool has(struct signer *s, CK_OBJECT_HANDLE key, CK_ATTRIBUTE_TYPE type)
{
    CK_BBOOL value = CK_FALSE;
    CK_ATTRIBUTE a = {type, &value, sizeof(value)};
    return s->module.f->C_GetAttributeValue(s->session, key, &a, 1) == CKR_OK && value == CK_TRUE;
}

CK_RV read_value(struct signer *s, CK_OBJECT_HANDLE key, CK_BYTE *value, CK_ULONG *n)
{
    CK_ATTRIBUTE a = {CKA_VALUE, value, *n};
    CK_RV rv = s->module.f->C_GetAttributeValue(s->session, key, &a, 1);
    *n = rv == CKR_OK ? a.ulValueLen : 0;
    return rv;
}

/* Whole blocks without padding. IV NULL: ECB. */
static bool aes(bool encrypt, const CK_BYTE *key, const CK_BYTE *iv, const CK_BYTE *data, size_t n,
                CK_BYTE *out)
{
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    int length = 0;
    bool ok =
        c != NULL &&
        EVP_CipherInit_ex(c, iv != NULL ? EVP_aes_256_cbc() : EVP_aes_256_ecb(), NULL, key, iv, encrypt) &&
        EVP_CIPHER_CTX_set_padding(c, 0) && EVP_CipherUpdate(c, out, &length, data, (int)n) &&
        (size_t)length == n;
    EVP_CIPHER_CTX_free(c);
    return ok;
}

bool own_aes_cbc(bool encrypt, const CK_BYTE *key, const CK_BYTE *iv, const CK_BYTE *data, size_t n,
                 CK_BYTE *out)
{
    return aes(encrypt, key, iv, data, n, out);
}

bool is_value(struct signer *s, CK_OBJECT_HANDLE key, const CK_BYTE *value, CK_ULONG n)
{
    static const CK_BYTE zero[16];
    CK_BYTE block[16];
    CK_BYTE check[3] = {0};
    CK_ATTRIBUTE a = {CKA_CHECK_VALUE, check, sizeof(check)};
    return n == 32 && s->module.f->C_GetAttributeValue(s->session, key, &a, 1) == CKR_OK &&
           a.ulValueLen == sizeof(check) && aes(true, value, NULL, zero, sizeof(zero), block) &&
           memcmp(block, check, sizeof(check)) == 0;
}

struct own_key {
    EVP_PKEY *key;
    CK_BYTE modulus[256];
    CK_BYTE point[65];
    size_t point_length;
};

static struct own_key *own(EVP_PKEY *key)
{
    struct own_key *own = calloc(1, sizeof(*own));
    if (own == NULL || key == NULL)
        abort();
    own->key = key;
    return own;
}

struct own_key *own_rsa(void)
{
    struct own_key *key = own(EVP_RSA_gen(2048));
    BIGNUM *n = NULL;
    if (!EVP_PKEY_get_bn_param(key->key, OSSL_PKEY_PARAM_RSA_N, &n) ||
        BN_bn2binpad(n, key->modulus, sizeof(key->modulus)) < 0)
        abort();
    BN_free(n);
    return key;
}

struct own_key *own_ec(void)
{
    struct own_key *key = own(EVP_EC_gen("P-256"));
    if (!EVP_PKEY_get_octet_string_param(key->key, OSSL_PKEY_PARAM_PUB_KEY, key->point, sizeof(key->point),
                                         &key->point_length))
        abort();
    return key;
}

void own_free(struct own_key *key)
{
    if (key != NULL)
        EVP_PKEY_free(key->key);
    free(key);
}

void own_public(const struct own_key *key, struct template *t)
{
    static const CK_BYTE exponent[] = {1, 0, 1};
    put_ulong(t, CKA_CLASS, CKO_PUBLIC_KEY);
    put_ulong(t, CKA_KEY_TYPE, CKK_RSA);
    put(t, CKA_MODULUS, key->modulus, sizeof(key->modulus));
    put(t, CKA_PUBLIC_EXPONENT, exponent, sizeof(exponent));
}

const CK_BYTE *own_point(const struct own_key *key, size_t *n)
{
    *n = key->point_length;
    return key->point;
}

static bool crypt(EVP_PKEY *key, bool encrypt, bool oaep, const CK_BYTE *in, size_t n, CK_BYTE *out,
                  size_t *m)
{
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(key, NULL);
    bool ok = c != NULL && (encrypt ? EVP_PKEY_encrypt_init(c) : EVP_PKEY_decrypt_init(c)) == 1 &&
              EVP_PKEY_CTX_set_rsa_padding(c, oaep ? RSA_PKCS1_OAEP_PADDING : RSA_PKCS1_PADDING) == 1 &&
              (encrypt ? EVP_PKEY_encrypt(c, out, m, in, n) : EVP_PKEY_decrypt(c, out, m, in, n)) == 1;
    EVP_PKEY_CTX_free(c);
    return ok;
}

bool own_decrypt(const struct own_key *key, bool oaep, const struct wrapped *in, CK_BYTE *out, size_t *n)
{
    return crypt(key->key, false, oaep, in->data, in->length, out, n);
}

/* OpenSSL's key of one parameter that the token's object has. */
static EVP_PKEY *from_params(const char *type, OSSL_PARAM_BLD *b)
{
    EVP_PKEY *key = NULL;
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(b);
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    if (params == NULL || c == NULL || EVP_PKEY_fromdata_init(c) != 1 ||
        EVP_PKEY_fromdata(c, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
        key = NULL;
    EVP_PKEY_CTX_free(c);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(b);
    return key;
}

bool encrypt_to(struct signer *s, CK_OBJECT_HANDLE public, bool oaep, const CK_BYTE *data, size_t n,
                struct wrapped *out)
{
    CK_BYTE modulus[512];
    CK_ATTRIBUTE a = {CKA_MODULUS, modulus, sizeof(modulus)};
    OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
    size_t length = sizeof(out->data);

    if (b == NULL || s->module.f->C_GetAttributeValue(s->session, public, &a, 1) != CKR_OK)
        return false;
    BIGNUM *m = BN_bin2bn(modulus, (int)a.ulValueLen, NULL);
    BIGNUM *e = BN_new();
    bool ok = m != NULL && e != NULL && BN_set_word(e, 65537) &&
              OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_N, m) &&
              OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_E, e);
    EVP_PKEY *key = ok ? from_params("RSA", b) : NULL;
    ok = key != NULL && crypt(key, true, oaep, data, n, out->data, &length);
    out->length = length;
    EVP_PKEY_free(key);
    BN_free(m);
    BN_free(e);
    return ok;
}

bool own_shared(const struct own_key *own, struct signer *s, CK_OBJECT_HANDLE public, CK_BYTE *out, size_t *n)
{
    CK_BYTE point[128];
    CK_ATTRIBUTE a = {CKA_EC_POINT, point, sizeof(point)};
    OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();

    /* A DER octet string: two bytes before the point (PKCS#11 v3.0 §6.3.3). */
    if (b == NULL || s->module.f->C_GetAttributeValue(s->session, public, &a, 1) != CKR_OK ||
        a.ulValueLen < 3)
        return false;
    EVP_PKEY *key = NULL;
    if (OSSL_PARAM_BLD_push_utf8_string(b, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) &&
        OSSL_PARAM_BLD_push_octet_string(b, OSSL_PKEY_PARAM_PUB_KEY, point + 2, a.ulValueLen - 2))
        key = from_params("EC", b);
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(own->key, NULL);
    bool ok = key != NULL && c != NULL && EVP_PKEY_derive_init(c) == 1 &&
              EVP_PKEY_derive_set_peer(c, key) == 1 && EVP_PKEY_derive(c, out, n) == 1;
    EVP_PKEY_CTX_free(c);
    EVP_PKEY_free(key);
    return ok;
}
