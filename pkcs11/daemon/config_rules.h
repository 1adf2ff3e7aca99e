/* The rules of strongroomd.conf: "rules = NAME, ..." and their sections.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_DAEMON_CONFIG_RULES_H
#define STRONGROOM_DAEMON_CONFIG_RULES_H

#include "daemon/config.h"
#include "daemon/config_reader.h"

/* Reads them into CONFIG, whose sockets are known. */
bool sr_rules_read(const struct sr_reader *r, struct sr_config *config);

void sr_rules_free(struct sr_config *config);

#endif
