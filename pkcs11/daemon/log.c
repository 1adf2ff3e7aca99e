/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const struct {
    const char *name;
    int priority; /* syslog(3)'s, which the journal reads from "<N>" (sd-daemon(3)) */
} levels[] = {{"error", 3}, {"warning", 4}, {"info", 6}, {"debug", 7}};

static atomic_int limit = SR_LOG_INFO;

void sr_log_set_level(enum sr_log_level level)
{
    atomic_store_explicit(&limit, level, memory_order_relaxed);
}

void sr_log(enum sr_log_level level, const char *format, ...)
{
    char line[1024];
    size_t length;

    if ((int)level > atomic_load_explicit(&limit, memory_order_relaxed))
        return;
    if (getenv("JOURNAL_STREAM") != NULL) {
        length = (size_t)snprintf(line, sizeof(line), "<%d>", levels[level].priority);
    } else {
        struct tm tm;
        time_t now = time(NULL);
        if (gmtime_r(&now, &tm) == NULL)
            memset(&tm, 0, sizeof(tm));
        length = strftime(line, sizeof(line), "%Y-%m-%dT%H:%M:%SZ ", &tm);
        length += (size_t)snprintf(line + length, sizeof(line) - length, "%s: ", levels[level].name);
    }
    size_t text = length;
    va_list args;
    va_start(args, format);
    int more = vsnprintf(line + length, sizeof(line) - length, format, args);
    va_end(args);
    if (more > 0)
        length += (size_t)more;
    if (length > sizeof(line) - 2)
        length = sizeof(line) - 2;
    for (size_t i = text; i < length; i++)
        if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
            line[i] = '?';
    line[length++] = '\n';
    /* One write per line, so that lines of several threads do not mix. */
    if (write(STDERR_FILENO, line, length) < 0)
        return;
}
