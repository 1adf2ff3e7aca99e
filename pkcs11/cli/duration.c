/* SPDX-License-Identifier: Apache-2.0 */
#include "duration.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define MAX_SECONDS (100LL * 366 * 86400)

static const struct unit {
    char letter;
    long long seconds;
} units[] = {{'w', 7 * 86400LL}, {'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}};
#define UNITS (sizeof(units) / sizeof(units[0]))

bool sr_duration_parse(const char *text, long long *seconds)
{
    char *end;
    if (!isdigit((unsigned char)*text))
        return false;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (errno != 0 || end[0] == '\0' || end[1] != '\0')
        return false;
    for (size_t i = 0; i < UNITS; i++)
        if (units[i].letter == *end) {
            if (number > MAX_SECONDS / units[i].seconds)
                return false;
            *seconds = number * units[i].seconds;
            return true;
        }
    return false;
}

void sr_duration_text(long long seconds, char text[SR_TIME_SIZE])
{
    const struct unit *unit = &units[1];
    while (unit->letter != 's' && (seconds == 0 || seconds % unit->seconds != 0))
        unit++;
    (void)snprintf(text, SR_TIME_SIZE, "%lld%c", seconds / unit->seconds, unit->letter);
}

void sr_time_text(long long seconds, char text[SR_TIME_SIZE])
{
    time_t when = (time_t)seconds;
    struct tm parts;
    if (gmtime_r(&when, &parts) == NULL || strftime(text, SR_TIME_SIZE, "%Y-%m-%d %H:%MZ", &parts) == 0)
        (void)snprintf(text, SR_TIME_SIZE, "%lld", seconds);
}
