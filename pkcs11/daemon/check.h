/* strongroomd --check FILE: says in words what a configuration means, and whether it is safe.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_DAEMON_CHECK_H
#define STRONGROOM_DAEMON_CHECK_H

#include "daemon/config.h"

/* Explains FILE on standard output and names what is wrong with it, or with what it names, on standard error.
 * The exit status: 0, or EX_CONFIG where something is. Loads no module, and needs no token. */
int sr_check(const char *file);

/* Who may do what, as lines on standard output. */
void sr_explain_config(const struct sr_config *config);

#endif
