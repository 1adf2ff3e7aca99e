/* The mechanisms of SoftHSM, and what a call with them needs.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_TESTS_TABLE_ROWS_H
#define STRONGROOM_TESTS_TABLE_ROWS_H

#include "table.h"

enum parameter {
    PARAMETER_NONE,
    PARAMETER_IV, /* a block */
    PARAMETER_CTR,
    PARAMETER_GCM,
    PARAMETER_OAEP,
    PARAMETER_PSS, /* of the row's hash */
    PARAMETER_CBC_DATA,
    PARAMETER_ECB_DATA,
    PARAMETER_ECDH,
    PARAMETER_DH,
};

/* What a row's mechanism is offered for, in CK_MECHANISM_INFO's words. */
#define FOR_CRYPT (CKF_ENCRYPT | CKF_DECRYPT)
#define FOR_SIGN (CKF_SIGN | CKF_VERIFY)
#define FOR_WRAP (CKF_WRAP | CKF_UNWRAP)

struct row {
    CK_MECHANISM_TYPE type;
    const char *name;
    enum kind kind;
    enum parameter parameter;
    CK_FLAGS flags;
    CK_ULONG length;        /* of the data: for signatures over a digest its length */
    CK_MECHANISM_TYPE hash; /* of PSS */
    CK_ULONG mgf;
};

extern const struct row table_rows[];
extern const size_t table_row_count;

/* A mechanism with its parameter. */
union parameter_space {
    CK_BYTE block[16];
    CK_AES_CTR_PARAMS ctr;
    CK_GCM_PARAMS gcm;
    CK_RSA_PKCS_OAEP_PARAMS oaep;
    CK_RSA_PKCS_PSS_PARAMS pss;
    CK_AES_CBC_ENCRYPT_DATA_PARAMS aes_data;
    CK_DES_CBC_ENCRYPT_DATA_PARAMS des_data;
    CK_KEY_DERIVATION_STRING_DATA string_data;
    CK_ECDH1_DERIVE_PARAMS ecdh;
};
struct prepared {
    CK_MECHANISM mechanism;
    union parameter_space space;
    CK_BYTE more[160]; /* what the parameter points to */
};
void table_prepare(struct table *t, const struct row *row, struct prepared *p);

/* The drivers: each makes the lines of one operation. */
void table_crypt(struct table *t, const struct row *row);
void table_sign(struct table *t, const struct row *row);
void table_digest(struct table *t, const struct row *row);
void table_wrap(struct table *t, const struct row *row);
void table_derive(struct table *t, const struct row *row);
void table_generation_row(struct table *t, const struct row *row);

/* A key of another kind with the same role; and one of the row's kind with another role. */
CK_OBJECT_HANDLE table_other_kind(struct table *t, const struct row *row, enum role role, bool public);
CK_OBJECT_HANDLE table_other_role(struct table *t, const struct row *row, enum role role, bool public);

extern CK_BYTE table_data[256];

#endif
