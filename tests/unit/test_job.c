/* SPDX-License-Identifier: Apache-2.0 */
/* Names of families, and the clock. */
#include "jobs/job.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static enum sr_job_result parse(const char *text, struct sr_family_name *name, struct sr_why *why)
{
    memset(name, 'x', sizeof(*name));
    why->text[0] = '\0';
    return sr_family_parse(text, strlen(text), name, why);
}

static void good_names(void)
{
    static const char *const good[][3] = {
        {"session:web", "session", "web"},
        {"data:tenant-42", "data", "tenant-42"},
        {"totp:0", "totp", "0"},
        {"backup:a_b-c_", "backup", "a_b-c_"},
        {"session:session", "session", "session"},
        {"session:012345678901234567890123456789012345678901234567890123456789012", "session",
         "012345678901234567890123456789012345678901234567890123456789012"},
    };
    struct sr_family_name name;
    struct sr_why why;

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        CU_ASSERT_EQUAL(parse(good[i][0], &name, &why), SR_JOB_OK);
        CU_ASSERT_STRING_EQUAL(name.role, good[i][1]);
        CU_ASSERT_STRING_EQUAL(name.name, good[i][2]);
        CU_ASSERT_STRING_EQUAL(why.text, "");
    }
    /* only LENGTH bytes belong to it */
    CU_ASSERT_EQUAL(sr_family_parse("session:web:3", 11, &name, &why), SR_JOB_OK);
    CU_ASSERT_STRING_EQUAL(name.name, "web");
}

/* Each is refused, and the text says which part is wrong. */
static void bad_names(void)
{
    static const char *const bad[][2] = {
        {"", "no colon"},
        {"session", "no colon"},
        {":web", "role"},
        {"sessions:web", "role"},
        {"sess:web", "role"},
        {"Session:web", "role"},
        {"session :web", "role"},
        {"registry:rows", "role"},
        {"session:", "0 characters"},
        {"session:0123456789012345678901234567890123456789012345678901234567890123", "64 characters"},
        {"session:-web", "\"-\" as character 1"},
        {"session:_web", "\"_\" as character 1"},
        {"session:Web", "\"W\" as character 1"},
        {"session:web:1", "\":\" as character 4"},
        {"session:web ", "0x20 as character 4"},
        {"session:we\nb", "0x0a as character 3"},
        {"session:w\xc3\xa9"
         "b",
         "0xc3 as character 2"},
        {"session:web/..", "\"/\" as character 4"},
    };
    struct sr_family_name name;
    struct sr_why why;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        CU_ASSERT_EQUAL(parse(bad[i][0], &name, &why), SR_JOB_INVALID);
        CU_ASSERT_PTR_NOT_NULL(strstr(why.text, bad[i][1]));
        CU_ASSERT_PTR_NULL(strchr(why.text, '\n'));
        CU_ASSERT_STRING_EQUAL(name.role, "");
        CU_ASSERT_STRING_EQUAL(name.name, "");
    }
    CU_ASSERT_EQUAL(sr_family_parse("session:we\0b", 12, &name, &why), SR_JOB_INVALID);
    CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "0x00 as character 3"));
    CU_ASSERT_EQUAL(sr_family_parse(NULL, 0, &name, NULL), SR_JOB_INVALID);
}

static bool shifted_by(long long seconds)
{
    long long before = time(NULL);
    long long now = sr_job_now();
    return now >= before + seconds && now <= time(NULL) + seconds;
}

static void the_clock(void)
{
#ifdef STRONGROOM_TEST_CLOCK
    const long long shift = 86400;
#else
    const long long shift = 0; /* the file must have no effect */
#endif
    char missing[256];

    CU_ASSERT_EQUAL(unsetenv("STRONGROOM_TEST_CLOCK"), 0);
    CU_ASSERT_TRUE(shifted_by(0));
    CU_ASSERT_EQUAL(setenv("STRONGROOM_TEST_CLOCK", unit_file("clock", "86400\n"), 1), 0);
    CU_ASSERT_TRUE(shifted_by(shift));
    (void)unit_file("clock", "-86400");
    CU_ASSERT_TRUE(shifted_by(-shift));
    (void)unit_file("clock", "");
    CU_ASSERT_TRUE(shifted_by(0));
    (void)snprintf(missing, sizeof(missing), "%s/no-such-clock", unit_folder());
    CU_ASSERT_EQUAL(setenv("STRONGROOM_TEST_CLOCK", missing, 1), 0);
    CU_ASSERT_TRUE(shifted_by(0));
    CU_ASSERT_EQUAL(unsetenv("STRONGROOM_TEST_CLOCK"), 0);
}

CU_TestInfo job_tests[] = {
    {"good names", good_names},
    {"bad names", bad_names},
    {"the clock", the_clock},
    CU_TEST_INFO_NULL,
};
