/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/pattern.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

static struct sr_bytes bytes_of(const char *text)
{
    return (struct sr_bytes){.length = strlen(text), .data = (unsigned char *)text};
}

/* Does the pattern match the private key of that label and id in the token "main"? */
static bool matches(const char *text, const char *label, const char *id)
{
    struct sr_subject subject = {
        .token = bytes_of("main"), .label = bytes_of(label), .id = bytes_of(id), .class = CKO_PRIVATE_KEY};
    struct sr_pattern pattern;
    struct sr_why why = {""};

    bool read = sr_pattern_parse(text, &pattern, &why);
    CU_ASSERT_TRUE(read);
    if (!read) {
        printf("\n    \"%s\": %s", text, why.text);
        return false;
    }
    bool match = sr_pattern_match(&pattern, &subject);
    sr_pattern_free(&pattern);
    return match;
}

static void what_is_absent_may_be_anything(void)
{
    CU_ASSERT_TRUE(matches("pkcs11:", "web", "1"));
    CU_ASSERT_TRUE(matches("pkcs11:", "", ""));
    CU_ASSERT_TRUE(matches("pkcs11:token=main", "web", "1"));
    CU_ASSERT_FALSE(matches("pkcs11:token=other", "web", "1"));
    CU_ASSERT_FALSE(matches("pkcs11:token=", "web", "1"));
}

static void what_is_named_is_that(void)
{
    CU_ASSERT_TRUE(matches("pkcs11:object=web", "web", "1"));
    CU_ASSERT_FALSE(matches("pkcs11:object=web", "web2", "1"));
    CU_ASSERT_FALSE(matches("pkcs11:object=web", "we", "1"));
    CU_ASSERT_FALSE(matches("pkcs11:object=web", "WEB", "1"));
    CU_ASSERT_FALSE(matches("pkcs11:object=web", "", "1"));
    CU_ASSERT_TRUE(matches("pkcs11:object=", "", "1"));
    CU_ASSERT_FALSE(matches("pkcs11:object=", "web", "1"));
    CU_ASSERT_TRUE(matches("pkcs11:object=web;id=1", "web", "1"));
    CU_ASSERT_FALSE(matches("pkcs11:object=web;id=1", "web", "2"));
    CU_ASSERT_FALSE(matches("pkcs11:object=web;id=1;token=other", "web", "1"));
}

static void wildcards_stand_for_any_bytes(void)
{
    CU_ASSERT_TRUE(matches("pkcs11:object=*", "", ""));
    CU_ASSERT_TRUE(matches("pkcs11:object=tls:*", "tls:web", ""));
    CU_ASSERT_TRUE(matches("pkcs11:object=tls:*", "tls:", ""));
    CU_ASSERT_FALSE(matches("pkcs11:object=tls:*", "tls", ""));
    CU_ASSERT_TRUE(matches("pkcs11:object=*.example", "www.example", ""));
    CU_ASSERT_FALSE(matches("pkcs11:object=*.example", "www.example.org", ""));
    CU_ASSERT_TRUE(matches("pkcs11:object=a*b*c", "abbbcc", ""));
    CU_ASSERT_TRUE(matches("pkcs11:object=a*b*c", "a-b-b-c-c", ""));
    CU_ASSERT_FALSE(matches("pkcs11:object=a*b*c", "acb", ""));
    CU_ASSERT_TRUE(matches("pkcs11:object=**a**", "bab", ""));
    CU_ASSERT_FALSE(matches("pkcs11:object=*aab", "aaac", ""));
    CU_ASSERT_TRUE(matches("pkcs11:object=*aab", "aaaab", ""));
    CU_ASSERT_TRUE(matches("pkcs11:id=%01*", "", "\x01\xff\n"));
    CU_ASSERT_FALSE(matches("pkcs11:id=%01*", "", "\x02\x01"));
}

/* Hostile labels and patterns cost no more than their product. */
static void many_wildcards_take_no_time(void)
{
    char label[4001];
    memset(label, 'a', sizeof(label) - 1);
    label[sizeof(label) - 1] = '\0';
    CU_ASSERT_FALSE(matches("pkcs11:object=a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", label, ""));
    label[sizeof(label) - 2] = 'b';
    CU_ASSERT_TRUE(matches("pkcs11:object=a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", label, ""));
}

static void escapes_are_bytes(void)
{
    CU_ASSERT_TRUE(matches("pkcs11:object=%77eb", "web", ""));
    CU_ASSERT_TRUE(matches("pkcs11:object=a%2Ab", "a*b", ""));
    CU_ASSERT_TRUE(matches("pkcs11:object=a%2ab", "a*b", ""));
    CU_ASSERT_FALSE(matches("pkcs11:object=a%2Ab", "axb", ""));
    CU_ASSERT_FALSE(matches("pkcs11:object=a%2A", "ab", ""));
    CU_ASSERT_TRUE(matches("pkcs11:object=a%3Bid%3D1", "a;id=1", ""));
    CU_ASSERT_TRUE(matches("pkcs11:object=%E4%C3%BC", "\xe4\xc3\xbc", ""));
    CU_ASSERT_TRUE(matches("pkcs11:object=a%2C%20b", "a, b", ""));
}

static void zero_bytes_count(void)
{
    static unsigned char with_zero[] = {'a', 0, 'b'};
    struct sr_subject subject = {.label = {.length = 3, .data = with_zero}};
    struct sr_pattern pattern;
    CU_ASSERT_TRUE_FATAL(sr_pattern_parse("pkcs11:object=a", &pattern, NULL));
    CU_ASSERT_FALSE(sr_pattern_match(&pattern, &subject));
    sr_pattern_free(&pattern);
    CU_ASSERT_TRUE_FATAL(sr_pattern_parse("pkcs11:object=a%00b", &pattern, NULL));
    CU_ASSERT_TRUE(sr_pattern_match(&pattern, &subject));
    sr_pattern_free(&pattern);
}

/* Does "type=WORD" match that class? */
static bool is_of_type(const char *word, CK_OBJECT_CLASS class, bool any)
{
    char text[64];
    struct sr_subject subject = {.class = class, .any_class = any};
    struct sr_pattern pattern;
    (void)snprintf(text, sizeof(text), "pkcs11:type=%s", word);
    CU_ASSERT_TRUE_FATAL(sr_pattern_parse(text, &pattern, NULL));
    bool match = sr_pattern_match(&pattern, &subject);
    sr_pattern_free(&pattern);
    return match;
}

static void types_are_classes(void)
{
    static const struct {
        const char *word;
        CK_OBJECT_CLASS class;
    } types[] = {{"private", CKO_PRIVATE_KEY},
                 {"public", CKO_PUBLIC_KEY},
                 {"secret-key", CKO_SECRET_KEY},
                 {"cert", CKO_CERTIFICATE},
                 {"data", CKO_DATA}};
    for (size_t i = 0; i < 5; i++) {
        for (size_t k = 0; k < 5; k++)
            CU_ASSERT_EQUAL(is_of_type(types[i].word, types[k].class, false), i == k);
        CU_ASSERT_FALSE(is_of_type(types[i].word, CK_UNAVAILABLE_INFORMATION, false));
        CU_ASSERT_TRUE(is_of_type(types[i].word, CK_UNAVAILABLE_INFORMATION, true));
        CU_ASSERT_TRUE(is_of_type("*", types[i].class, false));
    }
}

static void mistakes_are_named(void)
{
    static const struct {
        const char *text;
        const char *says;
    } bad[] = {
        {"", "pkcs11:"},
        {"tls:web", "pkcs11:"},
        {"pkcs11:objekt=web", "objekt"},
        {"pkcs11:object", "object"},
        {"pkcs11:serial=1", "serial"},
        {"pkcs11:object=a;object=b", "twice"},
        {"pkcs11:type=private;type=public", "twice"},
        {"pkcs11:type=privat", "privat"},
        {"pkcs11:object=a;", "attribute"},
        {"pkcs11:;object=a", "attribute"},
        {"pkcs11:object=a;;id=1", "attribute"},
        {"pkcs11:object=%4", "%XX"},
        {"pkcs11:object=%4g", "%XX"},
        {"pkcs11:object=%", "%XX"},
        {"pkcs11:object=a b", "%XX"},
        {"pkcs11:object=\xc3\xbc", "%XX"},
        {"pkcs11:object=a?pin-value=1", "query"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct sr_pattern pattern;
        struct sr_why why = {""};
        CU_ASSERT_FALSE(sr_pattern_parse(bad[i].text, &pattern, &why));
        CU_ASSERT_PTR_NULL(pattern.text);
        CU_ASSERT_PTR_NOT_NULL(strstr(why.text, bad[i].says));
        if (strstr(why.text, bad[i].says) == NULL)
            printf("\n    \"%s\": \"%s\"", bad[i].text, why.text);
    }
}

CU_TestInfo pattern_tests[] = {
    {"what is absent may be anything", what_is_absent_may_be_anything},
    {"what is named is that", what_is_named_is_that},
    {"wildcards stand for any bytes", wildcards_stand_for_any_bytes},
    {"many wildcards take no time", many_wildcards_take_no_time},
    {"escapes are bytes", escapes_are_bytes},
    {"zero bytes count", zero_bytes_count},
    {"types are classes", types_are_classes},
    {"mistakes are named", mistakes_are_named},
    CU_TEST_INFO_NULL,
};
