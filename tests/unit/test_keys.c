/* SPDX-License-Identifier: Apache-2.0 */
/* The jobs' keys on a SoftHSM token: what they can do, what they cannot, and that nothing stays of them. */
#include "cryptoki/find.h"
#include "jobs/keys.h"
#include "unit.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define DATA "what is signed"

static struct sr_module module;
static struct sr_bench bench;
static CK_FUNCTION_LIST faulty; /* the module's functions, some replaced */
static CK_BBOOL yes = CK_TRUE;
static CK_BBOOL no = CK_FALSE;

static void login(CK_SESSION_HANDLE session)
{
    unsigned char pin[] = UNIT_PIN;
    CU_ASSERT_EQUAL_FATAL(module.f->C_Login(session, CKU_USER, pin, strlen(UNIT_PIN)), CKR_OK);
}

static void open_bench(const char *token)
{
    CK_SESSION_INFO info;

    unit_token(&module, token, &bench.session);
    bench.f = module.f;
    faulty = *module.f;
    login(bench.session);
    CU_ASSERT_EQUAL_FATAL(module.f->C_GetSessionInfo(bench.session, &info), CKR_OK);
    bench.slot = info.slotID;
}

static void close_bench(void)
{
    sr_module_close(&module);
}

static CK_OBJECT_HANDLE find(const char *name, unsigned long version, enum sr_session_key which)
{
    CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
    struct sr_why why = {""};
    CU_ASSERT_EQUAL_FATAL(sr_keys_find_session(&bench, name, version, which, &key, &why), SR_JOB_OK);
    return key;
}

static void make(const char *name, unsigned long version)
{
    char mechanism[40];
    struct sr_why why = {""};
    CU_ASSERT_EQUAL_FATAL(sr_keys_make_session(&bench, name, version, mechanism, &why), SR_JOB_OK);
    CU_ASSERT_STRING_EQUAL(mechanism, "CKM_AES_CBC_ENCRYPT_DATA");
}

static CK_OBJECT_HANDLE derive(CK_OBJECT_HANDLE root, const char *name, unsigned long version,
                               const char *purpose)
{
    CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
    struct sr_why why = {""};
    CU_ASSERT_EQUAL_FATAL(sr_keys_derive_session(&bench, root, name, version, purpose, &key, &why),
                          SR_JOB_OK);
    return key;
}

static void hmac(CK_OBJECT_HANDLE key, unsigned char mac[32])
{
    size_t size = 32;
    CU_ASSERT_EQUAL_FATAL(sr_keys_hmac(&bench, CKM_SHA256_HMAC, key, DATA, strlen(DATA), mac, &size), CKR_OK);
    CU_ASSERT_EQUAL(size, 32);
}

/* How many objects the token has: all, or those labelled LABEL. */
static size_t objects(const char *label)
{
    CK_ATTRIBUTE a = {CKA_LABEL, (void *)label, label != NULL ? strlen(label) : 0};
    CK_OBJECT_HANDLE *found;
    size_t count;

    CU_ASSERT_EQUAL_FATAL(sr_find(module.f, bench.session, &a, label != NULL ? 1 : 0, &found, &count),
                          CKR_OK);
    free(found);
    return count;
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
    CU_ASSERT_EQUAL_FATAL(module.f->C_CreateObject(bench.session, a, 3, &object), CKR_OK);
}

static bool flag(CK_OBJECT_HANDLE key, CK_ATTRIBUTE_TYPE type)
{
    CK_BBOOL value = 2;
    CK_ATTRIBUTE a = {type, &value, sizeof(value)};
    CU_ASSERT_EQUAL(module.f->C_GetAttributeValue(bench.session, key, &a, 1), CKR_OK);
    CU_ASSERT_TRUE(value == CK_TRUE || value == CK_FALSE);
    return value == CK_TRUE;
}

static CK_ULONG number(CK_OBJECT_HANDLE key, CK_ATTRIBUTE_TYPE type)
{
    CK_ULONG value = CK_UNAVAILABLE_INFORMATION;
    CK_ATTRIBUTE a = {type, &value, sizeof(value)};
    CU_ASSERT_EQUAL(module.f->C_GetAttributeValue(bench.session, key, &a, 1), CKR_OK);
    CU_ASSERT_EQUAL(a.ulValueLen, sizeof(value)); /* of a list: it has one element */
    return value;
}

static void has_text(CK_OBJECT_HANDLE key, CK_ATTRIBUTE_TYPE type, const char *text)
{
    char value[SR_LABEL_MAX] = "";
    CK_ATTRIBUTE a = {type, value, sizeof(value)};
    CU_ASSERT_EQUAL(module.f->C_GetAttributeValue(bench.session, key, &a, 1), CKR_OK);
    CU_ASSERT_EQUAL(a.ulValueLen, strlen(text));
    CU_ASSERT_EQUAL(memcmp(value, text, strlen(text)), 0);
}

static CK_RV read_value(CK_OBJECT_HANDLE key)
{
    unsigned char value[64];
    CK_ATTRIBUTE a = {CKA_VALUE, value, sizeof(value)};
    return module.f->C_GetAttributeValue(bench.session, key, &a, 1);
}

static void is_strict(CK_OBJECT_HANDLE key, bool token, bool derives, CK_MECHANISM_TYPE only)
{
    CU_ASSERT_EQUAL(number(key, CKA_CLASS), CKO_SECRET_KEY);
    CU_ASSERT_EQUAL(flag(key, CKA_TOKEN), token);
    CU_ASSERT_TRUE(flag(key, CKA_PRIVATE));
    CU_ASSERT_TRUE(flag(key, CKA_SENSITIVE));
    CU_ASSERT_TRUE(flag(key, CKA_ALWAYS_SENSITIVE));
    CU_ASSERT_FALSE(flag(key, CKA_EXTRACTABLE));
    CU_ASSERT_TRUE(flag(key, CKA_NEVER_EXTRACTABLE));
    CU_ASSERT_FALSE(flag(key, CKA_MODIFIABLE));
    CU_ASSERT_FALSE(flag(key, CKA_COPYABLE));
    CU_ASSERT_EQUAL(flag(key, CKA_DERIVE), derives);
    CU_ASSERT_EQUAL(flag(key, CKA_SIGN), !derives);
    CU_ASSERT_EQUAL(flag(key, CKA_VERIFY), !derives);
    CU_ASSERT_FALSE(flag(key, CKA_ENCRYPT));
    CU_ASSERT_FALSE(flag(key, CKA_DECRYPT));
    CU_ASSERT_FALSE(flag(key, CKA_WRAP));
    CU_ASSERT_FALSE(flag(key, CKA_UNWRAP));
    CU_ASSERT_EQUAL(number(key, CKA_ALLOWED_MECHANISMS), only);
    CU_ASSERT_EQUAL(read_value(key), CKR_ATTRIBUTE_SENSITIVE);
}

static void attributes(void)
{
    open_bench("attributes");
    make("web", 1);
    CK_OBJECT_HANDLE root = find("web", 1, SR_SESSION_ROOT);
    is_strict(root, true, true, CKM_AES_CBC_ENCRYPT_DATA);
    CU_ASSERT_EQUAL(number(root, CKA_KEY_TYPE), CKK_AES);
    CU_ASSERT_EQUAL(number(root, CKA_VALUE_LEN), 32);
    CU_ASSERT_TRUE(flag(root, CKA_LOCAL));
    has_text(root, CKA_LABEL, "session:web:1");
    has_text(root, CKA_ID, "session:web:1");

    CK_OBJECT_HANDLE hs512 = find("web", 1, SR_SESSION_HS512);
    is_strict(hs512, true, false, CKM_SHA512_HMAC);
    CU_ASSERT_EQUAL(number(hs512, CKA_KEY_TYPE), CKK_GENERIC_SECRET);
    CU_ASSERT_EQUAL(number(hs512, CKA_VALUE_LEN), 64);
    CU_ASSERT_TRUE(flag(hs512, CKA_LOCAL));
    has_text(hs512, CKA_LABEL, "session:web:1:hs512");
    has_text(hs512, CKA_ID, "session:web:1:hs512");

    CK_OBJECT_HANDLE derived = derive(root, "web", 1, "cookie");
    is_strict(derived, false, false, CKM_SHA256_HMAC);
    CU_ASSERT_EQUAL(number(derived, CKA_KEY_TYPE), CKK_GENERIC_SECRET);
    CU_ASSERT_EQUAL(number(derived, CKA_VALUE_LEN), 32);
    has_text(derived, CKA_LABEL, "session:web:1:derived");
    close_bench();
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
    CU_ASSERT_EQUAL_FATAL(module.f->C_GenerateKey(bench.session, &generate, a, 4, &key), CKR_OK);
    return key;
}

static CK_RV wrap(CK_OBJECT_HANDLE with, CK_OBJECT_HANDLE what)
{
    CK_MECHANISM m = {CKM_AES_KEY_WRAP_PAD, NULL, 0};
    unsigned char blob[128];
    CK_ULONG size = sizeof(blob);
    return module.f->C_WrapKey(bench.session, &m, with, what, blob, &size);
}

static CK_RV change(CK_OBJECT_HANDLE key, CK_ATTRIBUTE_TYPE type)
{
    CK_ATTRIBUTE a = {type, &yes, sizeof(yes)};
    return module.f->C_SetAttributeValue(bench.session, key, &a, 1);
}

static CK_RV copy(CK_OBJECT_HANDLE key)
{
    CK_ATTRIBUTE a = {CKA_TOKEN, &no, sizeof(no)};
    CK_OBJECT_HANDLE made;
    return module.f->C_CopyObject(bench.session, key, &a, 1, &made);
}

static CK_RV sign_init(CK_MECHANISM_TYPE mechanism, CK_OBJECT_HANDLE key)
{
    CK_MECHANISM m = {mechanism, NULL, 0};
    return module.f->C_SignInit(bench.session, &m, key);
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
    return module.f->C_DeriveKey(bench.session, &m, key, a, 3, &made);
}

/* What no key of the jobs may do. */
static void refuses_all(CK_OBJECT_HANDLE key, CK_OBJECT_HANDLE wrapping)
{
    unsigned char iv[16] = {0};
    CK_MECHANISM ecb = {CKM_AES_ECB, NULL, 0};
    CK_MECHANISM cbc = {CKM_AES_CBC, iv, sizeof(iv)};

    CU_ASSERT_EQUAL(module.f->C_EncryptInit(bench.session, &ecb, key), CKR_KEY_FUNCTION_NOT_PERMITTED);
    CU_ASSERT_EQUAL(module.f->C_EncryptInit(bench.session, &cbc, key), CKR_KEY_FUNCTION_NOT_PERMITTED);
    CU_ASSERT_EQUAL(module.f->C_DecryptInit(bench.session, &ecb, key), CKR_KEY_FUNCTION_NOT_PERMITTED);
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

    open_bench("uses");
    make("web", 1);
    CK_OBJECT_HANDLE wrapping = wrapping_key();
    CK_OBJECT_HANDLE root = find("web", 1, SR_SESSION_ROOT);
    refuses_all(root, wrapping);
    CU_ASSERT_EQUAL(wrap(root, wrapping), CKR_KEY_FUNCTION_NOT_PERMITTED);
    CU_ASSERT_EQUAL(sign_init(CKM_AES_CMAC, root), CKR_KEY_FUNCTION_NOT_PERMITTED);
    CU_ASSERT_EQUAL(derive_by_ecb(root), CKR_MECHANISM_INVALID);
    CK_OBJECT_HANDLE derived = derive(root, "web", 1, "cookie"); /* what it is for */

    refuses_all(derived, wrapping);
    CU_ASSERT_EQUAL(sign_init(CKM_SHA_1_HMAC, derived), CKR_MECHANISM_INVALID);
    hmac(derived, mac);

    CK_OBJECT_HANDLE hs512 = find("web", 1, SR_SESSION_HS512);
    refuses_all(hs512, wrapping);
    CU_ASSERT_EQUAL(sign_init(CKM_SHA256_HMAC, hs512), CKR_MECHANISM_INVALID);
    CU_ASSERT_EQUAL(sr_keys_hmac(&bench, CKM_SHA512_HMAC, hs512, DATA, strlen(DATA), mac, &size), CKR_OK);
    CU_ASSERT_EQUAL(size, 64);

    /* The same steps with a key that may: it is the keys that refuse, not the token. */
    CU_ASSERT_EQUAL(wrap(wrapping, wrapping_key()), CKR_OK);
    CU_ASSERT_EQUAL(change(wrapping, CKA_ENCRYPT), CKR_OK);
    CU_ASSERT_EQUAL(copy(wrapping), CKR_OK);
    CU_ASSERT_EQUAL(derive_by_ecb(wrapping), CKR_OK);
    CU_ASSERT_EQUAL(sign_init(CKM_AES_CMAC, wrapping), CKR_OK);
    close_bench();
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
    CU_ASSERT_EQUAL_FATAL(module.f->C_CreateObject(bench.session, a, 4, &key), CKR_OK);
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

    open_bench("derived");
    CK_OBJECT_HANDLE root = known_root(value);
    for (size_t i = 0; i < COUNT; i++) {
        hmac(derive(root, cases[i].name, cases[i].version, cases[i].purpose), macs[i]);
        expected_mac(value, cases[i].fields, cases[i].length, expected);
        CU_ASSERT_EQUAL(memcmp(macs[i], expected, 32), 0);
        for (size_t j = 0; j < i; j++)
            CU_ASSERT_NOT_EQUAL(memcmp(macs[i], macs[j], 32), 0);
    }
    hmac(derive(root, "web", 1, "cookie"), expected); /* once more: the same */
    CU_ASSERT_EQUAL(memcmp(macs[0], expected, 32), 0);
    close_bench();
}

static void odd_arguments_of_deriving(void)
{
    unsigned char value[32];
    CK_OBJECT_HANDLE key;
    struct sr_why why = {""};
    char name[SR_NAME_MAX + 1];
    char purpose[34];

    open_bench("odd");
    CK_OBJECT_HANDLE root = known_root(value);
    memset(name, 'n', sizeof(name));
    memset(purpose, 'p', sizeof(purpose));
    name[SR_NAME_MAX - 1] = purpose[32] = '\0'; /* the longest, in a label with the longest version */
    CU_ASSERT_EQUAL(sr_keys_derive_session(&bench, root, name, 18446744073709551615UL, purpose, &key, &why),
                    SR_JOB_OK);
    purpose[32] = 'p';
    purpose[33] = '\0';
    CU_ASSERT_EQUAL(sr_keys_derive_session(&bench, root, "web", 1, purpose, &key, &why), SR_JOB_INVALID);
    CU_ASSERT_EQUAL(sr_keys_derive_session(&bench, root, "web", 1, "", &key, &why), SR_JOB_INVALID);
    name[SR_NAME_MAX - 1] = 'n';
    name[SR_NAME_MAX] = '\0';
    CU_ASSERT_EQUAL(sr_keys_derive_session(&bench, root, name, 1, "cookie", &key, &why), SR_JOB_INVALID);
    CU_ASSERT_EQUAL(sr_keys_make_session(&bench, name, 1, (char[40]){0}, &why), SR_JOB_INVALID);
    CU_ASSERT_EQUAL(sr_keys_derive_session(&bench, CK_INVALID_HANDLE, "web", 1, "cookie", &key, &why),
                    SR_JOB_INVALID);
    CU_ASSERT_EQUAL(key, CK_INVALID_HANDLE);
    close_bench();
}

static void hmacs(void)
{
    unsigned char value[32];
    unsigned char mac[64];
    unsigned char again[64];
    size_t size = 31;

    open_bench("hmacs");
    CK_OBJECT_HANDLE key = derive(known_root(value), "web", 1, "cookie");
    CU_ASSERT_EQUAL(sr_keys_hmac(&bench, CKM_SHA256_HMAC, key, DATA, strlen(DATA), mac, &size),
                    CKR_BUFFER_TOO_SMALL);
    size = 64; /* and no operation was left open */
    CU_ASSERT_EQUAL(sr_keys_hmac(&bench, CKM_SHA256_HMAC, key, NULL, 0, mac, &size), CKR_OK);
    CU_ASSERT_EQUAL(size, 32);
    size = 64;
    CU_ASSERT_EQUAL(sr_keys_hmac(&bench, CKM_SHA256_HMAC, key, "", 0, again, &size), CKR_OK);
    CU_ASSERT_EQUAL(memcmp(mac, again, 32), 0);
    close_bench();
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

    open_bench("destroyed");
    make("web", 1);
    make("web", 12);
    data_object("session:web:1:");
    data_object("session:web:1:what-else");
    for (size_t i = 2; i < sizeof(others) / sizeof(others[0]); i++)
        data_object(others[i]);
    CU_ASSERT_EQUAL_FATAL(
        module.f->C_OpenSession(bench.slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &other), CKR_OK);
    CK_OBJECT_HANDLE derived = derive(find("web", 1, SR_SESSION_ROOT), "web", 1, "cookie");
    CK_OBJECT_HANDLE kept = derive(find("web", 12, SR_SESSION_ROOT), "web", 12, "cookie");
    CU_ASSERT_EQUAL(objects(NULL), 12);

    struct sr_bench elsewhere = {bench.f, bench.slot, other};
    CU_ASSERT_EQUAL(sr_keys_destroy(&elsewhere, &web, 1, &why), SR_JOB_OK);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        CU_ASSERT_EQUAL(objects(others[i]), 1);
    CU_ASSERT_EQUAL(objects(NULL), 7);
    CU_ASSERT_EQUAL(sr_keys_find_session(&bench, "web", 1, SR_SESSION_ROOT, &key, &why), SR_JOB_NOT_FOUND);
    CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "session:web:1"));
    CU_ASSERT_EQUAL(key, CK_INVALID_HANDLE);
    CU_ASSERT_EQUAL(sr_keys_find_session(&bench, "web", 1, SR_SESSION_HS512, &key, &why), SR_JOB_NOT_FOUND);
    CU_ASSERT_NOT_EQUAL(sr_keys_hmac(&bench, CKM_SHA256_HMAC, derived, DATA, 1, mac, &size), CKR_OK);
    hmac(kept, mac);
    (void)find("web", 12, SR_SESSION_HS512);
    CU_ASSERT_EQUAL(sr_keys_destroy(&bench, &web, 1, &why), SR_JOB_OK); /* none is there */

    /* Nothing can be said of what a session that is not logged in does not see. */
    CU_ASSERT_EQUAL(module.f->C_Logout(bench.session), CKR_OK);
    CU_ASSERT_EQUAL(sr_keys_destroy(&bench, &web, 12, &why), SR_JOB_FAILED);
    CU_ASSERT_EQUAL(sr_keys_find_session(&bench, "web", 12, SR_SESSION_ROOT, &key, &why), SR_JOB_FAILED);
    CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "not logged in"));
    login(bench.session);
    (void)find("web", 12, SR_SESSION_ROOT);
    close_bench();
}

static void half_a_version_is_replaced(void)
{
    struct sr_why why = {""};
    CK_OBJECT_HANDLE key;

    open_bench("half");
    make("web", 1);
    CK_OBJECT_HANDLE first = find("web", 1, SR_SESSION_ROOT);
    CU_ASSERT_EQUAL(module.f->C_DestroyObject(bench.session, find("web", 1, SR_SESSION_HS512)), CKR_OK);
    make("web", 1);
    CU_ASSERT_EQUAL(objects(NULL), 2);
    CU_ASSERT_NOT_EQUAL(find("web", 1, SR_SESSION_ROOT), first);

    data_object("session:web:1"); /* a second one of the same label */
    CU_ASSERT_EQUAL(sr_keys_find_session(&bench, "web", 1, SR_SESSION_ROOT, &key, &why), SR_JOB_TAMPERED);
    CU_ASSERT_EQUAL(key, CK_INVALID_HANDLE);
    CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "2 objects labelled \"session:web:1\""));
    (void)find("web", 1, SR_SESSION_HS512);
    close_bench();
}

/* Tokens that cannot, or do not do as they are asked. */

static CK_MECHANISM_TYPE lacking;

static CK_RV lack(CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info)
{
    return type == lacking ? CKR_MECHANISM_INVALID : module.f->C_GetMechanismInfo(slot, type, info);
}

static CK_RV useless(CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info)
{
    CK_RV rv = module.f->C_GetMechanismInfo(slot, type, info);
    if (type == lacking)
        info->flags = CKF_DIGEST;
    return rv;
}

static void a_missing_mechanism_is_named(void)
{
    static const struct {
        CK_MECHANISM_TYPE type;
        const char *name;
    } needed[] = {
        {CKM_AES_CBC_ENCRYPT_DATA, "CKM_AES_CBC_ENCRYPT_DATA"},
        {CKM_AES_KEY_GEN, "CKM_AES_KEY_GEN"},
        {CKM_GENERIC_SECRET_KEY_GEN, "CKM_GENERIC_SECRET_KEY_GEN"},
        {CKM_SHA256_HMAC, "CKM_SHA256_HMAC"},
        {CKM_SHA512_HMAC, "CKM_SHA512_HMAC"},
    };
    char mechanism[40];

    open_bench("lacking");
    bench.f = &faulty;
    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
        struct sr_why why = {""};
        lacking = needed[i].type;
        faulty.C_GetMechanismInfo = lack;
        CU_ASSERT_EQUAL(sr_keys_make_session(&bench, "web", 1, mechanism, &why), SR_JOB_FAILED);
        CU_ASSERT_PTR_NOT_NULL(strstr(why.text, needed[i].name));
        CU_ASSERT_STRING_EQUAL(mechanism, "");
        why.text[0] = '\0';
        faulty.C_GetMechanismInfo = useless;
        CU_ASSERT_EQUAL(sr_keys_make_session(&bench, "web", 1, mechanism, &why), SR_JOB_FAILED);
        CU_ASSERT_PTR_NOT_NULL(strstr(why.text, needed[i].name));
    }
    CU_ASSERT_EQUAL(objects(NULL), 0);
    lacking = CKM_RSA_PKCS; /* which nobody needs */
    make("web", 1);
    close_bench();
}

static CK_RV refusal;
static unsigned refused;

static bool refuse(const CK_ATTRIBUTE *a, CK_ULONG n)
{
    for (CK_ULONG i = 0; i < n; i++)
        if (a[i].type == CKA_ALLOWED_MECHANISMS || a[i].type == CKA_COPYABLE) {
            refused++;
            return true;
        }
    return false;
}

static CK_RV generate_plain_only(CK_SESSION_HANDLE session, CK_MECHANISM *m, CK_ATTRIBUTE *a, CK_ULONG n,
                                 CK_OBJECT_HANDLE *key)
{
    return refuse(a, n) ? refusal : module.f->C_GenerateKey(session, m, a, n, key);
}

static CK_RV derive_plain_only(CK_SESSION_HANDLE session, CK_MECHANISM *m, CK_OBJECT_HANDLE base,
                               CK_ATTRIBUTE *a, CK_ULONG n, CK_OBJECT_HANDLE *key)
{
    return refuse(a, n) ? refusal : module.f->C_DeriveKey(session, m, base, a, n, key);
}

/* Without the two attributes that were refused, all the others must be as ever. */
static void is_plain(CK_OBJECT_HANDLE key)
{
    CU_ASSERT_TRUE(flag(key, CKA_PRIVATE));
    CU_ASSERT_FALSE(flag(key, CKA_MODIFIABLE));
    CU_ASSERT_FALSE(flag(key, CKA_EXTRACTABLE));
    CU_ASSERT_FALSE(flag(key, CKA_ENCRYPT));
    CU_ASSERT_EQUAL(read_value(key), CKR_ATTRIBUTE_SENSITIVE);
}

static void a_token_without_allowed_mechanisms(void)
{
    static const CK_RV refusals[] = {CKR_ATTRIBUTE_TYPE_INVALID, CKR_ATTRIBUTE_VALUE_INVALID,
                                     CKR_TEMPLATE_INCONSISTENT};
    char mechanism[40];
    struct sr_why why = {""};

    open_bench("plain");
    bench.f = &faulty;
    faulty.C_GenerateKey = generate_plain_only;
    faulty.C_DeriveKey = derive_plain_only;
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        refused = 0;
        refusal = refusals[i];
        make("web", i + 1);
        CU_ASSERT_EQUAL(refused, 2);
        CK_OBJECT_HANDLE root = find("web", i + 1, SR_SESSION_ROOT);
        is_plain(root);
        is_plain(find("web", i + 1, SR_SESSION_HS512));
        is_plain(derive(root, "web", i + 1, "cookie"));
        CU_ASSERT_EQUAL(refused, 3);
    }
    refusal = CKR_DEVICE_MEMORY; /* is no matter of the template */
    CU_ASSERT_EQUAL(sr_keys_make_session(&bench, "web", 9, mechanism, &why), SR_JOB_FAILED);
    CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "CKR_DEVICE_MEMORY"));
    close_bench();
}

static CK_ATTRIBUTE_TYPE weaker;

static CK_RV make_weaker(CK_ATTRIBUTE *a, CK_ULONG n)
{
    for (CK_ULONG i = 0; i < n; i++)
        if (a[i].type == weaker)
            a[i].pValue = weaker == CKA_SENSITIVE ? &no : &yes;
    return CKR_OK;
}

static CK_RV generate_weaker(CK_SESSION_HANDLE session, CK_MECHANISM *m, CK_ATTRIBUTE *a, CK_ULONG n,
                             CK_OBJECT_HANDLE *key)
{
    /* The root is as asked, so that the second key's failure has to take it away again. */
    if (m->mechanism == CKM_GENERIC_SECRET_KEY_GEN)
        (void)make_weaker(a, n);
    return module.f->C_GenerateKey(session, m, a, n, key);
}

static CK_RV derive_weaker(CK_SESSION_HANDLE session, CK_MECHANISM *m, CK_OBJECT_HANDLE base, CK_ATTRIBUTE *a,
                           CK_ULONG n, CK_OBJECT_HANDLE *key)
{
    (void)make_weaker(a, n);
    return module.f->C_DeriveKey(session, m, base, a, n, key);
}

static void a_token_that_makes_weaker_keys(void)
{
    static const CK_ATTRIBUTE_TYPE types[] = {CKA_SENSITIVE, CKA_EXTRACTABLE};
    char mechanism[40];
    CK_OBJECT_HANDLE key;

    open_bench("weaker");
    make("good", 1);
    CK_OBJECT_HANDLE root = find("good", 1, SR_SESSION_ROOT);
    bench.f = &faulty;
    faulty.C_GenerateKey = generate_weaker;
    faulty.C_DeriveKey = derive_weaker;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        struct sr_why why = {""};
        weaker = types[i];
        CU_ASSERT_EQUAL(sr_keys_make_session(&bench, "web", 1, mechanism, &why), SR_JOB_FAILED);
        CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "session:web:1:hs512"));
        CU_ASSERT_STRING_EQUAL(mechanism, "");
        CU_ASSERT_EQUAL(objects(NULL), 2);
        why.text[0] = '\0';
        CU_ASSERT_EQUAL(sr_keys_derive_session(&bench, root, "good", 1, "cookie", &key, &why), SR_JOB_FAILED);
        CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "readable or extractable"));
        CU_ASSERT_EQUAL(key, CK_INVALID_HANDLE);
        CU_ASSERT_EQUAL(objects(NULL), 2);
    }
    weaker = CK_UNAVAILABLE_INFORMATION;
    (void)derive(root, "good", 1, "cookie");
    close_bench();
}

static CK_RV was_extractable(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *a, CK_ULONG n)
{
    CK_RV rv = module.f->C_GetAttributeValue(session, object, a, n);
    for (CK_ULONG i = 0; i < n; i++)
        if (a[i].type == CKA_NEVER_EXTRACTABLE && a[i].pValue != NULL)
            *(CK_BBOOL *)a[i].pValue = CK_FALSE;
    return rv;
}

static void a_token_whose_keys_were_extractable(void)
{
    char mechanism[40];
    struct sr_why why = {""};

    open_bench("were");
    make("good", 1);
    bench.f = &faulty;
    faulty.C_GetAttributeValue = was_extractable;
    CU_ASSERT_EQUAL(sr_keys_make_session(&bench, "web", 1, mechanism, &why), SR_JOB_FAILED);
    CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "session:web:1: the token made the key readable or extractable"));
    CU_ASSERT_EQUAL(objects(NULL), 2);
    (void)derive(find("good", 1, SR_SESSION_ROOT), "good", 1, "cookie"); /* as from a restored root */
    close_bench();
}

static CK_RV destroy_nothing(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
    (void)session;
    (void)object;
    return CKR_OK;
}

static CK_OBJECT_HANDLE stuck;

static CK_RV destroy_others(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
    return object == stuck ? CKR_ACTION_PROHIBITED : module.f->C_DestroyObject(session, object);
}

static void a_token_that_does_not_destroy(void)
{
    static const struct sr_family_name web = {"session", "web"};
    struct sr_why why = {""};

    open_bench("stuck");
    make("web", 1);
    bench.f = &faulty;
    faulty.C_DestroyObject = destroy_nothing;
    CU_ASSERT_EQUAL(sr_keys_destroy(&bench, &web, 1, &why), SR_JOB_FAILED);
    CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "session:web:1: the token still has 2"));
    faulty.C_DestroyObject = destroy_others;
    stuck = find("web", 1, SR_SESSION_ROOT);
    CU_ASSERT_EQUAL(sr_keys_destroy(&bench, &web, 1, &why), SR_JOB_FAILED);
    CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "CKR_ACTION_PROHIBITED"));
    CU_ASSERT_EQUAL(objects(NULL), 1); /* the other one is gone */
    stuck = CK_INVALID_HANDLE;
    CU_ASSERT_EQUAL(sr_keys_destroy(&bench, &web, 1, &why), SR_JOB_OK);
    CU_ASSERT_EQUAL(objects(NULL), 0);
    close_bench();
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

    open_bench("threads");
    CU_ASSERT_EQUAL_FATAL(sr_keys_seal(&bench, &key, &macs[0].seal, &why), SR_JOB_OK);
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
    close_bench();
}

static void the_seal(void)
{
    struct sr_seal_key *key;
    struct sr_seal seal;
    unsigned char macs[3][SR_SEAL_SIZE];
    CK_OBJECT_HANDLE *found;
    size_t count;
    struct sr_why why = {""};

    open_bench("seal");
    CU_ASSERT_EQUAL_FATAL(sr_keys_seal(&bench, &key, &seal, &why), SR_JOB_OK);
    CU_ASSERT_EQUAL(seal.mac(seal.key, "a row", 5, macs[0]), CKR_OK);
    CU_ASSERT_EQUAL(seal.mac(seal.key, "a roW", 5, macs[1]), CKR_OK);
    CU_ASSERT_NOT_EQUAL(memcmp(macs[0], macs[1], SR_SEAL_SIZE), 0);
    CU_ASSERT_EQUAL(sr_find(module.f, bench.session, NULL, 0, &found, &count), CKR_OK);
    CU_ASSERT_EQUAL_FATAL(count, 1);
    is_strict(found[0], true, false, CKM_SHA256_HMAC);
    CU_ASSERT_EQUAL(number(found[0], CKA_VALUE_LEN), 32);
    has_text(found[0], CKA_LABEL, "registry:rows");
    refuses_all(found[0], wrapping_key());
    free(found);
    sr_keys_seal_free(key);

    /* the same key for the next one, in another session */
    CU_ASSERT_EQUAL(module.f->C_CloseAllSessions(bench.slot), CKR_OK);
    CU_ASSERT_EQUAL_FATAL(
        module.f->C_OpenSession(bench.slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &bench.session),
        CKR_OK);
    login(bench.session);
    CU_ASSERT_EQUAL_FATAL(sr_keys_seal(&bench, &key, &seal, &why), SR_JOB_OK);
    CU_ASSERT_EQUAL(seal.mac(seal.key, "a row", 5, macs[2]), CKR_OK);
    CU_ASSERT_EQUAL(memcmp(macs[0], macs[2], SR_SEAL_SIZE), 0);
    CU_ASSERT_EQUAL(objects(NULL), 1);
    sr_keys_seal_free(key);

    data_object("registry:rows");
    CU_ASSERT_EQUAL(sr_keys_seal(&bench, &key, &seal, &why), SR_JOB_TAMPERED);
    CU_ASSERT_PTR_NULL(key);
    CU_ASSERT_PTR_NULL(seal.key);
    CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "2 objects labelled \"registry:rows\""));
    sr_keys_seal_free(NULL);
    close_bench();
}

CU_TestInfo keys_tests[] = {
    {"attributes", attributes},
    {"other uses are refused", other_uses_are_refused},
    {"derived keys are the expected ones", derived_keys_are_the_expected_ones},
    {"odd arguments of deriving", odd_arguments_of_deriving},
    {"HMACs", hmacs},
    {"only the version is destroyed", only_the_version_is_destroyed},
    {"half a version is replaced", half_a_version_is_replaced},
    {"a missing mechanism is named", a_missing_mechanism_is_named},
    {"a token without allowed mechanisms", a_token_without_allowed_mechanisms},
    {"a token that makes weaker keys", a_token_that_makes_weaker_keys},
    {"a token whose keys were extractable", a_token_whose_keys_were_extractable},
    {"a token that does not destroy", a_token_that_does_not_destroy},
    {"the seal", the_seal},
    {"the seal in threads", the_seal_in_threads},
    CU_TEST_INFO_NULL,
};
