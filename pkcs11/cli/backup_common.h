/* What the verbs on backups share.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_CLI_BACKUP_COMMON_H
#define STRONGROOM_CLI_BACKUP_COMMON_H

#include "options.h"
#include "output.h"

#define SR_BACKUP_STATUS_HELP                                                                                \
    "Exit status: 0 done, 1 failed, 2 called wrongly; 5 the header is damaged, or its key another "          \
    "token's;\n"                                                                                             \
    "6 the backup is damaged or truncated; 7 the family or its version is not there any more.\n\n"

/* "backup:nightly" for "nightly"; a name with a role stays as it is. To be freed with free(); NULL when out
 * of memory, which was said. */
char *sr_backup_family(const char *name);

/* FILE, or (NULL, "-") standard input; -1 after a message. To be closed with sr_backup_close_input. */
int sr_backup_input(const char *file, int flags);
void sr_backup_close_input(int fd);

/* The exit status of a failure, which is said. */
int sr_backup_failed(const char *verb, const char *file, enum strongroom_result result,
                     const struct strongroom_error *error);

#endif
