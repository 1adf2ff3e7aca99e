/* The key that signs the audit log's checkpoints: EC P-256, "registry:audit" in the token.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_DAEMON_AUDIT_KEY_H
#define STRONGROOM_DAEMON_AUDIT_KEY_H

#include "daemon/audit.h"
#include "daemon/custody.h"
#include "daemon/token.h"

#include <openssl/evp.h>

struct sr_audit_key {
    struct sr_audit_signer signer; /* its ARG is this structure */
    struct sr_token *token;
    EVP_PKEY *public; /* each signature is looked at: a handle may be another key's after a token came back */
    pthread_mutex_t lock;
    CK_OBJECT_HANDLE private; /* last known */
    unsigned long life;       /* of the token, in which it was */
};

/* Finds the key in TOKEN, or makes it: while no other key is in use, for SoftHSM's sake. NULL, with WHY,
 * where the token cannot. To be freed with sr_audit_key_free after the log was closed. */
struct sr_audit_key *sr_audit_key_open(struct sr_token *token, struct sr_why *why);
void sr_audit_key_free(struct sr_audit_key *key); /* may be NULL */

#endif
