/* SPDX-License-Identifier: Apache-2.0 */
/* base64url: the vectors of RFC 4648 §10 and RFC 7515 appendix C, and everything that is nearly base64url. */
#include "jobs/base64url.h"
#include "unit.h"

#include <string.h>

static const struct {
    const char *bytes;
    size_t length;
    const char *text;
} vectors[] = {
    {"", 0, ""},
    {"f", 1, "Zg"},
    {"fo", 2, "Zm8"},
    {"foo", 3, "Zm9v"},
    {"foob", 4, "Zm9vYg"},
    {"fooba", 5, "Zm9vYmE"},
    {"foobar", 6, "Zm9vYmFy"},
    {"\x03\xec\xff\xe0\xc1", 5, "A-z_4ME"},
    {"\0\0\0", 3, "AAAA"},
    {"\xff\xff\xff", 3, "____"},
    {"\xfb\xef\xbe", 3, "----"},
};

static void what_is_published_comes_out(void)
{
    char text[16];
    unsigned char bytes[16];

    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        size_t length = strlen(vectors[i].text);
        size_t size = vectors[i].length; /* exactly the room */
        sr_base64url_encode(vectors[i].bytes, vectors[i].length, text);
        CU_ASSERT_STRING_EQUAL(text, vectors[i].text);
        CU_ASSERT_EQUAL(SR_BASE64URL_LENGTH(vectors[i].length), length);
        CU_ASSERT_EQUAL(SR_BASE64URL_BYTES(length), vectors[i].length);
        CU_ASSERT_TRUE(sr_base64url_decode(vectors[i].text, length, bytes, &size));
        CU_ASSERT_EQUAL(size, vectors[i].length);
        CU_ASSERT_EQUAL(memcmp(bytes, vectors[i].bytes, size), 0);
    }
}

static void all_bytes_come_back(void)
{
    unsigned char bytes[256];
    unsigned char back[256];
    char text[SR_BASE64URL_LENGTH(256) + 1];

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (unsigned char)i;
    for (size_t length = 0; length <= sizeof(bytes); length++) {
        size_t size = length;
        sr_base64url_encode(bytes, length, text);
        CU_ASSERT_EQUAL(strlen(text), SR_BASE64URL_LENGTH(length));
        CU_ASSERT_TRUE(sr_base64url_decode(text, strlen(text), back, &size));
        CU_ASSERT_EQUAL(size, length);
        CU_ASSERT_EQUAL(memcmp(back, bytes, length), 0);
    }
}

static bool decodes(const char *text, size_t length)
{
    unsigned char bytes[16];
    size_t size = sizeof(bytes);
    return sr_base64url_decode(text, length, bytes, &size);
}

static void nothing_else_is_taken(void)
{
    static const char *const wrong[] = {
        "Z",       "Zm9vY", "A",    "Zm9vA", /* no encoding has these lengths */
        "Zg==",    "Zm8=",  "Zg=",  "Zm9=",  /* padding */
        "Zh",      "Zm9",                    /* bits that are not zero at the end */
        "Zm 9",    "Zm9\n", " m9v", "Zm+v",  "Zm/v", "Zm.v", "Zm9\x80",
        "Zm9\xff", "Zm@v",  "Zm[v", "Zm`v",  "Zm{v", "Zm:v",
    };

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        CU_ASSERT_FALSE(decodes(wrong[i], strlen(wrong[i])));
    CU_ASSERT_FALSE(decodes("Zm9\0", 4));
    CU_ASSERT_TRUE(decodes("Zm9v", 4));
}

static void one_text_stands_for_some_bytes(void)
{
    char text[3] = "AA";
    size_t good = 0;

    for (int first = 0; first < 256; first++) {
        for (int second = 0; second < 256; second++) {
            text[0] = (char)first;
            text[1] = (char)second;
            good += decodes(text, 2);
        }
    }
    CU_ASSERT_EQUAL(good, 256); /* as many as there are bytes */
}

static void the_room_is_kept(void)
{
    unsigned char bytes[4] = {0, 0, 0, 0xa5};
    size_t size = 2;

    CU_ASSERT_FALSE(sr_base64url_decode("Zm9v", 4, bytes, &size));
    size = 3;
    CU_ASSERT_TRUE(sr_base64url_decode("Zm9v", 4, bytes, &size));
    CU_ASSERT_EQUAL(bytes[3], 0xa5);
}

CU_TestInfo base64url_tests[] = {
    {"what is published comes out", what_is_published_comes_out},
    {"all bytes come back", all_bytes_come_back},
    {"nothing else is taken", nothing_else_is_taken},
    {"one text stands for some bytes", one_text_stands_for_some_bytes},
    {"the room is kept", the_room_is_kept},
    CU_TEST_INFO_NULL,
};
