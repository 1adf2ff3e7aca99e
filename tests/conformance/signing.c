/* SPDX-License-Identifier: Apache-2.0 */
/* Signing as PKCS#11 v3.0 §5.2 and §5.13 have it: which errors come from C_SignInit, the length conventions,
 * parts. usage: conformance-signing RSA-LABEL EC-LABEL */
#include "cryptoki/find.h"
#include "cryptoki/names.h"
#include "signer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONG_MESSAGE 700000 /* more than one message of the wire holds */
#define NO_SUCH 987654321UL

static int failures;

static void expect(const char *what, CK_RV got, CK_RV wanted)
{
    bool good = got == wanted;
    printf("%s: %s: %s\n", good ? "ok" : "FAILED", what, sr_rv_name(got));
    failures += !good;
}

static void expect_true(const char *what, bool good)
{
    printf("%s: %s\n", good ? "ok" : "FAILED", what);
    failures += !good;
}

static CK_OBJECT_HANDLE public_half(struct signer *s, const char *label)
{
    CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
    CK_ATTRIBUTE wanted[] = {{CKA_CLASS, &class, sizeof(class)}, {CKA_LABEL, (void *)label, strlen(label)}};
    CK_OBJECT_HANDLE *found;
    size_t count;
    CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
    if (sr_find(s->module.f, s->session, wanted, 2, &found, &count) == CKR_OK && count == 1)
        handle = found[0];
    free(found);
    return handle;
}

static void errors_of_init(struct signer *s, const char *label)
{
    CK_FUNCTION_LIST *f = s->module.f;
    CK_RSA_PKCS_PSS_PARAMS pss = {CKM_SHA256, CKG_MGF1_SHA256, 32};
    CK_MECHANISM ecdsa = {CKM_ECDSA, NULL, 0};
    CK_MECHANISM rsa = {CKM_RSA_PKCS, NULL, 0};
    CK_MECHANISM vendor = {CKM_VENDOR_DEFINED | 77, NULL, 0};
    CK_MECHANISM digest = {CKM_SHA256, NULL, 0};
    CK_MECHANISM unpadded = {CKM_RSA_X_509, NULL, 0};
    CK_MECHANISM short_pss = {CKM_RSA_PKCS_PSS, &pss, 3};

    expect("C_SignInit, no such key", f->C_SignInit(s->session, &rsa, NO_SUCH), CKR_KEY_HANDLE_INVALID);
    expect("C_SignInit, a public key", f->C_SignInit(s->session, &rsa, public_half(s, label)),
           CKR_KEY_FUNCTION_NOT_PERMITTED);
    expect("C_SignInit, a mechanism that nobody knows", f->C_SignInit(s->session, &vendor, s->key),
           CKR_MECHANISM_INVALID);
    expect("C_SignInit, a mechanism that does not sign", f->C_SignInit(s->session, &digest, s->key),
           CKR_MECHANISM_INVALID);
    expect("C_SignInit, RSA without padding", f->C_SignInit(s->session, &unpadded, s->key),
           CKR_MECHANISM_INVALID);
    expect("C_SignInit, a mechanism of another key type", f->C_SignInit(s->session, &ecdsa, s->key),
           CKR_KEY_TYPE_INCONSISTENT);
    expect("C_SignInit, a parameter of another size", f->C_SignInit(s->session, &short_pss, s->key),
           CKR_MECHANISM_PARAM_INVALID);
    expect("C_SignInit, no such session", f->C_SignInit(NO_SUCH, &rsa, s->key), CKR_SESSION_HANDLE_INVALID);
    expect("C_SignInit, all as it should be", f->C_SignInit(s->session, &rsa, s->key), CKR_OK);
    expect("C_SignInit, a second time", f->C_SignInit(s->session, &rsa, s->key), CKR_OPERATION_ACTIVE);
    expect("C_SignInit, to cancel", f->C_SignInit(s->session, NULL, s->key), CKR_OK);
}

static void lengths(struct signer *s)
{
    CK_FUNCTION_LIST *f = s->module.f;
    CK_MECHANISM ecdsa = {CKM_ECDSA, NULL, 0};
    CK_BYTE digest[32] = "a digest, as good as any other";
    CK_BYTE signature[64];
    CK_ULONG length = 0;

    expect("C_Sign before C_SignInit", f->C_Sign(s->session, digest, sizeof(digest), signature, &length),
           CKR_OPERATION_NOT_INITIALIZED);
    expect("C_SignInit", f->C_SignInit(s->session, &ecdsa, s->key), CKR_OK);
    expect("C_Sign asks for the length", f->C_Sign(s->session, digest, sizeof(digest), NULL, &length),
           CKR_OK);
    expect_true("the length of a P-256 signature", length == sizeof(signature));
    length = 10;
    expect("C_Sign with a short buffer", f->C_Sign(s->session, digest, sizeof(digest), signature, &length),
           CKR_BUFFER_TOO_SMALL);
    expect_true("the length that it needs", length == sizeof(signature));
    expect("C_Sign once more", f->C_Sign(s->session, digest, sizeof(digest), signature, &length), CKR_OK);
    expect("C_Sign when all is over", f->C_Sign(s->session, digest, sizeof(digest), signature, &length),
           CKR_OPERATION_NOT_INITIALIZED);
}

/* PKCS#1 signatures are deterministic: in parts they must be what they are in one go. */
static void parts(struct signer *s, CK_BYTE *message, size_t size, size_t piece)
{
    CK_FUNCTION_LIST *f = s->module.f;
    CK_MECHANISM mechanism = {CKM_SHA256_RSA_PKCS, NULL, 0};
    CK_BYTE whole[512];
    CK_BYTE joined[512];
    CK_ULONG whole_length = sizeof(whole);
    CK_ULONG joined_length = sizeof(joined);

    printf("a message of %zu bytes, in parts of %zu\n", size, piece);
    expect("C_SignInit", f->C_SignInit(s->session, &mechanism, s->key), CKR_OK);
    expect("C_Sign", f->C_Sign(s->session, message, size, whole, &whole_length), CKR_OK);
    expect("C_SignInit", f->C_SignInit(s->session, &mechanism, s->key), CKR_OK);
    CK_RV rv = CKR_OK;
    for (size_t at = 0; rv == CKR_OK && at < size; at += piece)
        rv = f->C_SignUpdate(s->session, message + at, size - at < piece ? size - at : piece);
    expect("C_SignUpdate", rv, CKR_OK);
    expect("C_SignFinal", f->C_SignFinal(s->session, joined, &joined_length), CKR_OK);
    expect_true("both signatures are the same",
                whole_length == joined_length && memcmp(whole, joined, whole_length) == 0);
}

/* The daemon begins the next signature ahead for a client that makes many alike: whatever comes instead of
 * it, each signature is the one that was asked for. */
static void bursts(struct signer *s)
{
    CK_FUNCTION_LIST *f = s->module.f;
    CK_MECHANISM mechanisms[] = {{CKM_SHA256_RSA_PKCS, NULL, 0}, {CKM_SHA512_RSA_PKCS, NULL, 0}};
    CK_BYTE message[64] = {0};
    CK_BYTE first[2][512];
    bool same = true;
    CK_RV rv = CKR_OK;

    for (int i = 0; rv == CKR_OK && i < 200; i++) {
        int which = i / 7 % 2;
        CK_BYTE signature[512];
        CK_ULONG length = sizeof(signature);
        rv = f->C_SignInit(s->session, &mechanisms[which], s->key);
        if (rv == CKR_OK)
            rv = f->C_Sign(s->session, message, sizeof(message), i < 14 ? first[which] : signature, &length);
        same = same && (i < 14 || memcmp(signature, first[which], length) == 0);
    }
    expect("200 signatures with two mechanisms in bursts", rv, CKR_OK);
    expect_true("each is what its mechanism makes", same && memcmp(first[0], first[1], 32) != 0);
}

int main(int argc, char **argv)
{
    struct signer s = {0};
    CK_BYTE *message = calloc(1, LONG_MESSAGE);

    if (argc != 3 || message == NULL) {
        fputs("usage: conformance-signing RSA-LABEL EC-LABEL\n", stderr);
        free(message);
        return 2;
    }
    expect("the RSA key", signer_open(&s, argv[1]), CKR_OK);
    if (failures == 0) {
        errors_of_init(&s, argv[1]);
        parts(&s, message, 0, 1);
        parts(&s, message, 100, 7);
        parts(&s, message, 40000, 999);
        parts(&s, message, LONG_MESSAGE, 300000);
        bursts(&s);
        expect("the EC key", signer_find(&s, argv[2]), CKR_OK);
    }
    if (failures == 0)
        lengths(&s);
    signer_close(&s);
    free(message);
    return failures == 0 ? 0 : 1;
}
