/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/custody.h"
#include "unit.h"

#include <string.h>

static CK_BBOOL yes = CK_TRUE;
static CK_BBOOL no = CK_FALSE;

/* A draft that names TYPES, each true or false as VALUES say. */
static struct sr_draft draft_of(size_t n, const CK_ATTRIBUTE_TYPE *types, const bool *values)
{
    struct sr_template template = {.n = n};
    struct sr_draft draft;
    for (size_t i = 0; i < n; i++)
        template.a[i] = (CK_ATTRIBUTE){types[i], values[i] ? &yes : &no, sizeof(CK_BBOOL)};
    sr_draft_from(&draft, &template);
    return draft;
}

static struct sr_draft empty(void)
{
    return draft_of(0, NULL, NULL);
}

static void a_key_is_sensitive_whatever_was_asked(void)
{
    static const CK_ATTRIBUTE_TYPE types[] = {CKA_SENSITIVE, CKA_PRIVATE, CKA_EXTRACTABLE, CKA_SENSITIVE};
    static const bool weak[] = {false, false, true, false};
    struct sr_draft key = draft_of(4, types, weak);
    sr_custody_secrecy(&key, CKO_PRIVATE_KEY);
    CU_ASSERT_TRUE(sr_draft_bool(&key, CKA_SENSITIVE, false));
    CU_ASSERT_TRUE(sr_draft_bool(&key, CKA_PRIVATE, false));
    CU_ASSERT_FALSE(sr_draft_bool(&key, CKA_EXTRACTABLE, true));
    /* A second value of the same attribute must not survive either. */
    for (size_t i = 0; i < key.n; i++)
        CU_ASSERT_FALSE(key.a[i].type == CKA_SENSITIVE && *(CK_BBOOL *)key.a[i].pValue == CK_FALSE);
}

static void extractable_needs_to_be_asked_for(void)
{
    static const CK_ATTRIBUTE_TYPE types[] = {CKA_EXTRACTABLE};
    static const bool asked[] = {true};
    struct sr_draft key = draft_of(1, types, asked);
    sr_custody_secrecy(&key, CKO_PRIVATE_KEY);
    CU_ASSERT_TRUE(sr_draft_bool(&key, CKA_EXTRACTABLE, false));
    CU_ASSERT_TRUE(sr_draft_bool(&key, CKA_SENSITIVE, false));
    key = empty();
    sr_custody_secrecy(&key, CKO_PRIVATE_KEY);
    CU_ASSERT_FALSE(sr_draft_bool(&key, CKA_EXTRACTABLE, true));
}

static void a_pair_without_usages_signs_and_verifies(void)
{
    static const CK_ATTRIBUTE_TYPE others[] = {CKA_DECRYPT, CKA_UNWRAP, CKA_DERIVE, CKA_SIGN_RECOVER};
    struct sr_draft public = empty();
    struct sr_draft private = empty();
    sr_custody_roles(&public, &private);
    CU_ASSERT_TRUE(sr_draft_bool(&private, CKA_SIGN, false));
    CU_ASSERT_TRUE(sr_draft_bool(&public, CKA_VERIFY, false));
    CU_ASSERT_FALSE(sr_draft_bool(&public, CKA_WRAP, true));
    CU_ASSERT_FALSE(sr_draft_bool(&public, CKA_ENCRYPT, true));
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        CU_ASSERT_TRUE(sr_draft_names(&private, others[i])); /* a token's own default would be true */
        CU_ASSERT_FALSE(sr_draft_bool(&private, others[i], true));
    }
}

static void unwrapping_excludes_every_other_use(void)
{
    static const CK_ATTRIBUTE_TYPE private_types[] = {CKA_UNWRAP, CKA_DECRYPT};
    static const CK_ATTRIBUTE_TYPE public_types[] = {CKA_WRAP, CKA_ENCRYPT};
    static const bool both[] = {true, true};
    struct sr_draft public = draft_of(2, public_types, both);
    struct sr_draft private = draft_of(2, private_types, both);
    sr_custody_roles(&public, &private);
    CU_ASSERT_TRUE(sr_draft_bool(&private, CKA_DECRYPT, false));
    CU_ASSERT_FALSE(sr_draft_bool(&private, CKA_UNWRAP, true));
    CU_ASSERT_FALSE(sr_draft_bool(&public, CKA_WRAP, true));
    CU_ASSERT_TRUE(sr_draft_bool(&public, CKA_ENCRYPT, false));

    private = draft_of(1, private_types, both);
    public = draft_of(1, public_types, both);
    sr_custody_roles(&public, &private);
    CU_ASSERT_TRUE(sr_draft_bool(&private, CKA_UNWRAP, false));
    CU_ASSERT_TRUE(sr_draft_bool(&public, CKA_WRAP, false));
    CU_ASSERT_FALSE(sr_draft_bool(&private, CKA_SIGN, true));
}

static void secret_attributes_are_not_read(void)
{
    static const CK_ATTRIBUTE_TYPE secret[] = {CKA_VALUE,      CKA_PRIVATE_EXPONENT, CKA_PRIME_1,
                                               CKA_PRIME_2,    CKA_EXPONENT_1,       CKA_EXPONENT_2,
                                               CKA_COEFFICIENT};
    for (size_t i = 0; i < sizeof(secret) / sizeof(secret[0]); i++) {
        CU_ASSERT_FALSE(sr_custody_readable(CKO_PRIVATE_KEY, secret[i]));
        CU_ASSERT_FALSE(sr_custody_readable(CKO_SECRET_KEY, secret[i]));
    }
    CU_ASSERT_FALSE(sr_custody_readable(CKO_PRIVATE_KEY, CKA_VENDOR_DEFINED | 1));
    CU_ASSERT_TRUE(sr_custody_readable(CKO_PRIVATE_KEY, CKA_MODULUS));
    CU_ASSERT_TRUE(sr_custody_readable(CKO_CERTIFICATE, CKA_VALUE));
}

static void labels_of_jobs_are_reserved(void)
{
    static const char *const theirs[] = {"data:tenant-42:3", "session:web:1", "totp:users:01",
                                         "backup:",          "data:x",        "registry:rows"};
    static const char *const free_ones[] = {"tls:www", "data", "mydata:x:1", "", "Data:x:1"};
    for (size_t i = 0; i < sizeof(theirs) / sizeof(theirs[0]); i++)
        CU_ASSERT_TRUE(sr_custody_reserved(theirs[i], strlen(theirs[i])));
    for (size_t i = 0; i < sizeof(free_ones) / sizeof(free_ones[0]); i++)
        CU_ASSERT_FALSE(sr_custody_reserved(free_ones[i], strlen(free_ones[i])));
    CU_ASSERT_FALSE(sr_custody_reserved(NULL, 0));
}

static void signing_without_padding_leaks(void)
{
    CU_ASSERT_TRUE(sr_custody_leaks(SR_OPERATION_SIGN, CKM_RSA_X_509));
    CU_ASSERT_FALSE(sr_custody_leaks(SR_OPERATION_SIGN, CKM_RSA_PKCS));
    CU_ASSERT_FALSE(sr_custody_leaks(SR_OPERATION_SIGN, CKM_ECDSA));
}

CU_TestInfo custody_tests[] = {
    {"a key is sensitive, whatever was asked", a_key_is_sensitive_whatever_was_asked},
    {"extractable needs to be asked for", extractable_needs_to_be_asked_for},
    {"a pair without usages signs and verifies", a_pair_without_usages_signs_and_verifies},
    {"unwrapping excludes every other use", unwrapping_excludes_every_other_use},
    {"secret attributes are not read", secret_attributes_are_not_read},
    {"labels of jobs are reserved", labels_of_jobs_are_reserved},
    {"signing without padding leaks", signing_without_padding_leaks},
    CU_TEST_INFO_NULL,
};
