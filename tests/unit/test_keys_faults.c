/* SPDX-License-Identifier: Apache-2.0 */
/* The jobs' keys on tokens that cannot, or do not do as they are asked. */
#include "unit_keys.h"

#include <string.h>

static CK_BBOOL yes = CK_TRUE;
static CK_BBOOL no = CK_FALSE;

static CK_MECHANISM_TYPE lacking;

static CK_RV lack(CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info)
{
    return type == lacking ? CKR_MECHANISM_INVALID : unit_keys_module.f->C_GetMechanismInfo(slot, type, info);
}

static CK_RV useless(CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info)
{
    CK_RV rv = unit_keys_module.f->C_GetMechanismInfo(slot, type, info);
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

    unit_keys_open("lacking");
    unit_keys_bench.f = &unit_keys_faulty;
    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
        struct sr_why why = {""};
        lacking = needed[i].type;
        unit_keys_faulty.C_GetMechanismInfo = lack;
        CU_ASSERT_EQUAL(sr_keys_make_session(&unit_keys_bench, "web", 1, mechanism, &why), SR_JOB_FAILED);
        CU_ASSERT_PTR_NOT_NULL(strstr(why.text, needed[i].name));
        CU_ASSERT_STRING_EQUAL(mechanism, "");
        why.text[0] = '\0';
        unit_keys_faulty.C_GetMechanismInfo = useless;
        CU_ASSERT_EQUAL(sr_keys_make_session(&unit_keys_bench, "web", 1, mechanism, &why), SR_JOB_FAILED);
        CU_ASSERT_PTR_NOT_NULL(strstr(why.text, needed[i].name));
    }
    CU_ASSERT_EQUAL(unit_keys_objects(NULL), 0);
    lacking = CKM_RSA_PKCS; /* which nobody needs */
    unit_keys_make("web", 1);
    unit_keys_close();
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
    return refuse(a, n) ? refusal : unit_keys_module.f->C_GenerateKey(session, m, a, n, key);
}

static CK_RV derive_plain_only(CK_SESSION_HANDLE session, CK_MECHANISM *m, CK_OBJECT_HANDLE base,
                               CK_ATTRIBUTE *a, CK_ULONG n, CK_OBJECT_HANDLE *key)
{
    return refuse(a, n) ? refusal : unit_keys_module.f->C_DeriveKey(session, m, base, a, n, key);
}

/* Without the two attributes that were refused, all the others must be as ever. */
static void is_plain(CK_OBJECT_HANDLE key)
{
    CU_ASSERT_TRUE(unit_keys_flag(key, CKA_PRIVATE));
    CU_ASSERT_FALSE(unit_keys_flag(key, CKA_MODIFIABLE));
    CU_ASSERT_FALSE(unit_keys_flag(key, CKA_EXTRACTABLE));
    CU_ASSERT_FALSE(unit_keys_flag(key, CKA_ENCRYPT));
    CU_ASSERT_EQUAL(unit_keys_value(key), CKR_ATTRIBUTE_SENSITIVE);
}

static void a_token_without_allowed_mechanisms(void)
{
    static const CK_RV refusals[] = {CKR_ATTRIBUTE_TYPE_INVALID, CKR_ATTRIBUTE_VALUE_INVALID,
                                     CKR_TEMPLATE_INCONSISTENT};
    char mechanism[40];
    struct sr_why why = {""};

    unit_keys_open("plain");
    unit_keys_bench.f = &unit_keys_faulty;
    unit_keys_faulty.C_GenerateKey = generate_plain_only;
    unit_keys_faulty.C_DeriveKey = derive_plain_only;
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        refused = 0;
        refusal = refusals[i];
        unit_keys_make("web", i + 1);
        CU_ASSERT_EQUAL(refused, 2);
        CK_OBJECT_HANDLE root = unit_keys_find("web", i + 1, SR_SESSION_ROOT);
        is_plain(root);
        is_plain(unit_keys_find("web", i + 1, SR_SESSION_HS512));
        is_plain(unit_keys_derive(root, "web", i + 1, "cookie"));
        CU_ASSERT_EQUAL(refused, 3);
    }
    refusal = CKR_DEVICE_MEMORY; /* is no matter of the template */
    CU_ASSERT_EQUAL(sr_keys_make_session(&unit_keys_bench, "web", 9, mechanism, &why), SR_JOB_FAILED);
    CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "CKR_DEVICE_MEMORY"));
    unit_keys_close();
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
    return unit_keys_module.f->C_GenerateKey(session, m, a, n, key);
}

static CK_RV derive_weaker(CK_SESSION_HANDLE session, CK_MECHANISM *m, CK_OBJECT_HANDLE base, CK_ATTRIBUTE *a,
                           CK_ULONG n, CK_OBJECT_HANDLE *key)
{
    (void)make_weaker(a, n);
    return unit_keys_module.f->C_DeriveKey(session, m, base, a, n, key);
}

static void a_token_that_makes_weaker_keys(void)
{
    static const CK_ATTRIBUTE_TYPE types[] = {CKA_SENSITIVE, CKA_EXTRACTABLE};
    char mechanism[40];
    CK_OBJECT_HANDLE key;

    unit_keys_open("weaker");
    unit_keys_make("good", 1);
    CK_OBJECT_HANDLE root = unit_keys_find("good", 1, SR_SESSION_ROOT);
    unit_keys_bench.f = &unit_keys_faulty;
    unit_keys_faulty.C_GenerateKey = generate_weaker;
    unit_keys_faulty.C_DeriveKey = derive_weaker;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        struct sr_why why = {""};
        weaker = types[i];
        CU_ASSERT_EQUAL(sr_keys_make_session(&unit_keys_bench, "web", 1, mechanism, &why), SR_JOB_FAILED);
        CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "session:web:1:hs512"));
        CU_ASSERT_STRING_EQUAL(mechanism, "");
        CU_ASSERT_EQUAL(unit_keys_objects(NULL), 2);
        why.text[0] = '\0';
        CU_ASSERT_EQUAL(sr_keys_derive_session(&unit_keys_bench, root, "good", 1, "cookie", &key, &why),
                        SR_JOB_FAILED);
        CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "readable or extractable"));
        CU_ASSERT_EQUAL(key, CK_INVALID_HANDLE);
        CU_ASSERT_EQUAL(unit_keys_objects(NULL), 2);
    }
    weaker = CK_UNAVAILABLE_INFORMATION;
    (void)unit_keys_derive(root, "good", 1, "cookie");
    unit_keys_close();
}

static CK_RV was_extractable(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *a, CK_ULONG n)
{
    CK_RV rv = unit_keys_module.f->C_GetAttributeValue(session, object, a, n);
    for (CK_ULONG i = 0; i < n; i++)
        if (a[i].type == CKA_NEVER_EXTRACTABLE && a[i].pValue != NULL)
            *(CK_BBOOL *)a[i].pValue = CK_FALSE;
    return rv;
}

static void a_token_whose_keys_were_extractable(void)
{
    char mechanism[40];
    struct sr_why why = {""};

    unit_keys_open("were");
    unit_keys_make("good", 1);
    unit_keys_bench.f = &unit_keys_faulty;
    unit_keys_faulty.C_GetAttributeValue = was_extractable;
    CU_ASSERT_EQUAL(sr_keys_make_session(&unit_keys_bench, "web", 1, mechanism, &why), SR_JOB_FAILED);
    CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "session:web:1: the token made the key readable or extractable"));
    CU_ASSERT_EQUAL(unit_keys_objects(NULL), 2);
    (void)unit_keys_derive(unit_keys_find("good", 1, SR_SESSION_ROOT), "good", 1,
                           "cookie"); /* as from a restored root */
    unit_keys_close();
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
    return object == stuck ? CKR_ACTION_PROHIBITED : unit_keys_module.f->C_DestroyObject(session, object);
}

static void a_token_that_does_not_destroy(void)
{
    static const struct sr_family_name web = {"session", "web"};
    struct sr_why why = {""};

    unit_keys_open("stuck");
    unit_keys_make("web", 1);
    unit_keys_bench.f = &unit_keys_faulty;
    unit_keys_faulty.C_DestroyObject = destroy_nothing;
    CU_ASSERT_EQUAL(sr_keys_destroy(&unit_keys_bench, &web, 1, &why), SR_JOB_FAILED);
    CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "session:web:1: the token still has 2"));
    unit_keys_faulty.C_DestroyObject = destroy_others;
    stuck = unit_keys_find("web", 1, SR_SESSION_ROOT);
    CU_ASSERT_EQUAL(sr_keys_destroy(&unit_keys_bench, &web, 1, &why), SR_JOB_FAILED);
    CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "CKR_ACTION_PROHIBITED"));
    CU_ASSERT_EQUAL(unit_keys_objects(NULL), 1); /* the other one is gone */
    stuck = CK_INVALID_HANDLE;
    CU_ASSERT_EQUAL(sr_keys_destroy(&unit_keys_bench, &web, 1, &why), SR_JOB_OK);
    CU_ASSERT_EQUAL(unit_keys_objects(NULL), 0);
    unit_keys_close();
}

CU_TestInfo keys_faults_tests[] = {
    {"a missing mechanism is named", a_missing_mechanism_is_named},
    {"a token without allowed mechanisms", a_token_without_allowed_mechanisms},
    {"a token that makes weaker keys", a_token_that_makes_weaker_keys},
    {"a token whose keys were extractable", a_token_whose_keys_were_extractable},
    {"a token that does not destroy", a_token_that_does_not_destroy},
    CU_TEST_INFO_NULL,
};
