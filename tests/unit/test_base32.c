/* SPDX-License-Identifier: Apache-2.0 */
/* Base32, as people write it. */
#include "jobs/base32.h"
#include "unit.h"

#include <string.h>

/* RFC 4648 §10. */
static const char *const vectors[][2] = {{"", ""},
                                         {"f", "MY"},
                                         {"fo", "MZXQ"},
                                         {"foo", "MZXW6"},
                                         {"foob", "MZXW6YQ"},
                                         {"fooba", "MZXW6YTB"},
                                         {"foobar", "MZXW6YTBOI"}};

static bool decodes_to(const char *text, const char *wanted)
{
    char data[16];
    size_t size = sizeof(data);
    struct sr_why why = {""};
    return sr_base32_decode(text, strlen(text), data, &size, &why) && size == strlen(wanted) &&
           memcmp(data, wanted, size) == 0;
}

static void vectors_come_out(void)
{
    char text[32];
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        sr_base32_encode(vectors[i][0], strlen(vectors[i][0]), text);
        CU_ASSERT_STRING_EQUAL(text, vectors[i][1]);
        CU_ASSERT_EQUAL(strlen(text), SR_BASE32_LENGTH(strlen(vectors[i][0])));
        CU_ASSERT_TRUE(decodes_to(text, vectors[i][0]));
    }
}

static void what_people_write_is_read(void)
{
    CU_ASSERT_TRUE(decodes_to("MZXW6===", "foo"));
    CU_ASSERT_TRUE(decodes_to(" mzxw-6ytb\r\n oi====== ", "foobar"));
    CU_ASSERT_TRUE(decodes_to("MzXw6", "foo"));
    CU_ASSERT_TRUE(decodes_to("MZXW7", "foo")); /* bits at the end that stand for nothing */
}

static void what_is_wrong_is_named(void)
{
    static const char *const wrong[][2] = {{"MZXW1", "character 5"},
                                           {"MZ\xc3\xbcW6", "0xc3"},
                                           {"=MZXW6", "character 2"},
                                           {"M", "1 characters"},
                                           {"MZX", "3 characters"},
                                           {"MZXW6Y", "6 characters"},
                                           {"MZXW6YTBMZXW6YTBMZXW6YTBMZXW6YTB", "16 bytes"}};
    char data[16];
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        size_t size = sizeof(data);
        struct sr_why why = {""};
        CU_ASSERT_FALSE(sr_base32_decode(wrong[i][0], strlen(wrong[i][0]), data, &size, &why));
        CU_ASSERT_PTR_NOT_NULL(strstr(why.text, wrong[i][1]));
    }
}

CU_TestInfo base32_tests[] = {
    {"vectors come out", vectors_come_out},
    {"what people write is read", what_people_write_is_read},
    {"what is wrong is named", what_is_wrong_is_named},
    CU_TEST_INFO_NULL,
};
