/* SPDX-License-Identifier: Apache-2.0 */
/* KEKs, and roots that they wrap. */
#include "jobs/gcm.h"
#include "jobs/root.h"
#include "unit_keys.h"

#include <string.h>

#define LABEL "data:shop:1:root"

static struct sr_why why;
static const struct sr_family_name shop = {.role = "data", .name = "shop"};

static CK_OBJECT_HANDLE make_kek(unsigned long version)
{
    char mechanism[40];
    CK_OBJECT_HANDLE kek = CK_INVALID_HANDLE;

    CU_ASSERT_EQUAL_FATAL(sr_keys_make_kek(&unit_keys_bench, &shop, version, mechanism, &why), SR_JOB_OK);
    CU_ASSERT_STRING_EQUAL(mechanism, "CKM_AES_KEY_WRAP_PAD");
    CU_ASSERT_EQUAL_FATAL(sr_keys_find_kek(&unit_keys_bench, &shop, version, &kek, &why), SR_JOB_OK);
    return kek;
}

static void open_root(CK_OBJECT_HANDLE kek, const struct sr_wrapped *wrapped, const char *purpose,
                      struct sr_root *root)
{
    CU_ASSERT_EQUAL_FATAL(sr_root_open(&unit_keys_bench, kek, wrapped, purpose, LABEL, root, &why),
                          SR_JOB_OK);
}

static void check_flags(CK_OBJECT_HANDLE key, const CK_ATTRIBUTE_TYPE *set, size_t n)
{
    static const CK_ATTRIBUTE_TYPE all[] = {CKA_SIGN,       CKA_VERIFY,   CKA_ENCRYPT,  CKA_DECRYPT,
                                            CKA_WRAP,       CKA_UNWRAP,   CKA_DERIVE,   CKA_EXTRACTABLE,
                                            CKA_MODIFIABLE, CKA_COPYABLE, CKA_SENSITIVE};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        bool wanted = all[i] == CKA_SENSITIVE;
        for (size_t k = 0; k < n; k++)
            wanted = wanted || set[k] == all[i];
        CU_ASSERT_EQUAL(unit_keys_flag(key, all[i]), wanted);
    }
    CU_ASSERT_EQUAL(unit_keys_value(key), CKR_ATTRIBUTE_SENSITIVE);
}

static void a_kek_only_wraps(void)
{
    static const CK_ATTRIBUTE_TYPE wraps[] = {CKA_WRAP, CKA_UNWRAP};
    CK_OBJECT_HANDLE gone;
    size_t count = 0;

    unit_keys_open("kek");
    check_flags(make_kek(1), wraps, 2);
    CU_ASSERT_EQUAL(unit_keys_objects("data:shop:1"), 1);
    CU_ASSERT_EQUAL(sr_keys_count(&unit_keys_bench, &shop, 1, &count, &why), SR_JOB_OK);
    CU_ASSERT_EQUAL(count, 1);
    CU_ASSERT_EQUAL(sr_keys_destroy(&unit_keys_bench, &shop, 1, &why), SR_JOB_OK);
    CU_ASSERT_EQUAL(sr_keys_find_kek(&unit_keys_bench, &shop, 1, &gone, &why), SR_JOB_NOT_FOUND);
    unit_keys_close();
}

static void a_root_comes_back(void)
{
    static const CK_ATTRIBUTE_TYPE encrypts[] = {CKA_ENCRYPT, CKA_DECRYPT};
    static const CK_ATTRIBUTE_TYPE signs[] = {CKA_SIGN, CKA_VERIFY};
    struct sr_wrapped wrapped;
    struct sr_root first;
    struct sr_root again;
    struct sr_root other;

    unit_keys_open("root");
    CK_OBJECT_HANDLE kek = make_kek(1);
    size_t before = unit_keys_objects(NULL);
    CU_ASSERT_EQUAL_FATAL(sr_root_make(&unit_keys_bench, kek, LABEL, &wrapped, &why), SR_JOB_OK);
    CU_ASSERT_EQUAL(wrapped.size, SR_WRAPPED_ROOT);
    CU_ASSERT_EQUAL(unit_keys_objects(NULL), before);
    open_root(kek, &wrapped, "data", &first);
    check_flags(first.cipher, encrypts, 2);
    check_flags(first.mac, signs, 2);
    CU_ASSERT_EQUAL(unit_keys_objects(NULL), before + 2);
    open_root(kek, &wrapped, "data", &again);
    open_root(kek, &wrapped, "backup", &other);
    CU_ASSERT_EQUAL(memcmp(first.commitment, again.commitment, SR_COMMITMENT_SIZE), 0);
    CU_ASSERT_NOT_EQUAL(memcmp(first.commitment, other.commitment, SR_COMMITMENT_SIZE), 0);
    sr_root_close(&unit_keys_bench, &first);
    sr_root_close(&unit_keys_bench, &first);
    sr_root_close(&unit_keys_bench, &again);
    sr_root_close(&unit_keys_bench, &other);
    CU_ASSERT_EQUAL(unit_keys_objects(NULL), before);
    CU_ASSERT_EQUAL_FATAL(sr_root_make(&unit_keys_bench, kek, LABEL, &wrapped, &why), SR_JOB_OK);
    open_root(kek, &wrapped, "data", &other);
    CU_ASSERT_NOT_EQUAL(memcmp(again.commitment, other.commitment, SR_COMMITMENT_SIZE), 0);
    unit_keys_close();
}

static void a_damaged_root_is_none(void)
{
    struct sr_wrapped wrapped;
    struct sr_root root;

    unit_keys_open("damaged-root");
    CK_OBJECT_HANDLE kek = make_kek(1);
    CK_OBJECT_HANDLE other = make_kek(2);
    size_t before = unit_keys_objects(NULL);
    CU_ASSERT_EQUAL_FATAL(sr_root_make(&unit_keys_bench, kek, LABEL, &wrapped, &why), SR_JOB_OK);
    for (size_t i = 0; i < wrapped.size; i++) {
        wrapped.bytes[i] ^= 1;
        CU_ASSERT_EQUAL(sr_root_open(&unit_keys_bench, kek, &wrapped, "data", LABEL, &root, &why),
                        SR_JOB_BAD);
        wrapped.bytes[i] ^= 1;
    }
    for (size_t size = 0; size < SR_WRAPPED_ROOT; size++) {
        wrapped.size = size;
        CU_ASSERT_EQUAL(sr_root_open(&unit_keys_bench, kek, &wrapped, "data", LABEL, &root, &why),
                        SR_JOB_BAD);
    }
    wrapped.size = SR_WRAPPED_ROOT;
    CU_ASSERT_EQUAL(sr_root_open(&unit_keys_bench, other, &wrapped, "data", LABEL, &root, &why), SR_JOB_BAD);
    CU_ASSERT_EQUAL(unit_keys_objects(NULL), before);
    open_root(kek, &wrapped, "data", &root);
    unit_keys_close();
}

static void a_root_goes_over_to_another_kek(void)
{
    struct sr_wrapped wrapped;
    struct sr_root before;
    struct sr_root after;

    unit_keys_open("rewrapped");
    CK_OBJECT_HANDLE old = make_kek(1);
    CK_OBJECT_HANDLE new = make_kek(2);
    CU_ASSERT_EQUAL_FATAL(sr_root_make(&unit_keys_bench, old, LABEL, &wrapped, &why), SR_JOB_OK);
    open_root(old, &wrapped, "data", &before);
    size_t objects = unit_keys_objects(NULL);
    CU_ASSERT_EQUAL(sr_rewrap(&unit_keys_bench, old, new, NULL, LABEL, &wrapped, &why), SR_JOB_OK);
    CU_ASSERT_EQUAL(unit_keys_objects(NULL), objects);
    CU_ASSERT_EQUAL(sr_rewrap(&unit_keys_bench, old, new, NULL, LABEL, &wrapped, &why), SR_JOB_BAD);
    open_root(new, &wrapped, "data", &after);
    CU_ASSERT_EQUAL(memcmp(before.commitment, after.commitment, SR_COMMITMENT_SIZE), 0);
    unit_keys_close();
}

static void damaged_data_are_refused(void)
{
    static const unsigned char nonce[SR_GCM_NONCE] = {1, 2, 3};
    static const char text[] = "a field of a row";
    unsigned char sealed[sizeof(text) + SR_GCM_TAG];
    unsigned char opened[sizeof(sealed)];
    struct sr_wrapped wrapped;
    struct sr_root root;

    unit_keys_open("gcm");
    CK_OBJECT_HANDLE kek = make_kek(1);
    CU_ASSERT_EQUAL_FATAL(sr_root_make(&unit_keys_bench, kek, LABEL, &wrapped, &why), SR_JOB_OK);
    open_root(kek, &wrapped, "data", &root);
    struct sr_gcm gcm = {root.cipher, nonce, "aad", 3};
    CU_ASSERT_EQUAL_FATAL(sr_gcm_encrypt(&unit_keys_bench, &gcm, text, sizeof(text), sealed, &why),
                          SR_JOB_OK);
    CU_ASSERT_EQUAL(sr_gcm_decrypt(&unit_keys_bench, &gcm, sealed, sizeof(sealed), opened, &why), SR_JOB_OK);
    CU_ASSERT_EQUAL(memcmp(opened, text, sizeof(text)), 0);
    for (size_t i = 0; i < sizeof(sealed); i++) {
        sealed[i] ^= 1;
        CU_ASSERT_EQUAL(sr_gcm_decrypt(&unit_keys_bench, &gcm, sealed, sizeof(sealed), opened, &why),
                        SR_JOB_BAD);
        sealed[i] ^= 1;
    }
    for (size_t size = 0; size < sizeof(sealed); size++)
        CU_ASSERT_EQUAL(sr_gcm_decrypt(&unit_keys_bench, &gcm, sealed, size, opened, &why), SR_JOB_BAD);
    gcm.aad = "add";
    CU_ASSERT_EQUAL(sr_gcm_decrypt(&unit_keys_bench, &gcm, sealed, sizeof(sealed), opened, &why), SR_JOB_BAD);
    gcm.aad = "aad";
    CU_ASSERT_EQUAL(sr_gcm_decrypt(&unit_keys_bench, &gcm, sealed, sizeof(sealed), opened, &why), SR_JOB_OK);
    CU_ASSERT_EQUAL(sr_gcm_encrypt(&unit_keys_bench, &gcm, NULL, 0, sealed, &why), SR_JOB_OK);
    CU_ASSERT_EQUAL(sr_gcm_decrypt(&unit_keys_bench, &gcm, sealed, SR_GCM_TAG, opened, &why), SR_JOB_OK);
    unit_keys_close();
}

CU_TestInfo root_tests[] = {
    {"a KEK only wraps", a_kek_only_wraps},
    {"a root comes back", a_root_comes_back},
    {"a damaged root is none", a_damaged_root_is_none},
    {"a root goes over to another KEK", a_root_goes_over_to_another_kek},
    {"damaged data are refused", damaged_data_are_refused},
    CU_TEST_INFO_NULL,
};
