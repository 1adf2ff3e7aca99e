/* Durations and times, as people write and read them.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_CLI_DURATION_H
#define STRONGROOM_CLI_DURATION_H

#include <stdbool.h>

#define SR_DURATION_HELP "a number and s, m, h, d or w (seconds to weeks), as in 90d"

/* Parses a number with a unit into *SECONDS; at most a hundred years. */
bool sr_duration_parse(const char *text, long long *seconds);

#define SR_TIME_SIZE 32

/* "90d": in the largest unit up to days that leaves no rest. */
void sr_duration_text(long long seconds, char text[SR_TIME_SIZE]);

/* "2026-11-22 09:30Z": seconds since 1970 in UTC. */
void sr_time_text(long long seconds, char text[SR_TIME_SIZE]);

#endif
