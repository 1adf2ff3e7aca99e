/* Names of families, and the clock.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "jobs/job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static bool role_exists(const char *role, size_t length)
{
    static const char *const roles[] = {"session", "data", "totp", "backup"};
    for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
        if (length == strlen(roles[i]) && memcmp(role, roles[i], length) == 0)
            return true;
    return false;
}

static bool letter_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* The text is a client's: a byte of it is shown only where it can be printed. */
static void name_character(const char *name, size_t at, struct sr_why *why)
{
    const char *rule =
        at == 0 ? "it begins with one of a-z and 0-9" : "it consists of a-z, 0-9, \"_\" and \"-\"";
    unsigned char c = (unsigned char)name[at];

    if (c > ' ' && c < 0x7f)
        sr_why_set(why, "the family's name has \"%c\" as character %zu: %s", c, at + 1, rule);
    else
        sr_why_set(why, "the family's name has the byte 0x%02x as character %zu: %s", c, at + 1, rule);
}

enum sr_job_result sr_family_parse(const void *text, size_t length, struct sr_family_name *name,
                                   struct sr_why *why)
{
    memset(name, 0, sizeof(*name));
    const char *role = text;
    const char *colon = length > 0 ? memchr(role, ':', length) : NULL;
    if (colon == NULL) {
        sr_why_set(why, "a family is written ROLE:NAME, as in \"session:web\"; this has no colon");
        return SR_JOB_INVALID;
    }
    size_t role_length = (size_t)(colon - role);
    const char *rest = colon + 1;
    size_t rest_length = length - role_length - 1;
    if (!role_exists(role, role_length)) {
        sr_why_set(why, "no such role before the family's colon; there are session, data, totp and backup");
        return SR_JOB_INVALID;
    }
    if (rest_length == 0 || rest_length >= SR_NAME_MAX) {
        sr_why_set(why, "the family's name after the colon has %zu characters; it may have 1 to %d",
                   rest_length, SR_NAME_MAX - 1);
        return SR_JOB_INVALID;
    }
    for (size_t i = 0; i < rest_length; i++)
        if (!letter_or_digit(rest[i]) && (i == 0 || (rest[i] != '_' && rest[i] != '-'))) {
            name_character(rest, i, why);
            return SR_JOB_INVALID;
        }
    memcpy(name->role, role, role_length);
    memcpy(name->name, rest, rest_length);
    return SR_JOB_OK;
}

#ifdef STRONGROOM_TEST_CLOCK
static long long shift(void)
{
    char text[32] = "";
    const char *path = getenv("STRONGROOM_TEST_CLOCK");
    FILE *file = path != NULL ? fopen(path, "re") : NULL;

    if (file == NULL)
        return 0;
    if (fgets(text, sizeof(text), file) == NULL)
        text[0] = '\0';
    (void)fclose(file);
    return strtoll(text, NULL, 10);
}
#else
static long long shift(void)
{
    return 0;
}
#endif

long long sr_job_now(void)
{
    return (long long)time(NULL) + shift();
}
