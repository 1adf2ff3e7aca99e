/* SPDX-License-Identifier: Apache-2.0 */
/* libp11 on the module STRONGROOM_MODULE: finds the token TOKEN_LABEL and its keys, signs with them by EVP,
 * keeps a certificate there, and signs in a forked child. usage: libp11 LABEL...: the labels of private keys
 */
#include <libp11.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct token {
    PKCS11_CTX *ctx;
    PKCS11_SLOT *slots;
    unsigned int count;
    PKCS11_SLOT *slot; /* the one with the token */
};

static int failures;

static bool expect(const char *what, bool good)
{
    printf("%s: %s\n", good ? "ok" : "FAILED", what);
    if (!good)
        ERR_print_errors_fp(stdout);
    fflush(stdout);
    failures += !good;
    return good;
}

static bool read_pin(char *pin, size_t size)
{
    const char *path = getenv("TOKEN_PIN_FILE");
    FILE *file = path != NULL ? fopen(path, "r") : NULL;
    bool good = file != NULL && fgets(pin, (int)size, file) != NULL;
    if (file != NULL)
        fclose(file);
    if (good)
        pin[strcspn(pin, "\n")] = '\0';
    return good;
}

static bool open_token(struct token *t)
{
    const char *label = getenv("TOKEN_LABEL");
    const char *module = getenv("STRONGROOM_MODULE");
    char pin[256];
    int logged_in = 0;

    t->ctx = PKCS11_CTX_new();
    if (!expect("PKCS11_CTX_load",
                t->ctx != NULL && module != NULL && PKCS11_CTX_load(t->ctx, module) == 0) ||
        !expect("PKCS11_enumerate_slots", PKCS11_enumerate_slots(t->ctx, &t->slots, &t->count) == 0))
        return false;
    for (unsigned int i = 0; i < t->count; i++)
        if (t->slots[i].token != NULL && label != NULL && strcmp(t->slots[i].token->label, label) == 0)
            t->slot = &t->slots[i];
    if (!expect("the token is there", t->slot != NULL) ||
        !expect("PKCS11_open_session", PKCS11_open_session(t->slot, 1) == 0))
        return false;
    bool good = read_pin(pin, sizeof(pin)) && PKCS11_login(t->slot, 0, pin) == 0;
    OPENSSL_cleanse(pin, sizeof(pin));
    return expect("PKCS11_login", good) &&
           expect("PKCS11_is_logged_in", PKCS11_is_logged_in(t->slot, 0, &logged_in) == 0 && logged_in);
}

static void close_token(struct token *t)
{
    if (t->slots != NULL)
        PKCS11_release_all_slots(t->ctx, t->slots, t->count);
    if (t->ctx != NULL) {
        PKCS11_CTX_unload(t->ctx);
        PKCS11_CTX_free(t->ctx);
    }
}

static PKCS11_KEY *find_key(struct token *t, const char *label)
{
    PKCS11_KEY *keys;
    unsigned int count = 0;
    if (PKCS11_enumerate_keys(t->slot->token, &keys, &count) != 0)
        return NULL;
    for (unsigned int i = 0; i < count; i++)
        if (keys[i].isPrivate && strcmp(keys[i].label, label) == 0)
            return &keys[i];
    return NULL;
}

/* The public half as a key of OpenSSL's own. */
static EVP_PKEY *plain_public(EVP_PKEY *key)
{
    unsigned char *der = NULL;
    int length = i2d_PUBKEY(key, &der);
    const unsigned char *p = der;
    EVP_PKEY *plain = length > 0 ? d2i_PUBKEY(NULL, &p, length) : NULL;
    OPENSSL_free(der);
    return plain;
}

static bool sign_and_verify(EVP_PKEY *key)
{
    static const unsigned char message[] = "a message";
    unsigned char signature[1024];
    size_t length = sizeof(signature);
    EVP_PKEY *plain = plain_public(key);
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    bool good = plain != NULL && md != NULL && EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, key) == 1 &&
                EVP_DigestSign(md, signature, &length, message, sizeof(message)) == 1;
    EVP_MD_CTX_free(md);
    md = EVP_MD_CTX_new();
    good = good && md != NULL && EVP_DigestVerifyInit(md, NULL, EVP_sha256(), NULL, plain) == 1 &&
           EVP_DigestVerify(md, signature, length, message, sizeof(message)) == 1;
    EVP_MD_CTX_free(md);
    EVP_PKEY_free(plain);
    return good;
}

static X509 *certificate(EVP_PKEY *key, const char *name)
{
    X509 *cert = X509_new();
    X509_NAME *subject = cert != NULL ? X509_get_subject_name(cert) : NULL;
    EVP_PKEY *plain = plain_public(key);
    bool good = subject != NULL && plain != NULL &&
                X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1,
                                           0) == 1 &&
                X509_set_issuer_name(cert, subject) == 1 && X509_set_version(cert, X509_VERSION_3) == 1 &&
                ASN1_INTEGER_set(X509_get_serialNumber(cert), 1) == 1 &&
                X509_gmtime_adj(X509_getm_notBefore(cert), 0) != NULL &&
                X509_gmtime_adj(X509_getm_notAfter(cert), 86400) != NULL &&
                X509_set_pubkey(cert, plain) == 1 && X509_sign(cert, key, EVP_sha256()) > 0 &&
                X509_verify(cert, plain) == 1;
    EVP_PKEY_free(plain);
    if (!good) {
        X509_free(cert);
        cert = NULL;
    }
    return cert;
}

static void keep_certificate(struct token *t, PKCS11_KEY *key, EVP_PKEY *pkey)
{
    X509 *cert = certificate(pkey, key->label);
    PKCS11_CERT *found;
    if (expect("  X509_sign", cert != NULL) &&
        expect("  PKCS11_store_certificate",
               PKCS11_store_certificate(t->slot->token, cert, key->label, key->id, key->id_len, NULL) == 0)) {
        found = PKCS11_find_certificate(key);
        if (expect("  PKCS11_find_certificate", found != NULL && X509_cmp(found->x509, cert) == 0))
            expect("  PKCS11_remove_certificate", PKCS11_remove_certificate(found) == 0);
    }
    X509_free(cert);
}

static void use_key(struct token *t, const char *label)
{
    PKCS11_KEY *key = find_key(t, label);
    printf("key %s\n", label);
    if (!expect("  PKCS11_enumerate_keys", key != NULL))
        return;
    EVP_PKEY *pkey = PKCS11_get_private_key(key);
    if (!expect("  PKCS11_get_private_key", pkey != NULL))
        return;
    expect("  a signature", sign_and_verify(pkey));
    keep_certificate(t, key, pkey);

    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        _exit(sign_and_verify(pkey) ? 0 : 1);
    int status = -1;
    expect("  a signature of a forked child",
           child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    expect("  and one of the parent after it", sign_and_verify(pkey));
    EVP_PKEY_free(pkey);
}

int main(int argc, char **argv)
{
    struct token t = {0};
    unsigned char seed[17] = "what is not much";
    unsigned char random[2][32] = {{0}};

    if (open_token(&t)) {
        expect("PKCS11_seed_random", PKCS11_seed_random(t.slot, seed, sizeof(seed)) == 0);
        expect("PKCS11_generate_random",
               PKCS11_generate_random(t.slot, random[0], sizeof(random[0])) == 0 &&
                   PKCS11_generate_random(t.slot, random[1], sizeof(random[1])) == 0 &&
                   memcmp(random[0], random[1], sizeof(random[0])) != 0);
        for (int i = 1; i < argc; i++)
            use_key(&t, argv[i]);
        expect("PKCS11_logout", PKCS11_logout(t.slot) == 0);
    }
    close_token(&t);
    return failures == 0 && argc > 1 ? 0 : 1;
}
