/* The jobs of this daemon: their registry, and their sessions with the token.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_DAEMON_OPEN_JOBS_H
#define STRONGROOM_DAEMON_OPEN_JOBS_H

#include "daemon/work.h"

/* Opens the jobs where the configuration names a registry: sets daemon->jobs and daemon->jobs_token. The
 * tokens are open, and no other thread runs yet. True as well where there is nothing to open. To be closed by
 * sr_jobs_close, before the token; the two sessions go with the token. */
bool sr_open_jobs(struct sr_daemon *daemon, struct sr_why *why);

#endif
