/* Which lines of the audit log are wanted.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_CLI_AUDIT_FILTER_H
#define STRONGROOM_CLI_AUDIT_FILTER_H

#include <jansson.h>
#include <stdbool.h>

/* What is NULL is not asked for. */
struct sr_audit_filter {
    const char *operation; /* a pattern, as of file names */
    const char *key;       /* the same, of the key's URI, of the object's, or of a family */
    const char *result;
    bool failed; /* only what did not go well */
    bool has_uid;
    long long uid;
    char since[32]; /* as the log has times; "" */
    char until[32];
};

/* A time: "2026-11-22", "2026-11-22T10:00:26" (local, or with Z UTC), or "90m": that long ago, with s, m, h,
 * d. False where it is none. */
bool sr_audit_time(const char *text, char time[32]);

/* A user's name or uid. */
bool sr_audit_uid(struct sr_audit_filter *filter, const char *text);

bool sr_audit_wanted(const struct sr_audit_filter *filter, const json_t *line);

#endif
