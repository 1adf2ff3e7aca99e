/* SPDX-License-Identifier: Apache-2.0 */
/* The jobs' keys on a SoftHSM token: what they can do, what they cannot, and that nothing stays of them. */
#include "cryptoki/find.h"
#include "unit_keys.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define DATA "what is signed"

static CK_BBOOL yes = CK_TRUE;
static CK_BBOOL no = CK_FALSE;

static void hmac(CK_OBJECT_HANDLE key, unsigned char mac[32])
{
    size_t size = 32;
    CU_ASSERT_EQUAL_FATAL(
        sr_keys_hmac(&unit_keys_bench, CKM_SHA256_HMAC, key, DATA, strlen(DATA), mac, &size), CKR_OK);
    CU_ASSERT_EQUAL(size, 32);
}

static void data_object(const char *label)
{
    CK_OBJECT_CLASS class = CKO_DATA;
    CK_OBJECT_HANDLE object;
    CK_ATTRIBUTE a[] = {
        {CKA_CLASS, &class, sizeof(class)},
        {CKA_TOKEN, &yes, sizeof(yes)},
        {CKA_LABEL, (void *)label, strlen(label)},
    };
    CU_ASSERT_EQUAL_FATAL(unit_keys_module.f->C_CreateObject(unit_keys_bench.session, a, 3, &object), CKR_OK);
}

static CK_ULONG number(CK_OBJECT_HANDLE key, CK_ATTRIBUTE_TYPE type)
{
    CK_ULONG value = CK_UNAVAILABLE_INFORMATION;
    CK_ATTRIBUTE a = {type, &value, sizeof(value)};
    CU_ASSERT_EQUAL(unit_keys_module.f->C_GetAttributeValue(unit_keys_bench.session, key, &a, 1), CKR_OK);
    CU_ASSERT_EQUAL(a.ulValueLen, sizeof(value)); /* of a list: it has one element */
    return value;
}

static void has_text(CK_OBJECT_HANDLE key, CK_ATTRIBUTE_TYPE type, const char *text)
{
    char value[SR_LABEL_MAX] = "";
    CK_ATTRIBUTE a = {type, value, sizeof(value)};
    CU_ASSERT_EQUAL(unit_keys_module.f->C_GetAttributeValue(unit_keys_bench.session, key, &a, 1), CKR_OK);
    CU_ASSERT_EQUAL(a.ulValueLen, strlen(text));
    CU_ASSERT_EQUAL(memcmp(value, text, strlen(text)), 0);
}

static void is_strict(CK_OBJECT_HANDLE key, bool token, bool derives, CK_MECHANISM_TYPE only)
{
    CU_ASSERT_EQUAL(number(key, CKA_CLASS), CKO_SECRET_KEY);
    CU_ASSERT_EQUAL(unit_keys_flag(key, CKA_TOKEN), token);
    CU_ASSERT_TRUE(unit_keys_flag(key, CKA_PRIVATE));
    CU_ASSERT_TRUE(unit_keys_flag(key, CKA_SENSITIVE));
    CU_ASSERT_TRUE(unit_keys_flag(key, CKA_ALWAYS_SENSITIVE));
    CU_ASSERT_FALSE(unit_keys_flag(key, CKA_EXTRACTABLE));
    CU_ASSERT_TRUE(unit_keys_flag(key, CKA_NEVER_EXTRACTABLE));
    CU_ASSERT_FALSE(unit_keys_flag(key, CKA_MODIFIABLE));
    CU_ASSERT_FALSE(unit_keys_flag(key, CKA_COPYABLE));
    CU_ASSERT_EQUAL(unit_keys_flag(key, CKA_DERIVE), derives);
    CU_ASSERT_EQUAL(unit_keys_flag(key, CKA_SIGN), !derives);
    CU_ASSERT_EQUAL(unit_keys_flag(key, CKA_VERIFY), !derives);
    CU_ASSERT_FALSE(unit_keys_flag(key, CKA_ENCRYPT));
    CU_ASSERT_FALSE(unit_keys_flag(key, CKA_DECRYPT));
    CU_ASSERT_FALSE(unit_keys_flag(key, CKA_WRAP));
    CU_ASSERT_FALSE(unit_keys_flag(key, CKA_UNWRAP));
    CU_ASSERT_EQUAL(number(key, CKA_ALLOWED_MECHANISMS), only);
    CU_ASSERT_EQUAL(unit_keys_value(key), CKR_ATTRIBUTE_SENSITIVE);
}

static void attributes(void)
{
    unit_keys_open("attributes");
    unit_keys_make("web", 1);
    CK_OBJECT_HANDLE root = unit_keys_find("web", 1, SR_SESSION_ROOT);
    is_strict(root, true, true, CKM_AES_CBC_ENCRYPT_DATA);
    CU_ASSERT_EQUAL(number(root, CKA_KEY_TYPE), CKK_AES);
    CU_ASSERT_EQUAL(number(root, CKA_VALUE_LEN), 32);
    CU_ASSERT_TRUE(unit_keys_flag(root, CKA_LOCAL));
    has_text(root, CKA_LABEL, "session:web:1");
    has_text(root, CKA_ID, "session:web:1");

    CK_OBJECT_HANDLE hs512 = unit_keys_find("web", 1, SR_SESSION_HS512);
    is_strict(hs512, true, false, CKM_SHA512_HMAC);
    CU_ASSERT_EQUAL(number(hs512, CKA_KEY_TYPE), CKK_GENERIC_SECRET);
    CU_ASSERT_EQUAL(number(hs512, CKA_VALUE_LEN), 64);
    CU_ASSERT_TRUE(unit_keys_flag(hs512, CKA_LOCAL));
    has_text(hs512, CKA_LABEL, "session:web:1:hs512");
    has_text(hs512, CKA_ID, "session:web:1:hs512");

    CK_OBJECT_HANDLE derived = unit_keys_derive(root, "web", 1, "cookie");
    is_strict(derived, false, false, CKM_SHA256_HMAC);
    CU_ASSERT_EQUAL(number(derived, CKA_KEY_TYPE), CKK_GENERIC_SECRET);
    CU_ASSERT_EQUAL(number(derived, CKA_VALUE_LEN), 32);
    has_text(derived, CKA_LABEL, "session:web:1:derived");
    unit_keys_close();
}

/* A key that may do everything: what it cannot wrap, nobody can. */
static CK_OBJECT_HANDLE wrapping_key(void)
{
    CK_MECHANISM generate = {CKM_AES_KEY_GEN, NULL, 0};
    CK_ULONG size = 32;
    CK_OBJECT_HANDLE key;
    CK_ATTRIBUTE a[] = {{CKA_VALUE_LEN, &size, sizeof(size)},
                        {CKA_WRAP, &yes, sizeof(yes)},
                        {CKA_DERIVE, &yes, sizeof(yes)},
                        {CKA_EXTRACTABLE, &yes, sizeof(yes)}};
    CU_ASSERT_EQUAL_FATAL(unit_keys_module.f->C_GenerateKey(unit_keys_bench.session, &generate, a, 4, &key),
                          CKR_OK);
    return key;
}

static CK_RV wrap(CK_OBJECT_HANDLE with, CK_OBJECT_HANDLE what)
{
    CK_MECHANISM m = {CKM_AES_KEY_WRAP_PAD, NULL, 0};
    unsigned char blob[128];
    CK_ULONG size = sizeof(blob);
    return unit_keys_module.f->C_WrapKey(unit_keys_bench.session, &m, with, what, blob, &size);
}

static CK_RV change(CK_OBJECT_HANDLE key, CK_ATTRIBUTE_TYPE type)
{
    CK_ATTRIBUTE a = {type, &yes, sizeof(yes)};
    return unit_keys_module.f->C_SetAttributeValue(unit_keys_bench.session, key, &a, 1);
}

static CK_RV copy(CK_OBJECT_HANDLE key)
{
    CK_ATTRIBUTE a = {CKA_TOKEN, &no, sizeof(no)};
    CK_OBJECT_HANDLE made;
    return unit_keys_module.f->C_CopyObject(unit_keys_bench.session, key, &a, 1, &made);
}

static CK_RV sign_init(CK_MECHANISM_TYPE mechanism, CK_OBJECT_HANDLE key)
{
    CK_MECHANISM m = {mechanism, NULL, 0};
    return unit_keys_module.f->C_SignInit(unit_keys_bench.session, &m, key);
}

static CK_RV derive_by_ecb(CK_OBJECT_HANDLE key)
{
    unsigned char data[32] = {0};
    CK_KEY_DERIVATION_STRING_DATA parameters = {data, sizeof(data)};
    CK_MECHANISM m = {CKM_AES_ECB_ENCRYPT_DATA, &parameters, sizeof(parameters)};
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_GENERIC_SECRET;
    CK_ULONG size = 32;
    CK_OBJECT_HANDLE made;
    CK_ATTRIBUTE a[] = {{CKA_CLASS, &class, sizeof(class)},
                        {CKA_KEY_TYPE, &type, sizeof(type)},
                        {CKA_VALUE_LEN, &size, sizeof(size)}};
    return unit_keys_module.f->C_DeriveKey(unit_keys_bench.session, &m, key, a, 3, &made);
}

/* What no key of the jobs may do. */
static void refuses_all(CK_OBJECT_HANDLE key, CK_OBJECT_HANDLE wrapping)
{
    unsigned char iv[16] = {0};
    CK_MECHANISM ecb = {CKM_AES_ECB, NULL, 0};
    CK_MECHANISM cbc = {CKM_AES_CBC, iv, sizeof(iv)};

    CU_ASSERT_EQUAL(unit_keys_module.f->C_EncryptInit(unit_keys_bench.session, &ecb, key),
                    CKR_KEY_FUNCTION_NOT_PERMITTED);
    CU_ASSERT_EQUAL(unit_keys_module.f->C_EncryptInit(unit_keys_bench.session, &cbc, key),
                    CKR_KEY_FUNCTION_NOT_PERMITTED);
    CU_ASSERT_EQUAL(unit_keys_module.f->C_DecryptInit(unit_keys_bench.session, &ecb, key),
                    CKR_KEY_FUNCTION_NOT_PERMITTED);
    CU_ASSERT_EQUAL(wrap(wrapping, key), CKR_KEY_UNEXTRACTABLE);
    CU_ASSERT_EQUAL(change(key, CKA_ENCRYPT), CKR_ACTION_PROHIBITED);
    CU_ASSERT_EQUAL(change(key, CKA_EXTRACTABLE), CKR_ACTION_PROHIBITED);
    CU_ASSERT_EQUAL(change(key, CKA_LABEL), CKR_ACTION_PROHIBITED);
    CU_ASSERT_EQUAL(copy(key), CKR_ACTION_PROHIBITED);
}

static void other_uses_are_refused(void)
{
    unsigned char mac[64];
    size_t size = sizeof(mac);

    unit_keys_open("uses");
    unit_keys_make("web", 1);
    CK_OBJECT_HANDLE wrapping = wrapping_key();
    CK_OBJECT_HANDLE root = unit_keys_find("web", 1, SR_SESSION_ROOT);
    refuses_all(root, wrapping);
    CU_ASSERT_EQUAL(wrap(root, wrapping), CKR_KEY_FUNCTION_NOT_PERMITTED);
    CU_ASSERT_EQUAL(sign_init(CKM_AES_CMAC, root), CKR_KEY_FUNCTION_NOT_PERMITTED);
    CU_ASSERT_EQUAL(derive_by_ecb(root), CKR_MECHANISM_INVALID);
    CK_OBJECT_HANDLE derived = unit_keys_derive(root, "web", 1, "cookie"); /* what it is for */

    refuses_all(derived, wrapping);
    CU_ASSERT_EQUAL(sign_init(CKM_SHA_1_HMAC, derived), CKR_MECHANISM_INVALID);
    hmac(derived, mac);

    CK_OBJECT_HANDLE hs512 = unit_keys_find("web", 1, SR_SESSION_HS512);
    refuses_all(hs512, wrapping);
    CU_ASSERT_EQUAL(sign_init(CKM_SHA256_HMAC, hs512), CKR_MECHANISM_INVALID);
    CU_ASSERT_EQUAL(sr_keys_hmac(&unit_keys_bench, CKM_SHA512_HMAC, hs512, DATA, strlen(DATA), mac, &size),
                    CKR_OK);
    CU_ASSERT_EQUAL(size, 64);

    /* The same steps with a key that may: it is the keys that refuse, not the token. */
    CU_ASSERT_EQUAL(wrap(wrapping, wrapping_key()), CKR_OK);
    CU_ASSERT_EQUAL(change(wrapping, CKA_ENCRYPT), CKR_OK);
    CU_ASSERT_EQUAL(copy(wrapping), CKR_OK);
    CU_ASSERT_EQUAL(derive_by_ecb(wrapping), CKR_OK);
    CU_ASSERT_EQUAL(sign_init(CKM_AES_CMAC, wrapping), CKR_OK);
    unit_keys_close();
}

/* What the derived keys have to be, computed by libcrypto. */
static void expected_mac(const unsigned char root[32], const void *fields, size_t length,
                         unsigned char mac[32])
{
    unsigned char iv[16] = {0};
    unsigned char data[32];
    unsigned char key[32];
    unsigned size;
    int out = 0;
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();

    CU_ASSERT_PTR_NOT_NULL_FATAL(c);
    CU_ASSERT_EQUAL(EVP_Digest(fields, length, data, NULL, EVP_sha256(), NULL), 1);
    CU_ASSERT_EQUAL(EVP_EncryptInit_ex(c, EVP_aes_256_cbc(), NULL, root, iv), 1);
    CU_ASSERT_EQUAL(EVP_CIPHER_CTX_set_padding(c, 0), 1);
    CU_ASSERT_EQUAL(EVP_EncryptUpdate(c, key, &out, data, sizeof(data)), 1);
    CU_ASSERT_EQUAL(out, 32);
    EVP_CIPHER_CTX_free(c);
    CU_ASSERT_PTR_NOT_NULL(
        HMAC(EVP_sha256(), key, sizeof(key), (const unsigned char *)DATA, strlen(DATA), mac, &size));
    CU_ASSERT_EQUAL(size, 32);
}

static CK_OBJECT_HANDLE known_root(unsigned char value[32])
{
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_AES;
    CK_OBJECT_HANDLE key;
    CK_ATTRIBUTE a[] = {{CKA_CLASS, &class, sizeof(class)},
                        {CKA_KEY_TYPE, &type, sizeof(type)},
                        {CKA_VALUE, value, 32},
                        {CKA_DERIVE, &yes, sizeof(yes)}};
    for (unsigned char i = 0; i < 32; i++)
        value[i] = i;
    CU_ASSERT_EQUAL_FATAL(unit_keys_module.f->C_CreateObject(unit_keys_bench.session, a, 4, &key), CKR_OK);
    return key;
}

static void derived_keys_are_the_expected_ones(void)
{
    static const struct {
        const char *name;
        unsigned long version;
        const char *purpose;
        const char *fields;
        size_t length;
    } cases[] = {
#define FIELDS(x) x, sizeof(x) - 1
#define TEXT                                                                                                 \
    "\0\0\0\x16"                                                                                             \
    "strongroom session key"
        {"web", 1, "cookie",
         FIELDS(TEXT "\0\0\0\6"
                     "cookie"
                     "\0\0\0\3"
                     "web"
                     "\0\0\0\1"
                     "1")},
        {"web", 12, "cookie",
         FIELDS(TEXT "\0\0\0\6"
                     "cookie"
                     "\0\0\0\3"
                     "web"
                     "\0\0\0\2"
                     "12")},
        {"web", 1, "csrf",
         FIELDS(TEXT "\0\0\0\4"
                     "csrf"
                     "\0\0\0\3"
                     "web"
                     "\0\0\0\1"
                     "1")},
        {"web1", 1, "cookie",
         FIELDS(TEXT "\0\0\0\6"
                     "cookie"
                     "\0\0\0\4"
                     "web1"
                     "\0\0\0\1"
                     "1")},
        {"b", 1, "cookiewe",
         FIELDS(TEXT "\0\0\0\x8"
                     "cookiewe"
                     "\0\0\0\1"
                     "b"
                     "\0\0\0\1"
                     "1")},
    };
    enum { COUNT = sizeof(cases) / sizeof(cases[0]) };
    unsigned char value[32];
    unsigned char macs[COUNT][32];
    unsigned char expected[32];

    unit_keys_open("derived");
    CK_OBJECT_HANDLE root = known_root(value);
    for (size_t i = 0; i < COUNT; i++) {
        hmac(unit_keys_derive(root, cases[i].name, cases[i].version, cases[i].purpose), macs[i]);
        expected_mac(value, cases[i].fields, cases[i].length, expected);
        CU_ASSERT_EQUAL(memcmp(macs[i], expected, 32), 0);
        for (size_t j = 0; j < i; j++)
            CU_ASSERT_NOT_EQUAL(memcmp(macs[i], macs[j], 32), 0);
    }
    hmac(unit_keys_derive(root, "web", 1, "cookie"), expected); /* once more: the same */
    CU_ASSERT_EQUAL(memcmp(macs[0], expected, 32), 0);
    unit_keys_close();
}

static void odd_arguments_of_deriving(void)
{
    unsigned char value[32];
    CK_OBJECT_HANDLE key;
    struct sr_why why = {""};
    char name[SR_NAME_MAX + 1];
    char purpose[34];

    unit_keys_open("odd");
    CK_OBJECT_HANDLE root = known_root(value);
    memset(name, 'n', sizeof(name));
    memset(purpose, 'p', sizeof(purpose));
    name[SR_NAME_MAX - 1] = purpose[32] = '\0'; /* the longest, in a label with the longest version */
    CU_ASSERT_EQUAL(
        sr_keys_derive_session(&unit_keys_bench, root, name, 18446744073709551615UL, purpose, &key, &why),
        SR_JOB_OK);
    purpose[32] = 'p';
    purpose[33] = '\0';
    CU_ASSERT_EQUAL(sr_keys_derive_session(&unit_keys_bench, root, "web", 1, purpose, &key, &why),
                    SR_JOB_INVALID);
    CU_ASSERT_EQUAL(sr_keys_derive_session(&unit_keys_bench, root, "web", 1, "", &key, &why), SR_JOB_INVALID);
    name[SR_NAME_MAX - 1] = 'n';
    name[SR_NAME_MAX] = '\0';
    CU_ASSERT_EQUAL(sr_keys_derive_session(&unit_keys_bench, root, name, 1, "cookie", &key, &why),
                    SR_JOB_INVALID);
    CU_ASSERT_EQUAL(sr_keys_make_session(&unit_keys_bench, name, 1, (char[40]){0}, &why), SR_JOB_INVALID);
    CU_ASSERT_EQUAL(
        sr_keys_derive_session(&unit_keys_bench, CK_INVALID_HANDLE, "web", 1, "cookie", &key, &why),
        SR_JOB_INVALID);
    CU_ASSERT_EQUAL(key, CK_INVALID_HANDLE);
    unit_keys_close();
}

static void hmacs(void)
{
    unsigned char value[32];
    unsigned char mac[64];
    unsigned char again[64];
    size_t size = 31;

    unit_keys_open("hmacs");
    CK_OBJECT_HANDLE key = unit_keys_derive(known_root(value), "web", 1, "cookie");
    CU_ASSERT_EQUAL(sr_keys_hmac(&unit_keys_bench, CKM_SHA256_HMAC, key, DATA, strlen(DATA), mac, &size),
                    CKR_BUFFER_TOO_SMALL);
    size = 64; /* and no operation was left open */
    CU_ASSERT_EQUAL(sr_keys_hmac(&unit_keys_bench, CKM_SHA256_HMAC, key, NULL, 0, mac, &size), CKR_OK);
    CU_ASSERT_EQUAL(size, 32);
    size = 64;
    CU_ASSERT_EQUAL(sr_keys_hmac(&unit_keys_bench, CKM_SHA256_HMAC, key, "", 0, again, &size), CKR_OK);
    CU_ASSERT_EQUAL(memcmp(mac, again, 32), 0);
    unit_keys_close();
}

static void only_the_version_is_destroyed(void)
{
    static const struct sr_family_name web = {"session", "web"};
    static const char *const others[] = {"session:web:12", "session:web:12:hs512", "session:web:1x",
                                         "data:web:1",     "session:we",           "xsession:web:1"};
    CK_OBJECT_HANDLE key;
    CK_SESSION_HANDLE other;
    unsigned char mac[32];
    size_t size = sizeof(mac);
    struct sr_why why = {""};

    unit_keys_open("destroyed");
    unit_keys_make("web", 1);
    unit_keys_make("web", 12);
    data_object("session:web:1:");
    data_object("session:web:1:what-else");
    for (size_t i = 2; i < sizeof(others) / sizeof(others[0]); i++)
        data_object(others[i]);
    CU_ASSERT_EQUAL_FATAL(unit_keys_module.f->C_OpenSession(
                              unit_keys_bench.slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &other),
                          CKR_OK);
    CK_OBJECT_HANDLE derived =
        unit_keys_derive(unit_keys_find("web", 1, SR_SESSION_ROOT), "web", 1, "cookie");
    CK_OBJECT_HANDLE kept = unit_keys_derive(unit_keys_find("web", 12, SR_SESSION_ROOT), "web", 12, "cookie");
    CU_ASSERT_EQUAL(unit_keys_objects(NULL), 12);

    struct sr_bench elsewhere = {unit_keys_bench.f, unit_keys_bench.slot, other};
    CU_ASSERT_EQUAL(sr_keys_destroy(&elsewhere, &web, 1, &why), SR_JOB_OK);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        CU_ASSERT_EQUAL(unit_keys_objects(others[i]), 1);
    CU_ASSERT_EQUAL(unit_keys_objects(NULL), 7);
    CU_ASSERT_EQUAL(sr_keys_find_session(&unit_keys_bench, "web", 1, SR_SESSION_ROOT, &key, &why),
                    SR_JOB_NOT_FOUND);
    CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "session:web:1"));
    CU_ASSERT_EQUAL(key, CK_INVALID_HANDLE);
    CU_ASSERT_EQUAL(sr_keys_find_session(&unit_keys_bench, "web", 1, SR_SESSION_HS512, &key, &why),
                    SR_JOB_NOT_FOUND);
    CU_ASSERT_NOT_EQUAL(sr_keys_hmac(&unit_keys_bench, CKM_SHA256_HMAC, derived, DATA, 1, mac, &size),
                        CKR_OK);
    hmac(kept, mac);
    (void)unit_keys_find("web", 12, SR_SESSION_HS512);
    CU_ASSERT_EQUAL(sr_keys_destroy(&unit_keys_bench, &web, 1, &why), SR_JOB_OK); /* none is there */

    /* Nothing can be said of what a session that is not logged in does not see. */
    CU_ASSERT_EQUAL(unit_keys_module.f->C_Logout(unit_keys_bench.session), CKR_OK);
    CU_ASSERT_EQUAL(sr_keys_destroy(&unit_keys_bench, &web, 12, &why), SR_JOB_FAILED);
    CU_ASSERT_EQUAL(sr_keys_find_session(&unit_keys_bench, "web", 12, SR_SESSION_ROOT, &key, &why),
                    SR_JOB_FAILED);
    CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "not logged in"));
    unit_keys_login(unit_keys_bench.session);
    (void)unit_keys_find("web", 12, SR_SESSION_ROOT);
    unit_keys_close();
}

static void half_a_version_is_replaced(void)
{
    struct sr_why why = {""};
    CK_OBJECT_HANDLE key;

    unit_keys_open("half");
    unit_keys_make("web", 1);
    CK_OBJECT_HANDLE first = unit_keys_find("web", 1, SR_SESSION_ROOT);
    CU_ASSERT_EQUAL(unit_keys_module.f->C_DestroyObject(unit_keys_bench.session,
                                                        unit_keys_find("web", 1, SR_SESSION_HS512)),
                    CKR_OK);
    unit_keys_make("web", 1);
    CU_ASSERT_EQUAL(unit_keys_objects(NULL), 2);
    CU_ASSERT_NOT_EQUAL(unit_keys_find("web", 1, SR_SESSION_ROOT), first);

    data_object("session:web:1"); /* a second one of the same label */
    CU_ASSERT_EQUAL(sr_keys_find_session(&unit_keys_bench, "web", 1, SR_SESSION_ROOT, &key, &why),
                    SR_JOB_TAMPERED);
    CU_ASSERT_EQUAL(key, CK_INVALID_HANDLE);
    CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "2 objects labelled \"session:web:1\""));
    (void)unit_keys_find("web", 1, SR_SESSION_HS512);
    unit_keys_close();
}

#define MACS_PER_THREAD 2000

struct macs {
    struct sr_seal seal;
    pthread_barrier_t *start;
    unsigned char expected[SR_SEAL_SIZE];
    unsigned good; /* of this thread */
};

static void *make_macs(void *arg)
{
    struct macs *m = arg;
    unsigned char mac[SR_SEAL_SIZE];

    (void)pthread_barrier_wait(m->start);
    for (int i = 0; i < MACS_PER_THREAD; i++)
        if (m->seal.mac(m->seal.key, DATA, strlen(DATA), mac) == CKR_OK &&
            memcmp(mac, m->expected, sizeof(mac)) == 0)
            m->good++;
    return NULL;
}

static void the_seal_in_threads(void)
{
    enum { THREADS = 4 };
    struct sr_seal_key *key;
    struct macs macs[THREADS] = {0};
    pthread_t threads[THREADS];
    pthread_barrier_t start;
    struct sr_why why = {""};

    unit_keys_open("threads");
    CU_ASSERT_EQUAL_FATAL(sr_keys_seal(&unit_keys_bench, &key, &macs[0].seal, &why), SR_JOB_OK);
    CU_ASSERT_EQUAL(macs[0].seal.mac(macs[0].seal.key, DATA, strlen(DATA), macs[0].expected), CKR_OK);
    CU_ASSERT_EQUAL_FATAL(pthread_barrier_init(&start, NULL, THREADS), 0);
    macs[0].start = &start;
    for (int i = 1; i < THREADS; i++)
        macs[i] = macs[0];
    for (int i = 0; i < THREADS; i++)
        CU_ASSERT_EQUAL_FATAL(pthread_create(&threads[i], NULL, make_macs, &macs[i]), 0);
    for (int i = 0; i < THREADS; i++) {
        CU_ASSERT_EQUAL(pthread_join(threads[i], NULL), 0);
        CU_ASSERT_EQUAL(macs[i].good, MACS_PER_THREAD);
    }
    (void)pthread_barrier_destroy(&start);
    sr_keys_seal_free(key);
    unit_keys_close();
}

static void the_seal(void)
{
    struct sr_seal_key *key;
    struct sr_seal seal;
    unsigned char macs[3][SR_SEAL_SIZE];
    CK_OBJECT_HANDLE *found;
    size_t count;
    struct sr_why why = {""};

    unit_keys_open("seal");
    CU_ASSERT_EQUAL_FATAL(sr_keys_seal(&unit_keys_bench, &key, &seal, &why), SR_JOB_OK);
    CU_ASSERT_EQUAL(seal.mac(seal.key, "a row", 5, macs[0]), CKR_OK);
    CU_ASSERT_EQUAL(seal.mac(seal.key, "a roW", 5, macs[1]), CKR_OK);
    CU_ASSERT_NOT_EQUAL(memcmp(macs[0], macs[1], SR_SEAL_SIZE), 0);
    CU_ASSERT_EQUAL(sr_find(unit_keys_module.f, unit_keys_bench.session, NULL, 0, &found, &count), CKR_OK);
    CU_ASSERT_EQUAL_FATAL(count, 2); /* the root, and the key that is derived from it */
    size_t root = unit_keys_flag(found[0], CKA_TOKEN) ? 0 : 1;
    is_strict(found[root], true, true, CKM_AES_CBC_ENCRYPT_DATA);
    is_strict(found[1 - root], false, false, CKM_SHA256_HMAC);
    for (size_t i = 0; i < count; i++) {
        CU_ASSERT_EQUAL(number(found[i], CKA_VALUE_LEN), 32);
        has_text(found[i], CKA_LABEL, i == root ? "registry:rows" : "registry:rows:derived");
        refuses_all(found[i], wrapping_key());
    }
    free(found);
    sr_keys_seal_free(key);

    /* the same key for the next one, in another session */
    CU_ASSERT_EQUAL(unit_keys_module.f->C_CloseAllSessions(unit_keys_bench.slot), CKR_OK);
    CU_ASSERT_EQUAL_FATAL(unit_keys_module.f->C_OpenSession(unit_keys_bench.slot,
                                                            CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL,
                                                            &unit_keys_bench.session),
                          CKR_OK);
    unit_keys_login(unit_keys_bench.session);
    CU_ASSERT_EQUAL_FATAL(sr_keys_seal(&unit_keys_bench, &key, &seal, &why), SR_JOB_OK);
    CU_ASSERT_EQUAL(seal.mac(seal.key, "a row", 5, macs[2]), CKR_OK);
    CU_ASSERT_EQUAL(memcmp(macs[0], macs[2], SR_SEAL_SIZE), 0);
    CU_ASSERT_EQUAL(unit_keys_objects(NULL), 2);
    sr_keys_seal_free(key);
    CU_ASSERT_EQUAL(unit_keys_objects(NULL), 1);

    data_object("registry:rows");
    CU_ASSERT_EQUAL(sr_keys_seal(&unit_keys_bench, &key, &seal, &why), SR_JOB_TAMPERED);
    CU_ASSERT_PTR_NULL(key);
    CU_ASSERT_PTR_NULL(seal.key);
    CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "2 objects labelled \"registry:rows\""));
    sr_keys_seal_free(NULL);
    unit_keys_close();
}

CU_TestInfo keys_tests[] = {
    {"attributes", attributes},
    {"other uses are refused", other_uses_are_refused},
    {"derived keys are the expected ones", derived_keys_are_the_expected_ones},
    {"odd arguments of deriving", odd_arguments_of_deriving},
    {"HMACs", hmacs},
    {"only the version is destroyed", only_the_version_is_destroyed},
    {"half a version is replaced", half_a_version_is_replaced},
    {"the seal", the_seal},
    {"the seal in threads", the_seal_in_threads},
    CU_TEST_INFO_NULL,
};
