/* SPDX-License-Identifier: Apache-2.0 */
/* A family's data keys: counted before they are used, in the token for some time only, and authentic. */
#include "jobs/data_key.h"
#include "unit_data.h"
#include "unit_registry.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define THREADS 4
#define ROUNDS 150

static struct sr_data_row *rows_of(const struct sr_data_ask *ask, size_t *count)
{
    struct sr_data_row *rows;
    unit_begin(unit_data.jobs->registry, false);
    enum sr_job_result result =
        sr_data_rows(unit_data.jobs->registry, &ask->family, &rows, count, &unit_data_why);
    CU_ASSERT_EQUAL_FATAL(sr_registry_end(unit_data.jobs->registry, result, &unit_data_why), SR_JOB_OK);
    return rows;
}

/* Sets how many messages the family's only key has had. */
static void set_messages(const struct sr_data_ask *ask, unsigned long messages)
{
    size_t count;
    struct sr_data_row *rows = rows_of(ask, &count);
    CU_ASSERT_EQUAL_FATAL(count, 1);
    rows[0].messages = messages;
    unit_begin(unit_data.jobs->registry, true);
    enum sr_job_result result = sr_data_row_put(unit_data.jobs->registry, &rows[0], &unit_data_why);
    CU_ASSERT_EQUAL(sr_registry_end(unit_data.jobs->registry, result, &unit_data_why), SR_JOB_OK);
    free(rows);
}

/* What is remembered is forgotten: strongroomd starts again. */
static void restart(void)
{
    unit_jobs_close(&unit_data);
    unit_jobs_open_token(&unit_data, "data-keys");
    unit_jobs_open(&unit_data);
}

static void open_jobs(void)
{
    unit_data_open("data-keys");
}

/* Each test has a token of its own; its name is used once. */
static void messages_are_reserved_before_they_are_used(void)
{
    struct unit_text value;
    size_t count;

    open_jobs();
    for (int i = 0; i < 3; i++) {
        unit_data_encrypt(&unit_data_a, "c", "text", &value);
        struct sr_data_row *rows = rows_of(&unit_data_a, &count);
        CU_ASSERT_EQUAL_FATAL(count, 1);
        CU_ASSERT_EQUAL(rows[0].messages, 256);
        CU_ASSERT_EQUAL(rows[0].state, SR_DATA_CURRENT);
        free(rows);
    }
    /* A restart, a crash too, loses numbers, and no number comes twice. */
    for (unsigned long wanted = 512; wanted <= 1024; wanted *= 2) {
        restart();
        unit_data_encrypt(&unit_data_a, "c", "text", &value);
        struct sr_data_row *rows = rows_of(&unit_data_a, &count);
        CU_ASSERT_EQUAL_FATAL(count, 1);
        CU_ASSERT_EQUAL(rows[0].messages, wanted);
        free(rows);
    }
    for (int i = 0; i < 1024; i++)
        unit_data_encrypt(&unit_data_a, "c", "text", &value);
    struct sr_data_row *rows = rows_of(&unit_data_a, &count);
    CU_ASSERT_EQUAL(rows[0].messages, 2048);
    free(rows);
    set_messages(&unit_data_a, 1000000);
    restart();
    unit_data_encrypt(&unit_data_a, "c", "text", &value);
    rows = rows_of(&unit_data_a, &count);
    CU_ASSERT_EQUAL(rows[0].messages, 1000000 + SR_DATA_BLOCK);
    free(rows);

    /* The family's own is replaced when it is full; what it made is read. */
    struct unit_text before = value;
    set_messages(&unit_data_a, SR_DATA_KEPT_LIMIT - 1);
    restart();
    unit_data_encrypt(&unit_data_a, "c", "the last one", &value);
    CU_ASSERT_EQUAL(memcmp(value.bytes, before.bytes, 40), 0); /* its id is the same */
    struct unit_text next;
    unit_data_encrypt(&unit_data_a, "c", "another key's", &next);
    CU_ASSERT_NOT_EQUAL(memcmp(value.bytes, next.bytes, 40), 0);
    rows = rows_of(&unit_data_a, &count);
    CU_ASSERT_EQUAL_FATAL(count, 2);
    size_t full = rows[0].state == SR_DATA_OLD ? 0 : 1;
    CU_ASSERT_EQUAL(rows[full].messages, SR_DATA_KEPT_LIMIT);
    CU_ASSERT_EQUAL(rows[full].state, SR_DATA_OLD);
    CU_ASSERT_EQUAL(rows[1 - full].state, SR_DATA_CURRENT);
    free(rows);
    CU_ASSERT_TRUE(unit_data_is(&unit_data_a, "c", &before, "text"));
    CU_ASSERT_TRUE(unit_data_is(&unit_data_a, "c", &value, "the last one"));
    CU_ASSERT_TRUE(unit_data_is(&unit_data_a, "c", &next, "another key's"));
    unit_jobs_close(&unit_data);
}

static void a_key_of_the_caller_s_has_an_end(void)
{
    struct sr_data_ask own = unit_data_a;
    struct sr_data_key key;
    struct unit_text value;
    struct unit_text none;

    unit_data_open("data-end");
    unit_data_key(&own, &key);
    unit_data_encrypt(&own, "c", "text", &value);
    set_messages(&unit_data_a, SR_DATA_OUTSIDE_LIMIT - 2);
    for (int i = 0; i < 255 + 2; i++) /* what is reserved already, and two more */
        unit_data_encrypt(&own, "c", "text", &value);
    for (int i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL(unit_data_do(sr_data_encrypt, &own, "c", "text", 4, &none), SR_JOB_REFUSED);
        CU_ASSERT_PTR_NOT_NULL(strstr(unit_data_why.text, "make a new one"));
    }
    CU_ASSERT_TRUE(unit_data_is(&own, "c", &value, "text"));
    unit_data_key(&own, &key);
    unit_data_encrypt(&own, "c", "text", &value);
    unit_jobs_close(&unit_data);
}

static void the_row_knows_the_newest_wrapping(void)
{
    struct sr_data_ask own = unit_data_a;
    unsigned char text[SR_DATA_KEY_ROOM];
    struct sr_data_key key;
    struct unit_text value;
    struct unit_text out;
    size_t count;

    unit_data_open("data-newest");
    unit_data_key(&own, &key);
    unit_data_encrypt(&own, "c", "text", &value);
    unit_data_rotate(&own);
    size_t size = sr_data_key_write(&key, false, text);
    CU_ASSERT_EQUAL_FATAL(unit_data_do(sr_data_rewrap, &unit_data_a, "", text, size, &out), SR_JOB_OK);
    CU_ASSERT_EQUAL_FATAL(sr_data_key_read(out.bytes, out.size, &key, &unit_data_why), SR_JOB_OK);
    CU_ASSERT_EQUAL(sr_data_under(unit_data.jobs, &own.family, 1, &count, &unit_data_why), SR_JOB_OK);
    CU_ASSERT_EQUAL(count, 1); /* the new one may never have arrived */
    unit_data_encrypt(&own, "c", "text", &out);
    CU_ASSERT_EQUAL(sr_data_under(unit_data.jobs, &own.family, 1, &count, &unit_data_why), SR_JOB_OK);
    CU_ASSERT_EQUAL(count, 0);
    CU_ASSERT_EQUAL(sr_data_under(unit_data.jobs, &own.family, 2, &count, &unit_data_why), SR_JOB_OK);
    CU_ASSERT_EQUAL(count, 1);
    CU_ASSERT_EQUAL(sr_family_destroy(unit_data.jobs, &unit_data.bench, &own.family, 1, false, &unit_operator,
                                      &unit_data_why),
                    SR_JOB_OK);
    CU_ASSERT_TRUE(unit_data_is(&own, "c", &value, "text"));
    unit_jobs_close(&unit_data);
}

/* How many session objects of data keys the token has. */
static size_t opened(void)
{
    CK_BBOOL no = CK_FALSE;
    CK_ATTRIBUTE a[] = {{CKA_TOKEN, &no, sizeof(no)}};
    CK_OBJECT_HANDLE found[1024];
    CK_ULONG count = 0;
    const struct sr_bench *b = &unit_data.bench;
    CU_ASSERT_EQUAL_FATAL(b->f->C_FindObjectsInit(b->session, a, 1), CKR_OK);
    CU_ASSERT_EQUAL(b->f->C_FindObjects(b->session, found, 1024, &count), CKR_OK);
    CU_ASSERT_EQUAL(b->f->C_FindObjectsFinal(b->session), CKR_OK);
    CU_ASSERT_FATAL(count > 0);
    return count - 1; /* less the key that seals the registry */
}

static void opened_keys_are_closed_again(void)
{
    struct sr_data_ask asks[3] = {unit_data_a, unit_data_a, unit_data_b};
    struct sr_data_key keys[3];
    struct unit_text value;
    struct unit_text of_b;

    unit_data_open("data-opened");
    CU_ASSERT_EQUAL(opened(), 0);
    for (size_t i = 0; i < 3; i++) {
        unit_data_key(&asks[i], &keys[i]);
        unit_data_encrypt(&asks[i], "c", "text", i == 2 ? &of_b : &value);
    }
    CU_ASSERT_EQUAL(sr_data_open_count(unit_data.jobs), 3);
    CU_ASSERT_EQUAL(opened(), 6); /* to encrypt, and to authenticate */
    sr_data_tick(unit_data.jobs);
    CU_ASSERT_EQUAL(opened(), 6);

    /* A change of the family closes its keys. */
    unit_data_rotate(&unit_data_a);
    CU_ASSERT_EQUAL(sr_data_open_count(unit_data.jobs), 1);
    CU_ASSERT_EQUAL(opened(), 2);
    CU_ASSERT_TRUE(unit_data_is(&asks[1], "c", &value, "text"));
    unit_data_revoke(&unit_data_b);
    CU_ASSERT_TRUE(unit_data_refused(&asks[2], "c", &of_b, SR_JOB_BAD, "revoked"));
    CU_ASSERT_EQUAL(sr_data_open_count(unit_data.jobs), 1);

    /* Time does. */
    unit_data_rotate(&unit_data_a);
    CU_ASSERT_EQUAL(opened(), 0);
    sr_data_set_time(unit_data.jobs, 0);
    CU_ASSERT_TRUE(unit_data_is(&asks[1], "c", &value, "text"));
    CU_ASSERT_EQUAL(opened(), 2);
    sr_data_tick(unit_data.jobs);
    CU_ASSERT_EQUAL(sr_data_open_count(unit_data.jobs), 0);
    CU_ASSERT_EQUAL(opened(), 0);
    unit_jobs_close(&unit_data);
}

/* Who was used longest ago goes first. */
static void only_so_many_are_open(void)
{
    enum { MANY = 258 };
    struct sr_data_ask ask = unit_data_a;
    struct sr_data_key *keys = calloc(MANY, sizeof(*keys));
    struct unit_text *values = calloc(MANY, sizeof(*values));

    unit_data_open("data-many");
    CU_ASSERT_FATAL(keys != NULL && values != NULL);
    for (size_t i = 0; i < MANY; i++) {
        unit_data_key(&ask, &keys[i]);
        unit_data_encrypt(&ask, "c", "text", &values[i]);
        CU_ASSERT_EQUAL(sr_data_open_count(unit_data.jobs), i < 256 ? i + 1 : 256);
    }
    CU_ASSERT_EQUAL(opened(), 512);
    for (size_t i = 0; i < MANY; i++) {
        ask.key = &keys[i];
        CU_ASSERT_TRUE(unit_data_is(&ask, "c", &values[i], "text"));
    }
    CU_ASSERT_EQUAL(opened(), 512);
    unit_jobs_close(&unit_data);
    free(keys);
    free(values);
}

static void rows_that_were_changed_are_found(void)
{
    static const char *const changes[] = {
        "UPDATE data_keys SET id = zeroblob(32) WHERE name = 'a'",
        "UPDATE data_keys SET role = 'totp' WHERE name = 'a'",
        "UPDATE data_keys SET version = version + 1 WHERE name = 'a'",
        "UPDATE data_keys SET wrapped = (SELECT wrapped FROM data_keys WHERE name = 'b') WHERE name = 'a'",
        "UPDATE data_keys SET wrapped = x'' WHERE name = 'a'",
        "UPDATE data_keys SET state = 2 WHERE name = 'a'",
        "UPDATE data_keys SET created = created + 1 WHERE name = 'a'",
        "UPDATE data_keys SET messages = 0 WHERE name = 'a'",
        "UPDATE data_keys SET mac = zeroblob(32) WHERE name = 'a'",
        ("UPDATE data_keys SET name = 'c' WHERE name = 'a';"
         "UPDATE data_keys SET name = 'a' WHERE name = 'b';"
         "UPDATE data_keys SET name = 'b' WHERE name = 'c'"),
    };
    struct unit_text value;
    struct unit_text of_b;
    struct unit_text out;
    char *copy;

    unit_data_open("data-rows");
    unit_data_encrypt(&unit_data_a, "c", "text", &value);
    unit_data_encrypt(&unit_data_b, "c", "text", &of_b);
    unit_jobs_close(&unit_data);
    CU_ASSERT_TRUE_FATAL(asprintf(&copy, "VACUUM INTO '%s.copy'", unit_data.registry) > 0);
    (void)unit_sqlite3(unit_data.registry, copy);
    free(copy);
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        CU_ASSERT_TRUE_FATAL(unit_sqlite3(unit_data.registry, changes[i]) > 0);
        unit_jobs_open_token(&unit_data, "data-rows");
        unit_jobs_open(&unit_data);
        enum sr_job_result read =
            unit_data_do(sr_data_decrypt, &unit_data_a, "c", value.bytes, value.size, &out);
        enum sr_job_result listed = sr_data_list(unit_data.jobs, &unit_data_a.family, &copy, &unit_data_why);
        free(copy);
        /* Under another id it is not found; under another role not listed. */
        CU_ASSERT_TRUE(read == SR_JOB_TAMPERED || (i == 0 && read == SR_JOB_NOT_FOUND));
        CU_ASSERT_TRUE(listed == SR_JOB_TAMPERED || i == 1);
        unit_jobs_close(&unit_data);
        CU_ASSERT_TRUE_FATAL(asprintf(&copy,
                                      "DELETE FROM data_keys; ATTACH '%s.copy' AS good;"
                                      "INSERT INTO main.data_keys SELECT * FROM good.data_keys",
                                      unit_data.registry) > 0);
        CU_ASSERT_EQUAL_FATAL(unit_sqlite3(unit_data.registry, copy), 2);
        free(copy);
    }
    unit_jobs_open_token(&unit_data, "data-rows");
    unit_jobs_open(&unit_data);
    CU_ASSERT_TRUE(unit_data_is(&unit_data_a, "c", &value, "text"));
    CU_ASSERT_TRUE(unit_data_is(&unit_data_b, "c", &of_b, "text"));
    unit_jobs_close(&unit_data);
}

struct worker {
    pthread_t thread;
    struct sr_bench bench;
    const struct sr_data_ask *ask;
    const char *failed;
};

static void *work(void *arg)
{
    struct worker *w = arg;
    unsigned char room[SR_DATA_ROOM(16)];
    unsigned char plain[SR_DATA_ROOM(200)];
    struct sr_data_result value = {.bytes = room};
    struct sr_data_result back = {.bytes = plain};
    struct sr_why why;

    for (int i = 0; i < ROUNDS && w->failed == NULL; i++) {
        const struct sr_data_item item = {"c", 1, "sixteen bytes...", 16};
        if (sr_data_encrypt(unit_data.jobs, &w->bench, w->ask, &item, &value, &why) != SR_JOB_OK)
            w->failed = "encrypting";
        const struct sr_data_item sealed = {"c", 1, room, value.size};
        if (w->failed == NULL &&
            (sr_data_decrypt(unit_data.jobs, &w->bench, w->ask, &sealed, &back, &why) != SR_JOB_OK ||
             back.size != 16 || memcmp(plain, item.data, 16) != 0))
            w->failed = "decrypting";
    }
    return NULL;
}

/* Uses of one key and of several, while keys are closed and the family gets new versions. */
static void threads_share_the_keys(void)
{
    struct sr_data_ask own = unit_data_a;
    struct worker workers[THREADS];
    struct sr_data_key key;

    unit_data_open("data-threads");
    unit_data_key(&own, &key);
    for (size_t i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.bench = unit_data.bench, .ask = i % 2 == 0 ? &unit_data_a : &own};
        CU_ASSERT_EQUAL_FATAL(unit_data.bench.f->C_OpenSession(unit_data.bench.slot,
                                                               CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL,
                                                               NULL, &workers[i].bench.session),
                              CKR_OK);
        CU_ASSERT_EQUAL_FATAL(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < 20; i++) {
        sr_data_set_time(unit_data.jobs, i % 2);
        sr_data_tick(unit_data.jobs);
        if (i % 5 == 4)
            unit_data_rotate(&unit_data_a);
    }
    for (size_t i = 0; i < THREADS; i++) {
        CU_ASSERT_EQUAL(pthread_join(workers[i].thread, NULL), 0);
        CU_ASSERT_PTR_NULL(workers[i].failed);
    }
    unit_data_rotate(&unit_data_a);
    CU_ASSERT_EQUAL(sr_data_open_count(unit_data.jobs), 0);
    CU_ASSERT_EQUAL(opened(), 0);
    unit_jobs_close(&unit_data);
}

CU_TestInfo data_keys_tests[] = {
    {"messages are reserved before they are used", messages_are_reserved_before_they_are_used},
    {"a key of the caller's has an end", a_key_of_the_caller_s_has_an_end},
    {"the row knows the newest wrapping", the_row_knows_the_newest_wrapping},
    {"opened keys are closed again", opened_keys_are_closed_again},
    {"only so many are open", only_so_many_are_open},
    {"rows that were changed are found", rows_that_were_changed_are_found},
    {"threads share the keys", threads_share_the_keys},
    CU_TEST_INFO_NULL,
};
