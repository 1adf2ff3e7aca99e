/* SPDX-License-Identifier: Apache-2.0 */
#include "audit_filter.h"
#include "output.h"

#include <errno.h>
#include <fnmatch.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static bool as_the_log(time_t when, char time[32])
{
    struct tm tm;
    return gmtime_r(&when, &tm) != NULL && strftime(time, 32, "%Y-%m-%dT%H:%M:%S", &tm) > 0;
}

static bool ago(const char *text, char at[32])
{
    static const char letters[] = "smhd";
    static const long seconds[] = {1, 60, 3600, 86400};
    char *end;

    errno = 0;
    long n = strtol(text, &end, 10);
    const char *letter = *end != '\0' ? strchr(letters, *end) : NULL;
    if (errno != 0 || *text < '0' || *text > '9' || letter == NULL || end[1] != '\0' || n > 1000000)
        return false;
    return as_the_log(time(NULL) - n * seconds[letter - letters], at);
}

bool sr_audit_time(const char *text, char time[32])
{
    static const char *const forms[] = {"%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M",
                                        "%Y-%m-%d %H:%M", "%Y-%m-%d"};

    if (ago(text, time))
        return true;
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        struct tm tm = {.tm_isdst = -1};
        const char *end = strptime(text, forms[i], &tm);
        if (end == NULL || (*end != '\0' && strcmp(end, "Z") != 0))
            continue;
        time_t when = *end == 'Z' ? timegm(&tm) : mktime(&tm);
        return as_the_log(when, time);
    }
    return false;
}

bool sr_audit_uid(struct sr_audit_filter *filter, const char *text)
{
    char *end;
    const struct passwd *user = getpwnam(text);

    filter->has_uid = true;
    filter->uid = -1;
    if (strcmp(text, "strongroomd") == 0)
        return true;
    if (user != NULL) {
        filter->uid = user->pw_uid;
        return true;
    }
    errno = 0;
    filter->uid = strtoll(text, &end, 10);
    return errno == 0 && end != text && *end == '\0' && filter->uid >= -1;
}

static bool matches(const char *pattern, const char *text)
{
    return *text != '\0' && fnmatch(pattern, text, 0) == 0;
}

static bool names_key(const struct sr_audit_filter *filter, const json_t *line)
{
    return matches(filter->key, sr_text(line, "key")) || matches(filter->key, sr_text(line, "object")) ||
           matches(filter->key, sr_text(line, "family"));
}

static bool went_well(const char *result)
{
    return strcmp(result, "ok") == 0 || strcmp(result, "CKR_OK") == 0;
}

bool sr_audit_wanted(const struct sr_audit_filter *filter, const json_t *line)
{
    const char *time = sr_text(line, "time");
    const char *result = sr_text(line, "result");

    if (filter->since[0] != '\0' && strcmp(time, filter->since) < 0)
        return false;
    if (filter->until[0] != '\0' && strcmp(time, filter->until) >= 0)
        return false;
    if (filter->has_uid && sr_number(line, "uid", -2) != filter->uid)
        return false;
    if (filter->operation != NULL && !matches(filter->operation, sr_text(line, "operation")))
        return false;
    if (filter->key != NULL && !names_key(filter, line))
        return false;
    if (filter->result != NULL && !matches(filter->result, result))
        return false;
    return !filter->failed || !went_well(result);
}
