/* SPDX-License-Identifier: Apache-2.0 */
#include "unit_totp.h"
#include "jobs/base32.h"

#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const struct sr_family_name unit_users = {"totp", "users"};
struct sr_why unit_totp_why;
static long long first_step; /* what the tests call 0 */

void unit_totp_go(long long step, long long seconds)
{
    unit_clock((first_step + step) * UNIT_PERIOD + seconds - (long long)time(NULL));
}

void unit_totp_make(struct unit_jobs *u, const char *name)
{
    struct sr_why why = {""};
    first_step = (long long)time(NULL) / UNIT_PERIOD + 1;
    unit_jobs_make(u, name);
    sr_jobs_close(u->jobs);
    unit_totp_go(0, 0);
    unit_jobs_open(u);
    CU_ASSERT_EQUAL_FATAL(sr_family_create(u->jobs, &u->bench, &unit_users, 0, 0, &unit_operator, &why),
                          SR_JOB_OK);
}

void unit_totp_restart(struct unit_jobs *u)
{
    sr_jobs_close(u->jobs);
    unit_jobs_open(u);
}

void unit_totp_import(struct unit_jobs *u, const char *user)
{
    char row[400];
    char *json = NULL;
    (void)snprintf(row, sizeof(row), "%s\t%s\tSHA1\t6\t%d\n", user, UNIT_SEED, UNIT_PERIOD);
    CU_ASSERT_EQUAL_FATAL(
        sr_totp_import(u->jobs, &u->bench, &unit_users, row, strlen(row), false, &json, &unit_totp_why),
        SR_JOB_OK);
    CU_ASSERT_PTR_NOT_NULL_FATAL(strstr(json, "\"imported\""));
    free(json);
}

const char *unit_totp_code(long long step, char code[SR_CODE_MAX])
{
    unsigned char seed[SR_SEED_MAX];
    unsigned char mac[20];
    unsigned char counter[8];
    unsigned length = sizeof(mac);
    size_t size = sizeof(seed);

    step += first_step;
    for (size_t i = 0; i < 8; i++)
        counter[i] = (unsigned char)(step >> (56 - 8 * i));
    CU_ASSERT_TRUE_FATAL(sr_base32_decode(UNIT_SEED, strlen(UNIT_SEED), seed, &size, NULL));
    CU_ASSERT_PTR_NOT_NULL_FATAL(HMAC(EVP_sha1(), seed, (int)size, counter, sizeof(counter), mac, &length));
    const unsigned char *at = mac + (mac[19] & 15);
    (void)snprintf(code, SR_CODE_MAX, "%06u",
                   ((at[0] & 127U) << 24 | (unsigned)at[1] << 16 | (unsigned)at[2] << 8 | at[3]) % 1000000U);
    return code;
}

enum sr_job_result unit_totp_verify_text(struct unit_jobs *u, const char *user, const char *code)
{
    unit_totp_why.text[0] = '\0';
    return sr_totp_verify(u->jobs, &u->bench, &unit_users, user, code, &unit_totp_why);
}

enum sr_job_result unit_totp_verify(struct unit_jobs *u, const char *user, long long step)
{
    char code[SR_CODE_MAX];
    return unit_totp_verify_text(u, user, unit_totp_code(step, code));
}
