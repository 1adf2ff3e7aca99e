/* AES-256-GCM in the token (PKCS#11 v3.0 §2.13.2), with nonces of 12 bytes and tags of 16.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_JOBS_GCM_H
#define STRONGROOM_JOBS_GCM_H

#include "jobs/keys.h"

#define SR_GCM_NONCE 12
#define SR_GCM_TAG 16

struct sr_gcm {
    CK_OBJECT_HANDLE key;
    const unsigned char *nonce; /* SR_GCM_NONCE bytes, never the same twice under one key */
    const void *aad;
    size_t aad_size;
};

/* Writes SIZE + SR_GCM_TAG bytes to OUT, which may not overlap DATA. */
enum sr_job_result sr_gcm_encrypt(const struct sr_bench *bench, const struct sr_gcm *gcm, const void *data,
                                  size_t size, unsigned char *out, struct sr_why *why);

/* The same in place, for large data in memory that somebody else may change meanwhile: each byte is read
 * once. DATA has room for SIZE + SR_GCM_TAG bytes. */
enum sr_job_result sr_gcm_encrypt_shared(const struct sr_bench *bench, const struct sr_gcm *gcm,
                                         unsigned char *data, size_t size, struct sr_why *why);

/* SIZE is that of DATA with its tag. OUT needs room for all of SIZE (SoftHSM wants the tag's, too); it gets
 * SIZE - SR_GCM_TAG bytes, and none unless the tag is good. SR_JOB_BAD where it is not. */
enum sr_job_result sr_gcm_decrypt(const struct sr_bench *bench, const struct sr_gcm *gcm, const void *data,
                                  size_t size, unsigned char *out, struct sr_why *why);

#endif
