/* The jobs' keys in the token: made with the strictest attributes that it takes, found by their labels,
 * destroyed.
 *
 * All take a session of the token's that is logged in and read/write, and that nobody else uses meanwhile.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_JOBS_KEYS_H
#define STRONGROOM_JOBS_KEYS_H

#include "jobs/registry.h"

#define SR_LABEL_MAX                                                                                         \
    (SR_FAMILY_MAX + 32) /* "role:name:version", and a suffix where a version has several keys */

/* The token's session to work in. */
struct sr_bench {
    CK_FUNCTION_LIST *f;
    CK_SLOT_ID slot;
    CK_SESSION_HANDLE session;
};

/* A version of a session family has two keys. */
enum sr_session_key {
    SR_SESSION_ROOT,  /* "session:NAME:N": AES-256, which only derives */
    SR_SESSION_HS512, /* "session:NAME:N:hs512": 64 random bytes, which only sign and verify */
};

/* Makes them as token objects: private, sensitive, not extractable, not modifiable, not copyable, and allowed
 * for their one mechanism where the token takes CKA_ALLOWED_MECHANISMS. MECHANISM gets how keys are derived.
 * What is there of the version already (an earlier try that did not come to its end) is destroyed first. */
enum sr_job_result sr_keys_make_session(const struct sr_bench *bench, const char *name, unsigned long version,
                                        char mechanism[40], struct sr_why *why);

/* Finds one. SR_JOB_NOT_FOUND where it is not there, SR_JOB_TAMPERED where several objects have its label. */
enum sr_job_result sr_keys_find_session(const struct sr_bench *bench, const char *name, unsigned long version,
                                        enum sr_session_key which, CK_OBJECT_HANDLE *key, struct sr_why *why);

/* A version of any other family has one key, "ROLE:NAME:N": its key-encryption key (KEK), AES-256, which only
 * wraps and unwraps. Made and found as above. */
enum sr_job_result sr_keys_make_kek(const struct sr_bench *bench, const struct sr_family_name *family,
                                    unsigned long version, char mechanism[40], struct sr_why *why);
enum sr_job_result sr_keys_find_kek(const struct sr_bench *bench, const struct sr_family_name *family,
                                    unsigned long version, CK_OBJECT_HANDLE *key, struct sr_why *why);

/* How many objects the token has of the version: those that sr_keys_destroy would destroy. */
enum sr_job_result sr_keys_count(const struct sr_bench *bench, const struct sr_family_name *family,
                                 unsigned long version, size_t *count, struct sr_why *why);

/* Destroys all objects whose label is the version's, or begins with it and a colon. None being there is no
 * error: afterwards there is none, which is looked up once more. */
enum sr_job_result sr_keys_destroy(const struct sr_bench *bench, const struct sr_family_name *family,
                                   unsigned long version, struct sr_why *why);

/* Derives the key for PURPOSE from a version's root, as a session object of the bench's session (it goes with
 * that session, or by C_DestroyObject): a generic secret of 32 bytes, sensitive, not extractable, which signs
 * and verifies. CKM_AES_CBC_ENCRYPT_DATA over the SHA-256 of a fixed text, the purpose, the family's name and
 * the version, each preceded by its length. */
enum sr_job_result sr_keys_derive_session(const struct sr_bench *bench, CK_OBJECT_HANDLE root,
                                          const char *name, unsigned long version, const char *purpose,
                                          CK_OBJECT_HANDLE *key, struct sr_why *why);

/* One HMAC: CKM_SHA256_HMAC or CKM_SHA512_HMAC. *SIZE is the room in MAC, then what was written. */
CK_RV sr_keys_hmac(const struct sr_bench *bench, CK_MECHANISM_TYPE mechanism, CK_OBJECT_HANDLE key,
                   const void *data, size_t length, unsigned char *mac, size_t *size);

/* The registry's own key, HMAC-SHA256: derived from the root "registry:rows", which is found or made. *KEY is
 * to be freed with sr_keys_seal_free after the registry was closed. The bench's session belongs to it from
 * now on. */
struct sr_seal_key;
enum sr_job_result sr_keys_seal(const struct sr_bench *bench, struct sr_seal_key **key, struct sr_seal *seal,
                                struct sr_why *why);
/* The same key where the token lost its sessions and came back: BENCH is a new one. */
enum sr_job_result sr_keys_seal_again(struct sr_seal_key *key, const struct sr_bench *bench,
                                      struct sr_why *why);
void sr_keys_seal_free(struct sr_seal_key *key); /* may be NULL */

#endif
