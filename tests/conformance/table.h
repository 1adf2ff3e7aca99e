/* The conformance table: calls of every function and every mechanism, and what came of each, one line a call.
 *
 * A line is "SUBJECT<tab>CASE<tab>RESULT". Nothing that differs between two runs on the same kind of token
 * stands in it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_TESTS_TABLE_H
#define STRONGROOM_TESTS_TABLE_H

#include "signer.h"

#include <stdio.h>

#ifndef CKM_AES_KEY_WRAP_PAD
#define CKM_AES_KEY_WRAP_PAD 0x210aUL
#endif

#define NO_SUCH 987654321UL /* no handle, no slot */
#define NO_MECHANISM (CKM_VENDOR_DEFINED | 77UL)

enum kind {
    KIND_NONE, /* no key */
    KIND_RSA,
    KIND_DSA,
    KIND_EC,
    KIND_EDWARDS,
    KIND_DH,
    KIND_DES,
    KIND_DES2,
    KIND_DES3,
    KIND_AES,
    KIND_GENERIC,
    KINDS,
};

/* A key's one role. */
enum role { ROLE_CRYPT, ROLE_SIGN, ROLE_WRAP, ROLE_DERIVE, ROLES };

struct pair { /* of a secret key both are the same */
    CK_OBJECT_HANDLE public;
    CK_OBJECT_HANDLE private;
    CK_RV rv; /* how it was made */
    bool made;
};

struct table {
    struct signer s;
    CK_FUNCTION_LIST *f;
    CK_SESSION_HANDLE home; /* where the keys are */
    CK_SESSION_HANDLE op;   /* another, for operations: each case has a new one */
    CK_BYTE pin[128];
    CK_ULONG pin_length;
    struct pair keys[KINDS][ROLES];
};

extern CK_BBOOL table_yes, table_no;
#define ATTRIBUTE_YES(type)                                                                                  \
    {                                                                                                        \
        type, &table_yes, sizeof(CK_BBOOL)                                                                   \
    }
#define ATTRIBUTE_NO(type)                                                                                   \
    {                                                                                                        \
        type, &table_no, sizeof(CK_BBOOL)                                                                    \
    }

/* One line: the return value's name; and what FORMAT says beside it. */
void table_line(const char *subject, const char *what, CK_RV rv);
__attribute__((format(printf, 4, 5))) void table_say(const char *subject, const char *what, CK_RV rv,
                                                     const char *format, ...);

/* A new session for operations, with nothing active. */
void table_fresh(struct table *t);

/* The mechanism that makes keys of a kind. */
CK_MECHANISM_TYPE table_generation(enum kind kind);
/* Makes one by it: the template has, besides what the kind needs, the N attributes of MORE. */
CK_RV table_generate(struct table *t, CK_SESSION_HANDLE session, enum kind kind,
                     const CK_ATTRIBUTE *more_public, size_t public_count, const CK_ATTRIBUTE *more_private,
                     size_t private_count, struct pair *made);
/* A session key of that kind and role, sensitive and not extractable; made once. */
const struct pair *table_key(struct table *t, enum kind kind, enum role role);
/* An AES key that encrypts and may be wrapped. */
CK_RV table_extractable(struct table *t, CK_OBJECT_HANDLE *key);

/* A number of an attribute, or FALLBACK. */
CK_ULONG table_number(struct table *t, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, CK_ULONG fallback);

/* The parts of the table. */
void table_before_initialize(const char *module);
void table_functions(struct table *t);
void table_objects(struct table *t);
void table_mechanisms(struct table *t);
void table_three(struct table *t);

#endif
