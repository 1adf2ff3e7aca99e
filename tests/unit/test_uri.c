/* SPDX-License-Identifier: Apache-2.0 */
#include "cryptoki/attributes.h"
#include "cryptoki/uri.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

static void good_uris_are_taken_apart(void)
{
    P11KitUri *uri;
    const CK_ATTRIBUTE *template;
    size_t n;
    struct sr_why why = {""};
    CU_ASSERT_TRUE_FATAL(sr_uri_parse(
        "pkcs11:token=my%20token;object=tls:a;type=private;id=%01%ff?pin-source=/x", &uri, &why));
    sr_uri_template(uri, &template, &n);
    CU_ASSERT_EQUAL(n, 3);
    CK_ATTRIBUTE *label = sr_attribute_find(template, n, CKA_LABEL);
    CK_ATTRIBUTE *id = sr_attribute_find(template, n, CKA_ID);
    CU_ASSERT_PTR_NOT_NULL_FATAL(label);
    CU_ASSERT_PTR_NOT_NULL_FATAL(id);
    CU_ASSERT_EQUAL(label->ulValueLen, 5);
    CU_ASSERT_EQUAL(memcmp(label->pValue, "tls:a", 5), 0);
    CU_ASSERT_EQUAL(id->ulValueLen, 2);
    CU_ASSERT_EQUAL(sr_attribute_ulong(sr_attribute_find(template, n, CKA_CLASS), 99), CKO_PRIVATE_KEY);
    p11_kit_uri_free(uri);
}

static void bad_uris_are_explained(void)
{
    static const struct {
        const char *uri;
        const char *says;
    } bad[] = {
        {"pkcs1:token=a", "pkcs11:"},
        {"pkcs11:objekt=a", "objekt"},
        {"pkcs11:token=a;pin-value=geheim", "pin-value"},
        {"pkcs11:token=a?pin-vlaue=geheim", "pin-vlaue"},
        {"pkcs11:token=%zz", "%-escape"},
        {"pkcs11:type=privat", "type="},
        {"pkcs11:token", "NAME=VALUE"},
        {"pkcs11:library-version=x", "library-version"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        P11KitUri *uri;
        struct sr_why why = {""};
        CU_ASSERT_FALSE(sr_uri_parse(bad[i].uri, &uri, &why));
        CU_ASSERT_PTR_NULL(uri);
        CU_ASSERT_PTR_NOT_NULL(strstr(why.text, bad[i].says));
        CU_ASSERT_PTR_NULL(strstr(why.text, "geheim"));
    }
}

static void messages_get_no_query(void)
{
    char *text = sr_uri_public_part("pkcs11:object=a?pin-value=1234");
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    CU_ASSERT_STRING_EQUAL(text, "pkcs11:object=a");
    free(text);
    text = sr_uri_public_part("pkcs11:object=a;pin-value=1234;type=private");
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    CU_ASSERT_STRING_EQUAL(text, "pkcs11:object=a");
    free(text);
    text = sr_uri_public_part("pkcs11:object=pin");
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    CU_ASSERT_STRING_EQUAL(text, "pkcs11:object=pin");
    free(text);
}

static CK_TOKEN_INFO token(const char *label)
{
    CK_TOKEN_INFO info;
    memset(&info, 0, sizeof(info));
    memset(info.label, ' ', sizeof(info.label));
    memcpy(info.label, label, strlen(label));
    memset(info.manufacturerID, ' ', sizeof(info.manufacturerID));
    memset(info.model, ' ', sizeof(info.model));
    memset(info.serialNumber, ' ', sizeof(info.serialNumber));
    return info;
}

static void an_escaped_uri_finds_its_object(void)
{
    CK_TOKEN_INFO info = token("t k;/?=");
    CK_TOKEN_INFO other = token("another");
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_ATTRIBUTE object[] = {
        {CKA_CLASS, &class, sizeof(class)}, {CKA_LABEL, "a;b?c d%", 8}, {CKA_ID, "\x00;\xff", 3}};
    const CK_ATTRIBUTE *template;
    size_t n;
    P11KitUri *uri;
    struct sr_why why = {""};
    const char *text = "pkcs11:token=t%20k%3B%2F%3F%3D;id=%00%3B%FF;object=a%3Bb%3Fc%20d%25;type=private";
    CU_ASSERT_TRUE_FATAL(sr_uri_parse(text, &uri, &why));
    CU_ASSERT_TRUE(sr_uri_match_token(&info, 0, uri));
    CU_ASSERT_FALSE(sr_uri_match_token(&other, 0, uri));
    sr_uri_template(uri, &template, &n);
    CU_ASSERT_EQUAL(n, 3);
    for (size_t i = 0; i < 3; i++) {
        CK_ATTRIBUTE *a = sr_attribute_find(template, n, object[i].type);
        CU_ASSERT_PTR_NOT_NULL_FATAL(a);
        CU_ASSERT_EQUAL_FATAL(a->ulValueLen, object[i].ulValueLen);
        CU_ASSERT_EQUAL(memcmp(a->pValue, object[i].pValue, a->ulValueLen), 0);
    }
    p11_kit_uri_free(uri);
}

static void a_slot_id_is_obeyed(void)
{
    CK_TOKEN_INFO info = token("t");
    P11KitUri *uri;
    CU_ASSERT_TRUE_FATAL(sr_uri_parse("pkcs11:slot-id=7", &uri, NULL));
    CU_ASSERT_TRUE(sr_uri_match_token(&info, 7, uri));
    CU_ASSERT_FALSE(sr_uri_match_token(&info, 8, uri));
    p11_kit_uri_free(uri);
}

CU_TestInfo uri_tests[] = {
    {"good URIs are taken apart", good_uris_are_taken_apart},
    {"bad URIs are explained, without values", bad_uris_are_explained},
    {"messages get no query", messages_get_no_query},
    {"an escaped URI finds its object", an_escaped_uri_finds_its_object},
    {"a slot-id is obeyed", a_slot_id_is_obeyed},
    CU_TEST_INFO_NULL,
};
