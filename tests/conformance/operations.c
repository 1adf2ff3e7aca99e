/* SPDX-License-Identifier: Apache-2.0 */
/* Every operation with every mechanism of SoftHSM, as a transcript: one line for each call, with its result,
 * the length it gave and a digest of the bytes. The raw token's and the shim's must be the same but for lines
 * that begin with "~", where the specification leaves a choice or the token strays from it. What must hold
 * whatever the token says is checked here; a line "FAILED" is a failure.
 *
 * usage: operations make|list|raw|shim [FILE]
 * make: the keys. list: the mechanisms. raw, shim: the transcript, for the mechanisms in FILE. */
#include "cryptoki/find.h"
#include "cryptoki/names.h"
#include "signer.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LARGEST ((size_t)3 << 20)
#define ROOM (LARGEST + 4096)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct signer s;
static CK_FUNCTION_LIST *f;
static int failures;
static bool through_shim;
static CK_BYTE *message;
static CK_BYTE *output;
static CK_BYTE *again;

static void expect(const char *what, bool good)
{
    if (!good)
        printf("FAILED: %s\n", what);
    failures += !good;
}

/* One line of the transcript. */
static void line(const char *mark, const char *what, CK_RV rv, const CK_BYTE *data, CK_ULONG length)
{
    unsigned char digest[EVP_MAX_MD_SIZE] = {0};
    unsigned n = 0;
    if (rv == CKR_OK && data != NULL)
        expect("SHA-256", EVP_Digest(data, length, digest, &n, EVP_sha256(), NULL) == 1);
    printf("%s%s: %s %lu %02x%02x%02x%02x\n", mark, what, sr_rv_name(rv), length, digest[0], digest[1],
           digest[2], digest[3]);
}

/* The functions of the operations that have an output, and parts. */
struct functions {
    const char *name;
    CK_RV (*init)(CK_SESSION_HANDLE, CK_MECHANISM *, CK_OBJECT_HANDLE);
    CK_RV (*whole)(CK_SESSION_HANDLE, CK_BYTE *, CK_ULONG, CK_BYTE *, CK_ULONG *);
    CK_RV (*update)(CK_SESSION_HANDLE, CK_BYTE *, CK_ULONG, CK_BYTE *, CK_ULONG *);
    CK_RV (*final)(CK_SESSION_HANDLE, CK_BYTE *, CK_ULONG *);
};

static CK_RV digest_init(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    (void)key;
    return f->C_DigestInit(session, mechanism);
}

static CK_RV digest_update(CK_SESSION_HANDLE session, CK_BYTE *in, CK_ULONG n, CK_BYTE *out, CK_ULONG *length)
{
    (void)out;
    *length = 0;
    return f->C_DigestUpdate(session, in, n);
}

static CK_RV sign_update(CK_SESSION_HANDLE session, CK_BYTE *in, CK_ULONG n, CK_BYTE *out, CK_ULONG *length)
{
    (void)out;
    *length = 0;
    return f->C_SignUpdate(session, in, n);
}

static struct functions encrypting, decrypting, digesting, signing;

static void name_functions(void)
{
    encrypting =
        (struct functions){"encrypt", f->C_EncryptInit, f->C_Encrypt, f->C_EncryptUpdate, f->C_EncryptFinal};
    decrypting =
        (struct functions){"decrypt", f->C_DecryptInit, f->C_Decrypt, f->C_DecryptUpdate, f->C_DecryptFinal};
    digesting = (struct functions){"digest", digest_init, f->C_Digest, digest_update, f->C_DigestFinal};
    signing = (struct functions){"sign", f->C_SignInit, f->C_Sign, sign_update, f->C_SignFinal};
}

/* One mechanism with its keys. */
struct subject {
    const char *name;
    CK_MECHANISM m;
    CK_OBJECT_HANDLE key;   /* that encrypts or signs */
    CK_OBJECT_HANDLE other; /* that decrypts or verifies */
    size_t most;            /* bytes of a message; 0: any */
    bool random;            /* the output is another one each time */
    bool whole_only;        /* no parts in SoftHSM */
    bool bounded;           /* lengths that are asked for are upper bounds */
};

/* Init, and a whole operation with all of §5.2. Its output and length are left in OUT and *LENGTH. */
static CK_RV whole(const struct functions *o, struct subject *x, CK_OBJECT_HANDLE key, CK_BYTE *in, size_t n,
                   CK_BYTE *out, CK_ULONG *length)
{
    const char *mark = x->bounded ? "~" : "";
    CK_ULONG asked = 0;
    CK_ULONG ended = ROOM;
    CK_RV rv = o->init(s.session, &x->m, key);

    line("", "Init", rv, NULL, 0);
    if (rv != CKR_OK)
        return rv;
    rv = o->init(s.session, &x->m, key);
    line("", "Init again", rv, NULL, 0);
    rv = o->whole(s.session, in, n, NULL, &asked);
    line(mark, "length", rv, NULL, asked);
    if (rv != CKR_OK)
        return rv;
    if (asked > 1 && !x->bounded) {
        *length = asked - 1;
        rv = o->whole(s.session, in, n, out, length);
        line("", "short buffer", rv, NULL, *length);
    }
    *length = ROOM;
    rv = o->whole(s.session, in, n, out, length);
    line("", o->name, rv, x->random ? NULL : out, rv == CKR_OK ? *length : 0);
    expect("the length that was asked for is enough", rv != CKR_OK || asked >= *length);
    line("", "once more", o->whole(s.session, in, n, again, &ended), NULL, 0);
    return rv;
}

/* The same in parts; the output must be EXPECTED, where there is one. */
static void parts(const struct functions *o, struct subject *x, CK_OBJECT_HANDLE key, CK_BYTE *in, size_t n,
                  size_t piece, const CK_BYTE *expected, CK_ULONG expected_length)
{
    size_t total = 0;
    size_t updates = 0;
    CK_RV rv = o->init(s.session, &x->m, key);

    for (size_t at = 0; rv == CKR_OK && at < n; at += piece) {
        CK_ULONG length = ROOM - total;
        rv = o->update(s.session, in + at, n - at < piece ? n - at : piece, again + total, &length);
        if (rv == CKR_OK)
            total += length;
        if (updates++ < 3)
            line("", " update", rv, NULL, rv == CKR_OK ? length : 0);
    }
    CK_ULONG length = ROOM - total;
    if (rv == CKR_OK) {
        rv = o->final(s.session, again + total, &length);
        line("", " final", rv, NULL, rv == CKR_OK ? length : 0);
        total += length;
    }
    printf(" %s of %zu bytes in parts of %zu: ", o->name, n, piece);
    line("", "", rv, x->random ? NULL : again, rv == CKR_OK ? total : 0);
    if (rv == CKR_OK && expected != NULL)
        expect("parts give what the whole gave",
               total == expected_length && memcmp(expected, again, total) == 0);
    line("", " over", o->final(s.session, again, &length), NULL, 0);
}

static const size_t sizes[] = {0, 1, 15, 16, 17, 1000, 65536, (size_t)1 << 20, LARGEST};
static const size_t pieces[] = {7, 16, 1000, 16384, 100001, (size_t)1 << 20};

static void all_parts(const struct functions *o, struct subject *x, CK_OBJECT_HANDLE key, CK_BYTE *in,
                      size_t n, const CK_BYTE *expected, CK_ULONG expected_length)
{
    if (x->whole_only)
        return;
    for (size_t i = 0; i < COUNT(pieces); i++)
        if (n / pieces[i] <= 64 && (i == 0 || pieces[i] < n))
            parts(o, x, key, in, n, pieces[i], expected, expected_length);
}

static void cipher(struct subject *x)
{
    static CK_BYTE *sealed;
    if (sealed == NULL)
        sealed = malloc(ROOM);
    for (size_t i = 0; sealed != NULL && i < COUNT(sizes); i++) {
        size_t n = sizes[i];
        CK_ULONG length = 0;
        CK_ULONG opened = 0;
        if (x->most > 0 && n > x->most)
            continue;
        printf("%s of %zu bytes\n", x->name, n);
        CK_RV rv = whole(&encrypting, x, x->key, message, n, sealed, &length);
        if (rv == CKR_OK || n > 0)
            all_parts(&encrypting, x, x->key, message, n, rv == CKR_OK && !x->random ? sealed : NULL, length);
        if (rv != CKR_OK)
            continue;
        bool bounded = x->bounded;
        x->bounded = true;
        rv = whole(&decrypting, x, x->other, sealed, length, output, &opened);
        expect("decryption gives back what was encrypted",
               rv == CKR_OK && opened == n && memcmp(output, message, n) == 0);
        x->bounded = bounded;
        all_parts(&decrypting, x, x->other, sealed, length, message, n);
    }
}

static CK_RV verify_parts(struct subject *x, size_t n, size_t piece, CK_BYTE *signature, CK_ULONG length)
{
    CK_RV rv = f->C_VerifyInit(s.session, &x->m, x->other);
    for (size_t at = 0; rv == CKR_OK && at < n; at += piece)
        rv = f->C_VerifyUpdate(s.session, message + at, n - at < piece ? n - at : piece);
    return rv == CKR_OK ? f->C_VerifyFinal(s.session, signature, length) : rv;
}

static CK_RV verify(struct subject *x, size_t n, CK_BYTE *signature, CK_ULONG length)
{
    CK_RV rv = f->C_VerifyInit(s.session, &x->m, x->other);
    return rv == CKR_OK ? f->C_Verify(s.session, message, n, signature, length) : rv;
}

static void signs(struct subject *x)
{
    static CK_BYTE signature[ROOM];
    for (size_t i = 0; i < COUNT(sizes); i++) {
        size_t n = sizes[i];
        CK_ULONG length = 0;
        if (x->most > 0 && n > x->most)
            continue;
        printf("%s of %zu bytes\n", x->name, n);
        if (whole(&signing, x, x->key, message, n, signature, &length) != CKR_OK)
            continue;
        all_parts(&signing, x, x->key, message, n, x->random ? NULL : signature, length);
        line("", "verify", verify(x, n, signature, length), NULL, 0);
        if (!x->whole_only)
            line("", "verify in parts", verify_parts(x, n, 1 + n / 3, signature, length), NULL, 0);
        line("", "verify a short one", verify(x, n, signature, length - 1), NULL, 0);
        signature[length / 2] ^= 1;
        line("", "verify another one", verify(x, n, signature, length), NULL, 0);
        if (!x->whole_only)
            line("", "verify another one in parts", verify_parts(x, n, 1 + n / 3, signature, length), NULL,
                 0);
    }
}

static void digests(struct subject *x)
{
    CK_BYTE digest[64];
    for (size_t i = 0; i < COUNT(sizes); i++) {
        CK_ULONG length = 0;
        printf("%s of %zu bytes\n", x->name, sizes[i]);
        if (whole(&digesting, x, 0, message, sizes[i], output, &length) != CKR_OK || length > sizeof(digest))
            continue;
        memcpy(digest, output, length);
        all_parts(&digesting, x, 0, message, sizes[i], digest, length);
    }
}

static CK_OBJECT_HANDLE key_of(const char *label, CK_OBJECT_CLASS class)
{
    CK_ATTRIBUTE wanted[] = {{CKA_CLASS, &class, sizeof(class)}, {CKA_LABEL, (void *)label, strlen(label)}};
    CK_OBJECT_HANDLE *found;
    CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
    size_t count;
    if (sr_find(f, s.session, wanted, 2, &found, &count) == CKR_OK && count == 1)
        key = found[0];
    free(found);
    expect(label, key != CK_INVALID_HANDLE);
    return key;
}

static void make_secret(const char *label, CK_MECHANISM_TYPE type, CK_ULONG size)
{
    CK_BBOOL yes = CK_TRUE;
    CK_MECHANISM m = {type, NULL, 0};
    CK_OBJECT_HANDLE key;
    CK_ATTRIBUTE a[] = {{CKA_LABEL, (void *)label, strlen(label)}, {CKA_TOKEN, &yes, sizeof(yes)},
                        {CKA_PRIVATE, &yes, sizeof(yes)},          {CKA_ENCRYPT, &yes, sizeof(yes)},
                        {CKA_DECRYPT, &yes, sizeof(yes)},          {CKA_SIGN, &yes, sizeof(yes)},
                        {CKA_VERIFY, &yes, sizeof(yes)},           {CKA_VALUE_LEN, &size, sizeof(size)}};
    expect(label, f->C_GenerateKey(s.session, &m, a, size > 0 ? COUNT(a) : COUNT(a) - 1, &key) == CKR_OK);
}

static void make_pair(const char *label, CK_MECHANISM_TYPE type, CK_ATTRIBUTE particular)
{
    CK_BBOOL yes = CK_TRUE;
    CK_MECHANISM m = {type, NULL, 0};
    CK_OBJECT_HANDLE public;
    CK_OBJECT_HANDLE private;
    bool rsa = type == CKM_RSA_PKCS_KEY_PAIR_GEN;
    CK_ATTRIBUTE a[] = {{CKA_LABEL, (void *)label, strlen(label)},
                        {CKA_TOKEN, &yes, sizeof(yes)},
                        {CKA_VERIFY, &yes, sizeof(yes)},
                        particular,
                        {CKA_ENCRYPT, &yes, sizeof(yes)}};
    CK_ATTRIBUTE b[] = {{CKA_LABEL, (void *)label, strlen(label)},
                        {CKA_TOKEN, &yes, sizeof(yes)},
                        {CKA_PRIVATE, &yes, sizeof(yes)},
                        {CKA_SIGN, &yes, sizeof(yes)},
                        {CKA_DECRYPT, &yes, sizeof(yes)}};
    expect(label,
           f->C_GenerateKeyPair(s.session, &m, a, rsa ? 5 : 4, b, rsa ? 5 : 4, &public, &private) == CKR_OK);
}

static void make(void)
{
    CK_ULONG bits = 2048;
    CK_BYTE p256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
    CK_BYTE ed25519[] = {0x06, 0x03, 0x2b, 0x65, 0x70};
    make_secret("ops-aes", CKM_AES_KEY_GEN, 32);
    make_secret("ops-des3", CKM_DES3_KEY_GEN, 0);
    make_secret("ops-hmac", CKM_GENERIC_SECRET_KEY_GEN, 64);
    make_pair("ops-rsa", CKM_RSA_PKCS_KEY_PAIR_GEN, (CK_ATTRIBUTE){CKA_MODULUS_BITS, &bits, sizeof(bits)});
    make_pair("ops-ec", CKM_EC_KEY_PAIR_GEN, (CK_ATTRIBUTE){CKA_EC_PARAMS, p256, sizeof(p256)});
    make_pair("ops-ed", CKM_EC_EDWARDS_KEY_PAIR_GEN, (CK_ATTRIBUTE){CKA_EC_PARAMS, ed25519, sizeof(ed25519)});
}

static void list(void)
{
    CK_MECHANISM_TYPE types[256];
    CK_ULONG n = COUNT(types);
    expect("C_GetMechanismList", f->C_GetMechanismList(s.slot, types, &n) == CKR_OK);
    for (CK_ULONG i = 0; failures == 0 && i < n; i++) {
        CK_MECHANISM_INFO info;
        expect("C_GetMechanismInfo", f->C_GetMechanismInfo(s.slot, types[i], &info) == CKR_OK);
        printf("%lx %lx\n", types[i], info.flags);
    }
}

static struct {
    CK_MECHANISM_TYPE type;
    CK_FLAGS flags;
} offered[256];
static size_t offered_count;

static void read_list(const char *path)
{
    FILE *file = fopen(path, "r");
    char line[64];
    while (file != NULL && offered_count < COUNT(offered) && fgets(line, sizeof(line), file) != NULL) {
        char *rest;
        offered[offered_count].type = strtoul(line, &rest, 16);
        offered[offered_count++].flags = strtoul(rest, NULL, 16);
    }
    if (file != NULL)
        (void)fclose(file);
    expect("the list of mechanisms", offered_count > 10);
}

/* Does the shim offer the mechanism for all that FLAGS say? */
static bool is_offered(CK_MECHANISM_TYPE type, CK_FLAGS flags)
{
    for (size_t i = 0; i < offered_count; i++)
        if (offered[i].type == type)
            return (offered[i].flags & flags) == flags;
    printf("not offered: 0x%lx\n", type);
    return false;
}

static CK_BYTE iv[16] = "an IV of 16 byte";
static struct {
    CK_BYTE *iv;
    CK_ULONG iv_length;
    CK_ULONG iv_bits;
    CK_BYTE *aad;
    CK_ULONG aad_length;
    CK_ULONG tag_bits;
} gcm = {iv, 12, 96, (CK_BYTE *)"additional", 10, 128};
static struct {
    CK_ULONG bits;
    CK_BYTE block[16];
} ctr = {128, "a first counter"};

static void ciphers(void)
{
    static CK_RSA_PKCS_OAEP_PARAMS oaep = {CKM_SHA_1, CKG_MGF1_SHA1, CKZ_DATA_SPECIFIED, NULL, 0};
    CK_OBJECT_HANDLE aes = key_of("ops-aes", CKO_SECRET_KEY);
    CK_OBJECT_HANDLE des = key_of("ops-des3", CKO_SECRET_KEY);
    CK_OBJECT_HANDLE public = key_of("ops-rsa", CKO_PUBLIC_KEY);
    CK_OBJECT_HANDLE private = key_of("ops-rsa", CKO_PRIVATE_KEY);
    struct subject all[] = {
        {.name = "AES-ECB", .m = {CKM_AES_ECB, NULL, 0}, .key = aes, .other = aes},
        {.name = "AES-CBC", .m = {CKM_AES_CBC, iv, 16}, .key = aes, .other = aes},
        {.name = "AES-CBC-PAD", .m = {CKM_AES_CBC_PAD, iv, 16}, .key = aes, .other = aes},
        {.name = "AES-CTR", .m = {CKM_AES_CTR, &ctr, sizeof(ctr)}, .key = aes, .other = aes},
        {.name = "AES-GCM", .m = {CKM_AES_GCM, &gcm, sizeof(gcm)}, .key = aes, .other = aes},
        {.name = "DES3-ECB", .m = {CKM_DES3_ECB, NULL, 0}, .key = des, .other = des, .most = 65536},
        {.name = "DES3-CBC", .m = {CKM_DES3_CBC, iv, 8}, .key = des, .other = des, .most = 65536},
        {.name = "DES3-CBC-PAD", .m = {CKM_DES3_CBC_PAD, iv, 8}, .key = des, .other = des, .most = 65536},
        {.name = "RSA-PKCS",
         .m = {CKM_RSA_PKCS, NULL, 0},
         .key = public,
         .other = private,
         .most = 1000,
         .random = true,
         .whole_only = true},
        {.name = "RSA-OAEP",
         .m = {CKM_RSA_PKCS_OAEP, &oaep, sizeof(oaep)},
         .key = public,
         .other = private,
         .most = 1000,
         .random = true,
         .whole_only = true},
    };
    for (size_t i = 0; i < COUNT(all); i++)
        if (is_offered(all[i].m.mechanism, CKF_ENCRYPT | CKF_DECRYPT))
            cipher(&all[i]);
}

static void signatures(void)
{
    static CK_RSA_PKCS_PSS_PARAMS pss = {CKM_SHA256, CKG_MGF1_SHA256, 32};
    CK_OBJECT_HANDLE hmac = key_of("ops-hmac", CKO_SECRET_KEY);
    CK_OBJECT_HANDLE aes = key_of("ops-aes", CKO_SECRET_KEY);
    CK_OBJECT_HANDLE des = key_of("ops-des3", CKO_SECRET_KEY);
    CK_OBJECT_HANDLE rsa[2] = {key_of("ops-rsa", CKO_PRIVATE_KEY), key_of("ops-rsa", CKO_PUBLIC_KEY)};
    CK_OBJECT_HANDLE ec[2] = {key_of("ops-ec", CKO_PRIVATE_KEY), key_of("ops-ec", CKO_PUBLIC_KEY)};
    CK_OBJECT_HANDLE ed[2] = {key_of("ops-ed", CKO_PRIVATE_KEY), key_of("ops-ed", CKO_PUBLIC_KEY)};
    struct subject all[] = {
        {.name = "HMAC-SHA1", .m = {CKM_SHA_1_HMAC, NULL, 0}, .key = hmac, .other = hmac},
        {.name = "HMAC-SHA256", .m = {CKM_SHA256_HMAC, NULL, 0}, .key = hmac, .other = hmac},
        {.name = "HMAC-SHA384", .m = {CKM_SHA384_HMAC, NULL, 0}, .key = hmac, .other = hmac},
        {.name = "HMAC-SHA512", .m = {CKM_SHA512_HMAC, NULL, 0}, .key = hmac, .other = hmac},
        {.name = "AES-CMAC", .m = {CKM_AES_CMAC, NULL, 0}, .key = aes, .other = aes},
        {.name = "DES3-CMAC", .m = {CKM_DES3_CMAC, NULL, 0}, .key = des, .other = des},
        {.name = "RSA-PKCS",
         .m = {CKM_RSA_PKCS, NULL, 0},
         .key = rsa[0],
         .other = rsa[1],
         .most = 17,
         .whole_only = true},
        {.name = "SHA256-RSA-PKCS", .m = {CKM_SHA256_RSA_PKCS, NULL, 0}, .key = rsa[0], .other = rsa[1]},
        {.name = "SHA256-RSA-PSS",
         .m = {CKM_SHA256_RSA_PKCS_PSS, &pss, sizeof(pss)},
         .key = rsa[0],
         .other = rsa[1],
         .random = true},
        {.name = "ECDSA",
         .m = {CKM_ECDSA, NULL, 0},
         .key = ec[0],
         .other = ec[1],
         .most = 17,
         .random = true,
         .whole_only = true},
        {.name = "EDDSA", .m = {CKM_EDDSA, NULL, 0}, .key = ed[0], .other = ed[1], .whole_only = true},
    };
    for (size_t i = 0; i < COUNT(all); i++)
        if (is_offered(all[i].m.mechanism, CKF_SIGN | CKF_VERIFY))
            signs(&all[i]);
}

static void all_digests(void)
{
    struct subject all[] = {
        {.name = "MD5", .m = {CKM_MD5, NULL, 0}},        {.name = "SHA-1", .m = {CKM_SHA_1, NULL, 0}},
        {.name = "SHA-224", .m = {CKM_SHA224, NULL, 0}}, {.name = "SHA-256", .m = {CKM_SHA256, NULL, 0}},
        {.name = "SHA-384", .m = {CKM_SHA384, NULL, 0}}, {.name = "SHA-512", .m = {CKM_SHA512, NULL, 0}},
    };
    for (size_t i = 0; i < COUNT(all); i++)
        if (is_offered(all[i].m.mechanism, CKF_DIGEST))
            digests(&all[i]);
}

/* Each error, and that what ended is over and what did not goes on. */
static void errors(void)
{
    CK_OBJECT_HANDLE aes = key_of("ops-aes", CKO_SECRET_KEY);
    CK_OBJECT_HANDLE rsa = key_of("ops-rsa", CKO_PUBLIC_KEY);
    CK_OBJECT_HANDLE hmac_key = key_of("ops-hmac", CKO_SECRET_KEY);
    CK_MECHANISM cbc = {CKM_AES_CBC, iv, 16};
    CK_MECHANISM short_iv = {CKM_AES_CBC, iv, 15};
    CK_MECHANISM sha = {CKM_SHA256, NULL, 0};
    CK_MECHANISM hmac = {CKM_SHA256_HMAC, NULL, 0};
    CK_MECHANISM seal = {CKM_AES_GCM, &gcm, sizeof(gcm)};
    CK_ULONG length = ROOM;

    puts("errors");
    line("", "no operation", f->C_Encrypt(s.session, message, 16, output, &length), NULL, 0);
    line("", "no operation", f->C_DecryptUpdate(s.session, message, 16, output, &length), NULL, 0);
    line("", "no operation", f->C_DigestFinal(s.session, output, &length), NULL, 0);
    line("", "no operation", f->C_VerifyFinal(s.session, output, 32), NULL, 0);
    line("~", "no key", f->C_EncryptInit(s.session, &cbc, 987654321), NULL, 0);
    line("~", "a short IV", f->C_EncryptInit(s.session, &short_iv, aes), NULL, 0);
    line("", "a digest does not encrypt", f->C_EncryptInit(s.session, &sha, aes), NULL, 0);
    line("", "a MAC is no digest", f->C_DigestInit(s.session, &hmac), NULL, 0);
    line("~", "a key of another type", f->C_EncryptInit(s.session, &cbc, rsa), NULL, 0);
    line("~", "a public key does not sign", f->C_SignInit(s.session, &hmac, rsa), NULL, 0);

    line("", "Init", f->C_EncryptInit(s.session, &cbc, aes), NULL, 0);
    length = ROOM;
    CK_RV rv = f->C_Encrypt(s.session, message, 17, output, &length);
    line("", "half a block more", rv, NULL, 0);
    length = ROOM;
    line("", "is over", f->C_Encrypt(s.session, message, 16, output, &length), NULL, 0);

    line("", "Init", f->C_DigestInit(s.session, &sha), NULL, 0);
    line("", "another digest", f->C_DigestInit(s.session, &sha), NULL, 0);
    line("", "update", f->C_DigestUpdate(s.session, message, 100), NULL, 0);
    length = 10;
    line("", "a short buffer", f->C_DigestFinal(s.session, output, &length), NULL, length);
    length = ROOM;
    line("", "goes on", f->C_DigestFinal(s.session, output, &length), output, length);

    line("", "Init", f->C_DigestInit(s.session, &sha), NULL, 0);
    line("", "update", f->C_DigestUpdate(s.session, message, 100), NULL, 0);
    line("", "a key", f->C_DigestKey(s.session, hmac_key), NULL, 0);
    line("", "update", f->C_DigestUpdate(s.session, message, 50000), NULL, 0);
    length = ROOM;
    line("", "with a key in the middle", f->C_DigestFinal(s.session, output, &length), output, length);
    line("", "recover", f->C_SignRecoverInit(s.session, &hmac, hmac_key), NULL, 0);
    line("", "recover", f->C_VerifyRecoverInit(s.session, &hmac, hmac_key), NULL, 0);

    /* A tag that is not right: SoftHSM calls it a general error. */
    if (!is_offered(CKM_AES_GCM, CKF_DECRYPT))
        return;
    length = ROOM;
    line("", "Init", f->C_EncryptInit(s.session, &seal, aes), NULL, 0);
    line("", "seal", f->C_Encrypt(s.session, message, 100, output, &length), output, length);
    output[50] ^= 1;
    CK_ULONG opened = ROOM;
    line("", "Init", f->C_DecryptInit(s.session, &seal, aes), NULL, 0);
    memset(again, 0, 100);
    rv = f->C_Decrypt(s.session, output, length, again, &opened);
    line("~", "tampered with", rv, NULL, 0);
    expect("what was tampered with is CKR_ENCRYPTED_DATA_INVALID",
           !through_shim || rv == CKR_ENCRYPTED_DATA_INVALID);
    expect("and nothing is given out", again[0] == 0 && again[60] == 0);
    opened = ROOM;
    line("", "is over", f->C_Decrypt(s.session, output, length, again, &opened), NULL, 0);
}

/* Output over input, at the same place and behind it. */
static void in_place(CK_OBJECT_HANDLE aes)
{
    CK_MECHANISM stream = {CKM_AES_CTR, &ctr, sizeof(ctr)};
    size_t size = (size_t)1 << 20;
    size_t shifts[] = {0, 64, 5000, 300000};
    CK_ULONG n = ROOM;

    expect("the ciphertext", f->C_EncryptInit(s.session, &stream, aes) == CKR_OK &&
                                 f->C_Encrypt(s.session, message, size, output, &n) == CKR_OK);
    for (size_t i = 0; i < COUNT(shifts); i++) {
        memcpy(again, message, size);
        n = ROOM - shifts[i];
        expect("whole, in place", f->C_EncryptInit(s.session, &stream, aes) == CKR_OK &&
                                      f->C_Encrypt(s.session, again, size, again + shifts[i], &n) == CKR_OK &&
                                      memcmp(again + shifts[i], output, size) == 0);
        memcpy(again, message, size);
        n = ROOM - shifts[i];
        expect("a part, in place",
               f->C_EncryptInit(s.session, &stream, aes) == CKR_OK &&
                   f->C_EncryptUpdate(s.session, again, size, again + shifts[i], &n) == CKR_OK &&
                   memcmp(again + shifts[i], output, size) == 0 && n == size);
        n = ROOM;
        expect("its end", f->C_EncryptFinal(s.session, again, &n) == CKR_OK && n == 0);
    }
}

/* What the shim does as the specification has it, and the raw token does not do, or does otherwise. */
static void of_the_shim(void)
{
    CK_OBJECT_HANDLE aes = key_of("ops-aes", CKO_SECRET_KEY);
    CK_OBJECT_HANDLE hmac_key = key_of("ops-hmac", CKO_SECRET_KEY);
    CK_OBJECT_HANDLE ed = key_of("ops-ed", CKO_PRIVATE_KEY);
    CK_MECHANISM stream = {CKM_AES_CTR, &ctr, sizeof(ctr)};
    CK_MECHANISM sha = {CKM_SHA256, NULL, 0};
    CK_MECHANISM hmac = {CKM_SHA256_HMAC, NULL, 0};
    CK_MECHANISM padded = {CKM_AES_CBC_PAD, iv, 16};
    CK_MECHANISM eddsa = {CKM_EDDSA, NULL, 0};
    CK_BYTE digest[2][32];
    CK_BYTE mac[2][32];
    CK_BYTE whole_signature[64];
    CK_BYTE signature[64];
    CK_ULONG length = 32;
    CK_ULONG n = 0;
    size_t size = 100000;

    puts("the shim");
    /* Dual functions against the two single ones. */
    expect("digest", f->C_DigestInit(s.session, &sha) == CKR_OK &&
                         f->C_Digest(s.session, message, size, digest[0], &length) == CKR_OK);
    length = 32;
    expect("MAC", f->C_SignInit(s.session, &hmac, hmac_key) == CKR_OK &&
                      f->C_Sign(s.session, message, size, mac[0], &length) == CKR_OK);
    length = ROOM;
    expect("ciphertext", f->C_EncryptInit(s.session, &stream, aes) == CKR_OK &&
                             f->C_Encrypt(s.session, message, size, output, &length) == CKR_OK);
    expect("two at once",
           f->C_DigestInit(s.session, &sha) == CKR_OK && f->C_EncryptInit(s.session, &stream, aes) == CKR_OK);
    expect("but no third", f->C_SignInit(s.session, &hmac, hmac_key) == CKR_OPERATION_ACTIVE);
    for (size_t at = 0; at < size; at += 12345) {
        size_t piece = size - at < 12345 ? size - at : 12345;
        length = piece - 1;
        expect("C_DigestEncryptUpdate, a short buffer",
               f->C_DigestEncryptUpdate(s.session, message + at, piece, again + at, &length) ==
                       CKR_BUFFER_TOO_SMALL &&
                   length == piece);
        expect("C_DigestEncryptUpdate, a question",
               f->C_DigestEncryptUpdate(s.session, message + at, piece, NULL, &length) == CKR_OK);
        expect("C_DigestEncryptUpdate",
               f->C_DigestEncryptUpdate(s.session, message + at, piece, again + at, &length) == CKR_OK);
    }
    length = 32;
    n = ROOM;
    expect("the ends", f->C_DigestFinal(s.session, digest[1], &length) == CKR_OK &&
                           f->C_EncryptFinal(s.session, again + size, &n) == CKR_OK && n == 0);
    expect("the same digest", memcmp(digest[0], digest[1], 32) == 0);
    expect("the same ciphertext", memcmp(output, again, size) == 0);

    expect("Init", f->C_SignInit(s.session, &hmac, hmac_key) == CKR_OK &&
                       f->C_EncryptInit(s.session, &stream, aes) == CKR_OK);
    n = ROOM;
    expect("C_SignEncryptUpdate", f->C_SignEncryptUpdate(s.session, message, size, again, &n) == CKR_OK);
    length = 32;
    n = ROOM;
    expect("the ends", f->C_SignFinal(s.session, mac[1], &length) == CKR_OK &&
                           f->C_EncryptFinal(s.session, again + size, &n) == CKR_OK);
    expect("the same MAC", memcmp(mac[0], mac[1], 32) == 0 && memcmp(output, again, size) == 0);

    expect("Init",
           f->C_DigestInit(s.session, &sha) == CKR_OK && f->C_DecryptInit(s.session, &stream, aes) == CKR_OK);
    n = ROOM;
    expect("C_DecryptDigestUpdate", f->C_DecryptDigestUpdate(s.session, output, size, again, &n) == CKR_OK &&
                                        n == size && memcmp(again, message, size) == 0);
    length = 32;
    n = ROOM;
    expect("the ends", f->C_DigestFinal(s.session, digest[1], &length) == CKR_OK &&
                           f->C_DecryptFinal(s.session, again, &n) == CKR_OK);
    expect("the same digest of the plaintext", memcmp(digest[0], digest[1], 32) == 0);

    expect("Init", f->C_VerifyInit(s.session, &hmac, hmac_key) == CKR_OK &&
                       f->C_DecryptInit(s.session, &stream, aes) == CKR_OK);
    n = ROOM;
    expect("C_DecryptVerifyUpdate", f->C_DecryptVerifyUpdate(s.session, output, size, again, &n) == CKR_OK);
    n = ROOM;
    expect("the ends", f->C_VerifyFinal(s.session, mac[0], 32) == CKR_OK &&
                           f->C_DecryptFinal(s.session, again, &n) == CKR_OK);
    expect("a dual call with one operation",
           f->C_DigestInit(s.session, &sha) == CKR_OK &&
               f->C_DigestEncryptUpdate(s.session, message, 16, again, &n) == CKR_OPERATION_NOT_INITIALIZED &&
               f->C_DigestInit(s.session, NULL) == CKR_OK);

    /* The result of a call whose buffer was too small is not another call's. */
    n = ROOM;
    expect("padded", f->C_EncryptInit(s.session, &padded, aes) == CKR_OK &&
                         f->C_Encrypt(s.session, message, 10, output, &n) == CKR_OK);
    n = ROOM;
    expect("padded", f->C_EncryptInit(s.session, &padded, aes) == CKR_OK &&
                         f->C_Encrypt(s.session, message + 100, 10, output + 100, &n) == CKR_OK);
    n = 5;
    expect("a short buffer", f->C_DecryptInit(s.session, &padded, aes) == CKR_OK &&
                                 f->C_Decrypt(s.session, output, 16, again, &n) == CKR_BUFFER_TOO_SMALL &&
                                 n == 10);
    n = 10;
    expect("other data", f->C_Decrypt(s.session, output + 100, 16, again, &n) == CKR_OK && n == 10 &&
                             memcmp(again, message + 100, 10) == 0);
    n = 5;
    expect("the same data", f->C_DecryptInit(s.session, &padded, aes) == CKR_OK &&
                                f->C_Decrypt(s.session, output, 16, again, &n) == CKR_BUFFER_TOO_SMALL &&
                                f->C_Decrypt(s.session, output, 16, again, &n) == CKR_OK && n == 10 &&
                                memcmp(again, message, 10) == 0);

    /* SoftHSM has no parts for EdDSA. */
    length = 64;
    expect("EdDSA", f->C_SignInit(s.session, &eddsa, ed) == CKR_OK &&
                        f->C_Sign(s.session, message, 90000, whole_signature, &length) == CKR_OK);
    length = 64;
    expect("EdDSA in parts", f->C_SignInit(s.session, &eddsa, ed) == CKR_OK &&
                                 f->C_SignUpdate(s.session, message, 50000) == CKR_OK &&
                                 f->C_SignUpdate(s.session, message + 50000, 40000) == CKR_OK &&
                                 f->C_SignFinal(s.session, signature, &length) == CKR_OK &&
                                 memcmp(signature, whole_signature, 64) == 0);

    in_place(aes);

    /* Cancelled in the middle, and begun again. */
    n = ROOM;
    expect("cancelled", f->C_EncryptInit(s.session, &stream, aes) == CKR_OK &&
                            f->C_EncryptUpdate(s.session, message, 1000, output, &n) == CKR_OK &&
                            f->C_EncryptInit(s.session, NULL, 0) == CKR_OK &&
                            f->C_EncryptFinal(s.session, output, &n) == CKR_OPERATION_NOT_INITIALIZED &&
                            f->C_EncryptInit(s.session, &stream, aes) == CKR_OK);
    n = ROOM;
    expect("an argument that is bad ends it",
           f->C_EncryptUpdate(s.session, NULL, 10, output, &n) == CKR_ARGUMENTS_BAD &&
               f->C_EncryptFinal(s.session, output, &n) == CKR_OPERATION_NOT_INITIALIZED);
    expect("no state to save",
           f->C_GetOperationState(s.session, output, &n) == CKR_OPERATION_NOT_INITIALIZED);
    n = ROOM;
    expect("a token that cannot save a state",
           f->C_DigestInit(s.session, &sha) == CKR_OK &&
               f->C_GetOperationState(s.session, output, &n) == CKR_FUNCTION_NOT_SUPPORTED);
    length = 32;
    expect("the digest goes on", f->C_DigestUpdate(s.session, message, size) == CKR_OK &&
                                     f->C_DigestFinal(s.session, digest[1], &length) == CKR_OK &&
                                     memcmp(digest[0], digest[1], 32) == 0);
    expect("C_SeedRandom", f->C_SeedRandom(s.session, message, 100) == CKR_OK);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    bool transcript = argc == 3 && (strcmp(what, "raw") == 0 || strcmp(what, "shim") == 0);

    bool raw = strcmp(what, "raw") == 0 || strcmp(what, "make") == 0;

    through_shim = strcmp(what, "shim") == 0;
    message = malloc(ROOM);
    output = malloc(ROOM);
    again = malloc(ROOM);
    if (!transcript && (argc != 2 || (strcmp(what, "make") != 0 && strcmp(what, "list") != 0))) {
        fputs("usage: operations make|list|raw|shim [FILE]\n", stderr);
        return 2;
    }
    if (message == NULL || output == NULL || again == NULL || signer_open(&s, NULL) != CKR_OK ||
        (raw && signer_log_in(&s) != CKR_OK))
        return 1;
    f = s.module.f;
    name_functions();
    for (size_t i = 0; i < ROOM; i++)
        message[i] = (CK_BYTE)(i * 31 + i / 251);
    if (transcript) {
        read_list(argv[2]);
        ciphers();
        signatures();
        all_digests();
        errors();
        if (through_shim)
            of_the_shim();
        puts("the end");
    } else if (strcmp(what, "make") == 0) {
        make();
    } else {
        list();
    }
    signer_close(&s);
    free(message);
    free(output);
    free(again);
    return failures == 0 ? 0 : 1;
}
