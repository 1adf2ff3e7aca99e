/* The spawner: a process that starts others for strongroomd, which itself cannot once its system calls are
 * filtered. It was forked before a token was opened, so no key was ever in its memory, and it knows one
 * program: strongroomd --officer. Whoever took over the daemon could ask it for that, and for nothing else.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_DAEMON_SPAWN_H
#define STRONGROOM_DAEMON_SPAWN_H

#include "cryptoki/why.h"

#include <stdbool.h>
#include <sys/types.h>

/* Starts the spawner; it ends with this process. Called before threads are started and tokens opened, after
 * the environment of the modules was set. False with WHY. */
bool sr_spawner_start(struct sr_why *why);

/* Ends the spawner, if one was started. No officer is started any more. */
void sr_spawner_stop(void);

/* Runs "strongroomd --officer", this very program, with FD as its standard input and this process's standard
 * error. FD stays the caller's. The new process is nobody's child to wait for: it is gone when the other end
 * of FD is closed. -1 with errno where it cannot be started, and where no spawner was started. Any thread. */
pid_t sr_spawn_officer(int fd);

#endif
