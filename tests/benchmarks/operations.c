/* bench_operations: one operation of Cryptoki again and again, on whatever module TOKEN_MODULE is.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "raw.h"
#include "rounds.h"

#include "cryptoki/find.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEGABYTE ((CK_ULONG)1 << 20)
#define TAG 16
#define KWP CKM_AES_KEY_WRAP_PAD

static const char usage[] =
    "usage: bench_operations make        makes the keys, in the raw token\n"
    "       bench_operations OPERATION   a name of the list in the source, with those keys\n"
    "       bench_operations OPERATION copy   the same with a session copy of the key\n"
    "The token is that of TOKEN_MODULE and TOKEN_LABEL; where TOKEN_PIN_FILE is not empty, its login.\n"
    "Then on standard input: go THREADS MILLISECONDS\n";

struct shared {
    const struct operation *operation;
    struct bench_raw raw;
    CK_OBJECT_HANDLE key;
    CK_OBJECT_HANDLE other; /* the key that is wrapped */
    CK_BYTE wrapped[64];
    CK_ULONG wrapped_length;
    bool copies; /* the key */
};

struct state {
    struct shared *shared;
    CK_FUNCTION_LIST *f;
    CK_SESSION_HANDLE session;
    CK_BYTE iv[12];
    CK_BYTE *in;
    CK_BYTE *out;
};

struct operation {
    const char *name;
    const char *label; /* of its key */
    bool (*once)(struct state *s);
    CK_ULONG size; /* bytes: of the parts */
};

static CK_BBOOL yes = CK_TRUE;
static CK_BBOOL no = CK_FALSE;
static CK_BYTE data[200];

static bool sign(struct state *s, CK_OBJECT_HANDLE key, CK_MECHANISM_TYPE type, CK_ULONG length)
{
    CK_MECHANISM mechanism = {type, NULL, 0};
    CK_BYTE signature[128];
    CK_ULONG size = sizeof(signature);
    return bench_fine(s->f->C_SignInit(s->session, &mechanism, key), "C_SignInit") &&
           bench_fine(s->f->C_Sign(s->session, data, length, signature, &size), "C_Sign");
}

static bool ed25519(struct state *s)
{
    return sign(s, s->shared->key, CKM_EDDSA, 32);
}

static bool p256(struct state *s)
{
    return sign(s, s->shared->key, CKM_ECDSA, 32);
}

static bool hmac_sha1(struct state *s)
{
    return sign(s, s->shared->key, CKM_SHA_1_HMAC, sizeof(data));
}

static bool hmac_sha256(struct state *s)
{
    return sign(s, s->shared->key, CKM_SHA256_HMAC, sizeof(data));
}

static bool wrap(struct state *s)
{
    CK_MECHANISM mechanism = {KWP, NULL, 0};
    CK_ULONG length = sizeof(s->shared->wrapped);
    CK_BYTE out[sizeof(s->shared->wrapped)];
    return bench_fine(s->f->C_WrapKey(s->session, &mechanism, s->shared->key, s->shared->other, out, &length),
                      "C_WrapKey");
}

/* One block, and the key's end. */
static bool use_and_destroy(struct state *s, CK_OBJECT_HANDLE key)
{
    CK_BYTE iv[16] = {0};
    CK_MECHANISM mechanism = {CKM_AES_CBC, iv, sizeof(iv)};
    CK_BYTE out[32];
    CK_ULONG length = sizeof(out);
    return bench_fine(s->f->C_EncryptInit(s->session, &mechanism, key), "C_EncryptInit") &&
           bench_fine(s->f->C_Encrypt(s->session, data, 16, out, &length), "C_Encrypt") &&
           bench_fine(s->f->C_DestroyObject(s->session, key), "C_DestroyObject");
}

#define CHILD_TEMPLATE                                                                                       \
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;                                                                  \
    CK_KEY_TYPE type = CKK_AES;                                                                              \
    CK_ULONG size = 32;                                                                                      \
    CK_ATTRIBUTE child[] = {{CKA_CLASS, &class, sizeof(class)}, {CKA_KEY_TYPE, &type, sizeof(type)},         \
                            {CKA_TOKEN, &no, sizeof(no)},       {CKA_SENSITIVE, &yes, sizeof(yes)},          \
                            {CKA_EXTRACTABLE, &no, sizeof(no)}, {CKA_ENCRYPT, &yes, sizeof(yes)},            \
                            {CKA_DECRYPT, &yes, sizeof(yes)},   {CKA_VALUE_LEN, &size, sizeof(size)}}

static bool unwrap(struct state *s)
{
    CHILD_TEMPLATE;
    CK_MECHANISM mechanism = {KWP, NULL, 0};
    CK_OBJECT_HANDLE key;
    /* The length is the wrapped key's own. */
    return bench_fine(s->f->C_UnwrapKey(s->session, &mechanism, s->shared->key, s->shared->wrapped,
                                        s->shared->wrapped_length, child,
                                        sizeof(child) / sizeof(child[0]) - 1, &key),
                      "C_UnwrapKey") &&
           use_and_destroy(s, key);
}

static bool derive(struct state *s)
{
    CHILD_TEMPLATE;
    struct {
        CK_BYTE iv[16];
        CK_BYTE *data;
        CK_ULONG length;
    } parameter = {{0}, data, 32};
    CK_MECHANISM mechanism = {CKM_AES_CBC_ENCRYPT_DATA, &parameter, sizeof(parameter)};
    CK_OBJECT_HANDLE key;
    return bench_fine(s->f->C_DeriveKey(s->session, &mechanism, s->shared->key, child,
                                        sizeof(child) / sizeof(child[0]), &key),
                      "C_DeriveKey") &&
           use_and_destroy(s, key);
}

static bool gcm(struct state *s)
{
    CK_ULONG part = s->shared->operation->size;
    struct {
        CK_BYTE *iv;
        CK_ULONG iv_length, iv_bits;
        CK_BYTE *aad;
        CK_ULONG aad_length, tag_bits;
    } parameter = {s->iv, sizeof(s->iv), 96, NULL, 0, TAG * 8UL};
    CK_MECHANISM mechanism = {CKM_AES_GCM, &parameter, sizeof(parameter)};
    CK_ULONG length = MEGABYTE + TAG;

    for (size_t i = 0; i < sizeof(s->iv) && ++s->iv[i] == 0; i++)
        continue;
    if (!bench_fine(s->f->C_EncryptInit(s->session, &mechanism, s->shared->key), "C_EncryptInit"))
        return false;
    if (part == MEGABYTE)
        return bench_fine(s->f->C_Encrypt(s->session, s->in, MEGABYTE, s->out, &length), "C_Encrypt");
    for (CK_ULONG at = 0; at < MEGABYTE; at += part) {
        length = MEGABYTE + TAG - at;
        if (!bench_fine(s->f->C_EncryptUpdate(s->session, s->in + at, part, s->out + at, &length),
                        "C_EncryptUpdate"))
            return false;
    }
    length = TAG;
    return bench_fine(s->f->C_EncryptFinal(s->session, s->out + MEGABYTE, &length), "C_EncryptFinal");
}

static const struct operation operations[] = {
    {"ed25519", "bench:ed25519", ed25519, 0},
    {"p-256", "bench:p-256", p256, 0},
    {"hmac-sha1", "bench:hmac", hmac_sha1, 0},
    {"hmac-sha256", "bench:hmac", hmac_sha256, 0},
    {"wrap", "bench:kek", wrap, 0},
    {"unwrap", "bench:kek", unwrap, 0},
    {"unwrap-fixed", "bench:kek-fixed", unwrap, 0},
    {"derive", "bench:base", derive, 0},
    {"derive-fixed", "bench:base-fixed", derive, 0},
    {"gcm-1m", "bench:aes", gcm, MEGABYTE},
    {"gcm-256k", "bench:aes", gcm, MEGABYTE / 4},
    {"gcm-16k", "bench:aes", gcm, MEGABYTE / 64},
};

static void *start(void *arg)
{
    struct shared *shared = arg;
    struct state *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return NULL;
    s->shared = shared;
    s->f = shared->raw.module.f;
    s->in = calloc(1, MEGABYTE);
    s->out = calloc(1, MEGABYTE + TAG);
    if (s->in != NULL && s->out != NULL && bench_raw_session(&shared->raw, &s->session))
        return s;
    free(s->in);
    free(s->out);
    free(s);
    return NULL;
}

static bool once(void *arg)
{
    struct state *s = arg;
    return s->shared->operation->once(s);
}

static void end(void *arg)
{
    struct state *s = arg;
    (void)s->f->C_CloseSession(s->session);
    free(s->in);
    free(s->out);
    free(s);
}

static bool find(struct shared *shared, const char *label, CK_OBJECT_CLASS class, CK_OBJECT_HANDLE *key)
{
    CK_ATTRIBUTE template[] = {{CKA_CLASS, &class, sizeof(class)}, {CKA_LABEL, (void *)label, strlen(label)}};
    CK_OBJECT_HANDLE *found;
    size_t count;
    bool ok = bench_fine(sr_find(shared->raw.module.f, shared->raw.session, template, 2, &found, &count),
                         "the search for a key") &&
              count == 1;
    if (ok)
        *key = found[0];
    else
        (void)fprintf(stderr, "the token has not one key \"%s\": bench_operations make\n", label);
    free(found);
    return ok;
}

/* The keys as strongroomd would make them: one role each. */
static bool make_secret(struct shared *shared, const char *label, CK_MECHANISM_TYPE generate,
                        const CK_ATTRIBUTE_TYPE *roles, bool extractable, bool fixed)
{
    CK_MECHANISM mechanism = {generate, NULL, 0};
    CK_ULONG size = 32;
    CK_ATTRIBUTE_TYPE all[] = {CKA_ENCRYPT, CKA_DECRYPT, CKA_SIGN,  CKA_VERIFY,
                               CKA_WRAP,    CKA_UNWRAP,  CKA_DERIVE};
    CK_ATTRIBUTE a[20] = {{CKA_VALUE_LEN, &size, sizeof(size)},
                          {CKA_LABEL, (void *)label, strlen(label)},
                          {CKA_TOKEN, &yes, sizeof(yes)},
                          {CKA_PRIVATE, &yes, sizeof(yes)},
                          {CKA_SENSITIVE, &yes, sizeof(yes)},
                          {CKA_EXTRACTABLE, extractable ? &yes : &no, sizeof(yes)},
                          {CKA_MODIFIABLE, fixed ? &no : &yes, sizeof(yes)},
                          {CKA_COPYABLE, fixed ? &no : &yes, sizeof(yes)}};
    CK_ULONG n = 8;
    CK_OBJECT_HANDLE key;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        a[n++] = (CK_ATTRIBUTE){all[i], all[i] == roles[0] || all[i] == roles[1] ? &yes : &no, sizeof(yes)};
    return bench_fine(shared->raw.module.f->C_GenerateKey(shared->raw.session, &mechanism, a, n, &key),
                      label);
}

static bool make_pair(struct shared *shared, const char *label, CK_MECHANISM_TYPE generate, void *curve,
                      CK_ULONG curve_length)
{
    CK_MECHANISM mechanism = {generate, NULL, 0};
    CK_ATTRIBUTE public[] = {{CKA_EC_PARAMS, curve, curve_length},
                             {CKA_LABEL, (void *)label, strlen(label)},
                             {CKA_TOKEN, &yes, sizeof(yes)},
                             {CKA_VERIFY, &yes, sizeof(yes)}};
    CK_ATTRIBUTE private[] = {{CKA_LABEL, (void *)label, strlen(label)},
                              {CKA_TOKEN, &yes, sizeof(yes)},
                              {CKA_PRIVATE, &yes, sizeof(yes)},
                              {CKA_SENSITIVE, &yes, sizeof(yes)},
                              {CKA_SIGN, &yes, sizeof(yes)},
                              {CKA_DERIVE, &no, sizeof(no)},
                              {CKA_UNWRAP, &no, sizeof(no)},
                              {CKA_DECRYPT, &no, sizeof(no)}};
    CK_OBJECT_HANDLE handles[2];
    return bench_fine(shared->raw.module.f->C_GenerateKeyPair(
                          shared->raw.session, &mechanism, public, sizeof(public) / sizeof(public[0]),
                          private, sizeof(private) / sizeof(private[0]), &handles[0], &handles[1]),
                      label);
}

static bool make(struct shared *shared)
{
    static CK_BYTE p256_oid[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
    static CK_BYTE ed25519_name[] = "\x13\x0c"
                                    "edwards25519";
    static const CK_ATTRIBUTE_TYPE mac[] = {CKA_SIGN, CKA_VERIFY}, cipher[] = {CKA_ENCRYPT, CKA_DECRYPT},
                                   kek[] = {CKA_WRAP, CKA_UNWRAP}, base[] = {CKA_DERIVE, CKA_DERIVE};
    return make_pair(shared, "bench:ed25519", CKM_EC_EDWARDS_KEY_PAIR_GEN, ed25519_name,
                     sizeof(ed25519_name) - 1) &&
           make_pair(shared, "bench:p-256", CKM_EC_KEY_PAIR_GEN, p256_oid, sizeof(p256_oid)) &&
           make_secret(shared, "bench:hmac", CKM_GENERIC_SECRET_KEY_GEN, mac, false, false) &&
           make_secret(shared, "bench:aes", CKM_AES_KEY_GEN, cipher, false, false) &&
           make_secret(shared, "bench:wrapped", CKM_AES_KEY_GEN, cipher, true, false) &&
           make_secret(shared, "bench:kek", CKM_AES_KEY_GEN, kek, false, false) &&
           make_secret(shared, "bench:kek-fixed", CKM_AES_KEY_GEN, kek, false, true) &&
           make_secret(shared, "bench:base", CKM_AES_KEY_GEN, base, false, false) &&
           make_secret(shared, "bench:base-fixed", CKM_AES_KEY_GEN, base, false, true);
}

static bool copy_key(struct shared *shared)
{
    CK_ATTRIBUTE session_object = {CKA_TOKEN, &no, sizeof(no)};
    return bench_fine(shared->raw.module.f->C_CopyObject(shared->raw.session, shared->key, &session_object, 1,
                                                         &shared->key),
                      "C_CopyObject");
}

static bool prepare(struct shared *shared)
{
    const struct operation *o = shared->operation;
    bool pair = o->once == ed25519 || o->once == p256;
    CK_MECHANISM mechanism = {KWP, NULL, 0};

    if (!find(shared, o->label, pair ? CKO_PRIVATE_KEY : CKO_SECRET_KEY, &shared->key) ||
        (shared->copies && !copy_key(shared)))
        return false;
    if (o->once != wrap && o->once != unwrap)
        return true;
    shared->wrapped_length = sizeof(shared->wrapped);
    return find(shared, "bench:wrapped", CKO_SECRET_KEY, &shared->other) &&
           bench_fine(shared->raw.module.f->C_WrapKey(shared->raw.session, &mechanism, shared->key,
                                                      shared->other, shared->wrapped,
                                                      &shared->wrapped_length),
                      "C_WrapKey");
}

int main(int argc, char **argv)
{
    struct shared shared = {0};
    struct bench_job job = {.shared = &shared, .start = start, .once = once, .end = end};
    bool makes = argc == 2 && strcmp(argv[1], "make") == 0;
    int status = 1;

    shared.copies = argc == 3 && strcmp(argv[2], "copy") == 0;
    for (size_t i = 0; (argc == 2 || shared.copies) && i < sizeof(operations) / sizeof(operations[0]); i++)
        if (strcmp(operations[i].name, argv[1]) == 0)
            shared.operation = &operations[i];
    if (!makes && shared.operation == NULL) {
        (void)fputs(usage, stderr);
        return 2;
    }
    if (bench_raw_open(&shared.raw)) {
        if (makes)
            status = make(&shared) ? 0 : 1;
        else if (prepare(&shared))
            status = bench_serve(&job, 4, argv[1]);
    }
    sr_module_close(&shared.raw.module);
    return status;
}
