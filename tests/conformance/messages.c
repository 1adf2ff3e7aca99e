/* SPDX-License-Identifier: Apache-2.0 */
/* Message-based functions, call by call: each line says what was called and what came of it, so that the
 * lines of the token itself and of the same token through the shim can be compared. usage:
 * conformance-messages MODULE ARGS TOKEN-LABEL PIN-FILE [specified] (ARGS and PIN-FILE may be "") */
#include "cryptoki/module.h"
#include "cryptoki/names.h"
#include "cryptoki/pin.h"
#include "cryptoki/token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST 200000

struct gcm {
    CK_BYTE *iv;
    CK_ULONG iv_length;
    CK_ULONG fixed_bits;
    CK_ULONG generator;
    CK_BYTE *tag;
    CK_ULONG tag_bits;
};
struct poly1305 {
    CK_BYTE *nonce;
    CK_ULONG nonce_length;
    CK_BYTE *tag;
};

static const struct sr_functions_3_0 *f;
static CK_SESSION_HANDLE session; /* that encrypts; NSS has one context per session */
static CK_SESSION_HANDLE other;   /* that decrypts */
static CK_SESSION_HANDLE third;   /* for what C_Encrypt makes of the same */
static int failures;

/* NSS 3.87 leaves lengths as they were; the shim is asked for them below. */
static void say(const char *what, CK_RV rv)
{
    printf("%s: %s\n", what, sr_rv_name(rv));
}

static void demand(const char *what, bool good)
{
    printf("%s: %s\n", good ? "ok" : "FAILED", what);
    failures += !good;
}

static CK_OBJECT_HANDLE new_key(CK_MECHANISM_TYPE type)
{
    CK_MECHANISM mechanism = {type, NULL, 0};
    CK_BBOOL yes = CK_TRUE;
    CK_BBOOL no = CK_FALSE;
    CK_ULONG size = 32;
    CK_ATTRIBUTE template[] = {{CKA_TOKEN, &no, sizeof(no)},
                               {CKA_SENSITIVE, &yes, sizeof(yes)},
                               {CKA_ENCRYPT, &yes, sizeof(yes)},
                               {CKA_DECRYPT, &yes, sizeof(yes)},
                               {CKA_VALUE_LEN, &size, sizeof(size)}};
    CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
    say("C_GenerateKey",
        f->v2.C_GenerateKey(session, &mechanism, template, sizeof(template) / sizeof(template[0]), &key));
    return key;
}

/* What C_Encrypt makes of the same: ciphertext and tag. */
static bool same_as_one_shot(CK_OBJECT_HANDLE key, CK_BYTE *iv, CK_BYTE *aad, CK_ULONG aad_length,
                             CK_BYTE *plain, CK_ULONG n, const CK_BYTE *cipher, const CK_BYTE *tag)
{
    static CK_BYTE out[LONGEST + 16];
    CK_ULONG length = sizeof(out);
    struct {
        CK_BYTE *iv;
        CK_ULONG iv_length, iv_bits;
        CK_BYTE *aad;
        CK_ULONG aad_length, tag_bits;
    } parameter = {iv, 12, 96, aad, aad_length, 128};
    CK_MECHANISM mechanism = {CKM_AES_GCM, &parameter, sizeof(parameter)};
    return f->v2.C_EncryptInit(third, &mechanism, key) == CKR_OK &&
           f->v2.C_Encrypt(third, plain, n, out, &length) == CKR_OK && length == n + 16 &&
           memcmp(out, cipher, n) == 0 && memcmp(out + n, tag, 16) == 0;
}

static void gcm_messages(CK_OBJECT_HANDLE key)
{
    static CK_BYTE plain[LONGEST], cipher[LONGEST + 32], back[LONGEST + 32];
    static const CK_ULONG sizes[] = {1, 16, 1000, LONGEST};
    CK_BYTE iv[12] = "an iv of 12", tag[16], aad[] = "what belongs to it";
    struct gcm p = {iv, sizeof(iv), 0, CKG_NO_GENERATE, tag, 128};
    CK_MECHANISM mechanism = {CKM_AES_GCM, NULL, 0};
    CK_ULONG length = 0;

    say("C_EncryptMessage before C_MessageEncryptInit",
        f->C_EncryptMessage(session, &p, sizeof(p), aad, 5, plain, 1, cipher, &length));
    say("C_MessageEncryptInit", f->C_MessageEncryptInit(session, &mechanism, key));
    say("C_MessageEncryptInit again", f->C_MessageEncryptInit(session, &mechanism, key));
    say("C_MessageDecryptInit", f->C_MessageDecryptInit(other, &mechanism, key));
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        memset(plain, (int)('a' + i), sizes[i]);
        iv[0]++;
        length = sizeof(cipher);
        say("C_EncryptMessage",
            f->C_EncryptMessage(session, &p, sizeof(p), aad, sizeof(aad), plain, sizes[i], cipher, &length));
        demand("ciphertext and tag are those of C_Encrypt",
               same_as_one_shot(key, iv, aad, sizeof(aad), plain, sizes[i], cipher, tag));
        length = sizeof(back);
        say("C_DecryptMessage",
            f->C_DecryptMessage(other, &p, sizeof(p), aad, sizeof(aad), cipher, sizes[i], back, &length));
        demand("the plaintext comes back", memcmp(back, plain, sizes[i]) == 0);
        tag[3] ^= 1;
        memset(back, 0, sizes[i]);
        length = sizeof(back);
        CK_RV rv =
            f->C_DecryptMessage(other, &p, sizeof(p), aad, sizeof(aad), cipher, sizes[i], back, &length);
        demand("a wrong tag is refused", rv != CKR_OK);
        demand("and no plaintext given", memcmp(back, plain, sizes[i]) != 0);
    }
    demand("a parameter of another size is refused",
           f->C_EncryptMessage(session, &p, sizeof(p) - 1, aad, 0, plain, 16, cipher, &length) != CKR_OK);
    say("C_MessageEncryptFinal", f->C_MessageEncryptFinal(session));
    say("C_MessageDecryptFinal", f->C_MessageDecryptFinal(other));
    say("C_MessageDecryptFinal again", f->C_MessageDecryptFinal(other));
}

/* The token makes the initialisation vectors: no two are the same, and each opens its message. */
static void token_makes_vectors(CK_OBJECT_HANDLE key, CK_ULONG generator)
{
    enum { MESSAGES = 5 };
    CK_BYTE ivs[MESSAGES][12] = {{0}}, tag[16], plain[20] = "twenty bytes of it", cipher[20], back[20];
    CK_MECHANISM mechanism = {CKM_AES_GCM, NULL, 0};
    CK_BYTE iv[12] = "fixd";
    struct gcm p = {iv, sizeof(iv), 32, generator, tag, 128};

    printf("generator %lu\n", generator);
    say("C_MessageEncryptInit", f->C_MessageEncryptInit(session, &mechanism, key));
    say("C_MessageDecryptInit", f->C_MessageDecryptInit(other, &mechanism, key));
    for (size_t i = 0; i < MESSAGES; i++) {
        CK_ULONG length = sizeof(cipher);
        say("C_EncryptMessage",
            f->C_EncryptMessage(session, &p, sizeof(p), NULL, 0, plain, sizeof(plain), cipher, &length));
        memcpy(ivs[i], iv, sizeof(iv));
        for (size_t k = 0; k < i; k++)
            demand("another initialisation vector", memcmp(ivs[k], ivs[i], sizeof(iv)) != 0);
        struct gcm q = {ivs[i], sizeof(iv), 0, CKG_NO_GENERATE, tag, 128};
        length = sizeof(back);
        say("C_DecryptMessage",
            f->C_DecryptMessage(other, &q, sizeof(q), NULL, 0, cipher, sizeof(cipher), back, &length));
        demand("the plaintext comes back", memcmp(back, plain, sizeof(plain)) == 0);
    }
    say("C_MessageEncryptFinal", f->C_MessageEncryptFinal(session));
    say("C_MessageDecryptFinal", f->C_MessageDecryptFinal(other));
}

/* What NSS strays from, and strongroomd sets right (§5.2, §5.9.2, §5.6.8, §5.6.10). */
static void as_specified(CK_OBJECT_HANDLE key)
{
    CK_BYTE iv[12] = "an iv of 12", tag[16], plain[16] = "sixteen bytes", cipher[32];
    struct gcm p = {iv, sizeof(iv), 0, CKG_NO_GENERATE, tag, 128};
    CK_MECHANISM mechanism = {CKM_AES_GCM, NULL, 0};
    CK_ULONG length = 3;

    demand("C_LoginUser without a name", f->C_LoginUser(session, CKU_USER, NULL, 0, NULL, 0) == CKR_OK);
    demand("two contexts in one session", f->C_MessageEncryptInit(session, &mechanism, key) == CKR_OK &&
                                              f->C_MessageDecryptInit(session, &mechanism, key) == CKR_OK);
    demand("a small buffer", f->C_EncryptMessage(session, &p, sizeof(p), NULL, 0, plain, 16, cipher,
                                                 &length) == CKR_BUFFER_TOO_SMALL &&
                                 length == 16);
    length = 0;
    demand("a question for the length",
           f->C_EncryptMessage(session, &p, sizeof(p), NULL, 0, plain, 16, NULL, &length) == CKR_OK &&
               length == 16);
    length = sizeof(cipher);
    demand("the length",
           f->C_EncryptMessage(session, &p, sizeof(p), NULL, 0, plain, 16, cipher, &length) == CKR_OK &&
               length == 16);
    demand("C_SessionCancel",
           f->C_SessionCancel(session, CKF_MESSAGE_ENCRYPT | CKF_MESSAGE_DECRYPT) == CKR_OK &&
               f->C_MessageEncryptFinal(session) == CKR_OPERATION_NOT_INITIALIZED &&
               f->C_MessageDecryptFinal(session) == CKR_OPERATION_NOT_INITIALIZED);
}

static void chacha_messages(CK_OBJECT_HANDLE key)
{
    CK_BYTE nonce[12] = "twelve byte", tag[16], plain[100] = "plain", cipher[100], back[100];
    struct poly1305 p = {nonce, sizeof(nonce), tag};
    CK_MECHANISM mechanism = {CKM_CHACHA20_POLY1305, NULL, 0};
    CK_ULONG length = sizeof(cipher);

    say("C_MessageEncryptInit, ChaCha20", f->C_MessageEncryptInit(session, &mechanism, key));
    say("C_EncryptMessage",
        f->C_EncryptMessage(session, &p, sizeof(p), nonce, 3, plain, sizeof(plain), cipher, &length));
    say("C_MessageEncryptFinal", f->C_MessageEncryptFinal(session));
    say("C_MessageDecryptInit, ChaCha20", f->C_MessageDecryptInit(other, &mechanism, key));
    length = sizeof(back);
    say("C_DecryptMessage",
        f->C_DecryptMessage(other, &p, sizeof(p), nonce, 3, cipher, sizeof(cipher), back, &length));
    demand("the plaintext comes back", memcmp(plain, back, sizeof(plain)) == 0);
    say("C_MessageDecryptFinal", f->C_MessageDecryptFinal(other));
}

int main(int argc, char **argv)
{
    struct sr_module module = {0};
    struct sr_why why = {""};
    CK_TOKEN_INFO info;
    CK_SLOT_ID slot;

    bool strict = argc == 6 && strcmp(argv[5], "specified") == 0;
    if (argc != 5 && !strict) {
        fputs("usage: conformance-messages MODULE ARGS TOKEN-LABEL PIN-FILE [specified]\n", stderr);
        return 2;
    }
    struct sr_pin *pin = argv[4][0] != '\0' ? sr_pin_read(argv[4], &why) : sr_pin_new("", 0);
    if (pin == NULL || sr_module_open(&module, argv[1], argv[2][0] != '\0' ? argv[2] : NULL, SR_LOCKS_MODULE,
                                      &why) != CKR_OK) {
        fprintf(stderr, "%s\n", why.text);
        return 1;
    }
    f = module.f3;
    demand("the module has the functions of 3.0", f != NULL);
    if (f == NULL || sr_token_find(module.f, sr_token_labelled, argv[3], false, &slot, &info) != CKR_OK ||
        module.f->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session) != CKR_OK ||
        module.f->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &other) != CKR_OK ||
        module.f->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &third) != CKR_OK) {
        fprintf(stderr, "no session with the token \"%s\"\n", argv[3]);
        return 1;
    }
    say("C_Login", f->v2.C_Login(session, CKU_USER, (CK_UTF8CHAR *)pin->value, pin->length));
    CK_OBJECT_HANDLE key = new_key(CKM_AES_KEY_GEN);
    gcm_messages(key);
    token_makes_vectors(key, 1); /* CKG_GENERATE */
    token_makes_vectors(key, 2); /* CKG_GENERATE_COUNTER */
    chacha_messages(new_key(0x1225UL /* CKM_CHACHA20_KEY_GEN */));
    if (strict)
        as_specified(key);
    sr_module_close(&module);
    sr_pin_free(pin);
    return failures == 0 ? 0 : 1;
}
