/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/flood.h"

#include "daemon/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#define A_SECOND 10 /* lines */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* *BEFORE: how many were left out since the last line. */
static bool may_write(struct sr_flood *flood, unsigned long *before)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    if (now.tv_sec != flood->second)
        flood->written = 0;
    flood->second = now.tv_sec;
    *before = flood->left_out;
    if (flood->written == A_SECOND) {
        flood->left_out++;
        return false;
    }
    flood->written++;
    flood->left_out = 0;
    return true;
}

void sr_flood_log(struct sr_flood *flood, const char *format, ...)
{
    char line[600];
    unsigned long before;
    va_list args;

    (void)pthread_mutex_lock(&lock);
    bool write = may_write(flood, &before);
    (void)pthread_mutex_unlock(&lock);
    if (!write)
        return;
    va_start(args, format);
    (void)vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    if (before > 0)
        sr_log(SR_LOG_WARNING, "%s; %lu more like it before", line, before);
    else
        sr_log(SR_LOG_WARNING, "%s", line);
}
