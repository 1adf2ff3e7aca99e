/* SPDX-License-Identifier: Apache-2.0 */
/* What the token alone still tells of families; and what it can do. */
#include "unit_copies.h"

#include "jobs/family.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define HOUR 3600LL

static json_t *rebuild(struct unit_jobs *u)
{
    char *text = NULL;
    CU_ASSERT_EQUAL_FATAL(sr_registry_rebuild(u->jobs, &u->bench, &unit_operator, &text, &copies_why),
                          SR_JOB_OK);
    json_t *report = json_loads(text, 0, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(report);
    free(text);
    return report;
}

static size_t length(const json_t *report, const char *list)
{
    return json_array_size(json_object_get(report, list));
}

static const char *entry(const json_t *report, const char *list, size_t i, const char *member)
{
    const char *text =
        json_string_value(json_object_get(json_array_get(json_object_get(report, list), i), member));
    return text != NULL ? text : "";
}

static void a_lost_registry_is_rebuilt(void)
{
    struct unit_jobs u;

    unit_jobs_make(&u, "rebuild-lost");
    copies_create(&u, "session:web");
    struct copies_signature first = copies_sign(&u, "session:web");
    copies_rotate(&u, "session:web");
    struct copies_signature second = copies_sign(&u, "session:web");
    for (int i = 0; i < 8; i++)
        copies_rotate(&u, "session:web"); /* to 10, which is newer than 9 */
    copies_create(&u, "data:tenants");
    copies_rotate(&u, "data:tenants");
    copies_create(&u, "totp:users");
    copies_destroy(&u, "session:web", 3);
    copies_lose_registry(&u);

    json_t *report = rebuild(&u);
    CU_ASSERT_EQUAL(length(report, "added"), 12);
    CU_ASSERT_EQUAL(length(report, "left"), 0);
    CU_ASSERT_STRING_EQUAL(entry(report, "added", 0, "version"), "data:tenants:1");
    CU_ASSERT_STRING_EQUAL(entry(report, "added", 0, "state"), "old");
    CU_ASSERT_STRING_EQUAL(entry(report, "added", 1, "state"), "current");
    json_decref(report);
    CU_ASSERT_STRING_EQUAL(copies_states(&u, "session:web"), "old old old old old old old old current");
    CU_ASSERT_STRING_EQUAL(copies_states(&u, "data:tenants"), "old current");
    CU_ASSERT_STRING_EQUAL(copies_states(&u, "totp:users"), "current");
    CU_ASSERT_EQUAL(copies_verify(&u, "session:web", &first), SR_JOB_OK);
    CU_ASSERT_EQUAL(copies_verify(&u, "session:web", &second), SR_JOB_OK);
    CU_ASSERT_EQUAL(copies_events(&u, "totp:users", "rebuild"), 1);

    /* Once is enough. */
    report = rebuild(&u);
    CU_ASSERT_EQUAL(length(report, "added"), 0);
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(report, "versions")), 12);
    json_decref(report);

    /* The old ones retire after the grace, 48 hours; keys that wrap stay. */
    struct sr_why said;
    unit_clock(47 * HOUR);
    (void)sr_family_tick(u.jobs, &u.bench, &said);
    CU_ASSERT_EQUAL(copies_verify(&u, "session:web", &first), SR_JOB_OK);
    unit_clock(48 * HOUR + 60);
    sr_known_forget_all(u.jobs);
    (void)sr_family_tick(u.jobs, &u.bench, &said);
    u.jobs->hold_until = 0;
    (void)sr_family_tick(u.jobs, &u.bench, &said);
    CU_ASSERT_EQUAL(copies_verify(&u, "session:web", &first), SR_JOB_BAD);
    CU_ASSERT_EQUAL(unit_objects(&u, "session:web:1:"), 0);
    CU_ASSERT_EQUAL(unit_objects(&u, "data:tenants:"), 2);
    unit_clock(0);
    unit_jobs_close(&u);
}

static void only_what_is_newer_becomes_current(void)
{
    struct unit_jobs u;

    unit_jobs_make(&u, "rebuild-newer");
    copies_create(&u, "session:web");
    copies_rotate(&u, "session:web");
    struct copies_signature second = copies_sign(&u, "session:web");
    copies_lose_registry(&u);
    /* Nobody begins anew with version 1, whose keys are gone, while there is a version 2. */
    CU_ASSERT_EQUAL(sr_keys_destroy(&u.bench, &(struct sr_family_name){"session", "web"}, 1, &copies_why),
                    SR_JOB_OK);
    struct sr_family_name web = unit_family("session:web");
    CU_ASSERT_EQUAL(sr_family_create(u.jobs, &u.bench, &web, 0, 0, &unit_operator, &copies_why),
                    SR_JOB_TAMPERED);
    CU_ASSERT_PTR_NOT_NULL(strstr(copies_why.text, "session:web:2"));
    CU_ASSERT_PTR_NOT_NULL(strstr(copies_why.text, "strongroom registry rebuild"));
    CU_ASSERT_PTR_NOT_NULL(strstr(copies_why.text, "strongroom registry restore"));
    CU_ASSERT_EQUAL(unit_objects(&u, "session:web:1"), 0);
    json_decref(rebuild(&u));
    CU_ASSERT_STRING_EQUAL(copies_states(&u, "session:web"), "current");
    CU_ASSERT_EQUAL(copies_verify(&u, "session:web", &second), SR_JOB_OK);

    /* The registry knows version 3, and none before it. */
    struct sr_version three = {.number = 3, .state = SR_VERSION_CURRENT, .mechanism = "x"};
    copies_lose_registry(&u);
    struct sr_family family = {.name = web, .grace_s = 60};
    CU_ASSERT_EQUAL(sr_registry_begin(u.jobs->registry, true, &copies_why), SR_JOB_OK);
    CU_ASSERT_EQUAL(sr_registry_end(u.jobs->registry,
                                    sr_registry_put_family(u.jobs->registry, &family, &copies_why),
                                    &copies_why),
                    SR_JOB_OK);
    CU_ASSERT_EQUAL(sr_state_put(u.jobs, &web, &three, 1, NULL, &copies_why), SR_JOB_OK);
    json_decref(rebuild(&u));
    CU_ASSERT_STRING_EQUAL(copies_states(&u, "session:web"), "old current");
    unit_jobs_close(&u);
}

/* A key beside the jobs' own, as somebody with the token's PIN could make one. */
static void plant(struct unit_jobs *u, const char *label, CK_BBOOL extractable)
{
    CK_MECHANISM generate = {CKM_AES_KEY_GEN, NULL, 0};
    CK_BBOOL yes = CK_TRUE;
    CK_ULONG size = 32;
    CK_ATTRIBUTE a[] = {
        {CKA_TOKEN, &yes, sizeof(yes)},       {CKA_PRIVATE, &yes, sizeof(yes)},
        {CKA_SENSITIVE, &yes, sizeof(yes)},   {CKA_EXTRACTABLE, &extractable, sizeof(extractable)},
        {CKA_VALUE_LEN, &size, sizeof(size)}, {CKA_LABEL, (void *)label, strlen(label)},
    };
    CK_OBJECT_HANDLE key;
    CU_ASSERT_EQUAL_FATAL(
        u->bench.f->C_GenerateKey(u->bench.session, &generate, a, sizeof(a) / sizeof(a[0]), &key), CKR_OK);
}

static void duplicates_are_refused(void)
{
    struct unit_jobs u;
    char *json = NULL;

    unit_jobs_make(&u, "rebuild-twice");
    copies_create(&u, "session:web");
    struct copies_backup backup = copies_take(&u);
    copies_lose_registry(&u);
    plant(&u, "session:web:1:hs512", CK_FALSE);
    CU_ASSERT_EQUAL(sr_registry_rebuild(u.jobs, &u.bench, &unit_operator, &json, &copies_why),
                    SR_JOB_REFUSED);
    CU_ASSERT_PTR_NOT_NULL(strstr(copies_why.text, "\"session:web:1:hs512\""));
    CU_ASSERT_PTR_NULL(json);
    CU_ASSERT_STRING_EQUAL(copies_states(&u, "session:web"), "");
    CU_ASSERT_EQUAL(copies_restore(&u, &backup, false, NULL), SR_JOB_REFUSED);
    free(backup.data);
    unit_jobs_close(&u);
}

static void what_is_not_whole_is_left(void)
{
    struct unit_jobs u;
    CK_OBJECT_HANDLE key;

    unit_jobs_make(&u, "rebuild-part");
    copies_create(&u, "session:web");
    copies_rotate(&u, "session:web");
    CU_ASSERT_EQUAL(sr_keys_find_session(&u.bench, "web", 2, SR_SESSION_HS512, &key, &copies_why), SR_JOB_OK);
    CU_ASSERT_EQUAL(u.bench.f->C_DestroyObject(u.bench.session, key), CKR_OK);
    copies_lose_registry(&u);
    plant(&u, "data:weak:1", CK_TRUE);
    /* None of these is a family's. */
    plant(&u, "data:tenants:01", CK_FALSE);
    plant(&u, "data:tenants:1:more", CK_FALSE);
    plant(&u, "data:tenants:0", CK_FALSE);
    plant(&u, "data:Tenants:1", CK_FALSE);
    plant(&u, "data:tenants:99999999999999999999999", CK_FALSE);
    plant(&u, "tls:web:1", CK_FALSE);
    json_t *report = rebuild(&u);
    CU_ASSERT_EQUAL(length(report, "added"), 1);
    CU_ASSERT_STRING_EQUAL(entry(report, "added", 0, "version"), "session:web:1");
    CU_ASSERT_STRING_EQUAL(entry(report, "added", 0, "state"), "current");
    CU_ASSERT_EQUAL(length(report, "left"), 2);
    CU_ASSERT_STRING_EQUAL(entry(report, "left", 0, "version"), "data:weak:1");
    CU_ASSERT_PTR_NOT_NULL(strstr(entry(report, "left", 0, "reason"), "extracted"));
    CU_ASSERT_STRING_EQUAL(entry(report, "left", 1, "version"), "session:web:2");
    CU_ASSERT_PTR_NOT_NULL(strstr(entry(report, "left", 1, "reason"), "a part"));
    json_decref(report);
    CU_ASSERT_EQUAL(unit_objects(&u, "session:web:2"), 1);
    unit_jobs_close(&u);
}

static void what_is_destroyed_stays_so(void)
{
    struct unit_jobs u;

    unit_jobs_make(&u, "rebuild-destroyed");
    copies_create(&u, "data:tenants");
    copies_rotate(&u, "data:tenants");
    copies_destroy(&u, "data:tenants", 1);
    plant(&u, "data:tenants:1", CK_FALSE);
    json_t *report = rebuild(&u);
    CU_ASSERT_EQUAL(length(report, "added"), 0);
    CU_ASSERT_EQUAL(length(report, "left"), 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(entry(report, "left", 0, "reason"), "destroyed"));
    json_decref(report);
    CU_ASSERT_STRING_EQUAL(copies_states(&u, "data:tenants"), "destroyed current");
    unit_jobs_close(&u);
}

/* A token that hides its private objects has not lost them. */
static void a_token_that_is_logged_out_changes_nothing(void)
{
    struct unit_jobs u;
    char *json = NULL;

    unit_jobs_make(&u, "rebuild-logout");
    copies_create(&u, "session:web");
    struct copies_backup backup = copies_take(&u);
    CU_ASSERT_EQUAL(u.bench.f->C_Logout(u.bench.session), CKR_OK);
    CU_ASSERT_NOT_EQUAL(sr_registry_rebuild(u.jobs, &u.bench, &unit_operator, &json, &copies_why), SR_JOB_OK);
    CU_ASSERT_NOT_EQUAL(copies_restore(&u, &backup, true, NULL), SR_JOB_OK);
    unit_jobs_close(&u);
    unit_jobs_open_token(&u, "rebuild-logout");
    unit_jobs_open(&u);
    CU_ASSERT_STRING_EQUAL(copies_states(&u, "session:web"), "current");
    CU_ASSERT_EQUAL(copies_restore(&u, &backup, true, NULL), SR_JOB_OK);
    free(backup.data);
    unit_jobs_close(&u);
}

static CK_FUNCTION_LIST whole;

static CK_RV no_gcm(CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info)
{
    return type == CKM_AES_GCM ? CKR_MECHANISM_INVALID : whole.C_GetMechanismInfo(slot, type, info);
}

/* A token without CKA_COPYABLE and with GCM for wrapping only. */
static CK_RV no_copyable(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *a, CK_ULONG n,
                         CK_OBJECT_HANDLE *key)
{
    for (CK_ULONG i = 0; i < n; i++)
        if (a[i].type == CKA_COPYABLE)
            return CKR_ATTRIBUTE_TYPE_INVALID;
    return whole.C_GenerateKey(session, mechanism, a, n, key);
}

static bool can_do(const json_t *answer, const char *job)
{
    size_t i;
    const json_t *one;
    json_array_foreach(json_object_get(answer, "jobs"), i, one)
    {
        if (strcmp(json_string_value(json_object_get(one, "job")), job) == 0)
            return json_is_true(json_object_get(one, "available"));
    }
    CU_FAIL("the job is not in the answer");
    return false;
}

static json_t *check(struct unit_jobs *u)
{
    char *text = NULL;
    CU_ASSERT_EQUAL_FATAL(sr_token_check(&u->bench, &text, &copies_why), SR_JOB_OK);
    json_t *answer = json_loads(text, 0, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(answer);
    free(text);
    return answer;
}

static void a_token_says_what_it_can_do(void)
{
    static const char *const jobs[] = {"session", "jwt", "wrapping", "data", "totp", "backup", "registry"};
    CK_FUNCTION_LIST lacking;
    struct unit_jobs u;

    unit_jobs_make(&u, "check");
    json_t *answer = check(&u);
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(answer, "token")), "check");
    CU_ASSERT_EQUAL(length(answer, "jobs"), sizeof(jobs) / sizeof(jobs[0]));
    for (size_t i = 0; i < sizeof(jobs) / sizeof(jobs[0]); i++)
        CU_ASSERT(can_do(answer, jobs[i]));
    const size_t lacks = length(answer, "lacks"); /* SoftHSM has neither HKDF nor SP800-108 */
    CU_ASSERT(lacks >= 2);
    json_decref(answer);
    CU_ASSERT_EQUAL(unit_objects(&u, "registry:check"), 0);

    whole = lacking = *u.module.f;
    lacking.C_GetMechanismInfo = no_gcm;
    lacking.C_GenerateKey = no_copyable;
    u.bench.f = &lacking;
    answer = check(&u);
    CU_ASSERT(!can_do(answer, "data"));
    CU_ASSERT(!can_do(answer, "backup"));
    CU_ASSERT(can_do(answer, "session"));
    CU_ASSERT(can_do(answer, "totp"));
    CU_ASSERT_EQUAL(length(answer, "lacks"), lacks + 1);
    CU_ASSERT_EQUAL(
        json_is_true(json_object_get(json_array_get(json_object_get(answer, "attributes"), 3), "taken")),
        false);
    json_decref(answer);
    unit_jobs_close(&u);
}

CU_TestInfo rebuild_tests[] = {
    {"a lost registry is rebuilt", a_lost_registry_is_rebuilt},
    {"only what is newer becomes current", only_what_is_newer_becomes_current},
    {"duplicates are refused", duplicates_are_refused},
    {"what is not whole is left", what_is_not_whole_is_left},
    {"what is destroyed stays so", what_is_destroyed_stays_so},
    {"a token that is logged out changes nothing", a_token_that_is_logged_out_changes_nothing},
    {"a token says what it can do", a_token_says_what_it_can_do},
    CU_TEST_INFO_NULL,
};
