/* The files of an audit log, in their order.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_CLI_AUDIT_FILES_H
#define STRONGROOM_CLI_AUDIT_FILES_H

#include "audit_chain.h"

#define SR_AUDIT_FILE "/var/lib/strongroom/audit.log"
#define SR_AUDIT_FILES_HELP                                                                                  \
    "FILE: one or several in their order, the oldest first; a folder: the log that is in it, with the "      \
    "files\n"                                                                                                \
    "that were set aside; -: standard input. Without FILE: " SR_AUDIT_FILE                                   \
    " and the files set aside beside it.\n"

struct sr_audit_file {
    char *path;
    FILE *file; /* that was opened when it was found, or NULL */
};

struct sr_audit_files {
    struct sr_audit_file *list;
    size_t count;
    size_t at;  /* the one that is being read */
    FILE *file; /* NULL: none */
    bool torn;  /* one that is not the last ends in the middle of a line */
};

/* What the N arguments name. False, which was said, where that is nothing. To be ended with
 * sr_audit_files_end, after false too. */
bool sr_audit_files_begin(struct sr_audit_files *files, char *const *arguments, size_t n);
void sr_audit_files_end(struct sr_audit_files *files);

/* The next line of them all, or where one file ends SR_CHAIN_END after the last alone. SR_CHAIN_ERROR was
 * said. Where a file that is not the last one ends in the middle of a line, SR_CHAIN_BROKEN. */
enum sr_chain_step sr_audit_files_next(struct sr_audit_files *files, struct sr_chain *chain);

/* The path of the file that is being read. */
const char *sr_audit_files_path(const struct sr_audit_files *files);

#endif
