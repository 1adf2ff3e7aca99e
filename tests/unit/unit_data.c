/* SPDX-License-Identifier: Apache-2.0 */
#include "unit_data.h"
#include "cryptoki/find.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct unit_jobs unit_data;
struct sr_why unit_data_why;
const struct sr_data_ask unit_data_a = {.family = {"data", "a"}};
const struct sr_data_ask unit_data_b = {.family = {"data", "b"}};

/* Puts a known key in the place of a version's KEK. */
static void replace_kek(const char *label)
{
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_AES;
    CK_BBOOL yes = CK_TRUE;
    unsigned char value[32];
    for (size_t i = 0; i < sizeof(value); i++)
        value[i] = (unsigned char)(0x40 + i);
    CK_ATTRIBUTE a[] = {{CKA_LABEL, (void *)label, strlen(label)},
                        {CKA_CLASS, &class, sizeof(class)},
                        {CKA_KEY_TYPE, &type, sizeof(type)},
                        {CKA_VALUE, value, sizeof(value)},
                        {CKA_TOKEN, &yes, sizeof(yes)},
                        {CKA_PRIVATE, &yes, sizeof(yes)},
                        {CKA_WRAP, &yes, sizeof(yes)},
                        {CKA_UNWRAP, &yes, sizeof(yes)}};
    const struct sr_bench *bench = &unit_data.bench;
    CK_OBJECT_HANDLE *found;
    CK_OBJECT_HANDLE key;
    size_t count;

    CU_ASSERT_EQUAL_FATAL(sr_find(bench->f, bench->session, a, 1, &found, &count), CKR_OK);
    CU_ASSERT_EQUAL_FATAL(count, 1);
    CU_ASSERT_EQUAL_FATAL(bench->f->C_DestroyObject(bench->session, found[0]), CKR_OK);
    free(found);
    CU_ASSERT_EQUAL_FATAL(bench->f->C_CreateObject(bench->session, a, sizeof(a) / sizeof(a[0]), &key),
                          CKR_OK);
}

void unit_data_open(const char *name)
{
    static const struct sr_family_name vector = {"data", "vector"};
    const struct sr_family_name *const names[] = {&unit_data_a.family, &unit_data_b.family, &vector};

    unit_jobs_make(&unit_data, name);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        CU_ASSERT_EQUAL_FATAL(sr_family_create(unit_data.jobs, &unit_data.bench, names[i], 0, 0,
                                               &unit_operator, &unit_data_why),
                              SR_JOB_OK);
    replace_kek("data:vector:1");
}

enum sr_job_result unit_data_do(unit_data_call call, const struct sr_data_ask *ask, const char *context,
                                const void *text, size_t size, struct unit_text *out)
{
    const struct sr_data_item item = {context, strlen(context), text, size};
    unsigned char *room = malloc(SR_DATA_ROOM(size));
    struct sr_data_result result = {.bytes = room};

    CU_ASSERT_PTR_NOT_NULL_FATAL(room);
    unit_data_why.text[0] = '\0';
    enum sr_job_result ended = call(unit_data.jobs, &unit_data.bench, ask, &item, &result, &unit_data_why);
    CU_ASSERT_EQUAL(ended == SR_JOB_OK, unit_data_why.text[0] == '\0');
    out->size = ended == SR_JOB_OK ? result.size : 0;
    CU_ASSERT_FATAL(out->size <= sizeof(out->bytes));
    memcpy(out->bytes, room, out->size);
    free(room);
    return ended;
}

void unit_data_encrypt(const struct sr_data_ask *ask, const char *context, const char *text,
                       struct unit_text *value)
{
    enum sr_job_result result = unit_data_do(sr_data_encrypt, ask, context, text, strlen(text), value);
    if (result != SR_JOB_OK)
        (void)fprintf(stderr, "encrypting: %s\n", unit_data_why.text);
    CU_ASSERT_EQUAL_FATAL(result, SR_JOB_OK);
}

void unit_data_key(struct sr_data_ask *ask, struct sr_data_key *key)
{
    unsigned char room[SR_DATA_KEY_ROOM];
    struct sr_data_result out = {.bytes = room};

    ask->key = NULL;
    CU_ASSERT_EQUAL_FATAL(sr_data_new_key(unit_data.jobs, &unit_data.bench, ask, &out, &unit_data_why),
                          SR_JOB_OK);
    CU_ASSERT_EQUAL_FATAL(sr_data_key_read(room, out.size, key, &unit_data_why), SR_JOB_OK);
    ask->key = key;
}

bool unit_data_is(const struct sr_data_ask *ask, const char *context, const struct unit_text *value,
                  const char *text)
{
    struct unit_text plain;
    enum sr_job_result result =
        unit_data_do(sr_data_decrypt, ask, context, value->bytes, value->size, &plain);
    if (result != SR_JOB_OK)
        (void)fprintf(stderr, "decrypting: %s\n", unit_data_why.text);
    return result == SR_JOB_OK && plain.size == strlen(text) && memcmp(plain.bytes, text, plain.size) == 0;
}

bool unit_data_refused(const struct sr_data_ask *ask, const char *context, const struct unit_text *value,
                       enum sr_job_result result, const char *words)
{
    struct unit_text plain;
    enum sr_job_result ended = unit_data_do(sr_data_decrypt, ask, context, value->bytes, value->size, &plain);
    if (ended == result && strstr(unit_data_why.text, words) != NULL)
        return true;
    (void)fprintf(stderr, "decrypting: %d, %s\n", (int)ended, unit_data_why.text);
    return false;
}

void unit_data_rotate(const struct sr_data_ask *ask)
{
    unsigned long version;
    CU_ASSERT_EQUAL_FATAL(sr_family_rotate(unit_data.jobs, &unit_data.bench, &ask->family, 0, true,
                                           &unit_operator, &version, &unit_data_why),
                          SR_JOB_OK);
}

void unit_data_revoke(const struct sr_data_ask *ask)
{
    unsigned long version;
    CU_ASSERT_EQUAL_FATAL(sr_family_revoke(unit_data.jobs, &unit_data.bench, &ask->family, &unit_operator,
                                           &version, &unit_data_why),
                          SR_JOB_OK);
}
