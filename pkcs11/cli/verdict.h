/* What the verbs on families share: a name without its role, a version, and the verdict on what may be good
 * or not.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_CLI_VERDICT_H
#define STRONGROOM_CLI_VERDICT_H

#include "options.h"
#include "output.h"

/* "ROLE:NAME" for "NAME"; the same otherwise as what follows. */
char *sr_role_family(const char *role, const char *name);

/* "session:web" for "web"; a name with a role stays as it is. To be freed with free(); NULL when out of
 * memory, which was said. */
char *sr_session_family(const char *name);

/* What --min-version says (NULL: nothing, and *NUMBER stays). False where it is no number, which was said. */
bool sr_version_number(const struct sr_form *form, const char *text, unsigned long *number);

/* The exit status of a verification that ended with RESULT; says or prints why it is not good. Where it is
 * good it prints nothing. */
int sr_verdict(const struct sr_form *form, const struct sr_given *given, enum strongroom_result result,
               const struct strongroom_error *error);

/* The exit status where the verdict was good and STATUS is how printing it ended. */
int sr_verdict_printed(int status);

#endif
