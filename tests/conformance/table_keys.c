/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of the conformance table. */
#include "table.h"

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <string.h>

#define TEMPLATE_MAX 24

CK_BBOOL table_yes = CK_TRUE;
CK_BBOOL table_no = CK_FALSE;

/* 1024 bits: more SoftHSM does not take. */
static const char dsa_p[] =
    "D17D0C6DE25F36C12AD587699B608BF7192FAE4899B81FFFC4D9212F612C532B503777BE7775B6D29AFEB5FA592B7519"
    "B4A84C2BA47998D9078EE147902C76E282A1D0BAFA77E685FDCC9BDBC85FE13297D8940AAF45FBA09F2D6E815D70F9C0"
    "EE45A3308BDAA2356DD76CC79F143E333008E573EBE5A73554FD12DE1B9CFBF5";
static const char dsa_q[] = "C82F01E559B2453F3905657AF5AE17E8CEE3E59D";
static const char dsa_g[] =
    "0A73EE7C59F4AC2E2576A4C78A6705187083C58454ED0B7C2F1C48BA0E5053EE82D4F9C8FF4E5A26B9A207601E5D0754"
    "CC977BFE6B9B5F2AAF6A96667A3E9DAC10B1EFE707D57250C81BCF1E39732F7A03BB0966EF415D643233B7F7B1227978"
    "1C270E453F416B0ADC294BB2B43C2ADC074F96AC7F418618C8A467D6D06B827E";
static CK_BYTE p256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
static CK_BYTE edwards25519[] = {0x13, 12, 'e', 'd', 'w', 'a', 'r', 'd', 's', '2', '5', '5', '1', '9'};

struct domain { /* numbers that a key pair is made from */
    CK_BYTE prime[128];
    CK_BYTE subprime[20];
    CK_BYTE base[128];
};

CK_MECHANISM_TYPE table_generation(enum kind kind)
{
    switch (kind) {
    case KIND_RSA:
        return CKM_RSA_PKCS_KEY_PAIR_GEN;
    case KIND_DSA:
        return CKM_DSA_KEY_PAIR_GEN;
    case KIND_EC:
        return CKM_EC_KEY_PAIR_GEN;
    case KIND_EDWARDS:
        return CKM_EC_EDWARDS_KEY_PAIR_GEN;
    case KIND_DH:
        return CKM_DH_PKCS_KEY_PAIR_GEN;
    case KIND_DES:
        return CKM_DES_KEY_GEN;
    case KIND_DES2:
        return CKM_DES2_KEY_GEN;
    case KIND_DES3:
        return CKM_DES3_KEY_GEN;
    case KIND_AES:
        return CKM_AES_KEY_GEN;
    default:
        return CKM_GENERIC_SECRET_KEY_GEN;
    }
}

static void hex(const char *text, CK_BYTE *out, size_t size)
{
    size_t length;
    (void)OPENSSL_hexstr2buf_ex(out, size, &length, text, '\0');
}

/* What the public template of a kind needs. Returns the number of attributes. */
static size_t domain_of(enum kind kind, struct domain *d, CK_ULONG *bits, CK_ATTRIBUTE *a)
{
    switch (kind) {
    case KIND_RSA:
        *bits = 2048;
        a[0] = (CK_ATTRIBUTE){CKA_MODULUS_BITS, bits, sizeof(*bits)};
        return 1;
    case KIND_EC:
        a[0] = (CK_ATTRIBUTE){CKA_EC_PARAMS, p256, sizeof(p256)};
        return 1;
    case KIND_EDWARDS:
        a[0] = (CK_ATTRIBUTE){CKA_EC_PARAMS, edwards25519, sizeof(edwards25519)};
        return 1;
    case KIND_DSA:
        hex(dsa_p, d->prime, sizeof(d->prime));
        hex(dsa_q, d->subprime, sizeof(d->subprime));
        hex(dsa_g, d->base, sizeof(d->base));
        a[0] = (CK_ATTRIBUTE){CKA_PRIME, d->prime, sizeof(d->prime)};
        a[1] = (CK_ATTRIBUTE){CKA_SUBPRIME, d->subprime, sizeof(d->subprime)};
        a[2] = (CK_ATTRIBUTE){CKA_BASE, d->base, sizeof(d->base)};
        return 3;
    default: {
        BIGNUM *p = BN_get_rfc2409_prime_1024(NULL);
        (void)BN_bn2binpad(p, d->prime, sizeof(d->prime));
        BN_free(p);
        d->base[0] = 2;
        a[0] = (CK_ATTRIBUTE){CKA_PRIME, d->prime, sizeof(d->prime)};
        a[1] = (CK_ATTRIBUTE){CKA_BASE, d->base, 1};
        return 2;
    }
    }
}

static CK_RV generate_secret(struct table *t, CK_SESSION_HANDLE session, enum kind kind,
                             const CK_ATTRIBUTE *more, size_t count, struct pair *made)
{
    CK_MECHANISM mechanism = {table_generation(kind), NULL, 0};
    CK_ULONG length = kind == KIND_GENERIC ? 64 : 32;
    CK_ATTRIBUTE template[TEMPLATE_MAX] = {ATTRIBUTE_NO(CKA_TOKEN)};
    size_t n = 1;
    if (kind == KIND_AES || kind == KIND_GENERIC)
        template[n++] = (CK_ATTRIBUTE){CKA_VALUE_LEN, &length, sizeof(length)};
    memcpy(template + n, more, count * sizeof(*more));
    made->rv = t->f->C_GenerateKey(session, &mechanism, template, n + count, &made->private);
    made->public = made->private;
    return made->rv;
}

CK_RV table_generate(struct table *t, CK_SESSION_HANDLE session, enum kind kind,
                     const CK_ATTRIBUTE *more_public, size_t public_count, const CK_ATTRIBUTE *more_private,
                     size_t private_count, struct pair *made)
{
    CK_MECHANISM mechanism = {table_generation(kind), NULL, 0};
    struct domain domain = {{0}, {0}, {0}};
    CK_ULONG bits;
    CK_ATTRIBUTE public[TEMPLATE_MAX] = {ATTRIBUTE_NO(CKA_TOKEN)};
    CK_ATTRIBUTE private[TEMPLATE_MAX] = {ATTRIBUTE_NO(CKA_TOKEN)};

    memset(made, 0, sizeof(*made));
    made->made = true;
    if (kind >= KIND_DES)
        return generate_secret(t, session, kind, more_private, private_count, made);
    size_t n = 1 + domain_of(kind, &domain, &bits, public + 1);
    memcpy(public + n, more_public, public_count * sizeof(*more_public));
    memcpy(private + 1, more_private, private_count * sizeof(*more_private));
    made->rv = t->f->C_GenerateKeyPair(session, &mechanism, public, n + public_count, private,
                                       1 + private_count, &made->public, &made->private);
    return made->rv;
}

/* Each usage of a role, true or false. */
static size_t usages(enum role role, bool secret, bool public, CK_ATTRIBUTE *a)
{
    static const struct {
        CK_ATTRIBUTE_TYPE type;
        enum role role;
        bool public;
    } all[] = {
        {CKA_ENCRYPT, ROLE_CRYPT, true},  {CKA_DECRYPT, ROLE_CRYPT, false}, {CKA_VERIFY, ROLE_SIGN, true},
        {CKA_SIGN, ROLE_SIGN, false},     {CKA_WRAP, ROLE_WRAP, true},      {CKA_UNWRAP, ROLE_WRAP, false},
        {CKA_DERIVE, ROLE_DERIVE, false},
    };
    size_t n = 0;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (secret || all[i].public == public)
            a[n++] =
                (CK_ATTRIBUTE){all[i].type, all[i].role == role ? &table_yes : &table_no, sizeof(CK_BBOOL)};
    return n;
}

const struct pair *table_key(struct table *t, enum kind kind, enum role role)
{
    struct pair *key = &t->keys[kind][role];
    CK_ATTRIBUTE public[TEMPLATE_MAX];
    CK_ATTRIBUTE private[TEMPLATE_MAX];

    if (key->made)
        return key;
    size_t public_count = usages(role, false, true, public);
    size_t count = usages(role, kind >= KIND_DES, false, private);
    private[count++] = (CK_ATTRIBUTE)ATTRIBUTE_YES(CKA_SENSITIVE);
    private[count++] = (CK_ATTRIBUTE)ATTRIBUTE_NO(CKA_EXTRACTABLE);
    if (table_generate(t, t->home, kind, public, public_count, private, count, key) != CKR_OK)
        key->public = key->private = NO_SUCH;
    return key;
}

CK_RV table_extractable(struct table *t, CK_OBJECT_HANDLE *key)
{
    struct pair made;
    CK_ATTRIBUTE a[TEMPLATE_MAX] = {ATTRIBUTE_YES(CKA_SENSITIVE), ATTRIBUTE_YES(CKA_EXTRACTABLE)};
    size_t n = 2 + usages(ROLE_CRYPT, true, false, a + 2);
    CK_RV rv = table_generate(t, t->home, KIND_AES, NULL, 0, a, n, &made);
    *key = made.private;
    return rv;
}

CK_ULONG table_number(struct table *t, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, CK_ULONG fallback)
{
    CK_ULONG value = 0;
    CK_ATTRIBUTE a = {type, &value, sizeof(value)};
    CK_RV rv = t->f->C_GetAttributeValue(t->home, object, &a, 1);
    return rv == CKR_OK && a.ulValueLen == sizeof(value) ? value : fallback;
}
