/* SPDX-License-Identifier: Apache-2.0 */
/* Objects: made, copied, read, changed, searched and destroyed, rightly and wrongly. */
#include "table.h"

#include <string.h>

static CK_OBJECT_CLASS data_class = CKO_DATA;
static CK_OBJECT_CLASS secret_class = CKO_SECRET_KEY;
static CK_OBJECT_CLASS public_class = CKO_PUBLIC_KEY;
static CK_OBJECT_CLASS certificate_class = CKO_CERTIFICATE;
static CK_CERTIFICATE_TYPE x509 = CKC_X_509;
static CK_KEY_TYPE aes = CKK_AES;
static CK_KEY_TYPE rsa = CKK_RSA;
static CK_BYTE value[32] = "what a data object has in it";

static CK_OBJECT_HANDLE make_data(struct table *t, CK_SESSION_HANDLE session, CK_RV *rv)
{
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    CK_ATTRIBUTE a[] = {{CKA_CLASS, &data_class, sizeof(data_class)},
                        ATTRIBUTE_NO(CKA_TOKEN),
                        ATTRIBUTE_NO(CKA_PRIVATE),
                        {CKA_LABEL, (void *)"table-data", 10},
                        {CKA_VALUE, value, sizeof(value)}};
    *rv = t->f->C_CreateObject(session, a, 5, &object);
    return object;
}

static void create(struct table *t)
{
    CK_BYTE modulus[256] = {0xc1, 1};
    CK_BYTE exponent[] = {1, 0, 1};
    CK_OBJECT_HANDLE object;
    CK_SESSION_HANDLE reader;
    CK_RV rv;
    CK_ATTRIBUTE secret[] = {{CKA_CLASS, &secret_class, sizeof(secret_class)},
                             {CKA_KEY_TYPE, &aes, sizeof(aes)},
                             ATTRIBUTE_NO(CKA_TOKEN),
                             ATTRIBUTE_YES(CKA_ENCRYPT),
                             {CKA_VALUE, value, sizeof(value)}};
    CK_ATTRIBUTE public[] = {{CKA_CLASS, &public_class, sizeof(public_class)},
                             {CKA_KEY_TYPE, &rsa, sizeof(rsa)},
                             ATTRIBUTE_NO(CKA_TOKEN),
                             ATTRIBUTE_YES(CKA_VERIFY),
                             {CKA_MODULUS, modulus, sizeof(modulus)},
                             {CKA_PUBLIC_EXPONENT, exponent, sizeof(exponent)}};
    CK_ATTRIBUTE certificate[] = {{CKA_CLASS, &certificate_class, sizeof(certificate_class)},
                                  {CKA_CERTIFICATE_TYPE, &x509, sizeof(x509)},
                                  ATTRIBUTE_NO(CKA_TOKEN),
                                  {CKA_SUBJECT, value, 8},
                                  {CKA_VALUE, value, sizeof(value)}};
    CK_ATTRIBUTE kept[] = {{CKA_CLASS, &data_class, sizeof(data_class)}, ATTRIBUTE_YES(CKA_TOKEN)};

    modulus[255] = 1;
    (void)make_data(t, t->home, &rv);
    table_line("C_CreateObject", "data", rv);
    table_line("C_CreateObject", "a public key", t->f->C_CreateObject(t->home, public, 6, &object));
    table_line("C_CreateObject", "a public key without its modulus",
               t->f->C_CreateObject(t->home, public, 4, &object));
    table_line("C_CreateObject", "a certificate", t->f->C_CreateObject(t->home, certificate, 5, &object));
    table_line("C_CreateObject", "a secret key", t->f->C_CreateObject(t->home, secret, 5, &object));
    table_line("C_CreateObject", "no class", t->f->C_CreateObject(t->home, secret + 1, 4, &object));
    table_line("C_CreateObject", "an attribute of another class",
               t->f->C_CreateObject(t->home, (CK_ATTRIBUTE[]){kept[0], secret[1]}, 2, &object));
    table_line("C_CreateObject", "no template", t->f->C_CreateObject(t->home, NULL, 0, &object));
    table_line("C_CreateObject", "no place for the handle", t->f->C_CreateObject(t->home, kept, 1, NULL));
    table_line("C_CreateObject", "no such session", t->f->C_CreateObject(NO_SUCH, kept, 1, &object));
    if (t->f->C_OpenSession(t->s.slot, CKF_SERIAL_SESSION, NULL, NULL, &reader) == CKR_OK) {
        table_line("C_CreateObject", "kept in the token, by a read-only session",
                   t->f->C_CreateObject(reader, kept, 2, &object));
        (void)t->f->C_CloseSession(reader);
    }
    rv = t->f->C_CreateObject(t->home, kept, 2, &object);
    table_line("C_CreateObject", "kept in the token", rv);
    if (rv == CKR_OK)
        table_line("C_DestroyObject", "kept in the token", t->f->C_DestroyObject(t->home, object));
}

static void copy(struct table *t)
{
    CK_RV rv;
    CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE data = make_data(t, t->home, &rv);
    CK_OBJECT_HANDLE key = table_key(t, KIND_AES, ROLE_CRYPT)->private;
    CK_ATTRIBUTE label = {CKA_LABEL, (void *)"a copy", 6};
    CK_ATTRIBUTE weaker = ATTRIBUTE_NO(CKA_SENSITIVE);
    CK_ATTRIBUTE open = ATTRIBUTE_YES(CKA_EXTRACTABLE);
    CK_ATTRIBUTE class = {CKA_CLASS, &secret_class, sizeof(secret_class)};

    table_line("C_CopyObject", "data", t->f->C_CopyObject(t->home, data, &label, 1, &made));
    table_line("C_CopyObject", "a key", t->f->C_CopyObject(t->home, key, &label, 1, &made));
    table_line("C_CopyObject", "an empty template", t->f->C_CopyObject(t->home, key, NULL, 0, &made));
    table_line("C_CopyObject", "a key, not sensitive", t->f->C_CopyObject(t->home, key, &weaker, 1, &made));
    table_line("C_CopyObject", "a key, extractable", t->f->C_CopyObject(t->home, key, &open, 1, &made));
    table_line("C_CopyObject", "another class", t->f->C_CopyObject(t->home, data, &class, 1, &made));
    table_line("C_CopyObject", "no such object", t->f->C_CopyObject(t->home, NO_SUCH, &label, 1, &made));
    table_line("C_CopyObject", "no such session", t->f->C_CopyObject(NO_SUCH, data, &label, 1, &made));
    table_line("C_CopyObject", "no place for the handle", t->f->C_CopyObject(t->home, data, &label, 1, NULL));
}

static void read_attributes(struct table *t)
{
    CK_RV rv;
    CK_OBJECT_HANDLE data = make_data(t, t->home, &rv);
    CK_OBJECT_HANDLE key = table_key(t, KIND_AES, ROLE_CRYPT)->private;
    CK_BYTE buffer[64];
    CK_ULONG n = 0;
    CK_ATTRIBUTE a = {CKA_VALUE, NULL, 0};
    CK_ATTRIBUTE two[] = {{CKA_VALUE, buffer, sizeof(buffer)}, {CKA_LABEL, buffer, sizeof(buffer)}};

    rv = t->f->C_GetAttributeValue(t->home, data, &a, 1);
    table_say("C_GetAttributeValue", "asking for the length", rv, "%ld", (long)a.ulValueLen);
    a = (CK_ATTRIBUTE){CKA_VALUE, buffer, 8};
    rv = t->f->C_GetAttributeValue(t->home, data, &a, 1);
    table_say("C_GetAttributeValue", "too small a buffer", rv, "%ld", (long)a.ulValueLen);
    a = (CK_ATTRIBUTE){CKA_VALUE, buffer, sizeof(buffer)};
    rv = t->f->C_GetAttributeValue(t->home, data, &a, 1);
    table_say("C_GetAttributeValue", "right", rv, "%s",
              memcmp(buffer, value, sizeof(value)) == 0 ? "the value" : "another");
    a = (CK_ATTRIBUTE){CKA_MODULUS, buffer, sizeof(buffer)};
    rv = t->f->C_GetAttributeValue(t->home, data, &a, 1);
    table_say("C_GetAttributeValue", "one that it does not have", rv, "%ld", (long)a.ulValueLen);
    a = (CK_ATTRIBUTE){CKA_VALUE, buffer, sizeof(buffer)};
    rv = t->f->C_GetAttributeValue(t->home, key, &a, 1);
    table_say("C_GetAttributeValue", "a sensitive one", rv, "%ld", (long)a.ulValueLen);
    rv = t->f->C_GetAttributeValue(t->home, key, two, 2);
    table_say("C_GetAttributeValue", "a sensitive one, and another", rv, "%ld, %ld", (long)two[0].ulValueLen,
              (long)two[1].ulValueLen);
    table_line("C_GetAttributeValue", "no template", t->f->C_GetAttributeValue(t->home, data, NULL, 0));
    table_line("C_GetAttributeValue", "no such object", t->f->C_GetAttributeValue(t->home, NO_SUCH, &a, 1));
    table_line("C_GetAttributeValue", "no such session", t->f->C_GetAttributeValue(NO_SUCH, data, &a, 1));
    table_line("C_GetObjectSize", "right", t->f->C_GetObjectSize(t->home, data, &n));
    table_line("C_GetObjectSize", "no such object", t->f->C_GetObjectSize(t->home, NO_SUCH, &n));
    table_line("C_GetObjectSize", "no such session", t->f->C_GetObjectSize(NO_SUCH, data, &n));
    table_line("C_GetObjectSize", "NULL", t->f->C_GetObjectSize(t->home, data, NULL));
}

static void change(struct table *t)
{
    CK_RV rv;
    CK_OBJECT_HANDLE data = make_data(t, t->home, &rv);
    CK_OBJECT_HANDLE key = table_key(t, KIND_AES, ROLE_CRYPT)->private;
    CK_ATTRIBUTE label = {CKA_LABEL, (void *)"changed", 7};
    CK_ATTRIBUTE class = {CKA_CLASS, &secret_class, sizeof(secret_class)};
    CK_ATTRIBUTE wraps = ATTRIBUTE_YES(CKA_WRAP);
    CK_ATTRIBUTE signs = ATTRIBUTE_YES(CKA_SIGN);
    CK_ATTRIBUTE less = ATTRIBUTE_NO(CKA_DECRYPT);
    CK_ATTRIBUTE open = ATTRIBUTE_NO(CKA_SENSITIVE);
    CK_ATTRIBUTE extractable = ATTRIBUTE_YES(CKA_EXTRACTABLE);
    CK_ATTRIBUTE token = ATTRIBUTE_YES(CKA_TOKEN);
    struct pair own;

    table_line("C_SetAttributeValue", "a label", t->f->C_SetAttributeValue(t->home, data, &label, 1));
    table_line("C_SetAttributeValue", "a key's label", t->f->C_SetAttributeValue(t->home, key, &label, 1));
    table_line("C_SetAttributeValue", "the class", t->f->C_SetAttributeValue(t->home, data, &class, 1));
    table_line("C_SetAttributeValue", "token", t->f->C_SetAttributeValue(t->home, data, &token, 1));
    if (table_generate(t, t->home, KIND_AES, NULL, 0, (CK_ATTRIBUTE[]){ATTRIBUTE_YES(CKA_SENSITIVE)}, 1,
                       &own) == CKR_OK) {
        table_line("C_SetAttributeValue", "a key that may sign as well",
                   t->f->C_SetAttributeValue(t->home, own.private, &signs, 1));
        table_line("C_SetAttributeValue", "a key that may wrap as well",
                   t->f->C_SetAttributeValue(t->home, own.private, &wraps, 1));
        table_line("C_SetAttributeValue", "a key that may no longer decrypt",
                   t->f->C_SetAttributeValue(t->home, own.private, &less, 1));
        table_line("C_SetAttributeValue", "a key, not sensitive",
                   t->f->C_SetAttributeValue(t->home, own.private, &open, 1));
        table_line("C_SetAttributeValue", "a key, extractable",
                   t->f->C_SetAttributeValue(t->home, own.private, &extractable, 1));
    }
    table_line("C_SetAttributeValue", "no template", t->f->C_SetAttributeValue(t->home, data, NULL, 0));
    table_line("C_SetAttributeValue", "no such object",
               t->f->C_SetAttributeValue(t->home, NO_SUCH, &label, 1));
    table_line("C_SetAttributeValue", "no such session", t->f->C_SetAttributeValue(NO_SUCH, data, &label, 1));
}

static void find(struct table *t)
{
    CK_RV rv;
    CK_OBJECT_HANDLE data = make_data(t, t->home, &rv);
    CK_OBJECT_HANDLE found[8];
    CK_ULONG n = 0;
    CK_ATTRIBUTE a[] = {{CKA_LABEL, (void *)"found by this", 13}};

    (void)t->f->C_SetAttributeValue(t->home, data, a, 1);
    table_fresh(t);
    table_line("C_FindObjectsInit", "right", t->f->C_FindObjectsInit(t->op, a, 1));
    table_line("C_FindObjectsInit", "active already", t->f->C_FindObjectsInit(t->op, a, 1));
    rv = t->f->C_FindObjects(t->op, found, 0, &n);
    table_say("C_FindObjects", "none of them", rv, "%lu", n);
    rv = t->f->C_FindObjects(t->op, found, 8, &n);
    table_say("C_FindObjects", "right", rv, "%lu", n);
    rv = t->f->C_FindObjects(t->op, found, 8, &n);
    table_say("C_FindObjects", "no more", rv, "%lu", n);
    table_line("C_FindObjects", "no place for the handles", t->f->C_FindObjects(t->op, NULL, 8, &n));
    table_line("C_FindObjects", "no place for the number", t->f->C_FindObjects(t->op, found, 8, NULL));
    table_line("C_FindObjects", "no such session", t->f->C_FindObjects(NO_SUCH, found, 8, &n));
    table_line("C_FindObjectsFinal", "right", t->f->C_FindObjectsFinal(t->op));
    table_line("C_FindObjectsFinal", "no such session", t->f->C_FindObjectsFinal(NO_SUCH));
    table_line("C_FindObjectsInit", "no template, of one", t->f->C_FindObjectsInit(t->op, NULL, 1));
    table_line("C_FindObjectsInit", "no such session", t->f->C_FindObjectsInit(NO_SUCH, a, 1));
    table_line("C_DestroyObject", "right", t->f->C_DestroyObject(t->home, data));
    table_line("C_DestroyObject", "a second time", t->f->C_DestroyObject(t->home, data));
    table_line("C_DestroyObject", "no such session", t->f->C_DestroyObject(NO_SUCH, data));
    table_fresh(t);
    rv = t->f->C_FindObjectsInit(t->op, a, 1);
    if (rv == CKR_OK)
        rv = t->f->C_FindObjects(t->op, found, 8, &n);
    table_say("C_FindObjects", "what was destroyed", rv, "%lu", n);
}

/* An object of a session goes with it. */
static void belongs(struct table *t)
{
    CK_RV rv;
    CK_ULONG n;
    table_fresh(t);
    CK_OBJECT_HANDLE data = make_data(t, t->op, &rv);
    table_line("C_GetObjectSize", "of another session's object", t->f->C_GetObjectSize(t->home, data, &n));
    table_fresh(t);
    table_line("C_GetObjectSize", "of a closed session's object", t->f->C_GetObjectSize(t->home, data, &n));
}

void table_objects(struct table *t)
{
    create(t);
    copy(t);
    read_attributes(t);
    change(t);
    find(t);
    belongs(t);
}
