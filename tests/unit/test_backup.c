/* SPDX-License-Identifier: Apache-2.0 */
/* Backups on a SoftHSM token: the vector of docs/backup-format.md, the order of chunks, the rules of slots.
 */
#include "jobs/backup.h"
#include "unit_jobs.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK 4096
#define UNIT (CHUNK + SR_BACKUP_TAG)

static struct unit_jobs u;
static struct sr_why why;
static const struct sr_family_name known = {"backup", "known"};
static unsigned char header[SR_BACKUP_HEADER];
static unsigned char chunks[4][UNIT];
static unsigned char out[UNIT + 1];
static const unsigned char plain[CHUNK] = "plain";

static void open_jobs(const char *name)
{
    unit_jobs_make(&u, name);
    CU_ASSERT_EQUAL_FATAL(sr_family_create(u.jobs, &u.bench, &known, 0, 0, &unit_operator, &why), SR_JOB_OK);
}

static struct sr_backup *begin(void)
{
    struct sr_backup *backup = NULL;
    CU_ASSERT_EQUAL_FATAL(sr_backup_begin(u.jobs, &u.bench, &known, CHUNK, header, &backup, &why), SR_JOB_OK);
    return backup;
}

static enum sr_job_result encrypt(struct sr_backup *backup, size_t size, bool last, unsigned char *to)
{
    memcpy(to, plain, size < CHUNK ? size : CHUNK);
    return sr_backup_encrypt(backup, &u.bench, to, size, last, &why);
}

/* Three chunks, the last one of 100 bytes. */
static void make_backup(void)
{
    struct sr_backup *backup = begin();
    CU_ASSERT_EQUAL(encrypt(backup, CHUNK, false, chunks[0]), SR_JOB_OK);
    CU_ASSERT_EQUAL(encrypt(backup, CHUNK, false, chunks[1]), SR_JOB_OK);
    CU_ASSERT_EQUAL(encrypt(backup, 100, true, chunks[2]), SR_JOB_OK);
    CU_ASSERT_EQUAL(sr_backup_end(backup, &why), SR_JOB_OK);
    sr_backup_close(backup);
}

static enum sr_job_result open_it(void)
{
    struct sr_backup *backup = NULL;
    enum sr_job_result result = sr_backup_open(u.jobs, header, &backup, &why);
    if (result == SR_JOB_OK) {
        CU_ASSERT_EQUAL(sr_backup_decrypt(backup, &u.bench, 0, chunks[0], UNIT, false, out, &why), SR_JOB_OK);
        CU_ASSERT_EQUAL(memcmp(out, plain, CHUNK), 0);
        CU_ASSERT_EQUAL(sr_backup_decrypt(backup, &u.bench, 2, chunks[2], 116, true, out, &why), SR_JOB_OK);
        CU_ASSERT_EQUAL(sr_backup_end(backup, &why), SR_JOB_OK);
    }
    sr_backup_close(backup);
    return result;
}

static size_t known_backups(unsigned long version)
{
    char *text = NULL;
    size_t n = 0;
    CU_ASSERT_EQUAL_FATAL(sr_backup_list(u.jobs, &known, &text, &why), SR_JOB_OK);
    json_t *list = json_loads(text, 0, NULL);
    for (size_t i = 0; i < json_array_size(list); i++)
        n += json_integer_value(json_object_get(json_array_get(list, i), "version")) == (json_int_t)version;
    json_decref(list);
    free(text);
    return n;
}

static void chunks_are_encrypted_once_and_in_order(void)
{
    open_jobs("backup-order");
    size_t before = unit_objects(&u, "backup:known");
    struct sr_backup *backup = begin();
    CU_ASSERT_EQUAL(encrypt(backup, CHUNK - 1, false, out), SR_JOB_INVALID);
    CU_ASSERT_EQUAL(encrypt(backup, CHUNK + 1, true, out), SR_JOB_INVALID);
    CU_ASSERT_EQUAL(encrypt(backup, 0, false, out), SR_JOB_INVALID);
    CU_ASSERT_EQUAL(sr_backup_end(backup, &why), SR_JOB_REFUSED);
    CU_ASSERT_EQUAL(encrypt(backup, CHUNK, false, chunks[0]), SR_JOB_OK);
    CU_ASSERT_EQUAL(encrypt(backup, CHUNK, false, chunks[1]), SR_JOB_OK);
    /* The same bytes twice: another nonce each time. */
    CU_ASSERT_NOT_EQUAL(memcmp(chunks[0], chunks[1], CHUNK), 0);
    CU_ASSERT_EQUAL(encrypt(backup, 0, true, out), SR_JOB_INVALID);
    CU_ASSERT_EQUAL(sr_backup_end(backup, &why), SR_JOB_REFUSED);
    CU_ASSERT_EQUAL(known_backups(1), 0);
    CU_ASSERT_EQUAL(encrypt(backup, CHUNK, true, chunks[2]), SR_JOB_OK);
    CU_ASSERT_EQUAL(encrypt(backup, CHUNK, true, out), SR_JOB_REFUSED);
    CU_ASSERT_EQUAL(encrypt(backup, CHUNK, false, out), SR_JOB_REFUSED);
    CU_ASSERT_EQUAL(sr_backup_decrypt(backup, &u.bench, 0, chunks[0], UNIT, false, out, &why),
                    SR_JOB_REFUSED);
    CU_ASSERT_EQUAL(sr_backup_end(backup, &why), SR_JOB_OK);
    CU_ASSERT_EQUAL(known_backups(1), 1);
    sr_backup_close(backup);
    sr_backup_close(NULL);
    CU_ASSERT_EQUAL(unit_objects(&u, "backup:known"), before);

    CU_ASSERT_EQUAL_FATAL(sr_backup_open(u.jobs, header, &backup, &why), SR_JOB_OK);
    CU_ASSERT_EQUAL(encrypt(backup, CHUNK, true, out), SR_JOB_REFUSED);
    CU_ASSERT_EQUAL(sr_backup_decrypt(backup, &u.bench, 0, chunks[0], UNIT, false, out, &why), SR_JOB_OK);
    CU_ASSERT_EQUAL(sr_backup_decrypt(backup, &u.bench, 2, chunks[2], UNIT, true, out, &why), SR_JOB_OK);
    CU_ASSERT_EQUAL(sr_backup_decrypt(backup, &u.bench, 2, chunks[2], UNIT, false, out, &why), SR_JOB_BAD);
    CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "extended"));
    CU_ASSERT_EQUAL(sr_backup_decrypt(backup, &u.bench, 1, chunks[1], UNIT, true, out, &why), SR_JOB_BAD);
    CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "truncated"));
    CU_ASSERT_EQUAL(sr_backup_decrypt(backup, &u.bench, 1, chunks[0], UNIT, false, out, &why), SR_JOB_BAD);
    CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "once more"));
    CU_ASSERT_EQUAL(sr_backup_decrypt(backup, &u.bench, 1UL << 32, chunks[0], UNIT, false, out, &why),
                    SR_JOB_INVALID);
    CU_ASSERT_EQUAL(sr_backup_decrypt(backup, &u.bench, 0, chunks[0], UNIT - 1, false, out, &why),
                    SR_JOB_INVALID);
    for (size_t size = 0; size < SR_BACKUP_TAG; size++)
        CU_ASSERT_EQUAL(sr_backup_decrypt(backup, &u.bench, 0, chunks[0], size, true, out, &why), SR_JOB_BAD);
    sr_backup_close(backup);
    unit_jobs_close(&u);
}

static void rotate(void)
{
    unsigned long version;
    CU_ASSERT_EQUAL_FATAL(sr_family_rotate(u.jobs, &u.bench, &known, 0, true, &unit_operator, &version, &why),
                          SR_JOB_OK);
}

static enum sr_job_result rewrap(unsigned char *list, bool *changed, size_t *slot)
{
    struct sr_backup_facts facts = {.slot = 9};
    enum sr_job_result result = sr_backup_rewrap(u.jobs, &u.bench, header, list, changed, &facts, &why);
    *slot = facts.slot;
    return result;
}

static void the_slot_in_use_is_the_newest_that_is_right(void)
{
    unsigned char list[SR_BACKUP_SLOT];
    unsigned char *slots[] = {header + SR_BACKUP_FIXED, header + SR_BACKUP_FIXED + SR_BACKUP_SLOT};
    struct sr_backup_facts facts;
    struct sr_backup *backup;
    bool changed;
    size_t slot;

    open_jobs("backup-slots");
    make_backup();
    CU_ASSERT_TRUE(sr_backup_slot_empty(slots[1]));
    CU_ASSERT_EQUAL(rewrap(list, &changed, &slot), SR_JOB_OK);
    CU_ASSERT_FALSE(changed);
    rotate();
    CU_ASSERT_EQUAL(open_it(), SR_JOB_OK);
    CU_ASSERT_EQUAL_FATAL(rewrap(list, &changed, &slot), SR_JOB_OK);
    CU_ASSERT_TRUE(changed);
    CU_ASSERT_EQUAL(slot, 0);
    CU_ASSERT_EQUAL(known_backups(1), 1); /* until the file has changed */

    memcpy(slots[1], list, sizeof(list)); /* both: as after a crash in between */
    CU_ASSERT_EQUAL_FATAL(sr_backup_open(u.jobs, header, &backup, &why), SR_JOB_OK);
    CU_ASSERT_EQUAL(sr_backup_facts(backup)->slot, 1);
    CU_ASSERT_EQUAL(sr_backup_facts(backup)->version, 2);
    sr_backup_close(backup);
    for (size_t i = 0; i < SR_BACKUP_SLOT; i += 7) { /* one of them half written: the other one counts */
        slots[1][i] ^= 1;
        CU_ASSERT_EQUAL_FATAL(sr_backup_open(u.jobs, header, &backup, &why), SR_JOB_OK);
        CU_ASSERT_EQUAL(sr_backup_facts(backup)->slot, 0);
        sr_backup_close(backup);
        slots[1][i] ^= 1;
    }
    memset(slots[0], 0, SR_BACKUP_SLOT);
    CU_ASSERT_EQUAL(sr_backup_record(u.jobs, header, &facts, &why), SR_JOB_OK);
    CU_ASSERT_EQUAL(known_backups(1), 0);
    CU_ASSERT_EQUAL(known_backups(2), 1);
    CU_ASSERT_EQUAL(sr_family_destroy(u.jobs, &u.bench, &known, 1, false, &unit_operator, &why), SR_JOB_OK);
    CU_ASSERT_EQUAL(open_it(), SR_JOB_OK);
    for (size_t bit = 0; bit < 8UL * SR_BACKUP_SLOT; bit += 3) { /* each byte, in one bit at least */
        slots[1][bit / 8] ^= (unsigned char)(1 << bit % 8);
        CU_ASSERT_NOT_EQUAL(sr_backup_open(u.jobs, header, &backup, &why), SR_JOB_OK);
        slots[1][bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    memset(slots[1], 0, SR_BACKUP_SLOT);
    CU_ASSERT_EQUAL(open_it(), SR_JOB_WRONG_KEY);
    unit_jobs_close(&u);
}

static void a_version_that_goes_ends_its_streams(void)
{
    unsigned long version;

    open_jobs("backup-gone");
    struct sr_backup *first = begin();
    CU_ASSERT_EQUAL(encrypt(first, CHUNK, false, chunks[0]), SR_JOB_OK);
    rotate();
    CU_ASSERT_EQUAL(encrypt(first, CHUNK, false, chunks[1]), SR_JOB_OK);
    struct sr_backup *second = begin();
    CU_ASSERT_EQUAL(sr_family_revoke(u.jobs, &u.bench, &known, &unit_operator, &version, &why), SR_JOB_OK);
    CU_ASSERT_EQUAL(encrypt(second, CHUNK, true, out), SR_JOB_NOT_FOUND);
    CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "revoked"));
    CU_ASSERT_EQUAL(encrypt(second, CHUNK, true, out), SR_JOB_REFUSED);
    CU_ASSERT_EQUAL(sr_backup_end(second, &why), SR_JOB_REFUSED);
    sr_backup_close(second);
    CU_ASSERT_EQUAL(encrypt(first, 1, true, chunks[2]), SR_JOB_OK);
    CU_ASSERT_EQUAL(sr_family_destroy(u.jobs, &u.bench, &known, 1, false, &unit_operator, &why), SR_JOB_OK);
    CU_ASSERT_EQUAL(sr_backup_end(first, &why), SR_JOB_NOT_FOUND);
    CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "destroyed"));
    sr_backup_close(first);
    CU_ASSERT_EQUAL(unit_objects(&u, "backup:known:1"), 0);
    unit_jobs_close(&u);
}

static void what_the_registry_knows_protects_the_version(void)
{
    char *text = NULL;

    open_jobs("backup-known");
    make_backup();
    rotate();
    CU_ASSERT_EQUAL(sr_family_destroy(u.jobs, &u.bench, &known, 1, false, &unit_operator, &why),
                    SR_JOB_REFUSED);
    CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "backups (1)"));
    CU_ASSERT_EQUAL(sr_backup_forget(u.jobs, &known, "0123", &why), SR_JOB_INVALID);
    CU_ASSERT_EQUAL(sr_backup_forget(u.jobs, &known, "00000000000000000000000000000000", &why),
                    SR_JOB_NOT_FOUND);
    CU_ASSERT_EQUAL_FATAL(sr_backup_list(u.jobs, NULL, &text, &why), SR_JOB_OK);
    json_t *list = json_loads(text, 0, NULL);
    CU_ASSERT_EQUAL(sr_backup_forget(u.jobs, &known,
                                     json_string_value(json_object_get(json_array_get(list, 0), "file")),
                                     &why),
                    SR_JOB_OK);
    json_decref(list);
    free(text);
    CU_ASSERT_EQUAL(known_backups(1), 0);
    CU_ASSERT_EQUAL(sr_family_destroy(u.jobs, &u.bench, &known, 1, false, &unit_operator, &why), SR_JOB_OK);
    CU_ASSERT_EQUAL(open_it(), SR_JOB_NOT_FOUND);
    unit_jobs_close(&u);
}

/* The token's KEK becomes 00 01 ... 1f. */
static void plant_kek(void)
{
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_AES;
    CK_BBOOL yes = CK_TRUE;
    unsigned char value[32];
    CK_OBJECT_HANDLE kek;
    CK_ATTRIBUTE a[] = {{CKA_CLASS, &class, sizeof(class)}, {CKA_KEY_TYPE, &type, sizeof(type)},
                        {CKA_LABEL, "backup:known:1", 14},  {CKA_VALUE, value, sizeof(value)},
                        {CKA_TOKEN, &yes, sizeof(yes)},     {CKA_PRIVATE, &yes, sizeof(yes)},
                        {CKA_WRAP, &yes, sizeof(yes)},      {CKA_UNWRAP, &yes, sizeof(yes)}};

    for (size_t i = 0; i < sizeof(value); i++)
        value[i] = (unsigned char)i;
    CU_ASSERT_EQUAL_FATAL(sr_keys_destroy(&u.bench, &known, 1, &why), SR_JOB_OK);
    CU_ASSERT_EQUAL_FATAL(u.bench.f->C_CreateObject(u.bench.session, a, sizeof(a) / sizeof(a[0]), &kek),
                          CKR_OK);
}

static void unhex(const char *hex, unsigned char *bytes)
{
    for (size_t i = 0; hex[2 * i] != '\0'; i++) {
        const char digits[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        bytes[i] = (unsigned char)strtoul(digits, NULL, 16);
    }
}

/* The vector of docs/backup-format.md, but for chunk 0, of which it has the tag. */
static void the_vector_is_read(void)
{
    struct sr_backup *backup;
    unsigned char chunk[30];
    unsigned char wrong[30];

    open_jobs("backup-vector");
    plant_kek();
    memset(header, 0, sizeof(header));
    unhex("53524241434b55500001000100001000000102030405060708090a0b0c0d0e0f7072656669783700bd4597ba3d977f63c2"
          "3f63604bd81eaa108c2643f393dc84e7dfe351bb880013",
          header);
    unhex("0000000000000001000100000000000000010044000c6261636b75703a6b6e6f776e000000000000000100010001002892"
          "f48c52045c08050ec796a5a91c5ddaf7c61cbdc940adc8d3dc8a144f6161a8c5d3299e325f1750",
          header + SR_BACKUP_FIXED);
    unhex("a5da697b48f9891120a8f40e0ee89f2c5d0e963068676716207cc3c13c8cae0f",
          header + SR_BACKUP_FIXED + SR_BACKUP_LIST);
    unhex("9916a81018eaafa748f79df9c9096ded33ad35c548ecff315d848cf623d1", chunk);
    CU_ASSERT_EQUAL_FATAL(sr_backup_open(u.jobs, header, &backup, &why), SR_JOB_OK);
    CU_ASSERT_EQUAL(sr_backup_facts(backup)->chunk_size, 4096);
    CU_ASSERT_EQUAL(sr_backup_decrypt(backup, &u.bench, 1, chunk, sizeof(chunk), true, out, &why), SR_JOB_OK);
    CU_ASSERT_EQUAL(memcmp(out, "the last chunk", 14), 0);
    for (size_t i = 0; i < sizeof(chunk); i++) {
        memcpy(wrong, chunk, sizeof(chunk));
        wrong[i] ^= 0x10;
        CU_ASSERT_EQUAL(sr_backup_decrypt(backup, &u.bench, 1, wrong, sizeof(wrong), true, out, &why),
                        SR_JOB_BAD);
    }
    CU_ASSERT_EQUAL(sr_backup_decrypt(backup, &u.bench, 0, chunk, sizeof(chunk), true, out, &why),
                    SR_JOB_BAD);
    sr_backup_close(backup);
    header[SR_BACKUP_FIXED - 30] ^= 1; /* the commitment */
    CU_ASSERT_EQUAL(sr_backup_open(u.jobs, header, &backup, &why), SR_JOB_WRONG_KEY);
    unit_jobs_close(&u);
}

static void other_families_make_none(void)
{
    static const struct sr_family_name session = {"session", "web"};
    static const struct sr_family_name missing = {"backup", "missing"};
    struct sr_backup *backup;

    open_jobs("backup-roles");
    CU_ASSERT_EQUAL(sr_backup_begin(u.jobs, &u.bench, &session, CHUNK, header, &backup, &why),
                    SR_JOB_INVALID);
    CU_ASSERT_PTR_NULL(backup);
    CU_ASSERT_EQUAL(sr_backup_begin(u.jobs, &u.bench, &missing, CHUNK, header, &backup, &why),
                    SR_JOB_NOT_FOUND);
    CU_ASSERT_EQUAL(sr_backup_begin(u.jobs, &u.bench, &known, CHUNK + 1, header, &backup, &why),
                    SR_JOB_INVALID);
    memset(header, 0, sizeof(header));
    CU_ASSERT_EQUAL(sr_backup_open(u.jobs, header, &backup, &why), SR_JOB_BAD);
    unit_jobs_close(&u);
}

CU_TestInfo backup_tests[] = {
    {"chunks are encrypted once and in order", chunks_are_encrypted_once_and_in_order},
    {"the slot in use is the newest that is right", the_slot_in_use_is_the_newest_that_is_right},
    {"a version that goes ends its streams", a_version_that_goes_ends_its_streams},
    {"what the registry knows protects the version", what_the_registry_knows_protects_the_version},
    {"the vector is read", the_vector_is_read},
    {"other families make none", other_families_make_none},
    CU_TEST_INFO_NULL,
};
