/* SPDX-License-Identifier: Apache-2.0 */
/* The two forms of data keys and values, as docs/data-format.md has them. */
#include "jobs/base64url.h"
#include "unit_data.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

static struct sr_why why;

static size_t binary_of(const char *text, unsigned char *bytes, size_t room)
{
    CU_ASSERT_TRUE_FATAL(
        sr_base64url_decode(text + SR_DATA_PREFIX, strlen(text) - SR_DATA_PREFIX, bytes, &room));
    return room;
}

static void a_key_is_read_and_written(void)
{
    unsigned char bytes[SR_DATA_KEY_MAX];
    unsigned char room[SR_DATA_KEY_ROOM];
    struct sr_data_key key;
    struct sr_data_key again;
    size_t size = binary_of(UNIT_DATA_KEY, bytes, sizeof(bytes));

    CU_ASSERT_EQUAL(size, 16 + 11 + 40 + 32);
    CU_ASSERT_EQUAL_FATAL(sr_data_key_read(UNIT_DATA_KEY, strlen(UNIT_DATA_KEY), &key, &why), SR_JOB_OK);
    CU_ASSERT_STRING_EQUAL(key.family.role, "data");
    CU_ASSERT_STRING_EQUAL(key.family.name, "vector");
    CU_ASSERT_EQUAL(key.version, 1);
    CU_ASSERT_EQUAL(key.wrapped.size, 40);
    CU_ASSERT_EQUAL(key.id[0], 0x77);
    CU_ASSERT_EQUAL(key.id[31], 0x6e);
    CU_ASSERT_EQUAL(sr_data_key_write(&key, false, room), strlen(UNIT_DATA_KEY));
    CU_ASSERT_STRING_EQUAL((const char *)room, UNIT_DATA_KEY);
    CU_ASSERT_EQUAL(sr_data_key_write(&key, true, room), size);
    CU_ASSERT_EQUAL(memcmp(room, bytes, size), 0);
    CU_ASSERT_EQUAL(sr_data_key_read(bytes, size, &again, &why), SR_JOB_OK);
    CU_ASSERT_EQUAL(memcmp(&key, &again, sizeof(key)), 0);
    CU_ASSERT_TRUE(sr_data_is_key(bytes, size) && sr_data_is_key(UNIT_DATA_KEY, strlen(UNIT_DATA_KEY)));
    CU_ASSERT_FALSE(sr_data_is_key(UNIT_DATA_VALUE, strlen(UNIT_DATA_VALUE)) || sr_data_is_key("srk", 3));

    /* The longest name, the highest version. */
    memset(key.family.name, 'n', SR_NAME_MAX - 1);
    key.version = 0xfffffffeUL;
    size = sr_data_key_write(&key, false, room);
    CU_ASSERT_FATAL(size < SR_DATA_KEY_ROOM && room[size] == '\0');
    CU_ASSERT_EQUAL(sr_data_key_read(room, size, &again, &why), SR_JOB_OK);
    CU_ASSERT_EQUAL(memcmp(&key, &again, sizeof(key)), 0);
}

/* From memory of exactly that size, so that a read behind its end shows in the build with sanitizers. */
static enum sr_job_result read_key(const void *text, size_t size)
{
    struct sr_data_key key;
    unsigned char *copy = malloc(size + (size == 0));
    CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
    memcpy(copy, text, size);
    enum sr_job_result result = sr_data_key_read(copy, size, &key, &why);
    free(copy);
    return result;
}

static enum sr_job_result read_value(const void *text, size_t size)
{
    struct sr_data_value value;
    unsigned char *copy = malloc(size + (size == 0));
    CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
    memcpy(copy, text, size);
    enum sr_job_result result = sr_data_value_read(copy, size, &value, &why);
    if (result == SR_JOB_OK)
        free(value.bytes);
    free(copy);
    return result;
}

static void what_is_no_key_is_refused(void)
{
    unsigned char bytes[SR_DATA_KEY_MAX + 8];
    size_t size = binary_of(UNIT_DATA_KEY, bytes, sizeof(bytes));

    for (size_t i = 0; i < size; i++)
        CU_ASSERT_EQUAL(read_key(bytes, i), SR_JOB_BAD);
    for (size_t i = 0; i < strlen(UNIT_DATA_KEY); i++)
        CU_ASSERT_EQUAL(read_key(UNIT_DATA_KEY, i), SR_JOB_BAD);
    bytes[size] = 0;
    CU_ASSERT_EQUAL(read_key(bytes, size + 1), SR_JOB_BAD);
    CU_ASSERT_EQUAL(read_key(UNIT_DATA_KEY "A", strlen(UNIT_DATA_KEY) + 1), SR_JOB_BAD);
    CU_ASSERT_EQUAL(read_key(UNIT_DATA_KEY "=", strlen(UNIT_DATA_KEY) + 1), SR_JOB_BAD);
    CU_ASSERT_EQUAL(read_key(UNIT_DATA_VALUE, strlen(UNIT_DATA_VALUE)), SR_JOB_BAD);
    /* Magic, format, mechanisms, zeros; the length of the name, and the name. */
    for (size_t i = 0; i < 16 + 5; i++) {
        if (i >= 8 && i < 12)
            continue; /* the version, which the KEK decides about */
        bytes[i] ^= 0x80;
        CU_ASSERT_EQUAL(read_key(bytes, size), SR_JOB_BAD);
        bytes[i] ^= 0x80;
    }
    CU_ASSERT_EQUAL(read_key(bytes, size), SR_JOB_OK);
}

static void a_value_is_read(void)
{
    unsigned char bytes[256];
    struct sr_data_value value;
    size_t size = binary_of(UNIT_DATA_VALUE, bytes, sizeof(bytes));

    CU_ASSERT_EQUAL(size, SR_DATA_OVERHEAD + strlen(UNIT_DATA_PLAIN));
    CU_ASSERT_EQUAL_FATAL(sr_data_value_read(UNIT_DATA_VALUE, strlen(UNIT_DATA_VALUE), &value, &why),
                          SR_JOB_OK);
    CU_ASSERT_FALSE(value.binary);
    CU_ASSERT_EQUAL(value.version, 1);
    CU_ASSERT_EQUAL(value.sealed_size, strlen(UNIT_DATA_PLAIN) + SR_GCM_TAG);
    CU_ASSERT_EQUAL(memcmp(value.header, bytes, SR_DATA_BOUND), 0);
    CU_ASSERT_EQUAL(value.nonce[0], 0xa0);
    free(value.bytes);
    CU_ASSERT_EQUAL_FATAL(sr_data_value_read(bytes, size, &value, &why), SR_JOB_OK);
    CU_ASSERT_TRUE(value.binary && value.bytes == NULL && value.header == bytes);
    unsigned char header[SR_DATA_BOUND];
    sr_data_header_write(1, value.id, header);
    CU_ASSERT_EQUAL(memcmp(header, bytes, SR_DATA_BOUND), 0);
}

static void what_is_no_value_is_refused(void)
{
    unsigned char bytes[256];
    size_t size = binary_of(UNIT_DATA_EMPTY, bytes, sizeof(bytes));

    CU_ASSERT_EQUAL(size, SR_DATA_OVERHEAD);
    for (size_t i = 0; i < size; i++)
        CU_ASSERT_EQUAL(read_value(bytes, i), SR_JOB_BAD);
    for (size_t i = 0; i < strlen(UNIT_DATA_EMPTY); i++)
        CU_ASSERT_EQUAL(read_value(UNIT_DATA_EMPTY, i), SR_JOB_BAD);
    for (size_t i = 0; i < 8; i++) {
        bytes[i] ^= 1;
        CU_ASSERT_EQUAL(read_value(bytes, size), SR_JOB_BAD);
        bytes[i] ^= 1;
    }
    CU_ASSERT_EQUAL(read_value(bytes, size), SR_JOB_OK);
    CU_ASSERT_EQUAL(read_value(UNIT_DATA_EMPTY "\n", strlen(UNIT_DATA_EMPTY) + 1), SR_JOB_BAD);
    CU_ASSERT_EQUAL(read_value(UNIT_DATA_KEY, strlen(UNIT_DATA_KEY)), SR_JOB_BAD);
}

CU_TestInfo data_format_tests[] = {
    {"a key is read and written", a_key_is_read_and_written},
    {"what is no key is refused", what_is_no_key_is_refused},
    {"a value is read", a_value_is_read},
    {"what is no value is refused", what_is_no_value_is_refused},
    CU_TEST_INFO_NULL,
};
