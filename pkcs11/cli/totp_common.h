/* What the verbs on second factors share.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_CLI_TOTP_COMMON_H
#define STRONGROOM_CLI_TOTP_COMMON_H

#include "options.h"
#include "output.h"

#define TOTP_FAMILY "the family's name"
#define TOTP_USER "the user's name"

/* totp verify and resync answer with their exit status, so a mistake in the call has one that is no answer.
 */
enum totp_status {
    TOTP_ACCEPTED = 0,
    TOTP_REFUSED = 1,
    TOTP_UNDECIDED = 2,
    TOTP_USAGE = 64,
};

/* "totp:users" for "users"; a name with a role stays as it is. To be freed with free(); NULL when out of
 * memory, which was said. */
char *sr_totp_family(const char *name);

/* A number that an option gives; TEXT NULL: 0, which is libstrongroom's default. False after a message. */
bool sr_totp_number(const char *verb, const char *option, const char *text, unsigned *number);

#endif
