/* The system calls that are left to strongroomd once it serves clients.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_DAEMON_SECCOMP_H
#define STRONGROOM_DAEMON_SECCOMP_H

#include "cryptoki/why.h"

#include <stdbool.h>

enum sr_seccomp {
    SR_SECCOMP_YES, /* calls that a daemon does not make fail; those that only an intruder makes kill it */
    SR_SECCOMP_LOG, /* they work, and the kernel's audit log names them */
    SR_SECCOMP_NO,
};

/* Filters the calls of all threads from now on, for good. Called when tokens and listeners are open. False,
 * with WHY, where the kernel cannot do it. Builds with a sanitizer, which needs more calls, do nothing. */
bool sr_seccomp_start(enum sr_seccomp mode, struct sr_why *why);

#endif
