/* What the verbs on session keys share: a family's name without its role, and the verdict on a signature.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_CLI_VERDICT_H
#define STRONGROOM_CLI_VERDICT_H

#include "options.h"
#include "output.h"

/* "session:web" for "web"; a name with a role stays as it is. To be freed with free(); NULL when out of
 * memory, which was said. */
char *sr_session_family(const char *name);

/* The exit status of a verification that ended with RESULT; says or prints why it is not good. Where it is
 * good it prints nothing. */
int sr_verdict(const struct sr_form *form, const struct sr_given *given, enum strongroom_result result,
               const struct strongroom_error *error);

/* The exit status where the verdict was good and STATUS is how printing it ended. */
int sr_verdict_printed(int status);

#endif
