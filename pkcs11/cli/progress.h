/* A bar on standard error, where that is a terminal and it is known how much there is.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_CLI_PROGRESS_H
#define STRONGROOM_CLI_PROGRESS_H

#include <stdbool.h>

struct sr_progress {
    unsigned long long total; /* 0: not known, and nothing is shown */
    unsigned long long bytes; /* so far */
    bool shown;
    long long next_ms;
};

/* FD: what is read. */
struct sr_progress sr_progress_of(int fd);

/* A progress function of libstrongroom's. */
void sr_progress_step(void *arg, unsigned long long bytes);

/* Removes the bar. */
void sr_progress_end(struct sr_progress *progress);

#endif
