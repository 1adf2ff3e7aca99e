/* Wrong PINs: after a few of them a user has to wait, each time twice as long.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_DAEMON_TRIES_H
#define STRONGROOM_DAEMON_TRIES_H

#include <stdbool.h>
#include <sys/types.h>

/* May a PIN of this user be looked at now? Asked before one is given to a token. Thread-safe, as below. */
bool sr_tries_allow(uid_t uid);

/* Counts a PIN that was right or wrong; false, with nothing counted, while the user has to wait: then nobody
 * may tell which it was. */
bool sr_tries_count(uid_t uid, bool right);

#endif
