/* SPDX-License-Identifier: Apache-2.0 */
/* Values under data keys, on a SoftHSM token: what they are bound to, and until when they are read. */
#include "jobs/base64url.h"
#include "unit_data.h"

#include <stdlib.h>
#include <string.h>

static const struct sr_data_ask vector = {.family = {"data", "vector"}};

static void the_vectors_are_read(void)
{
    struct sr_data_ask ask = vector;
    struct unit_text value = {.size = strlen(UNIT_DATA_VALUE)};
    struct unit_text plain;
    struct sr_data_key key;

    unit_data_open("vectors");
    memcpy(value.bytes, UNIT_DATA_VALUE, value.size);
    CU_ASSERT_EQUAL_FATAL(sr_data_key_read(UNIT_DATA_KEY, strlen(UNIT_DATA_KEY), &key, &unit_data_why),
                          SR_JOB_OK);
    ask.key = &key;
    CU_ASSERT_TRUE(unit_data_is(&ask, UNIT_DATA_CONTEXT, &value, UNIT_DATA_PLAIN));
    CU_ASSERT_EQUAL(unit_data_do(sr_data_decrypt, &ask, "", UNIT_DATA_EMPTY, strlen(UNIT_DATA_EMPTY), &plain),
                    SR_JOB_OK);
    CU_ASSERT_EQUAL(plain.size, 0);
    CU_ASSERT_TRUE(unit_data_refused(&ask, "users/4712/iban", &value, SR_JOB_BAD, "another context"));
    CU_ASSERT_TRUE(unit_data_refused(&vector, UNIT_DATA_CONTEXT, &value, SR_JOB_NOT_FOUND, "missing"));
    unit_jobs_close(&unit_data);
}

static void both_forms_come_back(void)
{
    static const char *const texts[] = {"", "x", "some text", "more text than that, and still on one line"};
    struct sr_data_ask ask = unit_data_a;
    struct unit_text value;
    struct unit_text again;
    struct sr_data_key key;

    unit_data_open("forms");
    for (int i = 0; i < 4; i++) {
        if (i == 2)
            unit_data_key(&ask, &key);
        ask.binary = i % 2 == 1;
        for (size_t k = 0; k < sizeof(texts) / sizeof(texts[0]); k++) {
            unit_data_encrypt(&ask, "c", texts[k], &value);
            CU_ASSERT_EQUAL(memcmp(value.bytes, ask.binary ? "SRD" : "srd", 3), 0);
            CU_ASSERT_EQUAL(value.size, ask.binary ? strlen(texts[k]) + SR_DATA_OVERHEAD
                                                   : SR_DATA_PRINTED(strlen(texts[k]) + SR_DATA_OVERHEAD));
            CU_ASSERT_TRUE(unit_data_is(&ask, "c", &value, texts[k]));
            unit_data_encrypt(&ask, "c", texts[k], &again); /* with another nonce */
            CU_ASSERT_NOT_EQUAL(memcmp(value.bytes, again.bytes, value.size), 0);
        }
    }
    unit_jobs_close(&unit_data);
}

static void large_values_and_contexts(void)
{
    unsigned char *data = calloc(1, SR_DATA_VALUE_MAX + 1);
    unsigned char *room = malloc(SR_DATA_ROOM(SR_DATA_ROOM(SR_DATA_VALUE_MAX + 1)));
    unsigned char *plain = malloc(SR_DATA_ROOM(SR_DATA_ROOM(SR_DATA_VALUE_MAX + 1)));
    struct sr_data_result value = {.bytes = room};
    struct sr_data_result back = {.bytes = plain};
    struct sr_data_item item = {data, SR_DATA_CONTEXT_MAX, data, SR_DATA_VALUE_MAX};
    const struct sr_bench *bench = &unit_data.bench;

    unit_data_open("large");
    CU_ASSERT_FATAL(data != NULL && room != NULL && plain != NULL);
    data[SR_DATA_VALUE_MAX - 1] = 'e';
    CU_ASSERT_EQUAL_FATAL(sr_data_encrypt(unit_data.jobs, bench, &unit_data_a, &item, &value, &unit_data_why),
                          SR_JOB_OK);
    struct sr_data_item sealed = {data, SR_DATA_CONTEXT_MAX, room, value.size};
    CU_ASSERT_EQUAL(sr_data_decrypt(unit_data.jobs, bench, &unit_data_a, &sealed, &back, &unit_data_why),
                    SR_JOB_OK);
    CU_ASSERT_EQUAL(back.size, SR_DATA_VALUE_MAX);
    CU_ASSERT_EQUAL(memcmp(plain, data, back.size), 0);
    sealed.context_size--;
    CU_ASSERT_EQUAL(sr_data_decrypt(unit_data.jobs, bench, &unit_data_a, &sealed, &back, &unit_data_why),
                    SR_JOB_BAD);
    item.size++;
    CU_ASSERT_EQUAL(sr_data_encrypt(unit_data.jobs, bench, &unit_data_a, &item, &value, &unit_data_why),
                    SR_JOB_INVALID);
    item.size = 1;
    item.context_size++;
    CU_ASSERT_EQUAL(sr_data_encrypt(unit_data.jobs, bench, &unit_data_a, &item, &value, &unit_data_why),
                    SR_JOB_INVALID);
    unit_jobs_close(&unit_data);
    free(data);
    free(room);
    free(plain);
}

/* Each byte of the binary form, and each character of the other. */
static void every_byte_counts(void)
{
    struct sr_data_ask ask = unit_data_a;
    struct unit_text plain;
    struct unit_text value;
    struct sr_data_key key;

    unit_data_open("tampered-value");
    for (int i = 0; i < 4; i++) {
        if (i == 2)
            unit_data_key(&ask, &key);
        ask.binary = i % 2 == 1;
        unit_data_encrypt(&ask, "c", "a value", &value);
        for (size_t at = 0; at < value.size; at++) {
            value.bytes[at] ^= 1;
            enum sr_job_result result =
                unit_data_do(sr_data_decrypt, &ask, "c", value.bytes, value.size, &plain);
            /* In the id it is another key's: one that is missing, or not the one that was given. */
            CU_ASSERT_TRUE(result == SR_JOB_BAD ||
                           result == (ask.key != NULL ? SR_JOB_WRONG_KEY : SR_JOB_NOT_FOUND));
            if (ask.binary)
                CU_ASSERT_EQUAL(result == SR_JOB_BAD, at < 12 || at >= 44);
            value.bytes[at] ^= 1;
        }
        CU_ASSERT_TRUE(unit_data_is(&ask, "c", &value, "a value"));
    }
    unit_jobs_close(&unit_data);
}

/* Also where the key is open already: what its id and another half say is not enough. */
static void every_byte_of_a_key_counts(void)
{
    struct sr_data_ask ask = unit_data_a;
    unsigned char bytes[SR_DATA_KEY_ROOM];
    struct unit_text value;
    struct sr_data_key key;
    struct sr_data_key changed;

    unit_data_open("tampered-key");
    unit_data_key(&ask, &key);
    unit_data_encrypt(&ask, "c", "a value", &value);
    size_t size = sr_data_key_write(&key, true, bytes);
    ask.key = &changed;
    for (size_t at = 0; at < size; at++) {
        bytes[at] ^= 1;
        enum sr_job_result result = sr_data_key_read(bytes, size, &changed, &unit_data_why);
        if (result == SR_JOB_OK) {
            struct unit_text plain;
            result = unit_data_do(sr_data_decrypt, &ask, "c", value.bytes, value.size, &plain);
        }
        CU_ASSERT_TRUE(result == SR_JOB_BAD || result == SR_JOB_WRONG_KEY);
        bytes[at] ^= 1;
    }
    ask.key = &key;
    CU_ASSERT_TRUE(unit_data_is(&ask, "c", &value, "a value"));
    unit_jobs_close(&unit_data);
}

static void families_contexts_and_keys_are_separate(void)
{
    struct sr_data_ask own = unit_data_a;
    struct sr_data_ask other = unit_data_a;
    struct sr_data_ask foreign = unit_data_b;
    struct sr_data_ask wrong_role = {.family = {"session", "a"}};
    struct sr_data_key keys[3];
    struct unit_text value;

    unit_data_open("separate-data");
    unit_data_encrypt(&unit_data_a, "c", "text", &value);
    CU_ASSERT_TRUE(unit_data_refused(&unit_data_b, "c", &value, SR_JOB_WRONG_KEY, "another family"));
    CU_ASSERT_TRUE(unit_data_refused(&unit_data_a, "d", &value, SR_JOB_BAD, "another context"));
    CU_ASSERT_TRUE(unit_data_refused(&unit_data_a, "", &value, SR_JOB_BAD, "another context"));
    CU_ASSERT_TRUE(unit_data_refused(&wrong_role, "c", &value, SR_JOB_INVALID, "no family of data keys"));
    unit_data_key(&own, &keys[0]);
    unit_data_key(&other, &keys[1]);
    unit_data_key(&foreign, &keys[2]);
    CU_ASSERT_TRUE(unit_data_refused(&own, "c", &value, SR_JOB_WRONG_KEY, "wrong key"));
    unit_data_encrypt(&own, "c", "text", &value);
    CU_ASSERT_TRUE(unit_data_is(&own, "c", &value, "text"));
    CU_ASSERT_TRUE(unit_data_refused(&other, "c", &value, SR_JOB_WRONG_KEY, "wrong key"));
    CU_ASSERT_TRUE(unit_data_refused(&foreign, "c", &value, SR_JOB_WRONG_KEY, "wrong key"));
    CU_ASSERT_TRUE(unit_data_refused(&unit_data_a, "c", &value, SR_JOB_NOT_FOUND, "key of its own"));
    CU_ASSERT_TRUE(unit_data_refused(&own, "d", &value, SR_JOB_BAD, "another context"));
    foreign.family = own.family; /* b's key, said to be a's */
    CU_ASSERT_TRUE(unit_data_refused(&foreign, "c", &value, SR_JOB_WRONG_KEY, "one of data:b"));
    keys[2].family = own.family;
    CU_ASSERT_EQUAL(unit_data_do(sr_data_encrypt, &foreign, "c", "x", 1, &value), SR_JOB_BAD);
    unit_jobs_close(&unit_data);
}

static void versions_grow_old(void)
{
    struct sr_data_ask own = unit_data_a;
    struct sr_data_ask newer = unit_data_a;
    struct sr_data_key key;
    struct unit_text first;
    struct unit_text second;
    struct unit_text third;
    struct unit_text moved;

    unit_data_open("versions");
    unit_data_key(&own, &key);
    unit_data_encrypt(&unit_data_a, "c", "first", &first);
    unit_data_encrypt(&own, "c", "third", &third);
    unit_data_rotate(&unit_data_a);
    unit_data_encrypt(&unit_data_a, "c", "second", &second);
    CU_ASSERT_TRUE(unit_data_is(&unit_data_a, "c", &first, "first"));
    CU_ASSERT_TRUE(unit_data_is(&unit_data_a, "c", &second, "second"));
    CU_ASSERT_TRUE(unit_data_is(&own, "c", &third, "third"));
    newer.min_version = 2;
    own.min_version = 2;
    CU_ASSERT_TRUE(unit_data_refused(&newer, "c", &first, SR_JOB_BAD, "versions before 2"));
    CU_ASSERT_TRUE(unit_data_refused(&own, "c", &third, SR_JOB_BAD, "versions before 2"));
    CU_ASSERT_TRUE(unit_data_is(&newer, "c", &second, "second"));
    CU_ASSERT_EQUAL(unit_data_do(sr_data_rewrap, &newer, "c", first.bytes, first.size, &moved), SR_JOB_BAD);
    own.min_version = 0;

    /* Revoked, it lets its values go and does nothing else. */
    unit_data_revoke(&unit_data_a);
    CU_ASSERT_TRUE(unit_data_refused(&unit_data_a, "c", &second, SR_JOB_BAD, "revoked"));
    CU_ASSERT_TRUE(unit_data_is(&unit_data_a, "c", &first, "first"));
    CU_ASSERT_EQUAL(unit_data_do(sr_data_rewrap, &unit_data_a, "c", second.bytes, second.size, &moved),
                    SR_JOB_OK);
    newer.min_version = 3;
    CU_ASSERT_TRUE(unit_data_is(&newer, "c", &moved, "second"));
    CU_ASSERT_EQUAL(sr_family_destroy(unit_data.jobs, &unit_data.bench, &unit_data_a.family, 1, false,
                                      &unit_operator, &unit_data_why),
                    SR_JOB_REFUSED);
    CU_ASSERT_PTR_NOT_NULL(strstr(unit_data_why.text, "used (2)"));
    CU_ASSERT_TRUE(unit_data_is(&own, "c", &third, "third"));
    CU_ASSERT_EQUAL(sr_family_destroy(unit_data.jobs, &unit_data.bench, &unit_data_a.family, 1, true,
                                      &unit_operator, &unit_data_why),
                    SR_JOB_OK);
    CU_ASSERT_TRUE(unit_data_refused(&unit_data_a, "c", &first, SR_JOB_NOT_FOUND, "destroyed"));
    CU_ASSERT_TRUE(unit_data_refused(&own, "c", &third, SR_JOB_NOT_FOUND, "destroyed"));
    unit_jobs_close(&unit_data);
}

static void keys_and_values_are_rewrapped(void)
{
    struct sr_data_ask own = unit_data_a;
    struct sr_data_ask moved = unit_data_a;
    unsigned char text[SR_DATA_KEY_ROOM];
    struct sr_data_key key;
    struct sr_data_key fresh;
    struct unit_text value;
    struct unit_text of_own;
    struct unit_text out;
    struct unit_text again;

    unit_data_open("rewrapped");
    for (int binary = 0; binary < 2; binary++) {
        struct sr_data_ask ask = unit_data_a;
        ask.binary = binary == 1;
        unit_data_key(&own, &key);
        size_t size = sr_data_key_write(&key, ask.binary, text);
        unit_data_encrypt(&own, "c", "own", &of_own);
        unit_data_encrypt(&ask, "c", "value", &value);
        unit_data_rotate(&ask);

        CU_ASSERT_EQUAL_FATAL(unit_data_do(sr_data_rewrap, &unit_data_a, "c", value.bytes, value.size, &out),
                              SR_JOB_OK);
        CU_ASSERT_EQUAL(out.size, value.size); /* in the form that it had */
        CU_ASSERT_NOT_EQUAL(memcmp(out.bytes, value.bytes, out.size), 0);
        CU_ASSERT_TRUE(unit_data_is(&unit_data_a, "c", &out, "value"));
        CU_ASSERT_EQUAL(unit_data_do(sr_data_rewrap, &unit_data_a, "c", out.bytes, out.size, &again),
                        SR_JOB_OK);
        CU_ASSERT_TRUE(again.size == out.size && memcmp(again.bytes, out.bytes, out.size) == 0);
        CU_ASSERT_EQUAL(unit_data_do(sr_data_rewrap, &unit_data_a, "d", out.bytes, out.size, &again),
                        SR_JOB_BAD);
        CU_ASSERT_EQUAL(unit_data_do(sr_data_rewrap, &unit_data_b, "c", out.bytes, out.size, &again),
                        SR_JOB_WRONG_KEY);

        CU_ASSERT_EQUAL_FATAL(unit_data_do(sr_data_rewrap, &unit_data_a, "", text, size, &out), SR_JOB_OK);
        CU_ASSERT_EQUAL(out.size, size);
        CU_ASSERT_EQUAL_FATAL(sr_data_key_read(out.bytes, out.size, &fresh, &unit_data_why), SR_JOB_OK);
        CU_ASSERT_EQUAL(fresh.version, key.version + 1);
        CU_ASSERT_EQUAL(memcmp(fresh.id, key.id, SR_DATA_ID), 0);
        moved.key = &fresh;
        CU_ASSERT_TRUE(unit_data_is(&moved, "c", &of_own, "own"));
        CU_ASSERT_EQUAL(unit_data_do(sr_data_rewrap, &unit_data_a, "", out.bytes, out.size, &again),
                        SR_JOB_OK);
        CU_ASSERT_TRUE(again.size == out.size && memcmp(again.bytes, out.bytes, out.size) == 0);
        CU_ASSERT_EQUAL(unit_data_do(sr_data_rewrap, &unit_data_b, "", text, size, &again), SR_JOB_WRONG_KEY);
        text[size - 1] ^= 1;
        CU_ASSERT_EQUAL(unit_data_do(sr_data_rewrap, &unit_data_a, "", text, size, &again), SR_JOB_BAD);

        /* A value under a key of the caller's goes over to the family's. */
        CU_ASSERT_EQUAL(unit_data_do(sr_data_rewrap, &unit_data_a, "c", of_own.bytes, of_own.size, &again),
                        SR_JOB_NOT_FOUND);
        CU_ASSERT_EQUAL(unit_data_do(sr_data_rewrap, &moved, "c", of_own.bytes, of_own.size, &again),
                        SR_JOB_OK);
        CU_ASSERT_TRUE(unit_data_is(&unit_data_a, "c", &again, "own"));
    }
    unit_jobs_close(&unit_data);
}

CU_TestInfo data_tests[] = {
    {"the vectors are read", the_vectors_are_read},
    {"both forms come back", both_forms_come_back},
    {"large values and contexts", large_values_and_contexts},
    {"every byte counts", every_byte_counts},
    {"every byte of a key counts", every_byte_of_a_key_counts},
    {"families, contexts and keys are separate", families_contexts_and_keys_are_separate},
    {"versions grow old", versions_grow_old},
    {"keys and values are rewrapped", keys_and_values_are_rewrapped},
    CU_TEST_INFO_NULL,
};
