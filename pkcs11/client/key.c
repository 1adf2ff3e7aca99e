/* Making key pairs.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "client/handle.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#define LABEL_MAX 255

/* PKCS#11 v3.0 §6.3.7; p11-kit has it from 0.25 on. */
#ifndef CKM_EC_EDWARDS_KEY_PAIR_GEN
#define CKM_EC_EDWARDS_KEY_PAIR_GEN 0x1055UL
#endif

/* CKA_EC_PARAMS, in DER: the object identifiers of RFC 5480 §2.1.1.1; for Ed25519 the curve's name (PKCS#11
 * v3.0 §6.3.7), which SoftHSM knows and RFC 8410's identifier not. */
static const unsigned char p256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
static const unsigned char p384[] = {0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22};
static const unsigned char p521[] = {0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23};
static const unsigned char ed25519[] = {0x13, 0x0c, 'e', 'd', 'w', 'a', 'r',
                                        'd',  's',  '2', '5', '5', '1', '9'};

static const char *const names[] = {"rsa:2048", "rsa:3072", "rsa:4096", "ec:P-256",
                                    "ec:P-384", "ec:P-521", "ed25519",  NULL};

/* One row per name, in the same order. */
static const struct key_type {
    CK_MECHANISM_TYPE mechanism;
    CK_ULONG bits; /* of an RSA modulus */
    const unsigned char *curve;
    size_t curve_size;
} types[] = {
    {CKM_RSA_PKCS_KEY_PAIR_GEN, 2048, NULL, 0},
    {CKM_RSA_PKCS_KEY_PAIR_GEN, 3072, NULL, 0},
    {CKM_RSA_PKCS_KEY_PAIR_GEN, 4096, NULL, 0},
    {CKM_EC_KEY_PAIR_GEN, 0, p256, sizeof(p256)},
    {CKM_EC_KEY_PAIR_GEN, 0, p384, sizeof(p384)},
    {CKM_EC_KEY_PAIR_GEN, 0, p521, sizeof(p521)},
    {CKM_EC_EDWARDS_KEY_PAIR_GEN, 0, ed25519, sizeof(ed25519)},
};
_Static_assert(sizeof(names) / sizeof(names[0]) == sizeof(types) / sizeof(types[0]) + 1, "one name per row");

struct job {
    const struct key_type *type;
    const char *label;
    const unsigned char *id;
};

const char *const *strongroom_key_types(void)
{
    return names;
}

static const struct key_type *type_of(const char *name)
{
    for (size_t i = 0; names[i] != NULL; i++)
        if (strcmp(names[i], name) == 0)
            return &types[i];
    return NULL;
}

static void add(struct sr_template *t, CK_ATTRIBUTE_TYPE type, const void *value, size_t length)
{
    t->a[t->n++] = (CK_ATTRIBUTE){.type = type, .pValue = (void *)value, .ulValueLen = length};
}

static enum strongroom_result new_id(unsigned char id[STRONGROOM_ID_SIZE], struct strongroom_error *error)
{
    ssize_t got;
    do
        got = getrandom(id, STRONGROOM_ID_SIZE, 0);
    while (got < 0 && errno == EINTR);
    if (got != STRONGROOM_ID_SIZE)
        return sr_client_fail(error, STRONGROOM_FAILED,
                              "the kernel gives no random bytes for the key's id: %s", strerror(errno));
    return STRONGROOM_OK;
}

/* Looks for keys only: a certificate may have been put there under the label beforehand. */
static enum strongroom_result refuse_existing(strongroom *h, CK_SESSION_HANDLE session, const char *label,
                                              struct strongroom_error *error)
{
    static const CK_OBJECT_CLASS classes[] = {CKO_PRIVATE_KEY, CKO_PUBLIC_KEY};

    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
        struct sr_find_request request = {.session = session};
        struct sr_find_reply reply = {0};
        add(&request.template, CKA_CLASS, &classes[i], sizeof(classes[i]));
        add(&request.template, CKA_LABEL, label, strlen(label));
        enum strongroom_result result =
            sr_client_call(h, "looking for a key of that name", SR_CALL_FIND, &request, &reply, error);
        if (result != STRONGROOM_OK)
            return result;
        if (reply.count > 0)
            return sr_client_fail(
                error, STRONGROOM_EXISTS,
                "the token has a %s key labelled \"%s\" already; choose another name, or destroy that "
                "key first",
                classes[i] == CKO_PRIVATE_KEY ? "private" : "public", label);
    }
    return STRONGROOM_OK;
}

static enum strongroom_result generate(strongroom *h, CK_SESSION_HANDLE session, const struct job *job,
                                       struct strongroom_error *error)
{
    static const CK_BBOOL yes = CK_TRUE;
    static const CK_BBOOL no = CK_FALSE;
    static const unsigned char f4[] = {1, 0, 1};
    const CK_MECHANISM mechanism = {.mechanism = job->type->mechanism};
    struct sr_generate_request request = {.session = session};
    struct sr_template *halves[] = {&request.public, &request.private};

    for (size_t i = 0; i < 2; i++) {
        add(halves[i], CKA_TOKEN, &yes, sizeof(yes));
        add(halves[i], CKA_LABEL, job->label, strlen(job->label));
        add(halves[i], CKA_ID, job->id, STRONGROOM_ID_SIZE);
    }
    add(&request.public, CKA_PRIVATE, &no, sizeof(no));
    add(&request.public, CKA_VERIFY, &yes, sizeof(yes));
    add(&request.private, CKA_PRIVATE, &yes, sizeof(yes));
    add(&request.private, CKA_SENSITIVE, &yes, sizeof(yes));
    add(&request.private, CKA_EXTRACTABLE, &no, sizeof(no));
    add(&request.private, CKA_SIGN, &yes, sizeof(yes));
    if (job->type->bits != 0) {
        add(&request.public, CKA_MODULUS_BITS, &job->type->bits, sizeof(job->type->bits));
        add(&request.public, CKA_PUBLIC_EXPONENT, f4, sizeof(f4));
    } else {
        add(&request.public, CKA_EC_PARAMS, job->type->curve, job->type->curve_size);
    }
    if (sr_mechanism_set(&request.mechanism, &mechanism) != CKR_OK)
        return sr_client_fail(error, STRONGROOM_FAILED, "generating the key: the mechanism cannot be sent");
    return sr_client_call(h, "generating the key", SR_CALL_GENERATE_KEY_PAIR, &request, NULL, error);
}

static enum strongroom_result in_session(strongroom *h, CK_SLOT_ID slot, const struct job *job,
                                         struct strongroom_error *error)
{
    struct sr_open_session_request open = {.slot = slot, .flags = CKF_SERIAL_SESSION | CKF_RW_SESSION};
    struct sr_session session = {0};
    enum strongroom_result result = sr_client_connect(h, error);

    if (result == STRONGROOM_OK)
        result = sr_client_call(h, "opening a session", SR_CALL_OPEN_SESSION, &open, &session, error);
    if (result != STRONGROOM_OK)
        return result;
    result = refuse_existing(h, session.session, job->label, error);
    if (result == STRONGROOM_OK)
        result = generate(h, session.session, job, error);
    /* Nothing depends on it: the daemon closes a client's sessions with its last connection. */
    if (sr_channel_ours(&h->channel))
        (void)sr_client_call(h, "closing the session", SR_CALL_CLOSE_SESSION, &session, NULL, NULL);
    return result;
}

enum strongroom_result strongroom_key_generate(strongroom *h, const struct strongroom_token *token,
                                               const char *label, const char *type,
                                               unsigned char id[STRONGROOM_ID_SIZE],
                                               struct strongroom_error *error)
{
    struct job job = {.type = type_of(type), .label = label, .id = id};

    if (error != NULL)
        error->text[0] = '\0';
    if (job.type == NULL)
        return sr_client_fail(error, STRONGROOM_INVALID, "\"%.40s\" is no key type that strongroom makes",
                              type);
    if (*label == '\0' || strlen(label) > LABEL_MAX)
        return sr_client_fail(error, STRONGROOM_INVALID, "a key's label has 1 to %d bytes", LABEL_MAX);
    enum strongroom_result result = new_id(id, error);
    if (result != STRONGROOM_OK)
        return result;
    (void)pthread_mutex_lock(&h->lock);
    result = in_session(h, token->slot, &job, error);
    (void)pthread_mutex_unlock(&h->lock);
    return result;
}
