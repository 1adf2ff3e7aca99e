/* Roots: keys that live outside the token, wrapped by a family's KEK, and come back into it to be used. What
 * data keys and backups stand on.
 *
 * A root is an AES-256 key, made in the token, that only derives. Two keys come from it: one that encrypts
 * (AES-256-GCM) and one that authenticates (HMAC-SHA256). Both are there only while the root is open, as
 * session objects of the session that it was opened in, or as long as sr_root_close is not called. A single
 * root is wrapped, not two keys: so that nobody can put one of them beside another's other.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_JOBS_ROOT_H
#define STRONGROOM_JOBS_ROOT_H

#include "jobs/keys.h"

#define SR_WRAPPED_ROOT 40 /* how many bytes a wrapped root has */

#define SR_COMMITMENT_SIZE 32

struct sr_root {
    CK_OBJECT_HANDLE cipher; /* for AES-256-GCM */
    CK_OBJECT_HANDLE mac;    /* for HMAC-SHA256 */
    /* HMAC-SHA256 of a fixed text: two roots do not have the same one, and it tells nothing of them. GCM
     * alone does not commit to its key. */
    unsigned char commitment[SR_COMMITMENT_SIZE];
};

/* Makes a root and wraps it. LABEL names the session objects, so that clients do not use them (custody rule
 * 5) and they go with their version: "ROLE:NAME:N:...". Nothing of it stays in the token. */
enum sr_job_result sr_root_make(const struct sr_bench *bench, CK_OBJECT_HANDLE kek, const char *label,
                                struct sr_wrapped *wrapped, struct sr_why *why);

/* Unwraps a root and derives its two keys for PURPOSE ("data", "backup"). SR_JOB_BAD where WRAPPED is damaged
 * or was not wrapped with KEK. ROOT is to be closed with sr_root_close, in any session. */
enum sr_job_result sr_root_open(const struct sr_bench *bench, CK_OBJECT_HANDLE kek,
                                const struct sr_wrapped *wrapped, const char *purpose, const char *label,
                                struct sr_root *root, struct sr_why *why);

/* Destroys the two keys. A root that was zeroed or closed may be closed. */
void sr_root_close(const struct sr_bench *bench, struct sr_root *root);

/* Wraps with another KEK what was wrapped with FROM, within the token. Also for other keys than roots, of
 * KIND (NULL: a root), as C_UnwrapKey has to know what comes. */
struct sr_key_kind;
enum sr_job_result sr_rewrap(const struct sr_bench *bench, CK_OBJECT_HANDLE from, CK_OBJECT_HANDLE to,
                             const struct sr_key_kind *kind, const char *label, struct sr_wrapped *wrapped,
                             struct sr_why *why);

/* Wraps KEY, which has to be extractable. */
enum sr_job_result sr_wrap(const struct sr_bench *bench, CK_OBJECT_HANDLE kek, CK_OBJECT_HANDLE key,
                           const char *label, struct sr_wrapped *wrapped, struct sr_why *why);

#endif
