/* Log lines that a client could cause as fast as it likes.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_DAEMON_FLOOD_H
#define STRONGROOM_DAEMON_FLOOD_H

/* Of one kind of line; zeros at first. */
struct sr_flood {
    long long second; /* that is counted, on the monotonic clock */
    unsigned written; /* in it */
    unsigned long left_out;
};

/* Writes the line as a warning, and counts instead where ten of the kind were written within this second; the
 * next line that is written says how many. Thread-safe. */
void sr_flood_log(struct sr_flood *flood, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
