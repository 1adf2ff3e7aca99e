/* SPDX-License-Identifier: Apache-2.0 */
/* Encrypting, decrypting, signing, verifying and digesting, rightly and wrongly. */
#include "table_rows.h"

#include <stdio.h>
#include <string.h>

#define OUT 1024

typedef CK_RV (*init_function)(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key);
/* C_Encrypt, C_Decrypt, C_Sign, C_Digest; their updates that give something; and their finals. */
typedef CK_RV (*once_function)(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG n, CK_BYTE *out,
                               CK_ULONG *length);
typedef CK_RV (*update_function)(CK_SESSION_HANDLE session, CK_BYTE *part, CK_ULONG n);
typedef CK_RV (*final_function)(CK_SESSION_HANDLE session, CK_BYTE *out, CK_ULONG *length);

/* One operation of one mechanism. */
struct work {
    const char *name; /* "encrypt" */
    enum role role;
    bool public; /* the half of the pair that does it */
    init_function init;
    once_function once;
    once_function update;
    update_function update_silent;
    final_function final;
};

static void say(const struct row *row, const struct work *w, const char *what, CK_RV rv, const char *more)
{
    char text[160];
    (void)snprintf(text, sizeof(text), "%s: %s", w->name, what);
    table_say(row->name, text, rv, "%s", more);
}

static void say_length(const struct row *row, const struct work *w, const char *what, CK_RV rv,
                       CK_ULONG length)
{
    char text[64] = "";
    if (rv == CKR_OK || rv == CKR_BUFFER_TOO_SMALL)
        (void)snprintf(text, sizeof(text), "%lu bytes", length);
    say(row, w, what, rv, text);
}

static CK_OBJECT_HANDLE right_key(struct table *t, const struct row *row, const struct work *w)
{
    const struct pair *key = table_key(t, row->kind, w->role);
    return w->public ? key->public : key->private;
}

/* A fresh session with the operation begun. */
static CK_RV begin(struct table *t, const struct row *row, const struct work *w)
{
    struct prepared p;
    table_fresh(t);
    table_prepare(t, row, &p);
    return w->init(t->op, &p.mechanism, row->kind == KIND_NONE ? 0 : right_key(t, row, w));
}

/* An Init that should be refused; where it is not, the operation should be. (But for one that SoftHSM dies
 * of: signing by RSA with a key of another type.) */
static void wrong_init(struct table *t, const struct row *row, const struct work *w, const char *what,
                       CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    CK_BYTE out[OUT];
    CK_ULONG length = sizeof(out);
    char text[100];

    table_fresh(t);
    CK_RV rv = w->init(t->op, mechanism, key);
    say(row, w, what, rv, "");
    if (rv != CKR_OK || w->once == NULL || (row->kind < KIND_DES && strstr(what, "type") != NULL))
        return;
    (void)snprintf(text, sizeof(text), "%s, and then at once", what);
    say(row, w, text, w->once(t->op, table_data, row->length, out, &length), "");
}

/* What the Init says of what it should refuse. */
static void wrong_inits(struct table *t, const struct row *row, const struct work *w)
{
    struct prepared p;
    CK_OBJECT_HANDLE key = row->kind == KIND_NONE ? 0 : right_key(t, row, w);
    table_prepare(t, row, &p);
    if (begin(t, row, w) == CKR_OK)
        say(row, w, "Init, active already", w->init(t->op, &p.mechanism, key), "");
    if (row->kind != KIND_NONE) {
        wrong_init(t, row, w, "Init, no such key", &p.mechanism, NO_SUCH);
        wrong_init(t, row, w, "Init, another type of key", &p.mechanism,
                   table_other_kind(t, row, w->role, w->public));
        wrong_init(t, row, w, "Init, a key that is not for this", &p.mechanism,
                   table_other_role(t, row, w->role, w->public));
    }
    if (row->parameter == PARAMETER_NONE) {
        p.mechanism.pParameter = &p.space;
        p.mechanism.ulParameterLen = 5;
        wrong_init(t, row, w, "Init, a parameter that it does not have", &p.mechanism, key);
        return;
    }
    p.mechanism.ulParameterLen--;
    wrong_init(t, row, w, "Init, too short a parameter", &p.mechanism, key);
    p.mechanism.pParameter = NULL;
    p.mechanism.ulParameterLen = 0;
    wrong_init(t, row, w, "Init, no parameter", &p.mechanism, key);
}

/* All at once: asks for the length, gives too small a buffer, then does it (PKCS#11 v3.0 §5.2). LENGTH: the
 * size of OUT, and then of what was made. */
static CK_RV at_once(struct table *t, const struct row *row, const struct work *w, CK_BYTE *data, CK_ULONG n,
                     CK_BYTE *out, CK_ULONG *length)
{
    CK_ULONG asked = 0;
    CK_ULONG small = 1;
    CK_RV rv = begin(t, row, w);
    say(row, w, "Init", rv, "");
    if (rv != CKR_OK)
        return rv;
    rv = w->once(t->op, data, n, NULL, &asked);
    say_length(row, w, "at once, asking for the length", rv, asked);
    rv = w->once(t->op, data, n, out, &small);
    say_length(row, w, "at once, too small a buffer", rv, small);
    rv = w->once(t->op, data, n, out, length);
    say_length(row, w, "at once", rv, *length);
    CK_ULONG again = OUT;
    CK_BYTE other[OUT];
    say(row, w, "at once, a second time", w->once(t->op, data, n, other, &again), "");
    return rv;
}

static CK_RV part(struct table *t, const struct row *row, const struct work *w, const char *what,
                  CK_BYTE *data, CK_ULONG n, CK_BYTE *out, CK_ULONG *length)
{
    if (w->update == NULL) {
        CK_RV rv = w->update_silent(t->op, data, n);
        say(row, w, what, rv, "");
        return rv;
    }
    CK_ULONG room = OUT - *length;
    CK_RV rv = w->update(t->op, data, n, out + *length, &room);
    say_length(row, w, what, rv, room);
    if (rv == CKR_OK)
        *length += room;
    return rv;
}

/* In parts of 16 bytes, then 32, then the rest. */
static CK_RV in_parts(struct table *t, const struct row *row, const struct work *w, CK_BYTE *data, CK_ULONG n,
                      CK_BYTE *out, CK_ULONG *length)
{
    CK_RV rv = begin(t, row, w);
    *length = 0;
    if (rv != CKR_OK)
        return rv;
    CK_ULONG first = n < 16 ? n : 16;
    CK_ULONG second = n - first < 32 ? n - first : 32;
    rv = part(t, row, w, "the first part", data, first, out, length);
    if (rv == CKR_OK)
        rv = part(t, row, w, "the second part", data + first, second, out, length);
    if (rv == CKR_OK)
        rv = part(t, row, w, "the third part", data + first + second, n - first - second, out, length);
    if (rv != CKR_OK)
        return rv;
    CK_ULONG room = 0;
    say_length(row, w, "Final, asking for the length", w->final(t->op, NULL, &room), room);
    room = OUT - *length;
    rv = w->final(t->op, out + *length, &room);
    say_length(row, w, "Final", rv, room);
    *length += rv == CKR_OK ? room : 0;
    return rv;
}

static const char *same(const CK_BYTE *one, CK_ULONG one_length, const CK_BYTE *other, CK_ULONG other_length)
{
    return one_length == other_length && memcmp(one, other, one_length) == 0 ? "as it should be"
                                                                             : "something else";
}

void table_crypt(struct table *t, const struct row *row)
{
    struct work e = {
        "encrypt", ROLE_CRYPT,          true, t->f->C_EncryptInit, t->f->C_Encrypt, t->f->C_EncryptUpdate,
        NULL,      t->f->C_EncryptFinal};
    struct work d = {
        "decrypt", ROLE_CRYPT,          false, t->f->C_DecryptInit, t->f->C_Decrypt, t->f->C_DecryptUpdate,
        NULL,      t->f->C_DecryptFinal};
    CK_BYTE data[256] = {0};
    CK_BYTE sealed[OUT], out[OUT];
    CK_ULONG sealed_length = OUT;
    CK_ULONG length = OUT;

    /* Without padding, RSA takes numbers that are below the modulus. */
    memcpy(data + (row->type == CKM_RSA_X_509 ? 64 : 0), table_data, 64);
    CK_RV rv = at_once(t, row, &e, data, row->length, sealed, &sealed_length);
    if (rv == CKR_OK) {
        rv = at_once(t, row, &d, sealed, sealed_length, out, &length);
        if (rv == CKR_OK)
            say(row, &d, "what is decrypted", rv, same(out, length, data, row->length));
        CK_BYTE bad[OUT];
        memcpy(bad, sealed, sealed_length);
        bad[sealed_length - 1] ^= 1;
        length = OUT;
        if (row->parameter == PARAMETER_GCM && begin(t, row, &d) == CKR_OK)
            say(row, &d, "at once, damaged", t->f->C_Decrypt(t->op, bad, sealed_length, out, &length), "");
        length = OUT;
        if (begin(t, row, &d) == CKR_OK)
            say(row, &d, "at once, too short by a byte",
                t->f->C_Decrypt(t->op, bad, sealed_length - 1, out, &length), "");
        if (in_parts(t, row, &d, sealed, sealed_length, out, &length) == CKR_OK)
            say(row, &d, "what is decrypted in parts", CKR_OK, same(out, length, data, row->length));
    }
    if (in_parts(t, row, &e, data, row->length, out, &length) == CKR_OK && row->kind != KIND_RSA)
        say(row, &e, "what is encrypted in parts", CKR_OK, same(out, length, sealed, sealed_length));
    length = OUT;
    if (begin(t, row, &e) == CKR_OK)
        say(row, &e, "at once, too long by a byte",
            t->f->C_Encrypt(t->op, table_data, row->length == 256 ? 255 : row->length + 1, out, &length), "");
    wrong_inits(t, row, &e);
    wrong_inits(t, row, &d);
}

static void verify(struct table *t, const struct row *row, const struct work *v, CK_BYTE *data,
                   CK_BYTE *signature, CK_ULONG length)
{
    CK_RV rv = begin(t, row, v);
    say(row, v, "Init", rv, "");
    if (rv != CKR_OK)
        return;
    say(row, v, "at once", t->f->C_Verify(t->op, data, row->length, signature, length), "");
    say(row, v, "at once, a second time", t->f->C_Verify(t->op, data, row->length, signature, length), "");
    if (begin(t, row, v) == CKR_OK)
        say(row, v, "too short a signature", t->f->C_Verify(t->op, data, row->length, signature, length - 1),
            "");
    signature[length - 1] ^= 1;
    if (begin(t, row, v) == CKR_OK)
        say(row, v, "a wrong signature", t->f->C_Verify(t->op, data, row->length, signature, length), "");
    signature[length - 1] ^= 1;
    if (begin(t, row, v) != CKR_OK)
        return;
    rv = t->f->C_VerifyUpdate(t->op, data, 16);
    say(row, v, "the first part", rv, "");
    if (rv != CKR_OK)
        return;
    say(row, v, "the second part", t->f->C_VerifyUpdate(t->op, data + 16, row->length - 16), "");
    say(row, v, "Final", t->f->C_VerifyFinal(t->op, signature, length), "");
}

void table_sign(struct table *t, const struct row *row)
{
    struct work s = {
        "sign",           ROLE_SIGN, false, t->f->C_SignInit, t->f->C_Sign, NULL, t->f->C_SignUpdate,
        t->f->C_SignFinal};
    struct work v = {"verify", ROLE_SIGN, true, t->f->C_VerifyInit, NULL, NULL, NULL, NULL};
    CK_BYTE data[256] = {0};
    CK_BYTE signature[OUT], out[OUT];
    CK_ULONG length = OUT;
    CK_ULONG parts = 0;

    memcpy(data + (row->type == CKM_RSA_X_509 ? 64 : 0), table_data, 64);
    if (at_once(t, row, &s, data, row->length, signature, &length) == CKR_OK)
        verify(t, row, &v, data, signature, length);
    if (in_parts(t, row, &s, data, row->length, out, &parts) == CKR_OK) {
        CK_RV rv = begin(t, row, &v);
        if (rv == CKR_OK)
            rv = t->f->C_Verify(t->op, data, row->length, out, parts);
        say(row, &s, "what is signed in parts is verified", rv, "");
    }
    length = OUT;
    if (row->length < 64 && begin(t, row, &s) == CKR_OK)
        say(row, &s, "at once, data of 200 bytes", t->f->C_Sign(t->op, table_data, 200, out, &length), "");
    wrong_inits(t, row, &s);
    wrong_inits(t, row, &v);
}

static CK_FUNCTION_LIST *digests;
static CK_RV digest_init(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    (void)key;
    return digests->C_DigestInit(session, mechanism);
}

void table_digest(struct table *t, const struct row *row)
{
    struct work d = {
        "digest",           ROLE_SIGN, false, digest_init, t->f->C_Digest, NULL, t->f->C_DigestUpdate,
        t->f->C_DigestFinal};
    CK_BYTE digest[OUT], out[OUT];
    CK_ULONG length = OUT;
    CK_ULONG parts = 0;
    char text[40] = "";

    digests = t->f;
    if (at_once(t, row, &d, table_data, row->length, digest, &length) == CKR_OK) {
        for (size_t i = 0; i < 8; i++)
            (void)snprintf(text + 2 * i, 3, "%02x", digest[i]);
        say(row, &d, "the digest begins with", CKR_OK, text);
    }
    if (in_parts(t, row, &d, table_data, row->length, out, &parts) == CKR_OK)
        say(row, &d, "the digest in parts", CKR_OK, same(out, parts, digest, length));
    if (begin(t, row, &d) == CKR_OK)
        say(row, &d, "C_DigestKey, a sensitive key",
            t->f->C_DigestKey(t->op, table_key(t, KIND_AES, ROLE_CRYPT)->private), "");
    if (begin(t, row, &d) == CKR_OK)
        say(row, &d, "C_DigestKey, no such key", t->f->C_DigestKey(t->op, NO_SUCH), "");
    wrong_inits(t, row, &d);
}
