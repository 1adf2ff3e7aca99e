/* Signatures by Cryptoki calls: C_SignInit and C_Sign, a session for each thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "rounds.h"
#include "sign.h"

#include "cryptoki/attributes.h"
#include "cryptoki/find.h"
#include "cryptoki/module.h"
#include "cryptoki/names.h"
#include "cryptoki/pin.h"
#include "cryptoki/token.h"
#include "cryptoki/uri.h"

#include <stdio.h>
#include <stdlib.h>

#define SIGNATURE_MAX 1024 /* bytes: RSA-8192 */
#define DIGEST_SIZE 32

/* DER of a DigestInfo for SHA-256 (RFC 8017 §9.2, note 1), and a digest of zeros. */
static CK_BYTE digest_info[19 + DIGEST_SIZE] = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                                0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};

struct raw {
    struct sr_module module;
    CK_SLOT_ID slot;
    CK_SESSION_HANDLE session; /* holds the login and the session copy */
    CK_OBJECT_HANDLE key;
    CK_MECHANISM mechanism;
    CK_BYTE *data;
    CK_ULONG length;
};

struct raw_thread {
    struct raw *raw;
    CK_SESSION_HANDLE session;
};

static bool fine(CK_RV rv, const char *what)
{
    if (rv != CKR_OK)
        (void)fprintf(stderr, "%s: %s\n", what, sr_rv_name(rv));
    return rv == CKR_OK;
}

static void *start(void *shared)
{
    struct raw *raw = shared;
    struct raw_thread *t = calloc(1, sizeof(*t));
    if (t == NULL)
        return NULL;
    t->raw = raw;
    if (!fine(raw->module.f->C_OpenSession(raw->slot, CKF_SERIAL_SESSION, NULL, NULL, &t->session),
              "C_OpenSession")) {
        free(t);
        return NULL;
    }
    return t;
}

static bool once(void *state)
{
    struct raw_thread *t = state;
    struct raw *raw = t->raw;
    CK_BYTE signature[SIGNATURE_MAX];
    CK_ULONG size = sizeof(signature);

    return fine(raw->module.f->C_SignInit(t->session, &raw->mechanism, raw->key), "C_SignInit") &&
           fine(raw->module.f->C_Sign(t->session, raw->data, raw->length, signature, &size), "C_Sign");
}

static void end(void *state)
{
    struct raw_thread *t = state;
    (void)t->raw->module.f->C_CloseSession(t->session);
    free(t);
}

static bool log_in(struct raw *raw, const char *pin_file)
{
    struct sr_why why = {0};
    struct sr_pin *pin = sr_pin_read(pin_file, &why);
    if (pin == NULL) {
        (void)fprintf(stderr, "%s\n", why.text);
        return false;
    }
    CK_RV rv = raw->module.f->C_Login(raw->session, CKU_USER, (CK_UTF8CHAR *)pin->value, pin->length);
    sr_pin_free(pin);
    return fine(rv, "C_Login");
}

static bool find_key(struct raw *raw, P11KitUri *uri)
{
    const CK_ATTRIBUTE *template;
    size_t n;
    CK_OBJECT_HANDLE *found = NULL;
    size_t count = 0;

    sr_uri_template(uri, &template, &n);
    if (!fine(sr_find(raw->module.f, raw->session, template, n, &found, &count), "the search for the key"))
        return false;
    if (count == 1)
        raw->key = found[0];
    else
        (void)fprintf(stderr, "%zu objects match the URI; it has to name one, with type=private\n", count);
    free(found);
    return count == 1;
}

static bool choose_mechanism(struct raw *raw)
{
    CK_ATTRIBUTE type = {.type = CKA_KEY_TYPE};
    bool ok =
        fine(sr_attributes_read(raw->module.f, raw->session, raw->key, &type, 1), "C_GetAttributeValue");
    bool rsa = ok && sr_attribute_ulong(&type, CK_UNAVAILABLE_INFORMATION) == CKK_RSA;

    sr_attributes_free(&type, 1);
    raw->mechanism.mechanism = rsa ? CKM_RSA_PKCS : CKM_ECDSA;
    raw->data = rsa ? digest_info : digest_info + sizeof(digest_info) - DIGEST_SIZE;
    raw->length = rsa ? sizeof(digest_info) : DIGEST_SIZE;
    return ok;
}

static bool copy_key(struct raw *raw)
{
    CK_BBOOL no = CK_FALSE;
    CK_ATTRIBUTE session_object = {CKA_TOKEN, &no, sizeof(no)};
    return fine(raw->module.f->C_CopyObject(raw->session, raw->key, &session_object, 1, &raw->key),
                "C_CopyObject");
}

static bool prepare(struct raw *raw, const struct sign_options *options)
{
    struct sr_why why = {0};
    P11KitUri *uri = NULL;
    CK_TOKEN_INFO info;
    bool ok = false;

    if (!sr_uri_parse(options->uri, &uri, &why) ||
        sr_module_open(&raw->module, options->module, NULL, SR_LOCKS_MODULE, &why) != CKR_OK) {
        (void)fprintf(stderr, "%s\n", why.text);
        goto out;
    }
    ok = fine(sr_token_find(raw->module.f, sr_uri_match_token, uri, true, &raw->slot, &info), "the token") &&
         fine(raw->module.f->C_OpenSession(raw->slot, CKF_SERIAL_SESSION, NULL, NULL, &raw->session),
              "C_OpenSession") &&
         (options->pin_file == NULL || log_in(raw, options->pin_file)) && find_key(raw, uri) &&
         choose_mechanism(raw) && (!options->copy || copy_key(raw));
out:
    if (uri != NULL)
        p11_kit_uri_free(uri);
    return ok;
}

int sign_with_module(const struct sign_options *options)
{
    struct raw raw = {0};
    struct bench_job job = {.shared = &raw, .start = start, .once = once, .end = end};
    CK_INFO info;
    char name[sizeof(info.manufacturerID) + 1];
    char about[sizeof(name) + 16];
    int status = 1;

    if (prepare(&raw, options) && fine(raw.module.f->C_GetInfo(&info), "C_GetInfo")) {
        sr_unpad(info.manufacturerID, sizeof(info.manufacturerID), name, sizeof(name));
        (void)snprintf(about, sizeof(about), "%s %d.%d", name, info.libraryVersion.major,
                       info.libraryVersion.minor);
        status = bench_serve(&job, options->threads, about);
    }
    sr_module_close(&raw.module);
    return status;
}
