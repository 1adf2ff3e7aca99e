/* SPDX-License-Identifier: Apache-2.0 */
/* The decoder of PEM files that hold a URI (provider-decoder(7)), in two steps, because libcrypto's chains
 * are made so: PEM to DER, then DER to a key of one type.
 *
 * The first step is shown every PEM file, and passes by what has another label. For ours it loads the key, so
 * that it can name the type: then only that type's second step is called, while the first one's callback
 * runs, and takes over the key that the first step left for it. The DER between them is not looked at again.
 * A reference out of the first step would be shorter, and deadly: the file store hands references to the
 * keymgmt of its own provider. */
#include "key.h"
#include "locate.h"
#include "provider.h"
#include "urifile.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/core_object.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

/* Between the two steps, on one thread, during the first step's callback. */
static _Thread_local struct sr_key *handed_over;

static void *decoder_new(void *provctx)
{
    return provctx;
}

static void decoder_free(void *ctx)
{
    (void)ctx;
}

static int does_selection(void *provctx, int selection)
{
    (void)provctx;
    (void)selection;
    return 1;
}

/* The next PEM block's contents, where its label is ours. Whatever else it is leaves no error. */
static bool read_pem(struct sr_provider *p, OSSL_CORE_BIO *in, unsigned char **der, long *size)
{
    char *label = NULL;
    char *header = NULL;
    bool ours = false;
    BIO *bio = BIO_new_from_core_bio(p->libctx, in);
    if (bio == NULL)
        return false;
    ERR_set_mark();
    if (PEM_read_bio(bio, &label, &header, der, size) == 1)
        ours = strcmp(label, SR_URIFILE_LABEL) == 0;
    ERR_pop_to_mark();
    OPENSSL_free(label);
    OPENSSL_free(header);
    BIO_free(bio);
    if (!ours) {
        OPENSSL_free(*der);
        *der = NULL;
    }
    return ours;
}

/* A file without type= is a private key's: that is what such files are for. */
static CK_OBJECT_CLASS class_for(int selection)
{
    bool public_only = (selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) != 0 &&
                       (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) == 0;
    return public_only ? CKO_PUBLIC_KEY : CKO_PRIVATE_KEY;
}

static struct sr_key *load_key(struct sr_provider *p, const unsigned char *der, long size, int selection,
                               OSSL_PASSPHRASE_CALLBACK *ask, void *ask_arg)
{
    struct sr_why why = {.text = ""};
    struct sr_query query;
    struct sr_found found = {.objects = NULL};
    struct sr_key *key = NULL;
    bool skipped = false;
    char *uri = sr_urifile_parse(der, (size_t)size, &why);

    if (uri == NULL) {
        sr_error(p, SR_R_URI_FILE, "the PEM file with the label \"%s\" cannot be used: %s; make it anew",
                 SR_URIFILE_LABEL, why.text);
        return NULL;
    }
    if (sr_query_init(p, &query, uri, class_for(selection))) {
        query.pin.ask = ask;
        query.pin.ask_arg = ask_arg;
        if (sr_locate(p, &query, &found))
            key = sr_key_load(found.token, found.objects[0], query.text, &skipped);
        if (skipped)
            sr_error(p, SR_R_UNSUPPORTED,
                     "%s is not of a type that OpenSSL can use here: RSA, EC and Ed25519 keys are",
                     query.text);
    }
    free(found.objects);
    sr_query_free(&query);
    free(uri);
    return key;
}

static int decode_pem(void *ctx, OSSL_CORE_BIO *in, int selection, OSSL_CALLBACK *callback, void *arg,
                      OSSL_PASSPHRASE_CALLBACK *ask, void *ask_arg)
{
    struct sr_provider *p = ctx;
    unsigned char *der = NULL;
    long size = 0;
    int type = OSSL_OBJECT_PKEY;
    int ok = 0;

    if (!read_pem(p, in, &der, &size))
        return 1; /* empty-handed: another decoder may know it */
    struct sr_key *key = load_key(p, der, size, selection, ask, ask_arg);
    if (key != NULL) {
        const OSSL_PARAM params[] = {
            OSSL_PARAM_construct_int(OSSL_OBJECT_PARAM_TYPE, &type),
            OSSL_PARAM_construct_utf8_string(OSSL_OBJECT_PARAM_DATA_TYPE, (char *)key->type->name, 0),
            OSSL_PARAM_construct_utf8_string(OSSL_OBJECT_PARAM_DATA_STRUCTURE, (char *)SR_DER_STRUCTURE, 0),
            OSSL_PARAM_construct_octet_string(OSSL_OBJECT_PARAM_DATA, der, (size_t)size),
            OSSL_PARAM_construct_end(),
        };
        struct sr_key *outer = handed_over;
        handed_over = key;
        ok = callback(params, arg);
        sr_key_free(handed_over); /* NULL once the second step took it */
        handed_over = outer;
    }
    OPENSSL_free(der);
    return ok;
}

/* The second step: gives the key that waits, if it is of TYPE. */
static int give_key(const struct sr_key_type *type, OSSL_CALLBACK *callback, void *arg)
{
    int object_type = OSSL_OBJECT_PKEY;
    if (handed_over == NULL || handed_over->type != type)
        return 1;
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_int(OSSL_OBJECT_PARAM_TYPE, &object_type),
        OSSL_PARAM_construct_utf8_string(OSSL_OBJECT_PARAM_DATA_TYPE, (char *)type->name, 0),
        OSSL_PARAM_construct_octet_string(OSSL_OBJECT_PARAM_REFERENCE, (void *)&handed_over, sizeof(void *)),
        OSSL_PARAM_construct_end(),
    };
    return callback(params, arg);
}

static int decode_rsa(void *ctx, OSSL_CORE_BIO *in, int selection, OSSL_CALLBACK *callback, void *arg,
                      OSSL_PASSPHRASE_CALLBACK *ask, void *ask_arg)
{
    (void)ctx, (void)in, (void)selection, (void)ask, (void)ask_arg;
    return give_key(&sr_key_rsa, callback, arg);
}

static int decode_rsa_pss(void *ctx, OSSL_CORE_BIO *in, int selection, OSSL_CALLBACK *callback, void *arg,
                          OSSL_PASSPHRASE_CALLBACK *ask, void *ask_arg)
{
    (void)ctx, (void)in, (void)selection, (void)ask, (void)ask_arg;
    return give_key(&sr_key_rsa_pss, callback, arg);
}

static int decode_ec(void *ctx, OSSL_CORE_BIO *in, int selection, OSSL_CALLBACK *callback, void *arg,
                     OSSL_PASSPHRASE_CALLBACK *ask, void *ask_arg)
{
    (void)ctx, (void)in, (void)selection, (void)ask, (void)ask_arg;
    return give_key(&sr_key_ec, callback, arg);
}

static int decode_ed25519(void *ctx, OSSL_CORE_BIO *in, int selection, OSSL_CALLBACK *callback, void *arg,
                          OSSL_PASSPHRASE_CALLBACK *ask, void *ask_arg)
{
    (void)ctx, (void)in, (void)selection, (void)ask, (void)ask_arg;
    return give_key(&sr_key_ed25519, callback, arg);
}

#define DECODER(name, decode)                                                                                \
    const OSSL_DISPATCH name[] = {                                                                           \
        {OSSL_FUNC_DECODER_NEWCTX, (void (*)(void))decoder_new},                                             \
        {OSSL_FUNC_DECODER_FREECTX, (void (*)(void))decoder_free},                                           \
        {OSSL_FUNC_DECODER_DOES_SELECTION, (void (*)(void))does_selection},                                  \
        {OSSL_FUNC_DECODER_DECODE, (void (*)(void))(decode)},                                                \
        {0, NULL},                                                                                           \
    }

DECODER(sr_decoder_pem, decode_pem);
DECODER(sr_decoder_rsa, decode_rsa);
DECODER(sr_decoder_rsa_pss, decode_rsa_pss);
DECODER(sr_decoder_ec, decode_ec);
DECODER(sr_decoder_ed25519, decode_ed25519);
