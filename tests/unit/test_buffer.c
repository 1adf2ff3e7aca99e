/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"
#include "wire/buffer.h"
#include "wire/frame.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void what_is_put_is_got(void)
{
    struct sr_buf b = SR_BUF_EMPTY;
    sr_buf_put_u64(&b, 0x0123456789abcdefULL);
    sr_buf_put_bytes(&b, "abc", 3);
    sr_buf_put_bytes(&b, NULL, 0);
    sr_buf_put_bytes(&b, "12345678", 8);
    CU_ASSERT_TRUE_FATAL(sr_buf_ok(&b));
    CU_ASSERT_EQUAL(b.length, 8 + 16 + 8 + 16);
    CU_ASSERT_EQUAL(b.data[0], 0xef); /* little-endian, on any machine */
    CU_ASSERT_EQUAL(sr_buf_get_u64(&b), 0x0123456789abcdefULL);
    struct sr_bytes text = sr_buf_get_bytes(&b);
    CU_ASSERT_EQUAL(text.length, 3);
    CU_ASSERT_EQUAL(memcmp(text.data, "abc", 3), 0);
    text = sr_buf_get_bytes(&b);
    CU_ASSERT_EQUAL(text.length, 0);
    CU_ASSERT_FALSE(sr_buf_finished(&b));
    text = sr_buf_get_bytes(&b);
    CU_ASSERT_EQUAL(text.length, 8);
    CU_ASSERT_EQUAL((size_t)text.data % 8, 0);
    CU_ASSERT_TRUE(sr_buf_finished(&b));
    sr_buf_free(&b);
}

static void reading_past_the_end_fails_and_stays_failed(void)
{
    unsigned char data[16] __attribute__((aligned(8))) = {5};
    struct sr_buf b = sr_buf_over(data, 8); /* a length of 5, and no bytes */
    CU_ASSERT_EQUAL(sr_buf_get_bytes(&b).length, 0);
    CU_ASSERT_FALSE(sr_buf_ok(&b));
    CU_ASSERT_EQUAL(sr_buf_get_u64(&b), 0);
    CU_ASSERT_FALSE(sr_buf_finished(&b));

    b = sr_buf_over(data, 13); /* the five bytes are there, their padding is not */
    CU_ASSERT_EQUAL(sr_buf_get_bytes(&b).length, 0);
    CU_ASSERT_FALSE(sr_buf_ok(&b));

    b = sr_buf_over(data, 16);
    CU_ASSERT_EQUAL(sr_buf_get_bytes(&b).length, 5);
    CU_ASSERT_TRUE(sr_buf_finished(&b));
}

static void huge_lengths_fail(void)
{
    static const uint64_t lengths[] = {9, SR_FRAME_MAX, 0x7fffffffffffffffULL, ~0ULL, ~0ULL - 7};
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        unsigned char data[16] __attribute__((aligned(8))) = {0};
        memcpy(data, &lengths[i], sizeof(lengths[i]));
        struct sr_buf b = sr_buf_over(data, sizeof(data));
        CU_ASSERT_PTR_NULL(sr_buf_get_bytes(&b).data);
        CU_ASSERT_FALSE(sr_buf_ok(&b));
    }
}

static void it_grows_up_to_a_frame(void)
{
    struct sr_buf b = SR_BUF_EMPTY;
    unsigned char *half = calloc(1, SR_FRAME_MAX / 2);
    CU_ASSERT_PTR_NOT_NULL_FATAL(half);
    memset(half, 0x5a, SR_FRAME_MAX / 2);
    sr_buf_put_u64(&b, 1);
    sr_buf_put_bytes(&b, half, SR_FRAME_MAX / 2);
    CU_ASSERT_TRUE(sr_buf_ok(&b));
    sr_buf_put_bytes(&b, half, SR_FRAME_MAX / 2);
    CU_ASSERT_FALSE(sr_buf_ok(&b));
    sr_buf_put_bytes(&b, half, SIZE_MAX);
    CU_ASSERT_FALSE(sr_buf_ok(&b));
    free(half);
    sr_buf_reset(&b);
    CU_ASSERT_TRUE(sr_buf_ok(&b));
    CU_ASSERT_EQUAL(b.length, 0);
    /* What was written is cleansed, for it may have been a PIN. */
    CU_ASSERT_EQUAL(b.data[100], 0);
    sr_buf_free(&b);
    CU_ASSERT_PTR_NULL(b.data);
}

static void a_borrowed_buffer_is_not_written(void)
{
    unsigned char data[64] __attribute__((aligned(8))) = {1};
    struct sr_buf b = sr_buf_over(data, 8);
    sr_buf_put_u64(&b, 7);
    CU_ASSERT_FALSE(sr_buf_ok(&b));
    sr_buf_free(&b);
    CU_ASSERT_EQUAL(data[0], 1);
}

/* Has the page at DATA the flag ("lo": locked, "dd": not dumped) in /proc/self/smaps, proc(5)? */
static bool page_has(const void *data, const char *flag)
{
    char line[512];
    bool here = false;
    bool found = false;
    FILE *maps = fopen("/proc/self/smaps", "re");
    CU_ASSERT_PTR_NOT_NULL_FATAL(maps);
    while (fgets(line, sizeof(line), maps) != NULL) {
        char *end;
        size_t from = strtoull(line, &end, 16);
        if (*end == '-' && end > line)
            here = from <= (size_t)data && (size_t)data < strtoull(end + 1, NULL, 16);
        else if (here && strncmp(line, "VmFlags:", 8) == 0)
            found = strstr(line, flag) != NULL;
    }
    (void)fclose(maps);
    return found;
}

static void a_locked_buffer_stays_locked(void)
{
    struct sr_buf b = {.locked = true};
    struct sr_buf plain = SR_BUF_EMPTY;

    sr_buf_put_u64(&plain, 1);
    CU_ASSERT_FALSE(page_has(plain.data, " dd"));
    for (size_t size = 4096; size <= 65536; size *= 4) {
        sr_buf_put_u64(&b, size);
        CU_ASSERT_TRUE_FATAL(sr_buf_reserve(&b, size));
        memset(b.data + b.length, 'x', size);
        b.length += size;
        CU_ASSERT_EQUAL(b.data[0], 0);
        CU_ASSERT_TRUE(page_has(b.data, " dd"));
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) /* they make mlock do nothing */
        CU_ASSERT_TRUE(page_has(b.data, " lo"));
#endif
    }
    sr_buf_free(&b);
    CU_ASSERT_PTR_NULL(b.data);
    CU_ASSERT_TRUE(b.locked);
    sr_buf_free(&plain);
}

CU_TestInfo buffer_tests[] = {
    {"what is put is got", what_is_put_is_got},
    {"reading past the end fails, and stays failed", reading_past_the_end_fails_and_stays_failed},
    {"huge lengths fail", huge_lengths_fail},
    {"it grows up to a frame's size", it_grows_up_to_a_frame},
    {"a borrowed buffer is not written", a_borrowed_buffer_is_not_written},
    {"a locked buffer stays locked as it grows", a_locked_buffer_stays_locked},
    CU_TEST_INFO_NULL,
};
