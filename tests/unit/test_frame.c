/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"
#include "wire/frame.h"

#include <string.h>

static void a_frame_comes_back(void)
{
    struct sr_buf b = SR_BUF_EMPTY;
    struct sr_frame sent = {.number = 0xfedcba98, .call = 7, .cpu = 3};
    struct sr_frame got;
    sr_frame_begin(&b);
    sr_buf_put_bytes(&b, "twelve bytes", 12);
    sr_frame_end(&b, &sent);
    CU_ASSERT_TRUE_FATAL(sr_buf_ok(&b));
    CU_ASSERT_EQUAL(b.length, SR_FRAME_HEADER + 24);
    for (size_t part = 0; part < b.length; part++)
        CU_ASSERT_EQUAL(sr_frame_parse(b.data, part, &got), SR_FRAME_PARTIAL);
    CU_ASSERT_EQUAL(sr_frame_parse(b.data, b.length, &got), SR_FRAME_WHOLE);
    CU_ASSERT_EQUAL(got.length, 24);
    CU_ASSERT_EQUAL(got.number, sent.number);
    CU_ASSERT_EQUAL(got.call, sent.call);
    CU_ASSERT_EQUAL(got.cpu, sent.cpu);
    sr_buf_free(&b);
}

static void impossible_lengths_are_bad(void)
{
    static const uint32_t lengths[] = {1,          7,          12,        SR_FRAME_MAX, SR_FRAME_MAX - 8,
                                       0x7ffffff8, 0xfffffff8, 0xffffffff};
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        unsigned char header[SR_FRAME_HEADER] = {0};
        struct sr_frame got;
        for (int byte = 0; byte < 4; byte++)
            header[byte] = (unsigned char)(lengths[i] >> (8 * byte));
        CU_ASSERT_EQUAL(sr_frame_parse(header, sizeof(header), &got), SR_FRAME_BAD);
    }
}

static void the_largest_frame_is_good(void)
{
    struct sr_frame got;
    unsigned char header[SR_FRAME_HEADER] = {0};
    uint32_t length = SR_FRAME_MAX - SR_FRAME_HEADER;
    for (int byte = 0; byte < 4; byte++)
        header[byte] = (unsigned char)(length >> (8 * byte));
    CU_ASSERT_EQUAL(sr_frame_parse(header, sizeof(header), &got), SR_FRAME_PARTIAL);
    CU_ASSERT_EQUAL(got.length, length);
}

CU_TestInfo frame_tests[] = {
    {"a frame comes back, and no part of it does", a_frame_comes_back},
    {"impossible lengths are bad", impossible_lengths_are_bad},
    {"the largest frame is good", the_largest_frame_is_good},
    CU_TEST_INFO_NULL,
};
