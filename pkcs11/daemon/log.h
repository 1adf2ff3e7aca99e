/* The daemon's log: lines on standard error.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_DAEMON_LOG_H
#define STRONGROOM_DAEMON_LOG_H

enum sr_log_level { SR_LOG_ERROR, SR_LOG_WARNING, SR_LOG_INFO, SR_LOG_DEBUG };

/* Sets what is written; SR_LOG_INFO until then. Thread-safe. */
void sr_log_set_level(enum sr_log_level level);

/* One line. Control characters are written as "?", for labels and the like come from clients. Never give it a
 * PIN, key or attribute value. Thread-safe. */
void sr_log(enum sr_log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
