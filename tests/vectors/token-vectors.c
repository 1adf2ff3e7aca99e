/* SPDX-License-Identifier: Apache-2.0 */
/* Computes on the token itself what each line of the standard input asks for, and answers with one line.
 * usage: token-vectors, with STRONGROOM_MODULE, TOKEN_LABEL and TOKEN_PIN_FILE in the environment
 *
 * A line is "OPERATION KEY IV AAD TAG-BITS INPUT": bytes in hex, "-" for none. The answers:
 *   is HEX           what the token computed ("is HEX padded": with zeros behind a key that is too short for
 * it) refused CKR_...  the token looked at the input and said no cannot WHY       the token does not take the
 * question: no such mechanism, or not with this key or parameter */
#include "cryptoki/attributes.h"
#include "cryptoki/names.h"
#include "signer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIELDS 6
#define RESULT_MAX 8192

struct bytes {
    CK_BYTE *data;
    CK_ULONG length;
};

struct question {
    struct bytes key;
    struct bytes iv;
    struct bytes aad;
    CK_ULONG tag_bits;
    struct bytes input;
};

struct answer {
    const char *refused_by; /* the function that said no before it saw the input; NULL: none did */
    CK_ULONG length;
    bool padded;
    CK_BYTE result[RESULT_MAX];
};

struct operation {
    const char *name;
    CK_MECHANISM_TYPE mechanism;
    CK_FLAGS flag;
    CK_KEY_TYPE type;
    CK_ATTRIBUTE_TYPE usage;
    /* NULL: not written, as no token that we have offers it */
    CK_RV (*run)(struct signer *s, const struct operation *o, const struct question *q, struct answer *a);
};

/* PKCS#11 v3.0 §2.42 and §2.44; p11-kit's header has neither. */
#define SP800_108_COUNTER_KDF 0x3acUL
#define HKDF_DERIVE 0x402aUL

static CK_OBJECT_CLASS secret_key = CKO_SECRET_KEY;
static CK_BBOOL yes = CK_TRUE;
static CK_BBOOL no = CK_FALSE;

/* A session key of that value, which can be read and wrapped. */
static CK_RV create(struct signer *s, CK_KEY_TYPE type, CK_ATTRIBUTE_TYPE usage, const struct bytes *value,
                    CK_OBJECT_HANDLE *key)
{
    CK_ATTRIBUTE a[] = {
        {CKA_CLASS, &secret_key, sizeof(secret_key)},
        {CKA_KEY_TYPE, &type, sizeof(type)},
        {CKA_VALUE, value->data, value->length},
        {CKA_TOKEN, &no, sizeof(no)},
        {CKA_SENSITIVE, &no, sizeof(no)},
        {CKA_EXTRACTABLE, &yes, sizeof(yes)},
        {usage, &yes, sizeof(yes)},
    };
    return s->module.f->C_CreateObject(s->session, a, sizeof(a) / sizeof(a[0]), key);
}

/* PKCS#11 v3.0 §2.14.7: the tag follows the ciphertext. */
static CK_RV gcm(struct signer *s, const struct operation *o, const struct question *q, struct answer *a)
{
    CK_FUNCTION_LIST *f = s->module.f;
    CK_GCM_PARAMS parameters = {.pIv = q->iv.data,
                                .ulIvLen = q->iv.length,
                                .ulIvBits = q->iv.length * 8,
                                .pAAD = q->aad.data,
                                .ulAADLen = q->aad.length,
                                .ulTagBits = q->tag_bits};
    CK_MECHANISM mechanism = {o->mechanism, &parameters, sizeof(parameters)};

    if (o->flag == CKF_ENCRYPT) {
        CK_RV rv = f->C_EncryptInit(s->session, &mechanism, s->key);
        a->refused_by = rv == CKR_OK ? NULL : "C_EncryptInit";
        return rv == CKR_OK ? f->C_Encrypt(s->session, q->input.data, q->input.length, a->result, &a->length)
                            : rv;
    }
    CK_RV rv = f->C_DecryptInit(s->session, &mechanism, s->key);
    a->refused_by = rv == CKR_OK ? NULL : "C_DecryptInit";
    return rv == CKR_OK ? f->C_Decrypt(s->session, q->input.data, q->input.length, a->result, &a->length)
                        : rv;
}

static CK_RV hmac(struct signer *s, const struct operation *o, const struct question *q, struct answer *a)
{
    CK_MECHANISM mechanism = {o->mechanism, NULL, 0};
    CK_RV rv = s->module.f->C_SignInit(s->session, &mechanism, s->key);
    a->refused_by = rv == CKR_OK ? NULL : "C_SignInit";
    return rv == CKR_OK
               ? s->module.f->C_Sign(s->session, q->input.data, q->input.length, a->result, &a->length)
               : rv;
}

/* The input is a key that the question's key wraps. */
static CK_RV wrap(struct signer *s, const struct operation *o, const struct question *q, struct answer *a)
{
    CK_MECHANISM mechanism = {o->mechanism, NULL, 0};
    CK_OBJECT_HANDLE key;

    CK_RV rv = create(s, CKK_GENERIC_SECRET, CKA_SIGN, &q->input, &key);
    a->refused_by = rv == CKR_OK ? NULL : "C_CreateObject";
    if (rv != CKR_OK)
        return rv;
    rv = s->module.f->C_WrapKey(s->session, &mechanism, s->key, key, a->result, &a->length);
    a->refused_by = rv == CKR_OK ? NULL : "C_WrapKey";
    CK_RV destroyed = s->module.f->C_DestroyObject(s->session, key);
    return rv == CKR_OK ? destroyed : rv;
}

/* The result is the value of the key that was unwrapped. */
static CK_RV unwrap(struct signer *s, const struct operation *o, const struct question *q, struct answer *a)
{
    CK_FUNCTION_LIST *f = s->module.f;
    CK_MECHANISM mechanism = {o->mechanism, NULL, 0};
    CK_KEY_TYPE type = CKK_GENERIC_SECRET;
    CK_OBJECT_HANDLE key;
    CK_ATTRIBUTE template[] = {
        {CKA_CLASS, &secret_key, sizeof(secret_key)},
        {CKA_KEY_TYPE, &type, sizeof(type)},
        {CKA_TOKEN, &no, sizeof(no)},
        {CKA_SENSITIVE, &no, sizeof(no)},
        {CKA_EXTRACTABLE, &yes, sizeof(yes)},
    };
    CK_ATTRIBUTE value = {CKA_VALUE, a->result, sizeof(a->result)};

    CK_RV rv = f->C_UnwrapKey(s->session, &mechanism, s->key, q->input.data, q->input.length, template,
                              sizeof(template) / sizeof(template[0]), &key);
    if (rv != CKR_OK)
        return rv;
    rv = f->C_GetAttributeValue(s->session, key, &value, 1);
    a->refused_by = rv == CKR_OK ? NULL : "C_GetAttributeValue";
    a->length = value.ulValueLen;
    CK_RV destroyed = f->C_DestroyObject(s->session, key);
    return rv == CKR_OK ? destroyed : rv;
}

#define HMAC(name, mechanism)                                                                                \
    {                                                                                                        \
        name, mechanism, CKF_SIGN, CKK_GENERIC_SECRET, CKA_SIGN, hmac                                        \
    }
static const struct operation operations[] = {
    {"gcm-encrypt", CKM_AES_GCM, CKF_ENCRYPT, CKK_AES, CKA_ENCRYPT, gcm},
    {"gcm-decrypt", CKM_AES_GCM, CKF_DECRYPT, CKK_AES, CKA_DECRYPT, gcm},
    {"kw-wrap", CKM_AES_KEY_WRAP, CKF_WRAP, CKK_AES, CKA_WRAP, wrap},
    {"kw-unwrap", CKM_AES_KEY_WRAP, CKF_UNWRAP, CKK_AES, CKA_UNWRAP, unwrap},
    {"kwp-wrap", CKM_AES_KEY_WRAP_PAD, CKF_WRAP, CKK_AES, CKA_WRAP, wrap},
    {"kwp-unwrap", CKM_AES_KEY_WRAP_PAD, CKF_UNWRAP, CKK_AES, CKA_UNWRAP, unwrap},
    HMAC("hmac-md5", CKM_MD5_HMAC),
    HMAC("hmac-ripemd160", CKM_RIPEMD160_HMAC),
    HMAC("hmac-sha1", CKM_SHA_1_HMAC),
    HMAC("hmac-sha224", CKM_SHA224_HMAC),
    HMAC("hmac-sha256", CKM_SHA256_HMAC),
    HMAC("hmac-sha384", CKM_SHA384_HMAC),
    HMAC("hmac-sha512", CKM_SHA512_HMAC),
    {"sp800-108-counter", SP800_108_COUNTER_KDF, CKF_DERIVE, CKK_GENERIC_SECRET, CKA_DERIVE, NULL},
    {"hkdf", HKDF_DERIVE, CKF_DERIVE, CKK_GENERIC_SECRET, CKA_DERIVE, NULL},
};

/* Has the token this operation? *INFO is then what it says of the mechanism. */
static bool offered(struct signer *s, const struct operation *o, CK_MECHANISM_INFO *info)
{
    CK_RV rv = s->module.f->C_GetMechanismInfo(s->slot, o->mechanism, info);
    bool has = rv == CKR_OK && (info->flags & o->flag) != 0;
    if (!has)
        printf("cannot %s: the token does not offer it\n", o->name);
    else if (o->run == NULL)
        printf("unwritten: the token offers %s\n", o->name);
    return has && o->run != NULL;
}

/* RFC 2104 §2: a key shorter than the hash's block is filled up with zeros, so the HMAC under a key that was
 * filled up before is the same. Tokens want keys of the hash's size at least. */
static bool pad(const struct operation *o, const CK_MECHANISM_INFO *info, struct bytes *key)
{
    if (o->run != hmac || key->length >= info->ulMinKeySize || info->ulMinKeySize > 64)
        return false;
    CK_BYTE *larger = realloc(key->data, info->ulMinKeySize);
    if (larger == NULL)
        return false;
    memset(larger + key->length, 0, info->ulMinKeySize - key->length);
    key->data = larger;
    key->length = info->ulMinKeySize;
    return true;
}

static void say(const struct answer *a, CK_RV rv)
{
    if (rv != CKR_OK && a->refused_by != NULL) {
        printf("cannot %s says %s\n", a->refused_by, sr_rv_name(rv));
    } else if (rv != CKR_OK) {
        printf("refused %s\n", sr_rv_name(rv));
    } else {
        fputs(a->length > 0 ? "is " : "is -", stdout);
        for (CK_ULONG i = 0; i < a->length; i++)
            printf("%02x", a->result[i]);
        puts(a->padded ? " padded" : "");
    }
}

static void reply(struct signer *s, const struct operation *o, struct question *q)
{
    struct answer a = {.length = sizeof(a.result)};
    CK_MECHANISM_INFO info;

    if (!offered(s, o, &info))
        return;
    a.padded = pad(o, &info, &q->key);
    CK_RV rv = create(s, o->type, o->usage, &q->key, &s->key);
    if (rv != CKR_OK) {
        a.refused_by = "C_CreateObject";
        say(&a, rv);
        return;
    }
    rv = o->run(s, o, q, &a);
    say(&a, rv);
    rv = s->module.f->C_DestroyObject(s->session, s->key);
    if (rv != CKR_OK)
        printf("C_DestroyObject: %s\n", sr_rv_name(rv)); /* a line too much, which is noticed */
}

/* HEX in memory of its own, which is there for no bytes as well: modules refuse null pointers. */
static bool parse(const char *hex, struct bytes *b)
{
    size_t length = strcmp(hex, "-") == 0 ? 0 : strlen(hex);
    b->data = calloc(1, length / 2 + 1);
    b->length = length / 2;
    if (b->data == NULL || length % 2 != 0)
        return false;
    for (size_t i = 0; i < b->length; i++) {
        char pair[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        char *end;
        b->data[i] = (CK_BYTE)strtoul(pair, &end, 16);
        if (end != pair + 2)
            return false;
    }
    return true;
}

static bool answer_line(struct signer *s, char *line)
{
    char *field[FIELDS];
    char *rest = NULL;
    struct question q = {0};
    const struct operation *o = NULL;
    bool good = true;

    for (int i = 0; i < FIELDS; i++) {
        field[i] = strtok_r(i == 0 ? line : NULL, " \n", &rest);
        if (field[i] == NULL)
            return false;
    }
    for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
        if (strcmp(operations[i].name, field[0]) == 0)
            o = &operations[i];
    good = parse(field[1], &q.key) && parse(field[2], &q.iv) && parse(field[3], &q.aad) &&
           parse(field[5], &q.input) && o != NULL;
    q.tag_bits = strtoul(field[4], NULL, 10);
    if (good)
        reply(s, o, &q);
    free(q.key.data);
    free(q.iv.data);
    free(q.aad.data);
    free(q.input.data);
    return good;
}

int main(void)
{
    struct signer s;
    char *line = NULL;
    size_t room = 0;
    int status = 1;

    if (signer_open(&s, NULL) != CKR_OK || signer_log_in(&s) != CKR_OK)
        goto out;
    while (getline(&line, &room, stdin) > 0) {
        if (!answer_line(&s, line)) {
            fprintf(stderr, "a line that is none: %s\n", line);
            goto out;
        }
    }
    status = ferror(stdin) || fflush(stdout) != 0;
out:
    free(line);
    signer_close(&s);
    return status;
}
