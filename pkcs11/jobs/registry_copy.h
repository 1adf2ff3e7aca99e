/* Whole copies of the registry: taken while it is in use, sealed, and put in its place.
 *
 * A copy is the SQLite file, then SR_COPY_MAGIC, then HMAC-SHA256 by the registry's seal over the text
 * "registry copy" (its length before it, in 8 bytes, most significant first) and the SHA-256 of all bytes
 * before the HMAC. The rows have HMACs of their own; this one tells as well that none was taken out.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_JOBS_REGISTRY_COPY_H
#define STRONGROOM_JOBS_REGISTRY_COPY_H

#include "jobs/registry.h"

#define SR_COPY_MAGIC "strongroom-reg-1"
#define SR_COPY_TRAILER (sizeof(SR_COPY_MAGIC) - 1 + SR_SEAL_SIZE)

/* Writes a copy to PATH, which is made with mode 0600 and must not be there. Other threads may use the
 * registry meanwhile: the copy has its state at one moment. */
enum sr_job_result sr_registry_copy(struct sr_registry *registry, const char *path, struct sr_why *why);

/* Looks at the copy at PATH before it is put in the registry's place: its seal, its tables, brought up to
 * date, and every row's HMAC. SR_JOB_TAMPERED where it is not what strongroomd wrote with this token;
 * SR_JOB_REFUSED for one of a newer strongroomd. Afterwards PATH has no seal any more. */
enum sr_job_result sr_registry_vet(struct sr_registry *registry, const char *path, struct sr_why *why);

/* Puts what is in PATH, which was vetted, in the place of all that the registry has, and calls CHANGE with
 * ARG in the same transaction: whatever happens, the registry has the old rows or the new ones, whole.
 * SR_JOB_REFUSED where the registry has families already, unless FORCE. */
enum sr_job_result sr_registry_replace(struct sr_registry *registry, const char *path, bool force,
                                       enum sr_job_result (*change)(void *arg, struct sr_why *why), void *arg,
                                       struct sr_why *why);

#endif
