/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/custody.h"
#include "unit.h"
#include "wire/card.h"

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

/* A secret key's draft with these usages true and every other one absent; a zero ends the list. */
static struct sr_draft asks(const CK_ATTRIBUTE_TYPE *usages)
{
    static const bool wanted[8] = {true, true, true, true, true, true, true, true};
    size_t n = 0;
    while (usages[n] != 0)
        n++;
    return draft_of(n, usages, wanted);
}

/* Has the draft exactly these usages? */
static bool has_just(const struct sr_draft *key, const CK_ATTRIBUTE_TYPE *usages)
{
    static const CK_ATTRIBUTE_TYPE all[] = {CKA_ENCRYPT, CKA_DECRYPT, CKA_SIGN,  CKA_VERIFY,
                                            CKA_WRAP,    CKA_UNWRAP,  CKA_DERIVE};
    bool good = true;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        bool wanted = false;
        for (const CK_ATTRIBUTE_TYPE *u = usages; *u != 0; u++)
            wanted = wanted || *u == all[i];
        good = good && sr_draft_names(key, all[i]) && sr_draft_bool(key, all[i], !wanted) == wanted;
    }
    return good;
}

#define USAGES(...) ((const CK_ATTRIBUTE_TYPE[]){__VA_ARGS__, 0})
#define NO_USAGE ((const CK_ATTRIBUTE_TYPE[]){0})

static void secret_keys_have_one_role(void)
{
    const struct {
        CK_KEY_TYPE type;
        const CK_ATTRIBUTE_TYPE *asked;
        const CK_ATTRIBUTE_TYPE *got;
    } cases[] = {
        {CKK_AES, NO_USAGE, USAGES(CKA_ENCRYPT, CKA_DECRYPT)},
        {CKK_AES, USAGES(CKA_SIGN), USAGES(CKA_SIGN)},
        {CKK_AES, USAGES(CKA_WRAP, CKA_UNWRAP), USAGES(CKA_WRAP, CKA_UNWRAP)},
        {CKK_AES, USAGES(CKA_WRAP, CKA_DECRYPT), USAGES(CKA_DECRYPT)},
        {CKK_AES, USAGES(CKA_ENCRYPT, CKA_UNWRAP), USAGES(CKA_ENCRYPT)},
        {CKK_AES, USAGES(CKA_VERIFY, CKA_DERIVE), USAGES(CKA_VERIFY)},
        {CKK_AES, USAGES(CKA_WRAP, CKA_DERIVE), USAGES(CKA_WRAP)},
        {CKK_AES, USAGES(CKA_DERIVE), USAGES(CKA_DERIVE)},
        {CKK_GENERIC_SECRET, NO_USAGE, USAGES(CKA_SIGN, CKA_VERIFY)},
        {CKK_SHA256_HMAC, NO_USAGE, USAGES(CKA_SIGN, CKA_VERIFY)},
        {CKK_GENERIC_SECRET, USAGES(CKA_ENCRYPT, CKA_DECRYPT), USAGES(CKA_SIGN, CKA_VERIFY)},
        {CKK_GENERIC_SECRET, USAGES(CKA_ENCRYPT, CKA_DERIVE), USAGES(CKA_DERIVE)},
        {CKK_GENERIC_SECRET, USAGES(CKA_SIGN, CKA_DERIVE, CKA_WRAP), USAGES(CKA_SIGN)},
        {CK_UNAVAILABLE_INFORMATION, NO_USAGE, USAGES(CKA_ENCRYPT, CKA_DECRYPT)},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sr_draft key = asks(cases[i].asked);
        sr_custody_secret_roles(&key, cases[i].type, true);
        CU_ASSERT_TRUE(has_just(&key, cases[i].got));
    }
}

static void a_key_that_others_may_know_does_not_wrap(void)
{
    struct sr_draft key = asks(USAGES(CKA_WRAP, CKA_UNWRAP));
    sr_custody_secret_roles(&key, CKK_AES, false);
    CU_ASSERT_TRUE(has_just(&key, USAGES(CKA_UNWRAP)));

    struct sr_draft public = asks(USAGES(CKA_WRAP, CKA_VERIFY));
    sr_custody_public_roles(&public);
    CU_ASSERT_FALSE(sr_draft_bool(&public, CKA_WRAP, true));
    CU_ASSERT_TRUE(sr_draft_bool(&public, CKA_VERIFY, false));
}

static void a_public_key_without_usages_verifies(void)
{
    static CK_KEY_TYPE rsa = CKK_RSA;
    struct sr_draft key = empty();
    sr_custody_public_roles(&key);
    CU_ASSERT_TRUE(sr_draft_bool(&key, CKA_VERIFY, false));
    CU_ASSERT_FALSE(sr_draft_bool(&key, CKA_ENCRYPT, true));
    key = empty();
    key.a[key.n++] = (CK_ATTRIBUTE){CKA_KEY_TYPE, &rsa, sizeof(rsa)};
    sr_custody_public_roles(&key);
    CU_ASSERT_TRUE(sr_draft_bool(&key, CKA_ENCRYPT, false));
    CU_ASSERT_FALSE(sr_draft_bool(&key, CKA_WRAP, true));
}

static bool extractable_with(CK_OBJECT_CLASS class, CK_ATTRIBUTE_TYPE usage)
{
    struct sr_draft key = asks(USAGES(CKA_EXTRACTABLE, usage));
    sr_custody_secrecy(&key, class);
    return sr_draft_bool(&key, CKA_EXTRACTABLE, true);
}

static void a_key_that_makes_or_opens_others_stays(void)
{
    CU_ASSERT_FALSE(extractable_with(CKO_SECRET_KEY, CKA_WRAP));
    CU_ASSERT_FALSE(extractable_with(CKO_SECRET_KEY, CKA_UNWRAP));
    CU_ASSERT_FALSE(extractable_with(CKO_SECRET_KEY, CKA_DERIVE));
    CU_ASSERT_FALSE(extractable_with(CKO_PRIVATE_KEY, CKA_UNWRAP));
    CU_ASSERT_TRUE(extractable_with(CKO_PRIVATE_KEY, CKA_DERIVE));
    CU_ASSERT_TRUE(extractable_with(CKO_SECRET_KEY, CKA_SIGN));

    CU_ASSERT_FALSE(sr_custody_leaves(CKO_SECRET_KEY, SR_CARD_MAY(SR_OPERATION_WRAP)));
    CU_ASSERT_FALSE(sr_custody_leaves(CKO_SECRET_KEY, SR_CARD_MAY(SR_OPERATION_DERIVE)));
    CU_ASSERT_FALSE(sr_custody_leaves(CKO_PRIVATE_KEY, SR_CARD_MAY(SR_OPERATION_UNWRAP)));
    CU_ASSERT_TRUE(sr_custody_leaves(CKO_PRIVATE_KEY, SR_CARD_MAY(SR_OPERATION_DERIVE)));
    CU_ASSERT_TRUE(sr_custody_leaves(CKO_SECRET_KEY, SR_CARD_MAY(SR_OPERATION_SIGN)));
}

static void only_keys_of_one_role_wrap(void)
{
    CK_ULONG wrap = SR_CARD_MAY(SR_OPERATION_WRAP);
    CK_ULONG unwrap = SR_CARD_MAY(SR_OPERATION_UNWRAP);
    CK_ULONG derive = SR_CARD_MAY(SR_OPERATION_DERIVE);
    CK_ULONG decrypt = SR_CARD_MAY(SR_OPERATION_DECRYPT);
    CK_ULONG sign = SR_CARD_MAY(SR_OPERATION_SIGN);

    CU_ASSERT_TRUE(
        sr_custody_has_role(SR_OPERATION_WRAP, CKO_SECRET_KEY, wrap | SR_CARD_TOKEN | SR_CARD_PRIVATE));
    CU_ASSERT_TRUE(sr_custody_has_role(SR_OPERATION_WRAP, CKO_SECRET_KEY, wrap | unwrap));
    CU_ASSERT_FALSE(sr_custody_has_role(SR_OPERATION_WRAP, CKO_SECRET_KEY, unwrap));
    CU_ASSERT_FALSE(sr_custody_has_role(SR_OPERATION_WRAP, CKO_SECRET_KEY, wrap | decrypt));
    CU_ASSERT_FALSE(sr_custody_has_role(SR_OPERATION_UNWRAP, CKO_PRIVATE_KEY, unwrap | decrypt));
    CU_ASSERT_FALSE(sr_custody_has_role(SR_OPERATION_WRAP, CKO_SECRET_KEY, wrap | derive));
    CU_ASSERT_TRUE(sr_custody_has_role(SR_OPERATION_DERIVE, CKO_SECRET_KEY, derive));
    CU_ASSERT_FALSE(sr_custody_has_role(SR_OPERATION_DERIVE, CKO_SECRET_KEY, derive | sign));
    CU_ASSERT_TRUE(sr_custody_has_role(SR_OPERATION_DERIVE, CKO_PRIVATE_KEY, derive | sign));
    CU_ASSERT_FALSE(sr_custody_has_role(SR_OPERATION_DERIVE, CKO_PRIVATE_KEY, sign));
}

static void changes_only_strengthen(void)
{
    static const CK_ATTRIBUTE_TYPE up[] = {CKA_SENSITIVE, CKA_PRIVATE, CKA_WRAP_WITH_TRUSTED};
    static const CK_ATTRIBUTE_TYPE down[] = {CKA_EXTRACTABLE, CKA_MODIFIABLE, CKA_COPYABLE, CKA_TRUSTED,
                                             CKA_ENCRYPT,     CKA_DECRYPT,    CKA_SIGN,     CKA_VERIFY,
                                             CKA_WRAP,        CKA_UNWRAP,     CKA_DERIVE,   CKA_SIGN_RECOVER};
    for (size_t i = 0; i < sizeof(up) / sizeof(up[0]); i++) {
        CU_ASSERT_TRUE(sr_custody_weakens(up[i], true, false));
        CU_ASSERT_FALSE(sr_custody_weakens(up[i], false, true));
        CU_ASSERT_FALSE(sr_custody_weakens(up[i], true, true));
    }
    for (size_t i = 0; i < sizeof(down) / sizeof(down[0]); i++) {
        CU_ASSERT_TRUE(sr_custody_weakens(down[i], false, true));
        CU_ASSERT_FALSE(sr_custody_weakens(down[i], true, false));
        CU_ASSERT_FALSE(sr_custody_weakens(down[i], false, false));
    }
    CU_ASSERT_FALSE(sr_custody_weakens(CKA_LABEL, true, false));
    CU_ASSERT_TRUE(sr_custody_fixed(CKA_WRAP_TEMPLATE));
    CU_ASSERT_TRUE(sr_custody_fixed(CKA_ALLOWED_MECHANISMS));
    CU_ASSERT_FALSE(sr_custody_fixed(CKA_LABEL));
}

static void an_attribute_has_one_value(void)
{
    static const CK_ATTRIBUTE_TYPE types[] = {CKA_WRAP, CKA_SIGN, CKA_WRAP};
    struct sr_draft draft = draft_of(3, types, (const bool[]){true, true, true});
    CU_ASSERT_TRUE(sr_draft_once(&draft));
    CU_ASSERT_EQUAL(draft.n, 2);
    draft = draft_of(3, types, (const bool[]){true, true, false});
    CU_ASSERT_FALSE(sr_draft_once(&draft));
}

static void attributes_have_their_size(void)
{
    static CK_BYTE bytes[8] = {1};
    struct sr_draft draft = asks(USAGES(CKA_WRAP));
    struct sr_template template;
    CU_ASSERT_TRUE(sr_draft_sound(&draft));
    CU_ASSERT_TRUE(sr_draft_template(&draft, &template));
    CU_ASSERT_EQUAL(template.n, 1);
    draft.a[draft.n++] = (CK_ATTRIBUTE){CKA_LABEL, bytes, 3};
    CU_ASSERT_TRUE(sr_draft_sound(&draft));
    draft.a[draft.n++] = (CK_ATTRIBUTE){CKA_DECRYPT, bytes, sizeof(bytes)};
    CU_ASSERT_FALSE(sr_draft_sound(&draft));
    draft.a[draft.n - 1] = (CK_ATTRIBUTE){CKA_VALUE_LEN, bytes, 4};
    CU_ASSERT_FALSE(sr_draft_sound(&draft));
    draft.n = SR_TEMPLATE_MAX + 1;
    CU_ASSERT_FALSE(sr_draft_template(&draft, &template));
}

static void what_a_key_prescribes_is_added_or_contradicted(void)
{
    CK_ATTRIBUTE demanded[] = {{CKA_ENCRYPT, &yes, sizeof(yes)}, {CKA_DECRYPT, &no, sizeof(no)}};
    struct sr_draft draft = asks(USAGES(CKA_ENCRYPT));
    CU_ASSERT_TRUE(sr_draft_demand(&draft, demanded, 2));
    CU_ASSERT_TRUE(sr_draft_names(&draft, CKA_DECRYPT));
    CU_ASSERT_FALSE(sr_draft_bool(&draft, CKA_DECRYPT, true));
    draft = asks(USAGES(CKA_DECRYPT));
    CU_ASSERT_FALSE(sr_draft_demand(&draft, demanded, 2));
}

static void the_log_says_what_was_strengthened(void)
{
    static const CK_ATTRIBUTE_TYPE types[] = {CKA_WRAP, CKA_DECRYPT, CKA_SENSITIVE};
    struct sr_template asked = {.n = 0};
    struct sr_draft draft;
    char text[100];
    char little[20];
    const bool values[] = {true, true, false};
    for (size_t i = 0; i < 3; i++)
        asked.a[asked.n++] = (CK_ATTRIBUTE){types[i], values[i] ? &yes : &no, sizeof(CK_BBOOL)};
    sr_draft_from(&draft, &asked);
    sr_draft_changes(&draft, &asked, text, sizeof(text));
    CU_ASSERT_STRING_EQUAL(text, "");
    sr_custody_secret_roles(&draft, CKK_AES, true);
    sr_custody_secrecy(&draft, CKO_SECRET_KEY);
    sr_draft_changes(&draft, &asked, text, sizeof(text));
    CU_ASSERT_STRING_EQUAL(text, " CKA_SENSITIVE=true CKA_WRAP=false");
    sr_draft_changes(&draft, &asked, little, sizeof(little));
    CU_ASSERT_TRUE(strlen(little) < sizeof(little));
}

static void leaking_mechanisms_are_off(void)
{
    static const struct {
        CK_MECHANISM_TYPE type;
        enum sr_operation operation;
        bool leaks;
    } cases[] = {
        {CKM_RSA_PKCS, SR_OPERATION_DECRYPT, true},
        {CKM_RSA_PKCS, SR_OPERATION_UNWRAP, true},
        {CKM_RSA_PKCS, SR_OPERATION_ENCRYPT, false},
        {CKM_RSA_PKCS, SR_OPERATION_WRAP, false},
        {CKM_RSA_PKCS, SR_OPERATION_VERIFY, false},
        {CKM_RSA_PKCS_OAEP, SR_OPERATION_DECRYPT, false},
        {CKM_RSA_PKCS_OAEP, SR_OPERATION_UNWRAP, false},
        {CKM_AES_CBC_PAD, SR_OPERATION_UNWRAP, true},
        {CKM_AES_CBC, SR_OPERATION_UNWRAP, true},
        {CKM_DES3_CBC, SR_OPERATION_UNWRAP, true},
        {CKM_AES_CBC_PAD, SR_OPERATION_DECRYPT, false},
        {CKM_AES_KEY_WRAP_PAD, SR_OPERATION_UNWRAP, false},
        {CKM_AES_KEY_WRAP, SR_OPERATION_WRAP, false},
        {CKM_AES_CTR, SR_OPERATION_WRAP, true},
        {CKM_AES_GCM, SR_OPERATION_WRAP, true},
        {CKM_VENDOR_DEFINED | 1, SR_OPERATION_UNWRAP, true},
        {CKM_AES_ECB, SR_OPERATION_ENCRYPT, true},
        {CKM_AES_ECB, SR_OPERATION_DECRYPT, true},
        {CKM_DES3_ECB, SR_OPERATION_WRAP, true},
        {CKM_AES_ECB_ENCRYPT_DATA, SR_OPERATION_DERIVE, true},
        {CKM_AES_CBC_ENCRYPT_DATA, SR_OPERATION_DERIVE, false},
        {CKM_ECDH1_DERIVE, SR_OPERATION_DERIVE, false},
        {CKM_HKDF_DERIVE, SR_OPERATION_DERIVE, false},
        {CKM_HKDF_DATA, SR_OPERATION_DERIVE, true},
        {CKM_CONCATENATE_BASE_AND_KEY, SR_OPERATION_DERIVE, true},
        {CKM_CONCATENATE_BASE_AND_DATA, SR_OPERATION_DERIVE, true},
        {CKM_CONCATENATE_DATA_AND_BASE, SR_OPERATION_DERIVE, true},
        {CKM_XOR_BASE_AND_DATA, SR_OPERATION_DERIVE, true},
        {CKM_EXTRACT_KEY_FROM_KEY, SR_OPERATION_DERIVE, true},
        {CKM_DES_KEY_GEN, SR_OPERATION_GENERATE, true},
        {CKM_DES3_KEY_GEN, SR_OPERATION_GENERATE, false},
        {CKM_DES_CBC, SR_OPERATION_ENCRYPT, true},
        {CKM_DES3_CBC, SR_OPERATION_ENCRYPT, false},
        {CKM_AES_GCM, SR_OPERATION_ENCRYPT, false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        CU_ASSERT_EQUAL(sr_custody_leaks(cases[i].operation, cases[i].type), cases[i].leaks);
}

static void mechanisms_show_what_works(void)
{
    bool useless = true;
    CK_FLAGS all = CKF_HW | CKF_ENCRYPT | CKF_DECRYPT | CKF_SIGN | CKF_WRAP | CKF_UNWRAP;
    CU_ASSERT_EQUAL(sr_custody_flags(CKM_RSA_PKCS, all, &useless),
                    CKF_HW | CKF_ENCRYPT | CKF_SIGN | CKF_WRAP);
    CU_ASSERT_FALSE(useless);
    CU_ASSERT_EQUAL(sr_custody_flags(CKM_RSA_X_509, all, &useless), CKF_HW);
    CU_ASSERT_TRUE(useless);
    CU_ASSERT_EQUAL(sr_custody_flags(CKM_SHA256, CKF_DIGEST, &useless), CKF_DIGEST);
    CU_ASSERT_FALSE(useless);
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
    {"secret keys have one role", secret_keys_have_one_role},
    {"a key that others may know does not wrap", a_key_that_others_may_know_does_not_wrap},
    {"a public key without usages verifies", a_public_key_without_usages_verifies},
    {"a key that makes or opens others stays", a_key_that_makes_or_opens_others_stays},
    {"only keys of one role wrap", only_keys_of_one_role_wrap},
    {"changes only strengthen", changes_only_strengthen},
    {"an attribute has one value", an_attribute_has_one_value},
    {"attributes have their size", attributes_have_their_size},
    {"what a key prescribes is added or contradicted", what_a_key_prescribes_is_added_or_contradicted},
    {"the log says what was strengthened", the_log_says_what_was_strengthened},
    {"leaking mechanisms are off", leaking_mechanisms_are_off},
    {"mechanisms show what works", mechanisms_show_what_works},
    {"signing without padding leaks", signing_without_padding_leaks},
    CU_TEST_INFO_NULL,
};
