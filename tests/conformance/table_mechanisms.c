/* SPDX-License-Identifier: Apache-2.0 */
/* Each mechanism: what it is offered for, and what it says where it is not. */
#include "table_rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    CK_FLAGS flag;
    const char *name;
} flag_names[] = {
    {CKF_ENCRYPT, "encrypt"},
    {CKF_DECRYPT, "decrypt"},
    {CKF_DIGEST, "digest"},
    {CKF_SIGN, "sign"},
    {CKF_SIGN_RECOVER, "sign-recover"},
    {CKF_VERIFY, "verify"},
    {CKF_VERIFY_RECOVER, "verify-recover"},
    {CKF_GENERATE, "generate"},
    {CKF_GENERATE_KEY_PAIR, "generate-pair"},
    {CKF_WRAP, "wrap"},
    {CKF_UNWRAP, "unwrap"},
    {CKF_DERIVE, "derive"},
};

static void info(struct table *t, const struct row *row)
{
    CK_MECHANISM_INFO i = {0, 0, 0};
    char text[256] = "";
    CK_RV rv = t->f->C_GetMechanismInfo(t->s.slot, row->type, &i);
    for (size_t n = 0; n < sizeof(flag_names) / sizeof(flag_names[0]); n++)
        if (i.flags & flag_names[n].flag)
            table_add(text, sizeof(text), flag_names[n].name);
    table_say(row->name, "info", rv, "%lu to %lu: %s", i.ulMinKeySize, i.ulMaxKeySize, text);
}

static const struct row *row_of(CK_MECHANISM_TYPE type)
{
    for (size_t i = 0; i < table_row_count; i++)
        if (table_rows[i].type == type)
            return &table_rows[i];
    return NULL;
}

/* The token's own list: each mechanism on it must be one of the table's. */
static void list(struct table *t)
{
    CK_MECHANISM_TYPE types[512];
    CK_ULONG count = 512;
    CK_RV rv = t->f->C_GetMechanismList(t->s.slot, types, &count);
    for (CK_ULONG i = 0; rv == CKR_OK && i < count; i++)
        if (row_of(types[i]) == NULL)
            table_say("C_GetMechanismList", "a mechanism that the table does not know", rv, "0x%lx",
                      types[i]);
    for (size_t i = 0; i < table_row_count; i++) {
        bool there = false;
        for (CK_ULONG n = 0; rv == CKR_OK && n < count; n++)
            there = there || types[n] == table_rows[i].type;
        table_say(table_rows[i].name, "listed", rv, "%s", there ? "yes" : "no");
    }
}

static CK_OBJECT_HANDLE any_key(struct table *t, const struct row *row, enum role role, bool public)
{
    const struct pair *key = table_key(t, row->kind == KIND_NONE ? KIND_AES : row->kind, role);
    return public ? key->public : key->private;
}

/* What it is not offered for. */
static void others(struct table *t, const struct row *row)
{
    struct prepared p;
    CK_OBJECT_HANDLE made;
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_AES;
    CK_ATTRIBUTE secret[] = {{CKA_CLASS, &class, sizeof(class)},
                             {CKA_KEY_TYPE, &type, sizeof(type)},
                             ATTRIBUTE_NO(CKA_TOKEN),
                             ATTRIBUTE_YES(CKA_SENSITIVE)};
    table_prepare(t, row, &p);
    table_fresh(t);
    if ((row->flags & CKF_ENCRYPT) == 0)
        table_line(row->name, "encrypt: not offered, C_EncryptInit",
                   t->f->C_EncryptInit(t->op, &p.mechanism, any_key(t, row, ROLE_CRYPT, true)));
    if ((row->flags & CKF_DECRYPT) == 0)
        table_line(row->name, "decrypt: not offered, C_DecryptInit",
                   t->f->C_DecryptInit(t->op, &p.mechanism, any_key(t, row, ROLE_CRYPT, false)));
    if ((row->flags & CKF_SIGN) == 0)
        table_line(row->name, "sign: not offered, C_SignInit",
                   t->f->C_SignInit(t->op, &p.mechanism, any_key(t, row, ROLE_SIGN, false)));
    if ((row->flags & CKF_VERIFY) == 0)
        table_line(row->name, "verify: not offered, C_VerifyInit",
                   t->f->C_VerifyInit(t->op, &p.mechanism, any_key(t, row, ROLE_SIGN, true)));
    table_fresh(t);
    if ((row->flags & CKF_DIGEST) == 0)
        table_line(row->name, "digest: not offered, C_DigestInit", t->f->C_DigestInit(t->op, &p.mechanism));
    if ((row->flags & CKF_DERIVE) == 0)
        table_line(
            row->name, "derive: not offered, C_DeriveKey",
            t->f->C_DeriveKey(t->op, &p.mechanism, any_key(t, row, ROLE_DERIVE, false), secret, 4, &made));
    if ((row->flags & CKF_GENERATE) == 0)
        table_line(row->name, "generate: not offered, C_GenerateKey",
                   t->f->C_GenerateKey(t->op, &p.mechanism, secret, 4, &made));
    if ((row->flags & CKF_WRAP) == 0) {
        CK_BYTE out[512];
        CK_ULONG length = sizeof(out);
        CK_RV rv = table_extractable(t, &made);
        if (rv == CKR_OK)
            rv = t->f->C_WrapKey(t->op, &p.mechanism, any_key(t, row, ROLE_WRAP, true), made, out, &length);
        table_line(row->name, "wrap: not offered, C_WrapKey", rv);
    }
    if ((row->flags & CKF_UNWRAP) == 0)
        table_line(row->name, "unwrap: not offered, C_UnwrapKey",
                   t->f->C_UnwrapKey(t->op, &p.mechanism, any_key(t, row, ROLE_WRAP, false), table_data, 40,
                                     secret, 4, &made));
}

void table_mechanisms(struct table *t)
{
    list(t);
    for (size_t i = 0; i < table_row_count; i++) {
        const struct row *row = &table_rows[i];
        info(t, row);
        if (row->flags & CKF_ENCRYPT)
            table_crypt(t, row);
        if (row->flags & CKF_SIGN)
            table_sign(t, row);
        if (row->flags & CKF_DIGEST)
            table_digest(t, row);
        if (row->flags & CKF_WRAP)
            table_wrap(t, row);
        if (row->flags & CKF_DERIVE)
            table_derive(t, row);
        if (row->flags & (CKF_GENERATE | CKF_GENERATE_KEY_PAIR))
            table_generation_row(t, row);
        others(t, row);
    }
}
