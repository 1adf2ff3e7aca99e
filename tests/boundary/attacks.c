/* SPDX-License-Identifier: Apache-2.0 */
/* The known attacks on the API of Cryptoki, each with a harmless call beside it. usage: attacks kept|taken:
 * on the token itself, the control, they give the attacker what he wants; through strongroomd they do not. */
#include "attacker.h"
#include "cryptoki/names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define END 0UL
#define KEY 32

static int failures;
static bool kept;

static bool expect_true(const char *what, bool good)
{
    printf("%s: %s\n", good ? "ok" : "FAILED", what);
    failures += !good;
    return good;
}

static bool expect(const char *what, CK_RV got, CK_RV wanted)
{
    bool good = got == wanted;
    printf("%s: %s: %s%s%s\n", good ? "ok" : "FAILED", what, sr_rv_name(got), good ? "" : " instead of ",
           good ? "" : sr_rv_name(wanted));
    failures += !good;
    return good;
}

/* The attack's decisive call: REFUSAL through strongroomd. */
static bool decide(const char *what, CK_RV got, CK_RV refusal)
{
    return expect(what, got, kept ? refusal : CKR_OK);
}

static CK_MECHANISM kwp = {CKM_AES_KEY_WRAP_PAD, NULL, 0};
static CK_BYTE iv[16];
static CK_MECHANISM cbc = {CKM_AES_CBC, iv, sizeof(iv)};
static CK_BYTE known[KEY] = "a key that the attacker knows...";

/* What the attacker is after: sensitive, and extractable for backups. */
static CK_OBJECT_HANDLE target(struct signer *s)
{
    struct template t = secret(CKK_AES, KEY, "target", true, true, CKA_ENCRYPT, CKA_DECRYPT, END);
    CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
    expect("the target", generate_aes(s, &t, &key), CKR_OK);
    return key;
}

/* An honest wrapping key. */
static CK_OBJECT_HANDLE honest(struct signer *s)
{
    struct template t = secret(CKK_AES, KEY, "honest", true, false, CKA_WRAP, CKA_UNWRAP, END);
    CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
    expect("  a wrapping key", generate_aes(s, &t, &key), CKR_OK);
    return key;
}

static CK_RV generate_rsa(struct signer *s, CK_ATTRIBUTE_TYPE out, CK_ATTRIBUTE_TYPE in,
                          CK_OBJECT_HANDLE *public, CK_OBJECT_HANDLE *private)
{
    CK_MECHANISM mechanism = {CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0};
    struct template a = {.n = 0};
    struct template b = {.n = 0};
    put_ulong(&a, CKA_MODULUS_BITS, 2048);
    put_bool(&a, out, true);
    put_bool(&b, in, true);
    return s->module.f->C_GenerateKeyPair(s->session, &mechanism, a.a, a.n, b.a, b.n, public, private);
}

static CK_RV generate_ec(struct signer *s, CK_OBJECT_HANDLE *public, CK_OBJECT_HANDLE *private)
{
    static const CK_BYTE p256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
    CK_MECHANISM mechanism = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
    struct template a = {.n = 0};
    struct template b = {.n = 0};
    put_bytes(&a, CKA_EC_PARAMS, p256, sizeof(p256));
    put_bool(&b, CKA_DERIVE, true);
    return s->module.f->C_GenerateKeyPair(s->session, &mechanism, a.a, a.n, b.a, b.n, public, private);
}

/* What ENCRYPT_DATA over the attacker's data makes of BASE. */
static CK_RV derive_cbc(struct signer *s, CK_OBJECT_HANDLE base, struct template *t, CK_OBJECT_HANDLE *key)
{
    static CK_BYTE data[KEY] = "thirty-two bytes of a context...";
    CK_AES_CBC_ENCRYPT_DATA_PARAMS p = {.pData = data, .length = sizeof(data)};
    CK_MECHANISM mechanism = {CKM_AES_CBC_ENCRYPT_DATA, &p, sizeof(p)};
    return s->module.f->C_DeriveKey(s->session, &mechanism, base, t->a, t->n, key);
}

static void wrap_then_decrypt(struct signer *s)
{
    struct template t = secret(CKK_AES, KEY, "both", true, false, CKA_WRAP, CKA_DECRYPT, END);
    CK_OBJECT_HANDLE key = target(s);
    CK_OBJECT_HANDLE both;
    struct wrapped blob;
    CK_BYTE value[64];
    CK_ULONG n = sizeof(value);

    puts("wrap, then decrypt");
    expect("a key that wraps and decrypts", generate_aes(s, &t, &both), CKR_OK);
    if (decide("it wraps", wrap(s, &cbc, both, key, &blob), CKR_KEY_FUNCTION_NOT_PERMITTED) && !kept) {
        expect("it decrypts", decrypt(s, &cbc, both, &blob, value, &n), CKR_OK);
        expect_true("the attacker has the target's value", is_value(s, key, value, n));
    }
    expect("an honest key wraps", wrap(s, &cbc, honest(s), key, &blob), CKR_OK);
}

static void own_wrapping_keys(struct signer *s)
{
    CK_OBJECT_HANDLE key = target(s);
    struct own_key *rsa = own_rsa();
    struct template t = {.n = 0};
    struct wrapped blob;
    CK_MECHANISM pkcs = {CKM_RSA_PKCS, NULL, 0};
    CK_OBJECT_HANDLE public;
    CK_OBJECT_HANDLE private;
    CK_BYTE value[256];
    size_t n = sizeof(value);

    puts("wrap with a key of the attacker's own: a public key");
    own_public(rsa, &t);
    put_bool(&t, CKA_WRAP, true);
    expect("a public key is brought in", s->module.f->C_CreateObject(s->session, t.a, t.n, &public), CKR_OK);
    if (decide("it wraps", wrap(s, &pkcs, public, key, &blob), CKR_KEY_FUNCTION_NOT_PERMITTED) && !kept)
        expect_true("the attacker has the target's value",
                    own_decrypt(rsa, false, &blob, value, &n) && is_value(s, key, value, n));
    expect("a pair of the token's", generate_rsa(s, CKA_WRAP, CKA_UNWRAP, &public, &private), CKR_OK);
    expect("its public half wraps", wrap(s, &pkcs, public, key, &blob), CKR_OK);
    own_free(rsa);
}

static void own_secret_keys(struct signer *s)
{
    CK_OBJECT_HANDLE key = target(s);
    struct template t = secret(CKK_AES, 0, "mine", true, false, CKA_WRAP, CKA_UNWRAP, END);
    struct template data = {.n = 0};
    struct wrapped blob;
    CK_OBJECT_HANDLE mine;
    CK_BYTE value[64];

    puts("wrap with a key of the attacker's own: a secret key in plaintext");
    put_bytes(&t, CKA_VALUE, known, sizeof(known));
    if (decide("it is brought in", s->module.f->C_CreateObject(s->session, t.a, t.n, &mine),
               CKR_ATTRIBUTE_VALUE_INVALID) &&
        !kept) {
        expect("it wraps", wrap(s, &cbc, mine, key, &blob), CKR_OK);
        expect_true("the attacker has the target's value",
                    own_aes_cbc(false, known, iv, blob.data, blob.length, value) &&
                        is_value(s, key, value, blob.length));
    }
    put_ulong(&data, CKA_CLASS, CKO_DATA);
    put_bytes(&data, CKA_VALUE, "no key", 6);
    expect("a data object is brought in", s->module.f->C_CreateObject(s->session, data.a, data.n, &mine),
           CKR_OK);
}

/* The attacker's key arrives wrapped, or agreed on, and shall wrap. */
static void takes_as_wrapping_key(struct signer *s, CK_OBJECT_HANDLE mine, const CK_BYTE *value)
{
    CK_OBJECT_HANDLE key = target(s);
    struct wrapped blob;
    CK_BYTE got[64];

    if (decide("it wraps", wrap(s, &cbc, mine, key, &blob), CKR_KEY_FUNCTION_NOT_PERMITTED) && !kept)
        expect_true("the attacker has the target's value",
                    own_aes_cbc(false, value, iv, blob.data, blob.length, got) &&
                        is_value(s, key, got, blob.length));
}

static void own_unwrapped_keys(struct signer *s)
{
    struct template t = secret(CKK_AES, 0, "mine", true, false, CKA_WRAP, END);
    struct template harmless = secret(CKK_AES, 0, "mine", true, false, CKA_ENCRYPT, END);
    CK_RSA_PKCS_OAEP_PARAMS p = {.hashAlg = CKM_SHA_1, .mgf = CKG_MGF1_SHA1, .source = CKZ_DATA_SPECIFIED};
    CK_MECHANISM oaep = {CKM_RSA_PKCS_OAEP, &p, sizeof(p)};
    CK_OBJECT_HANDLE public;
    CK_OBJECT_HANDLE private;
    CK_OBJECT_HANDLE mine;
    struct wrapped blob;

    puts("wrap with a key of the attacker's own: an unwrapped one");
    expect("a pair of the token's", generate_rsa(s, CKA_WRAP, CKA_UNWRAP, &public, &private), CKR_OK);
    expect_true("the known key is encrypted to it", encrypt_to(s, public, true, known, sizeof(known), &blob));
    if (expect("it is unwrapped", unwrap(s, &oaep, private, &blob, &t, &mine), CKR_OK))
        takes_as_wrapping_key(s, mine, known);
    expect("and without that wish", unwrap(s, &oaep, private, &blob, &harmless, &mine), CKR_OK);
    expect_true("  it may encrypt", has(s, mine, CKA_ENCRYPT));
}

static void own_derived_keys(struct signer *s)
{
    struct template t = secret(CKK_AES, KEY, "agreed", true, false, CKA_WRAP, END);
    struct template harmless = secret(CKK_AES, KEY, "agreed", true, false, CKA_ENCRYPT, END);
    CK_ECDH1_DERIVE_PARAMS p = {.kdf = CKD_NULL};
    CK_MECHANISM ecdh = {CKM_ECDH1_DERIVE, &p, sizeof(p)};
    struct own_key *own = own_ec();
    size_t length;
    CK_BYTE shared[64];
    size_t n = sizeof(shared);
    CK_OBJECT_HANDLE public;
    CK_OBJECT_HANDLE private;
    CK_OBJECT_HANDLE mine;

    puts("wrap with a key of the attacker's own: one agreed on with him");
    p.pPublicData = (CK_BYTE *)own_point(own, &length);
    p.ulPublicDataLen = length;
    expect("a pair of the token's", generate_ec(s, &public, &private), CKR_OK);
    expect_true("the attacker's half of it", own_shared(own, s, public, shared, &n));
    if (expect("it is derived", s->module.f->C_DeriveKey(s->session, &ecdh, private, t.a, t.n, &mine),
               CKR_OK))
        takes_as_wrapping_key(s, mine, shared);
    expect("and without that wish",
           s->module.f->C_DeriveKey(s->session, &ecdh, private, harmless.a, harmless.n, &mine), CKR_OK);
    expect_true("  it may encrypt", has(s, mine, CKA_ENCRYPT));
    own_free(own);
}

/* LIKE is a key of the same value, or 0. */
static void expect_unreadable(struct signer *s, CK_OBJECT_HANDLE key, CK_OBJECT_HANDLE like, const char *what)
{
    CK_BYTE value[64];
    CK_ULONG n = sizeof(value);
    if (decide(what, read_value(s, key, value, &n), CKR_ATTRIBUTE_SENSITIVE) && !kept)
        expect_true("the attacker has its value", n == KEY && (like == 0 || is_value(s, like, value, n)));
    expect_true("CKA_SENSITIVE tells the truth", has(s, key, CKA_SENSITIVE) == kept);
}

static void reading(struct signer *s)
{
    struct template t = secret(CKK_AES, KEY, "readable", false, true, CKA_ENCRYPT, END);
    CK_OBJECT_HANDLE key;
    CK_BYTE label[16];
    CK_ATTRIBUTE a = {CKA_LABEL, label, sizeof(label)};

    puts("reading CKA_VALUE");
    expect("a key that asks to be readable", generate_aes(s, &t, &key), CKR_OK);
    expect_unreadable(s, key, key, "it is read");
    expect("its label is read", s->module.f->C_GetAttributeValue(s->session, key, &a, 1), CKR_OK);
}

static void conflicting_unwrap(struct signer *s)
{
    struct template t = secret(CKK_AES, 0, "again", false, true, CKA_ENCRYPT, END);
    struct template inner = {.n = 0};
    struct template kek = secret(CKK_AES, KEY, "prescribes", true, false, CKA_WRAP, CKA_UNWRAP, END);
    struct template wrong = secret(CKK_AES, 0, "again", true, false, CKA_DECRYPT, END);
    struct template right = secret(CKK_AES, 0, "again", true, false, CKA_ENCRYPT, END);
    CK_OBJECT_HANDLE key = target(s);
    CK_OBJECT_HANDLE with = honest(s);
    CK_OBJECT_HANDLE again;
    struct wrapped blob;

    puts("unwrap under a conflicting template");
    expect("the target is wrapped", wrap(s, &kwp, with, key, &blob), CKR_OK);
    expect("and unwrapped as a readable key", unwrap(s, &kwp, with, &blob, &t, &again), CKR_OK);
    expect_unreadable(s, again, key, "it is read");

    put_bool(&inner, CKA_DECRYPT, false);
    put_bytes(&kek, CKA_UNWRAP_TEMPLATE, inner.a, inner.n * sizeof(CK_ATTRIBUTE));
    expect("a key that prescribes what it unwraps", generate_aes(s, &kek, &with), CKR_OK);
    expect("the target is wrapped", wrap(s, &kwp, with, key, &blob), CKR_OK);
    expect("against the prescription", unwrap(s, &kwp, with, &blob, &wrong, &again),
           CKR_TEMPLATE_INCONSISTENT);
    expect("according to it", unwrap(s, &kwp, with, &blob, &right, &again), CKR_OK);
    if (kept) {
        /* PKCS#11 v3.0 §5.18.4: what the prescription says need not be repeated. The token itself wants it.
         */
        struct template bare = {.n = 0};
        put_ulong(&bare, CKA_CLASS, CKO_SECRET_KEY);
        put_ulong(&bare, CKA_KEY_TYPE, CKK_AES);
        put_bool(&bare, CKA_ENCRYPT, true);
        expect("silent about it", unwrap(s, &kwp, with, &blob, &bare, &again), CKR_OK);
        expect_true("  it holds", has(s, again, CKA_ENCRYPT) && !has(s, again, CKA_DECRYPT));
    }
}

static void readable_child(struct signer *s)
{
    struct template base = secret(CKK_AES, KEY, "root", true, false, CKA_DERIVE, END);
    struct template child = secret(CKK_AES, KEY, "child", false, true, CKA_ENCRYPT, END);
    struct template harmless = secret(CKK_AES, KEY, "child", true, false, CKA_ENCRYPT, END);
    struct template both = secret(CKK_AES, KEY, "root", true, false, CKA_DERIVE, CKA_ENCRYPT, END);
    CK_OBJECT_HANDLE root;
    CK_OBJECT_HANDLE key;

    puts("a readable key from a sensitive one");
    expect("a root that derives", generate_aes(s, &base, &root), CKR_OK);
    expect("a child that asks to be readable", derive_cbc(s, root, &child, &key), CKR_OK);
    expect_unreadable(s, key, 0, "it is read");
    expect("a child like others", derive_cbc(s, root, &harmless, &key), CKR_OK);
    expect("a root that encrypts as well", generate_aes(s, &both, &root), CKR_OK);
    decide("a child that can be computed", derive_cbc(s, root, &harmless, &key),
           CKR_KEY_FUNCTION_NOT_PERMITTED);
}

static void short_child(struct signer *s)
{
    struct template child = secret(CKK_GENERIC_SECRET, 1, "piece", true, false, CKA_SIGN, END);
    struct template base = secret(CKK_AES, KEY, "root", true, false, CKA_DERIVE, END);
    struct template harmless = secret(CKK_GENERIC_SECRET, KEY, "child", true, false, CKA_SIGN, END);
    CK_KEY_DERIVATION_STRING_DATA p = {.pData = known, .ulLen = sizeof(known)};
    CK_MECHANISM ecb = {CKM_AES_ECB_ENCRYPT_DATA, &p, sizeof(p)};
    CK_OBJECT_HANDLE root;
    CK_OBJECT_HANDLE key;

    puts("pieces of a key");
    expect("a root that derives", generate_aes(s, &base, &root), CKR_OK);
    decide("a child of one byte", derive_cbc(s, root, &child, &key), CKR_KEY_SIZE_RANGE);
    decide("a child of ECB blocks",
           s->module.f->C_DeriveKey(s->session, &ecb, root, harmless.a, harmless.n, &key),
           CKR_MECHANISM_INVALID);
    expect("a child of full length", derive_cbc(s, root, &harmless, &key), CKR_OK);
}

static void later_usage(struct signer *s)
{
    CK_OBJECT_HANDLE with = honest(s);
    CK_OBJECT_HANDLE key = target(s);
    CK_OBJECT_HANDLE copy;
    struct template stronger = {.n = 0};
    struct template weaker = {.n = 0};
    struct wrapped blob;
    CK_BYTE value[64];
    CK_ULONG n = sizeof(value);

    put_bytes(&stronger, CKA_LABEL, "another", 7);
    put_bool(&weaker, CKA_DECRYPT, true);
    expect("the target is wrapped", wrap(s, &cbc, with, key, &blob), CKR_OK);
    puts("a weaker copy");
    if (decide("a copy that decrypts", s->module.f->C_CopyObject(s->session, with, weaker.a, weaker.n, &copy),
               CKR_ATTRIBUTE_READ_ONLY) &&
        !kept) {
        expect("it decrypts", decrypt(s, &cbc, copy, &blob, value, &n), CKR_OK);
        expect_true("the attacker has the target's value", is_value(s, key, value, n));
    }
    expect("a copy of another name",
           s->module.f->C_CopyObject(s->session, with, stronger.a, stronger.n, &copy), CKR_OK);
    puts("a usage that is added later");
    if (decide("the key is to decrypt",
               s->module.f->C_SetAttributeValue(s->session, with, weaker.a, weaker.n),
               CKR_ATTRIBUTE_READ_ONLY) &&
        !kept) {
        n = sizeof(value);
        expect("it decrypts", decrypt(s, &cbc, with, &blob, value, &n), CKR_OK);
        expect_true("the attacker has the target's value", is_value(s, key, value, n));
    }
    expect("the key gets another name",
           s->module.f->C_SetAttributeValue(s->session, with, stronger.a, stronger.n), CKR_OK);
}

/* Blobs that nobody wrapped become keys, as short as the attacker likes. */
static void conjuring(struct signer *s)
{
    struct template t = secret(CKK_GENERIC_SECRET, 0, "conjured", true, false, CKA_SIGN, END);
    struct template u = secret(CKK_AES, 0, "unwrapped", true, false, CKA_ENCRYPT, END);
    CK_MECHANISM pkcs = {CKM_RSA_PKCS, NULL, 0};
    CK_OBJECT_HANDLE with = honest(s);
    CK_OBJECT_HANDLE public;
    CK_OBJECT_HANDLE private;
    CK_OBJECT_HANDLE key;
    struct wrapped garbage = {.length = KEY, .data = "32 bytes that nobody has wrapped"};
    struct wrapped blob;

    puts("keys of garbage");
    expect("a pair that unwraps", generate_rsa(s, CKA_WRAP, CKA_UNWRAP, &public, &private), CKR_OK);
    expect_true("one byte, encrypted to it", encrypt_to(s, public, false, known, 1, &blob));
    decide("it becomes a key", unwrap(s, &pkcs, private, &blob, &t, &key), CKR_MECHANISM_INVALID);
    /* SoftHSM does not unwrap with CBC; other tokens do, and make a key of any 32 bytes. */
    expect("CBC makes a key of garbage", unwrap(s, &cbc, with, &garbage, &u, &key), CKR_MECHANISM_INVALID);
    expect("a key is wrapped", wrap(s, &kwp, with, target(s), &blob), CKR_OK);
    expect("and unwrapped", unwrap(s, &kwp, with, &blob, &u, &key), CKR_OK);
    blob.data[3] ^= 1;
    expect_true("not so a changed one", unwrap(s, &kwp, with, &blob, &u, &key) != CKR_OK);
}

static CK_FLAGS flags_of(struct signer *s, CK_MECHANISM_TYPE type)
{
    CK_MECHANISM_INFO info = {0};
    return s->module.f->C_GetMechanismInfo(s->slot, type, &info) == CKR_OK ? info.flags : 0;
}

static void padding_oracles(struct signer *s)
{
    struct template t = secret(CKK_AES, 0, "padded", true, false, CKA_ENCRYPT, END);
    CK_MECHANISM pkcs = {CKM_RSA_PKCS, NULL, 0};
    CK_MECHANISM padded = {CKM_AES_CBC_PAD, iv, sizeof(iv)};
    CK_OBJECT_HANDLE public;
    CK_OBJECT_HANDLE private;
    CK_OBJECT_HANDLE key;
    struct wrapped blob;

    puts("padding oracles");
    expect("a pair that unwraps", generate_rsa(s, CKA_WRAP, CKA_UNWRAP, &public, &private), CKR_OK);
    expect_true("a good padding", encrypt_to(s, public, false, known, sizeof(known), &blob));
    decide("it is told", unwrap(s, &pkcs, private, &blob, &t, &key), CKR_MECHANISM_INVALID);
    blob.data[100] ^= 1;
    CK_RV rv = unwrap(s, &pkcs, private, &blob, &t, &key);
    expect_true("from a bad one", kept ? rv == CKR_MECHANISM_INVALID : rv != CKR_OK);
    rv = unwrap(s, &padded, honest(s), &blob, &t, &key); /* SoftHSM cannot do it either */
    expect("CBC with padding unwraps", rv, CKR_MECHANISM_INVALID);
    expect_true("PKCS#1 v1.5 decrypts", ((flags_of(s, CKM_RSA_PKCS) & CKF_DECRYPT) != 0) != kept);
    expect_true("PKCS#1 v1.5 unwraps", ((flags_of(s, CKM_RSA_PKCS) & CKF_UNWRAP) != 0) != kept);
    expect_true("PKCS#1 v1.5 signs", (flags_of(s, CKM_RSA_PKCS) & CKF_SIGN) != 0);
    expect_true("OAEP decrypts", (flags_of(s, CKM_RSA_PKCS_OAEP) & CKF_DECRYPT) != 0);
    expect_true("RSA without padding is offered", (flags_of(s, CKM_RSA_X_509) != 0) != kept);
    expect_true("AES in ECB is offered", (flags_of(s, CKM_AES_ECB) != 0) != kept);
}

/* A key comes back in another role, and undoes what it did in the first. */
static void re_import(struct signer *s)
{
    struct template inner = secret(CKK_AES, KEY, "inner", true, true, CKA_WRAP, CKA_UNWRAP, END);
    struct template role = secret(CKK_AES, 0, "inner again", true, false, CKA_DECRYPT, END);
    CK_OBJECT_HANDLE outer = honest(s);
    CK_OBJECT_HANDLE key = target(s);
    CK_OBJECT_HANDLE first;
    CK_OBJECT_HANDLE second;
    struct wrapped value_blob;
    struct wrapped key_blob;
    CK_BYTE value[64];
    CK_ULONG n = sizeof(value);

    puts("a wrapping key, wrapped and brought back to decrypt");
    expect("an extractable wrapping key", generate_aes(s, &inner, &first), CKR_OK);
    expect("it wraps the target", wrap(s, &cbc, first, key, &value_blob), CKR_OK);
    if (decide("it is wrapped itself", wrap(s, &kwp, outer, first, &key_blob), CKR_KEY_NOT_WRAPPABLE) &&
        !kept) {
        expect("it comes back", unwrap(s, &kwp, outer, &key_blob, &role, &second), CKR_OK);
        expect("it decrypts", decrypt(s, &cbc, second, &value_blob, value, &n), CKR_OK);
        expect_true("the attacker has the target's value", is_value(s, key, value, n));
    }
    expect("the target is wrapped", wrap(s, &kwp, outer, key, &key_blob), CKR_OK);
    expect("and comes back", unwrap(s, &kwp, outer, &key_blob, &role, &second), CKR_OK);
}

/* PKCS#11 v3.0 §6.60.2. Debian 12's header does not have it. */
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

/* A handle in a parameter means the client's own object, and that is asked about too. SoftHSM knows no such
 * mechanism: it is the token that says so in the end. */
static void second_keys(struct signer *s)
{
    struct template base = secret(CKK_AES, KEY, "root", true, false, CKA_DERIVE, END);
    struct template child = secret(CKK_AES, KEY, "child", true, false, CKA_ENCRYPT, END);
    struct hkdf p = {.extract = CK_TRUE, .prf = CKM_SHA256, .salt_type = 4};
    CK_MECHANISM hkdf = {CKM_HKDF_DERIVE, &p, sizeof(p)};
    CK_OBJECT_HANDLE root;
    CK_OBJECT_HANDLE salt;
    CK_OBJECT_HANDLE other = target(s);
    CK_OBJECT_HANDLE key;

    puts("a second key in a mechanism's parameter");
    expect("a root that derives", generate_aes(s, &base, &root), CKR_OK);
    expect("another", generate_aes(s, &base, &salt), CKR_OK);
    p.salt_key = other;
    expect("one that does not derive",
           s->module.f->C_DeriveKey(s->session, &hkdf, root, child.a, child.n, &key),
           CKR_KEY_FUNCTION_NOT_PERMITTED);
    p.salt_key = 123456;
    expect("one that is none", s->module.f->C_DeriveKey(s->session, &hkdf, root, child.a, child.n, &key),
           CKR_KEY_HANDLE_INVALID);
    p.salt_key = salt;
    expect("one that derives", s->module.f->C_DeriveKey(s->session, &hkdf, root, child.a, child.n, &key),
           CKR_MECHANISM_INVALID);
    expect_true("the parameter is as it was", p.salt_key == salt);
}

#define JOB "data:tenant:1"

/* One call with a job's label, and the same with another. */
static void planting(struct signer *s)
{
    CK_FUNCTION_LIST *f = s->module.f;
    struct template planted = secret(CKK_AES, KEY, JOB, true, false, CKA_ENCRYPT, END);
    struct template unwrapped = secret(CKK_AES, 0, JOB, true, false, CKA_ENCRYPT, END);
    struct template base = secret(CKK_AES, KEY, "root", true, false, CKA_DERIVE, END);
    struct template data = {.n = 0};
    struct template label = {.n = 0};
    CK_OBJECT_HANDLE key = target(s);
    CK_OBJECT_HANDLE with = honest(s);
    CK_OBJECT_HANDLE made;
    CK_OBJECT_HANDLE root;
    struct wrapped blob;

    puts("a key under a job's label");
    put_ulong(&data, CKA_CLASS, CKO_DATA);
    put_bytes(&data, CKA_LABEL, JOB, strlen(JOB));
    put_bytes(&label, CKA_LABEL, JOB, strlen(JOB));
    expect("a root that derives", generate_aes(s, &base, &root), CKR_OK);
    expect("a wrapped key", wrap(s, &kwp, with, key, &blob), CKR_OK);
    decide("it is generated", generate_aes(s, &planted, &made), CKR_ATTRIBUTE_VALUE_INVALID);
    decide("it is derived", derive_cbc(s, root, &planted, &made), CKR_ATTRIBUTE_VALUE_INVALID);
    decide("it is unwrapped", unwrap(s, &kwp, with, &blob, &unwrapped, &made), CKR_ATTRIBUTE_VALUE_INVALID);
    decide("it is a data object", f->C_CreateObject(s->session, data.a, data.n, &made),
           CKR_ATTRIBUTE_VALUE_INVALID);
    decide("it is copied", f->C_CopyObject(s->session, key, label.a, label.n, &made),
           CKR_ATTRIBUTE_VALUE_INVALID);
    decide("it is renamed", f->C_SetAttributeValue(s->session, key, label.a, label.n),
           CKR_ATTRIBUTE_VALUE_INVALID);
    label.n = 0;
    put_bytes(&label, CKA_LABEL, "innocent", 8);
    expect("renamed to something else", f->C_SetAttributeValue(s->session, key, label.a, label.n), CKR_OK);
    if (kept) { /* SoftHSM takes the last of two values, and wants the prescription repeated */
        struct template inner = {.n = 0};
        struct template kek = secret(CKK_AES, KEY, "prescribes", true, false, CKA_WRAP, CKA_UNWRAP, END);
        unwrapped = secret(CKK_AES, 0, NULL, true, false, CKA_ENCRYPT, END);
        put_bytes(&inner, CKA_LABEL, JOB, strlen(JOB));
        put_bytes(&kek, CKA_UNWRAP_TEMPLATE, inner.a, sizeof(CK_ATTRIBUTE));
        expect("a key that prescribes the label", generate_aes(s, &kek, &with), CKR_OK);
        expect("a wrapped key", wrap(s, &kwp, with, key, &blob), CKR_OK);
        expect("it is unwrapped with it", unwrap(s, &kwp, with, &blob, &unwrapped, &made),
               CKR_ATTRIBUTE_VALUE_INVALID);
        put_bytes(&label, CKA_LABEL, JOB, strlen(JOB));
        expect("renamed with two names", f->C_SetAttributeValue(s->session, key, label.a, label.n),
               CKR_TEMPLATE_INCONSISTENT);
    }
}

int main(int argc, char **argv)
{
    static void (*const attacks[])(struct signer *) = {wrap_then_decrypt,  own_wrapping_keys, own_secret_keys,
                                                       own_unwrapped_keys, own_derived_keys,  reading,
                                                       conflicting_unwrap, readable_child,    short_child,
                                                       later_usage,        conjuring,         padding_oracles,
                                                       re_import,          planting};
    struct signer s = {0};

    kept = argc == 2 && strcmp(argv[1], "kept") == 0;
    if (!kept && (argc != 2 || strcmp(argv[1], "taken") != 0)) {
        fputs("usage: attacks kept|taken\n", stderr);
        return 2;
    }
    expect_true("the token", signer_open(&s, NULL) == CKR_OK && (kept || signer_log_in(&s) == CKR_OK));
    bool open = failures == 0;
    for (size_t i = 0; open && i < sizeof(attacks) / sizeof(attacks[0]); i++)
        attacks[i](&s);
    if (open && kept)
        second_keys(&s);
    signer_close(&s);
    return failures == 0 ? 0 : 1;
}
