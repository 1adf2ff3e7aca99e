/* What a log is held against besides its chain: its checkpoints' signatures, the keys that are expected, and
 * a tip that was kept elsewhere.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_CLI_AUDIT_CHECK_H
#define STRONGROOM_CLI_AUDIT_CHECK_H

#include "audit_chain.h"
#include "audit_signature.h"

#include <stddef.h>

#define SR_KEYS_MAX 8

struct sr_audit_check {
    const char *wanted[SR_KEYS_MAX]; /* names of keys that may sign; none: any */
    size_t wanted_count;
    const char *tip_path; /* NULL: there is none */

    char tip_value[SR_CHAIN_HEX + 1];
    char tip_time[40];
    long long tip_line;
    bool tip_found;

    char point[SR_POINT_HEX + 1]; /* that the log names last; "" */
    char name[SR_CHAIN_HEX + 1];  /* of that key */
    char (*values)[SR_CHAIN_HEX]; /* of the file's lines */
    size_t room;
    size_t lines;          /* of all files */
    size_t checkpoints;    /* with a good signature */
    size_t unsigned_lines; /* behind the last line that was signed */
    size_t names;          /* keys that followed one another in the log */
};

/* Reads the tip, where there is one. False, which was said, where that is none, or is signed wrongly. To be
 * ended with sr_audit_check_end, after false too. */
bool sr_audit_check_begin(struct sr_audit_check *check);
void sr_audit_check_end(struct sr_audit_check *check);

/* Looks at the line that CHAIN has just read, of the file PATH. False, which was said, where it is not what
 * it must be. */
bool sr_audit_check_line(struct sr_audit_check *check, const struct sr_chain *chain, const char *path);

/* Says what was found, at the end of a log that is whole; the exit status. */
int sr_audit_check_result(const struct sr_audit_check *check);

#endif
