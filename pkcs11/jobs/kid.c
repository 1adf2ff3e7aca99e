/* SPDX-License-Identifier: Apache-2.0 */
#include "jobs/kid.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

void sr_kid_format(const struct sr_family_name *family, unsigned long version, char kid[SR_KID_MAX])
{
    (void)snprintf(kid, SR_KID_MAX, "%s.%lu", family->name, version);
}

/* Digits only, the first of them not zero: one text for one number. */
static bool parse_version(const char *digits, size_t length, unsigned long *version)
{
    unsigned long number = 0;

    if (length == 0 || digits[0] == '0')
        return false;
    for (size_t i = 0; i < length; i++) {
        if (digits[i] < '0' || digits[i] > '9')
            return false;
        unsigned long digit = (unsigned long)(digits[i] - '0');
        if (number > (ULONG_MAX - digit) / 10)
            return false;
        number = number * 10 + digit;
    }
    *version = number;
    return true;
}

enum sr_job_result sr_kid_parse(const char *kid, size_t length, const struct sr_family_name *family,
                                unsigned long *version, struct sr_why *why)
{
    const char *dot = memchr(kid, '.', length);
    size_t name = dot != NULL ? (size_t)(dot - kid) : 0;
    unsigned long number;

    if (name == 0 || name >= SR_NAME_MAX || !parse_version(dot + 1, length - name - 1, &number)) {
        sr_why_set(why,
                   "its key id is malformed: it should be a family's name, a dot and a version's number, "
                   "such as %s.1",
                   family->name);
        return SR_JOB_BAD;
    }
    if (name != strlen(family->name) || memcmp(kid, family->name, name) != 0) {
        sr_why_set(why, "its key id is of another family than %s:%s", family->role, family->name);
        return SR_JOB_BAD;
    }
    *version = number;
    return SR_JOB_OK;
}
