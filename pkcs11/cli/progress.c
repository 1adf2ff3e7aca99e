/* SPDX-License-Identifier: Apache-2.0 */
#include "progress.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define WIDTH 40
#define PERIOD_MS 100

struct sr_progress sr_progress_of(int fd)
{
    struct sr_progress progress = {0};
    struct stat st;

    if (isatty(STDERR_FILENO) && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0)
        progress.total = (unsigned long long)st.st_size;
    return progress;
}

static long long now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void sr_progress_step(void *arg, unsigned long long bytes)
{
    static const char full[] = "########################################";
    struct sr_progress *progress = arg;

    progress->bytes = bytes;
    if (progress->total == 0 || now_ms() < progress->next_ms)
        return;
    double part = (double)bytes / (double)progress->total;
    if (part > 1)
        part = 1;
    (void)fprintf(stderr, "\r[%-*.*s] %3.0f %%  %.1f MB", WIDTH, (int)(part * WIDTH), full, part * 100,
                  (double)bytes / 1e6);
    progress->shown = true;
    progress->next_ms = now_ms() + PERIOD_MS;
}

void sr_progress_end(struct sr_progress *progress)
{
    if (progress->shown)
        (void)fputs("\r\033[K", stderr);
    progress->shown = false;
}
