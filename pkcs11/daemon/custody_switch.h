/* Single custody rules switched off by name, for test benches ("custody-off = import, reading"). What a rule
 * does is in custody.h; where it acts, this is asked first.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_DAEMON_CUSTODY_SWITCH_H
#define STRONGROOM_DAEMON_CUSTODY_SWITCH_H

#include "daemon/config.h"
#include "daemon/config_reader.h"

/* Those that can be switched off. The jobs' labels (rule 5) cannot. */
enum sr_custody {
    SR_CUSTODY_SECRECY,    /* rule 1: keys are sensitive, and leave the token wrapped or not at all */
    SR_CUSTODY_ROLES,      /* rule 2: one role per key, usages that do not grow */
    SR_CUSTODY_READING,    /* rule 3: secret attributes are not read */
    SR_CUSTODY_IMPORT,     /* rule 3: no keys of plain bytes, no weaker copies */
    SR_CUSTODY_MECHANISMS, /* rule 4: mechanisms that leak are off */
    SR_CUSTODIES
};

/* Is the rule in force? */
bool sr_custody_on(const struct sr_config *config, enum sr_custody rule);

/* "import", its number (3), and what happens where it is off, for people. */
const char *sr_custody_word(enum sr_custody rule);
unsigned sr_custody_number(enum sr_custody rule);
const char *sr_custody_consequence(enum sr_custody rule);

/* Says in the log which rules are off, as a warning each. */
void sr_custody_say(const struct sr_config *config);

/* Reads "custody-off" of the default section. */
bool sr_custody_read(const struct sr_reader *r, struct sr_config *config);

#endif
