/* SPDX-License-Identifier: Apache-2.0 */
#include "unit_jobs.h"
#include "cryptoki/attributes.h"
#include "cryptoki/find.h"
#include "cryptoki/token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct sr_operator unit_operator = {.uid = 4711};

static struct sr_bench new_bench(struct unit_jobs *u, CK_SLOT_ID slot)
{
    struct sr_bench bench = {.f = u->module.f, .slot = slot};
    CU_ASSERT_EQUAL_FATAL(
        u->module.f->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &bench.session),
        CKR_OK);
    return bench;
}

static void open_sessions(struct unit_jobs *u, CK_SLOT_ID slot)
{
    unsigned char pin[] = UNIT_PIN;
    u->seal = new_bench(u, slot);
    u->keeper = new_bench(u, slot);
    u->bench = new_bench(u, slot);
    CU_ASSERT_EQUAL_FATAL(u->module.f->C_Login(u->seal.session, CKU_USER, pin, strlen(UNIT_PIN)), CKR_OK);
}

void unit_jobs_open_token(struct unit_jobs *u, const char *name)
{
    struct sr_why why = {""};
    CK_SLOT_ID slot;
    CK_TOKEN_INFO info;
    CU_ASSERT_EQUAL_FATAL(sr_module_open(&u->module, SOFTHSM_MODULE, NULL, SR_LOCKS_OURS, &why), CKR_OK);
    CU_ASSERT_EQUAL_FATAL(sr_token_find(u->module.f, sr_token_labelled, name, true, &slot, &info), CKR_OK);
    open_sessions(u, slot);
}

void unit_jobs_open(struct unit_jobs *u)
{
    struct sr_why why = {""};
    enum sr_job_result result = sr_jobs_open(u->registry, &u->seal, &u->keeper, &u->jobs, &why);
    if (result != SR_JOB_OK)
        (void)fprintf(stderr, "sr_jobs_open: %s\n", why.text);
    CU_ASSERT_EQUAL_FATAL(result, SR_JOB_OK);
}

void unit_jobs_make(struct unit_jobs *u, const char *name)
{
    struct sr_module m;
    CK_SESSION_HANDLE session;

    memset(u, 0, sizeof(*u));
    unit_clock(0);
    unit_token(&m, name, &session);
    sr_module_close(&m);
    (void)snprintf(u->registry, sizeof(u->registry), "%s/%s.sqlite", unit_folder(), name);
    unit_jobs_open_token(u, name);
    unit_jobs_open(u);
}

void unit_jobs_close(struct unit_jobs *u)
{
    sr_jobs_close(u->jobs);
    u->jobs = NULL;
    sr_module_close(&u->module);
}

void unit_clock(long long seconds)
{
    char text[32];
    (void)snprintf(text, sizeof(text), "%lld\n", seconds);
    CU_ASSERT_EQUAL(setenv("STRONGROOM_TEST_CLOCK", unit_file("clock", text), 1), 0);
}

struct sr_family_name unit_family(const char *text)
{
    struct sr_family_name name = {"", ""};
    struct sr_why why;
    CU_ASSERT_EQUAL(sr_family_parse(text, strlen(text), &name, &why), SR_JOB_OK);
    return name;
}

size_t unit_objects(const struct unit_jobs *u, const char *prefix)
{
    CK_BBOOL yes = CK_TRUE;
    CK_ATTRIBUTE in_token = {CKA_TOKEN, &yes, sizeof(yes)};
    CK_OBJECT_HANDLE *found;
    size_t count;
    size_t n = 0;
    CU_ASSERT_EQUAL_FATAL(sr_find(u->bench.f, u->bench.session, &in_token, 1, &found, &count), CKR_OK);
    for (size_t i = 0; i < count; i++) {
        CK_ATTRIBUTE label = {.type = CKA_LABEL};
        CU_ASSERT_EQUAL(sr_attributes_read(u->bench.f, u->bench.session, found[i], &label, 1), CKR_OK);
        n += label.ulValueLen >= strlen(prefix) && memcmp(label.pValue, prefix, strlen(prefix)) == 0;
        sr_attributes_free(&label, 1);
    }
    free(found);
    return n;
}
