/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that are wrapped, unwrapped, derived and generated. */
#include "table_rows.h"

#include <stdio.h>
#include <string.h>

#define OUT 1024
#define DESCRIPTION 256

static CK_OBJECT_CLASS secret_class = CKO_SECRET_KEY;
static CK_KEY_TYPE aes = CKK_AES;
static CK_KEY_TYPE generic = CKK_GENERIC_SECRET;

/* What a key says of itself, in DESCRIPTION bytes: one word for each attribute that is true. */
static void describe(struct table *t, CK_OBJECT_HANDLE key, char *text)
{
    static const struct {
        CK_ATTRIBUTE_TYPE type;
        const char *name;
    } all[] = {
        {CKA_TOKEN, "token"},
        {CKA_PRIVATE, "private"},
        {CKA_SENSITIVE, "sensitive"},
        {CKA_ALWAYS_SENSITIVE, "always-sensitive"},
        {CKA_EXTRACTABLE, "extractable"},
        {CKA_NEVER_EXTRACTABLE, "never-extractable"},
        {CKA_LOCAL, "local"},
        {CKA_ENCRYPT, "encrypt"},
        {CKA_DECRYPT, "decrypt"},
        {CKA_SIGN, "sign"},
        {CKA_VERIFY, "verify"},
        {CKA_WRAP, "wrap"},
        {CKA_UNWRAP, "unwrap"},
        {CKA_DERIVE, "derive"},
    };
    text[0] = '\0';
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        CK_BBOOL value = CK_FALSE;
        CK_ATTRIBUTE a = {all[i].type, &value, sizeof(value)};
        if (t->f->C_GetAttributeValue(t->home, key, &a, 1) == CKR_OK && value == CK_TRUE)
            table_add(text, DESCRIPTION, all[i].name);
    }
}

/* Whether the value can be read. */
static void read_value(struct table *t, const struct row *row, const char *what, CK_OBJECT_HANDLE key)
{
    CK_BYTE value[OUT];
    CK_ATTRIBUTE a = {CKA_VALUE, value, sizeof(value)};
    table_line(row->name, what, t->f->C_GetAttributeValue(t->home, key, &a, 1));
}

static CK_RV encrypt_zeros(struct table *t, CK_OBJECT_HANDLE key, CK_BYTE *out)
{
    CK_BYTE zeros[16] = {0};
    CK_MECHANISM cbc = {CKM_AES_CBC, zeros, sizeof(zeros)};
    CK_ULONG length = 16;
    table_fresh(t);
    CK_RV rv = t->f->C_EncryptInit(t->op, &cbc, key);
    return rv == CKR_OK ? t->f->C_Encrypt(t->op, zeros, sizeof(zeros), out, &length) : rv;
}

static const CK_ATTRIBUTE unwrapped[] = {
    {CKA_CLASS, &secret_class, sizeof(secret_class)},
    {CKA_KEY_TYPE, &aes, sizeof(aes)},
    ATTRIBUTE_NO(CKA_TOKEN),
    ATTRIBUTE_YES(CKA_SENSITIVE),
    ATTRIBUTE_NO(CKA_EXTRACTABLE),
    ATTRIBUTE_YES(CKA_ENCRYPT),
    ATTRIBUTE_YES(CKA_DECRYPT),
};
#define UNWRAPPED 7

static void unwrap(struct table *t, const struct row *row, CK_OBJECT_HANDLE original, CK_BYTE *wrapped,
                   CK_ULONG length)
{
    struct prepared p;
    const struct pair *kek = table_key(t, row->kind, ROLE_WRAP);
    CK_ATTRIBUTE template[UNWRAPPED + 1];
    CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
    CK_BYTE one[16] = {1};
    CK_BYTE other[16] = {2};
    char text[DESCRIPTION];

    memcpy(template, unwrapped, sizeof(unwrapped));
    table_prepare(t, row, &p);
    CK_RV rv =
        t->f->C_UnwrapKey(t->home, &p.mechanism, kek->private, wrapped, length, template, UNWRAPPED, &key);
    table_line(row->name, "unwrap: right", rv);
    if (rv == CKR_OK) {
        describe(t, key, text);
        table_say(row->name, "unwrap: the key's attributes", rv, "%s", text);
        (void)encrypt_zeros(t, original, one);
        rv = encrypt_zeros(t, key, other);
        table_say(row->name, "unwrap: the key", rv, "%s",
                  memcmp(one, other, sizeof(one)) == 0 ? "the same" : "another");
    }
    template[3] = (CK_ATTRIBUTE)ATTRIBUTE_NO(CKA_SENSITIVE);
    template[4] = (CK_ATTRIBUTE)ATTRIBUTE_YES(CKA_EXTRACTABLE);
    rv = t->f->C_UnwrapKey(t->home, &p.mechanism, kek->private, wrapped, length, template, UNWRAPPED, &key);
    table_line(row->name, "unwrap: a template that is not sensitive", rv);
    if (rv == CKR_OK)
        read_value(t, row, "unwrap: a template that is not sensitive, reading the value", key);
    memcpy(template, unwrapped, sizeof(unwrapped));
    wrapped[length - 1] ^= 1;
    rv = t->f->C_UnwrapKey(t->home, &p.mechanism, kek->private, wrapped, length, template, UNWRAPPED, &key);
    if (row->kind != KIND_RSA || row->type == CKM_RSA_PKCS_OAEP)
        table_line(row->name, "unwrap: damaged", rv);
    wrapped[length - 1] ^= 1;
    rv = t->f->C_UnwrapKey(t->home, &p.mechanism, kek->private, wrapped, length - 1, template, UNWRAPPED,
                           &key);
    table_line(row->name, "unwrap: too short by a byte", rv);
    rv = t->f->C_UnwrapKey(t->home, &p.mechanism, NO_SUCH, wrapped, length, template, UNWRAPPED, &key);
    table_line(row->name, "unwrap: no such key", rv);
    rv = t->f->C_UnwrapKey(t->home, &p.mechanism, table_other_kind(t, row, ROLE_WRAP, false), wrapped, length,
                           template, UNWRAPPED, &key);
    table_line(row->name, "unwrap: another type of key", rv);
    rv = t->f->C_UnwrapKey(t->home, &p.mechanism, table_other_role(t, row, ROLE_WRAP, false), wrapped, length,
                           template, UNWRAPPED, &key);
    table_line(row->name, "unwrap: a key that is not for this", rv);
    rv = t->f->C_UnwrapKey(t->home, &p.mechanism, kek->private, wrapped, length, template + 1, UNWRAPPED - 1,
                           &key);
    table_line(row->name, "unwrap: a template without a class", rv);
}

void table_wrap(struct table *t, const struct row *row)
{
    struct prepared p;
    const struct pair *kek = table_key(t, row->kind, ROLE_WRAP);
    CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
    CK_BYTE wrapped[OUT];
    CK_ULONG length = 0;
    CK_ULONG small = 1;

    CK_RV rv = table_extractable(t, &key);
    table_prepare(t, row, &p);
    rv = rv == CKR_OK ? t->f->C_WrapKey(t->home, &p.mechanism, kek->public, key, NULL, &length) : rv;
    table_say(row->name, "wrap: asking for the length", rv, "%lu bytes", rv == CKR_OK ? length : 0);
    rv = t->f->C_WrapKey(t->home, &p.mechanism, kek->public, key, wrapped, &small);
    table_line(row->name, "wrap: too small a buffer", rv);
    length = sizeof(wrapped);
    rv = t->f->C_WrapKey(t->home, &p.mechanism, kek->public, key, wrapped, &length);
    table_say(row->name, "wrap: right", rv, "%lu bytes", rv == CKR_OK ? length : 0);
    if (rv == CKR_OK && (row->flags & CKF_UNWRAP) != 0)
        unwrap(t, row, key, wrapped, length);
    length = sizeof(wrapped);
    rv = t->f->C_WrapKey(t->home, &p.mechanism, kek->public, table_key(t, KIND_AES, ROLE_CRYPT)->private,
                         wrapped, &length);
    table_line(row->name, "wrap: a key that is not extractable", rv);
    rv = t->f->C_WrapKey(t->home, &p.mechanism, kek->public, NO_SUCH, wrapped, &length);
    table_line(row->name, "wrap: no such key", rv);
    rv = t->f->C_WrapKey(t->home, &p.mechanism, NO_SUCH, key, wrapped, &length);
    table_line(row->name, "wrap: no such wrapping key", rv);
    rv = t->f->C_WrapKey(t->home, &p.mechanism, table_other_kind(t, row, ROLE_WRAP, true), key, wrapped,
                         &length);
    table_line(row->name, "wrap: another type of wrapping key", rv);
    rv = t->f->C_WrapKey(t->home, &p.mechanism, table_other_role(t, row, ROLE_WRAP, true), key, wrapped,
                         &length);
    table_line(row->name, "wrap: a wrapping key that is not for this", rv);
}

void table_derive(struct table *t, const struct row *row)
{
    struct prepared p;
    CK_OBJECT_HANDLE base = table_key(t, row->kind, ROLE_DERIVE)->private;
    CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
    CK_ULONG length = row->kind == KIND_DES ? 16 : 32;
    char text[DESCRIPTION];
    CK_ATTRIBUTE template[] = {
        {CKA_CLASS, &secret_class, sizeof(secret_class)},
        {CKA_KEY_TYPE, &generic, sizeof(generic)},
        ATTRIBUTE_NO(CKA_TOKEN),
        ATTRIBUTE_YES(CKA_SENSITIVE),
        ATTRIBUTE_NO(CKA_EXTRACTABLE),
        ATTRIBUTE_YES(CKA_SIGN),
        ATTRIBUTE_YES(CKA_VERIFY),
        {CKA_VALUE_LEN, &length, sizeof(length)},
    };
    table_prepare(t, row, &p);
    CK_RV rv = t->f->C_DeriveKey(t->home, &p.mechanism, base, template, 8, &key);
    table_line(row->name, "derive: right", rv);
    if (rv == CKR_OK) {
        describe(t, key, text);
        table_say(row->name, "derive: the key's attributes", rv, "%s", text);
    }
    template[3] = (CK_ATTRIBUTE)ATTRIBUTE_NO(CKA_SENSITIVE);
    template[4] = (CK_ATTRIBUTE)ATTRIBUTE_YES(CKA_EXTRACTABLE);
    rv = t->f->C_DeriveKey(t->home, &p.mechanism, base, template, 8, &key);
    table_line(row->name, "derive: a template that is not sensitive", rv);
    if (rv == CKR_OK)
        read_value(t, row, "derive: a template that is not sensitive, reading the value", key);
    template[3] = (CK_ATTRIBUTE)ATTRIBUTE_YES(CKA_SENSITIVE);
    template[4] = (CK_ATTRIBUTE)ATTRIBUTE_NO(CKA_EXTRACTABLE);
    table_line(row->name, "derive: no such key",
               t->f->C_DeriveKey(t->home, &p.mechanism, NO_SUCH, template, 8, &key));
    rv = t->f->C_DeriveKey(t->home, &p.mechanism, table_other_kind(t, row, ROLE_DERIVE, false), template, 8,
                           &key);
    table_line(row->name, "derive: another type of key", rv);
    rv = t->f->C_DeriveKey(t->home, &p.mechanism, table_other_role(t, row, ROLE_DERIVE, false), template, 8,
                           &key);
    table_line(row->name, "derive: a key that is not for this", rv);
    rv = t->f->C_DeriveKey(t->home, &p.mechanism, base, template + 1, 7, &key);
    table_line(row->name, "derive: a template without a class", rv);
    p.mechanism.pParameter = NULL;
    p.mechanism.ulParameterLen = 0;
    rv = t->f->C_DeriveKey(t->home, &p.mechanism, base, template, 8, &key);
    table_line(row->name, "derive: no parameter", rv);
}

/* DSA and DH parameters of 512 bits: larger ones take their time. */
static void generate_parameters(struct table *t, const struct row *row)
{
    CK_MECHANISM mechanism = {row->type, NULL, 0};
    CK_ULONG bits = 512;
    CK_ATTRIBUTE template[] = {ATTRIBUTE_NO(CKA_TOKEN), {CKA_PRIME_BITS, &bits, sizeof(bits)}};
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    CK_RV rv = t->f->C_GenerateKey(t->home, &mechanism, template, 2, &object);
    table_line(row->name, "generate: right", rv);
    table_line(row->name, "generate: without a size",
               t->f->C_GenerateKey(t->home, &mechanism, template, 1, &object));
}

void table_generation_row(struct table *t, const struct row *row)
{
    struct pair made;
    CK_MECHANISM mechanism = {row->type, NULL, 0};
    CK_ATTRIBUTE open[] = {ATTRIBUTE_NO(CKA_SENSITIVE), ATTRIBUTE_YES(CKA_EXTRACTABLE)};
    CK_ATTRIBUTE bare[] = {ATTRIBUTE_NO(CKA_TOKEN)};
    CK_OBJECT_HANDLE one, other;
    char text[DESCRIPTION];

    if (row->type == CKM_DSA_PARAMETER_GEN || row->type == CKM_DH_PKCS_PARAMETER_GEN) {
        generate_parameters(t, row);
        return;
    }
    CK_RV rv = table_generate(t, t->home, row->kind, NULL, 0, NULL, 0, &made);
    table_line(row->name, "generate: right", rv);
    if (rv == CKR_OK && made.public != made.private) {
        describe(t, made.public, text);
        table_say(row->name, "generate: the public key's attributes", rv, "%s", text);
    }
    if (rv == CKR_OK) {
        describe(t, made.private, text);
        table_say(row->name, "generate: the key's attributes", rv, "%s", text);
    }
    rv = table_generate(t, t->home, row->kind, NULL, 0, open, 2, &made);
    table_line(row->name, "generate: not sensitive", rv);
    if (rv == CKR_OK && row->kind != KIND_RSA)
        read_value(t, row, "generate: not sensitive, reading the value", made.private);
    if (row->flags & CKF_GENERATE)
        table_line(row->name, "generate: an empty template",
                   t->f->C_GenerateKey(t->home, &mechanism, bare, 1, &one));
    else
        table_line(row->name, "generate: empty templates",
                   t->f->C_GenerateKeyPair(t->home, &mechanism, bare, 1, bare, 1, &one, &other));
}
