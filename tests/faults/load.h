/* A client's mixed load: operations of all kinds with keys of the token and of the session, whose results are
 * checked.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_TESTS_LOAD_H
#define STRONGROOM_TESTS_LOAD_H

#include "signer.h"

#include <openssl/evp.h>

#define LOAD_SESSIONS_MAX 64
#define LOAD_BLOCKS 64 /* bytes that CBC has to do with */

/* A result that was reported as success and is wrong. */
#define LOAD_WRONG (CKR_VENDOR_DEFINED | 0xbadUL)

struct load {
    struct signer s;
    CK_FUNCTION_LIST *f;
    CK_SESSION_HANDLE sessions[LOAD_SESSIONS_MAX];
    unsigned session_count;
    CK_OBJECT_HANDLE ec, rsa, hmac, aes, kek, root; /* the token's */
    EVP_PKEY *ec_public;
    EVP_PKEY *rsa_public;
    CK_BYTE mac[32];              /* of load_text, by the HMAC key */
    CK_BYTE derived[LOAD_BLOCKS]; /* load_text, encrypted by what is derived from the root */
    unsigned long objects;        /* of the session, that were made and have gone */
    const char *call;             /* the first call that failed in this operation, and how */
    CK_RV rv;
};

extern const CK_BYTE load_text[LOAD_BLOCKS];

/* Makes the token's keys that the load works with: once, before any load_open. */
bool load_make_keys(struct load *l);

/* Opens SESSIONS sessions and finds the keys. To be closed with load_close, also after a failure. */
bool load_open(struct load *l, unsigned sessions);
void load_close(struct load *l);

/* Records a failed call; true where RV is CKR_OK. */
bool load_did(struct load *l, const char *call, CK_RV rv);
/* Records a wrong result. */
bool load_right(struct load *l, const char *what, bool right);

/* A session key of AES; of the template's attributes, those of usage are the caller's. */
bool load_session_key(struct load *l, CK_SESSION_HANDLE session, CK_BBOOL extractable, CK_OBJECT_HANDLE *key);
/* Destroys it, if it was made. */
bool load_drop(struct load *l, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key);
/* load_text by AES-CBC under a key. */
bool load_encrypt_text(struct load *l, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, CK_BYTE *out);
bool load_derive(struct load *l, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *key);

/* The operations. */
struct load_operation {
    const char *name;
    bool (*run)(struct load *l, CK_SESSION_HANDLE session);
};
extern const struct load_operation load_operations[];
extern const unsigned load_operation_count;

#endif
