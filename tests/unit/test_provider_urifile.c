/* SPDX-License-Identifier: Apache-2.0 */
/* The DER inside a PKCS#11 PROVIDER URI file. */
#include "unit.h"
#include "urifile.h"

#include <stdlib.h>
#include <string.h>

#define DESCRIPTION "PKCS#11 Provider URI v1.0"
#define URI "pkcs11:object=a"

struct der {
    uint8_t bytes[1024];
    size_t size;
};

/* How many octets the length gets: 0 is the short form. */
static void element(struct der *to, uint8_t tag, const void *contents, size_t length, size_t octets)
{
    to->bytes[to->size++] = tag;
    to->bytes[to->size++] = (uint8_t)(octets == 0 ? length : 0x80 + octets);
    for (size_t i = octets; i > 0; i--)
        to->bytes[to->size++] = i > sizeof(length) ? 0 : (uint8_t)(length >> (8 * (i - 1)));
    memcpy(to->bytes + to->size, contents, length);
    to->size += length;
}

static struct der file(const char *description, const char *uri, size_t uri_length, size_t octets)
{
    struct der inner = {.size = 0};
    struct der outer = {.size = 0};
    element(&inner, 0x1a, description, strlen(description), octets);
    element(&inner, 0x0c, uri, uri_length, octets);
    element(&outer, 0x30, inner.bytes, inner.size, octets);
    return outer;
}

static void expect_uri(const struct der *der, const char *uri)
{
    struct sr_why why = {.text = ""};
    char *text = sr_urifile_parse(der->bytes, der->size, &why);
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    CU_ASSERT_STRING_EQUAL(text, uri);
    free(text);
}

static void expect_refusal(const struct der *der, const char *named)
{
    struct sr_why why = {.text = ""};
    char *text = sr_urifile_parse(der->bytes, der->size, &why);
    CU_ASSERT_PTR_NULL(text);
    CU_ASSERT_PTR_NOT_NULL(strstr(why.text, named));
    free(text);
}

static void lengths_of_any_form(void)
{
    for (size_t octets = 0; octets <= 4; octets++) {
        struct der der = file(DESCRIPTION, URI, strlen(URI), octets);
        expect_uri(&der, URI);
    }
}

static void long_uris(void)
{
    char uri[601];
    memset(uri, 'a', sizeof(uri) - 1);
    uri[sizeof(uri) - 1] = '\0';
    struct der der = file(DESCRIPTION, uri, strlen(uri), 2);
    expect_uri(&der, uri);
}

static void lengths_that_are_none(void)
{
    struct der der = file(DESCRIPTION, URI, strlen(URI), 5);
    expect_refusal(&der, "damaged");
    der = file(DESCRIPTION, URI, strlen(URI), 0);
    der.bytes[1] = 0x80; /* indefinite */
    expect_refusal(&der, "damaged");
    der.bytes[1] = 0xff;
    expect_refusal(&der, "damaged");
}

static void another_description(void)
{
    struct der der = file("PKCS#11 Provider URI v2.0", URI, strlen(URI), 0);
    expect_refusal(&der, "description");
    der = file("PKCS#11 Provider URI v1.0 ", URI, strlen(URI), 0);
    expect_refusal(&der, "description");
    der = file("", URI, strlen(URI), 0);
    expect_refusal(&der, "description");
}

static void uris_that_are_none(void)
{
    struct der der = file(DESCRIPTION, "", 0, 0);
    expect_refusal(&der, "damaged");
    der = file(DESCRIPTION, "pkcs11:\0object=b", 16, 0);
    expect_refusal(&der, "damaged");
}

static void every_cut_and_every_addition_is_refused(void)
{
    struct der whole = file(DESCRIPTION, URI, strlen(URI), 1);
    for (size_t size = 0; size < whole.size; size++) {
        struct sr_why why = {.text = ""};
        uint8_t *exact = malloc(size + 1); /* so that sanitizers see a read past the end */
        CU_ASSERT_PTR_NOT_NULL_FATAL(exact);
        memcpy(exact + 1, whole.bytes, size);
        CU_ASSERT_PTR_NULL(sr_urifile_parse(exact + 1, size, &why));
        CU_ASSERT_NOT_EQUAL(why.text[0], '\0');
        free(exact);
    }
    whole.bytes[whole.size++] = 0;
    expect_refusal(&whole, "damaged");
}

static void other_types_are_refused(void)
{
    static const size_t tags[] = {0, 2, 4 + sizeof(DESCRIPTION) - 1};
    for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
        struct der der = file(DESCRIPTION, URI, strlen(URI), 0);
        der.bytes[tags[i]] = 0x04;
        expect_refusal(&der, "damaged");
    }
}

CU_TestInfo provider_urifile_tests[] = {
    {"lengths of any form", lengths_of_any_form},
    {"long URIs", long_uris},
    {"lengths that are none", lengths_that_are_none},
    {"another description", another_description},
    {"URIs that are none", uris_that_are_none},
    {"every cut and every addition is refused", every_cut_and_every_addition_is_refused},
    {"other types are refused", other_types_are_refused},
    CU_TEST_INFO_NULL,
};
