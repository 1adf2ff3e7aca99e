/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that make, copy, change, wrap, unwrap and derive objects, good and bad ones, and what each of them
 * returned, one a line: to be compared with what another module returns.
 * usage: conformance-objects [log-in]: the token itself wants a login. */
#include "attacker.h"
#include "cryptoki/names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define END 0UL
#define NO_SUCH 987654321UL
#define UNKNOWN 0x7654321UL

static CK_RV said(const char *what, CK_RV rv)
{
    printf("%s: %s\n", what, sr_rv_name(rv));
    return rv;
}

static void said_number(const char *what, CK_ULONG n)
{
    printf("  %s: %ld\n", what, (long)n);
}

static struct template data_object(const char *label)
{
    struct template t = {.n = 0};
    put_ulong(&t, CKA_CLASS, CKO_DATA);
    put_bytes(&t, CKA_LABEL, label, strlen(label));
    put_bytes(&t, CKA_VALUE, "some bytes", 10);
    return t;
}

static struct template label_of(const char *label)
{
    struct template t = {.n = 0};
    put_bytes(&t, CKA_LABEL, label, strlen(label));
    return t;
}

static struct template one_bool(CK_ATTRIBUTE_TYPE type, bool value)
{
    struct template t = {.n = 0};
    put_bool(&t, type, value);
    return t;
}

static CK_RV create(struct signer *s, struct template t, CK_OBJECT_HANDLE *made)
{
    return s->module.f->C_CreateObject(s->session, t.a, t.n, made);
}

static CK_RV change(struct signer *s, CK_OBJECT_HANDLE object, struct template t)
{
    return s->module.f->C_SetAttributeValue(s->session, object, t.a, t.n);
}

static CK_RV copy(struct signer *s, CK_OBJECT_HANDLE object, struct template t, CK_OBJECT_HANDLE *made)
{
    return s->module.f->C_CopyObject(s->session, object, t.a, t.n, made);
}

static CK_ULONG found(struct signer *s, const char *label)
{
    struct template t = label_of(label);
    CK_OBJECT_HANDLE handles[8];
    CK_ULONG n = 0;
    if (s->module.f->C_FindObjectsInit(s->session, t.a, t.n) != CKR_OK)
        return NO_SUCH;
    if (s->module.f->C_FindObjects(s->session, handles, 8, &n) != CKR_OK)
        n = NO_SUCH;
    (void)s->module.f->C_FindObjectsFinal(s->session);
    return n;
}

static void read_label(struct signer *s, CK_OBJECT_HANDLE object)
{
    char label[64] = "";
    CK_ATTRIBUTE a = {CKA_LABEL, label, sizeof(label) - 1};
    said("  C_GetAttributeValue", s->module.f->C_GetAttributeValue(s->session, object, &a, 1));
    printf("  its label: %s\n", label);
}

static void data_objects(struct signer *s)
{
    CK_OBJECT_HANDLE object = 0;
    CK_OBJECT_HANDLE other = 0;
    CK_OBJECT_HANDLE none = 0;
    CK_ULONG size = 0;
    struct template t = data_object("co-data");

    said("C_CreateObject, data", create(s, t, &object));
    said_number("objects of that label", found(s, "co-data"));
    said("C_GetObjectSize", s->module.f->C_GetObjectSize(s->session, object, &size));
    said_number("size", size);
    said("C_SetAttributeValue, another label", change(s, object, label_of("co-other")));
    read_label(s, object);
    said_number("objects of the old label", found(s, "co-data"));
    said_number("objects of the new label", found(s, "co-other"));
    said("C_SetAttributeValue, another class", change(s, object, data_object("co-data")));
    said("C_SetAttributeValue, an unknown attribute", change(s, object, one_bool(UNKNOWN, true)));
    said("C_SetAttributeValue, no such object", change(s, NO_SUCH, label_of("x")));
    said("C_CopyObject", copy(s, object, label_of("co-copy"), &other));
    read_label(s, other);
    said("C_CopyObject, no such object", copy(s, NO_SUCH, label_of("x"), &none));
    said("C_DestroyObject", s->module.f->C_DestroyObject(s->session, object));
    said("C_DestroyObject, again", s->module.f->C_DestroyObject(s->session, object));
    said("C_GetObjectSize of what is gone", s->module.f->C_GetObjectSize(s->session, object, &size));
    said("C_SetAttributeValue of what is gone", change(s, object, label_of("x")));
    read_label(s, other);

    put_bool(&t, CKA_TOKEN, true);
    said("C_CreateObject, data on the token", create(s, t, &object));
    said("C_SetAttributeValue, another label", change(s, object, label_of("co-token")));
    read_label(s, object);
    said_number("objects of the new label", found(s, "co-token"));
    said("C_DestroyObject", s->module.f->C_DestroyObject(s->session, object));
    said_number("objects of the new label", found(s, "co-token"));
}

static void bad_objects(struct signer *s)
{
    CK_OBJECT_HANDLE object = 0;
    CK_BYTE two[2] = {1, 1};
    struct template t = label_of("no class");

    said("C_CreateObject without a class", create(s, t, &object));
    said("C_CreateObject, no template", s->module.f->C_CreateObject(s->session, NULL, 0, &object));
    said("C_CreateObject, no room for the handle", s->module.f->C_CreateObject(s->session, t.a, t.n, NULL));
    t = data_object("x");
    put_bytes(&t, CKA_TOKEN, two, sizeof(two));
    said("C_CreateObject, a boolean of two bytes", create(s, t, &object));
    t = data_object("x");
    put_bool(&t, CKA_MODULUS, true);
    said("C_CreateObject, data with a modulus", create(s, t, &object));
    said("C_CreateObject, no such session", s->module.f->C_CreateObject(NO_SUCH, t.a, t.n, &object));
}

static void read_only(struct signer *s)
{
    CK_FUNCTION_LIST *f = s->module.f;
    CK_SESSION_HANDLE session;
    CK_SESSION_HANDLE own = s->session;
    CK_OBJECT_HANDLE object = 0;
    CK_OBJECT_HANDLE other = 0;
    struct template t = data_object("co-read-only");
    struct template key = secret(CKK_AES, 32, "co-read-only", true, false, CKA_ENCRYPT, END);

    put_bool(&t, CKA_TOKEN, true);
    put_bool(&key, CKA_TOKEN, true);
    said("C_CreateObject, on the token", create(s, t, &object));
    said("C_OpenSession, read only", f->C_OpenSession(s->slot, CKF_SERIAL_SESSION, NULL, NULL, &session));
    s->session = session;
    said("C_CreateObject, on the token", create(s, t, &other));
    said("C_GenerateKey, on the token", generate_aes(s, &key, &other));
    said("C_SetAttributeValue of a token object", change(s, object, label_of("x")));
    said("C_CopyObject of a token object", copy(s, object, label_of("x"), &other));
    said("C_CopyObject of a token object, into the session",
         copy(s, object, one_bool(CKA_TOKEN, false), &other));
    said("C_DestroyObject of a token object", f->C_DestroyObject(session, object));
    said("C_CreateObject, in the session", create(s, data_object("co-session"), &other));
    said_number("objects of that label", found(s, "co-session"));
    said("C_CloseSession", f->C_CloseSession(session));
    s->session = own;
    said_number("objects of that label afterwards", found(s, "co-session"));
    said("C_SetAttributeValue of what went with the session", change(s, other, label_of("x")));
    said("C_DestroyObject", f->C_DestroyObject(own, object));
}

static void keys(struct signer *s)
{
    CK_FUNCTION_LIST *f = s->module.f;
    CK_MECHANISM generic = {CKM_GENERIC_SECRET_KEY_GEN, NULL, 0};
    CK_MECHANISM unknown = {CKM_VENDOR_DEFINED | 77, NULL, 0};
    struct template t = secret(CKK_AES, 32, "co-key", true, false, CKA_ENCRYPT, CKA_DECRYPT, END);
    struct template g = secret(CKK_GENERIC_SECRET, 32, "co-key", true, false, CKA_SIGN, CKA_VERIFY, END);
    struct template w = secret(CKK_AES, 0, "co-key", true, false, CKA_ENCRYPT, END);
    CK_OBJECT_HANDLE key = 0;
    CK_OBJECT_HANDLE other = 0;

    said("C_GenerateKey, AES", generate_aes(s, &t, &key));
    said_number("extractable", has(s, key, CKA_EXTRACTABLE));
    said_number("always sensitive", has(s, key, CKA_ALWAYS_SENSITIVE));
    said_number("never extractable", has(s, key, CKA_NEVER_EXTRACTABLE));
    said_number("local", has(s, key, CKA_LOCAL));
    said_number("encrypts", has(s, key, CKA_ENCRYPT));
    said_number("signs", has(s, key, CKA_SIGN));
    said("C_GenerateKey, generic", f->C_GenerateKey(s->session, &generic, g.a, g.n, &other));
    said("C_GenerateKey without a length", generate_aes(s, &w, &other));
    put_ulong(&w, CKA_VALUE_LEN, 1);
    said("C_GenerateKey, AES of one byte", generate_aes(s, &w, &other));
    said("C_GenerateKey, AES as a generic key", generate_aes(s, &g, &other));
    said("C_GenerateKey, an unknown mechanism", f->C_GenerateKey(s->session, &unknown, t.a, t.n, &other));
    said("C_GenerateKey, no mechanism", f->C_GenerateKey(s->session, NULL, t.a, t.n, &other));
    put_bool(&t, CKA_LOCAL, true);
    said("C_GenerateKey that claims to be local", generate_aes(s, &t, &other));
    said("C_SetAttributeValue, another label", change(s, key, label_of("co-renamed")));
    said_number("keys of the new label", found(s, "co-renamed"));
    said("C_SetAttributeValue, one use less", change(s, key, one_bool(CKA_DECRYPT, false)));
    said_number("decrypts", has(s, key, CKA_DECRYPT));
    said("C_CopyObject", copy(s, key, label_of("co-copy"), &other));
    said_number("local", has(s, other, CKA_LOCAL));
    said_number("sensitive", has(s, other, CKA_SENSITIVE));
    said("C_DestroyObject", f->C_DestroyObject(s->session, key));
    said_number("the copy is still sensitive", has(s, other, CKA_SENSITIVE));
    t = secret(CKK_AES, 32, "co-fixed", true, false, CKA_ENCRYPT, END);
    put_bool(&t, CKA_MODIFIABLE, false);
    put_bool(&t, CKA_COPYABLE, false);
    said("C_GenerateKey, not to be changed", generate_aes(s, &t, &key));
    said("C_SetAttributeValue", change(s, key, label_of("x")));
    said("C_CopyObject", copy(s, key, label_of("x"), &other));
    t = secret(CKK_AES, 32, "co-strong", true, true, CKA_ENCRYPT, END);
    said("C_GenerateKey, extractable", generate_aes(s, &t, &key));
    said("C_SetAttributeValue, not extractable", change(s, key, one_bool(CKA_EXTRACTABLE, false)));
    said_number("extractable", has(s, key, CKA_EXTRACTABLE));
    said("C_SetAttributeValue, extractable again", change(s, key, one_bool(CKA_EXTRACTABLE, true)));
    said("C_SetAttributeValue, not sensitive", change(s, key, one_bool(CKA_SENSITIVE, false)));
}

static void wrapping(struct signer *s)
{
    CK_FUNCTION_LIST *f = s->module.f;
    CK_MECHANISM kwp = {CKM_AES_KEY_WRAP_PAD, NULL, 0};
    CK_MECHANISM sign = {CKM_SHA256_HMAC, NULL, 0};
    struct template kek = secret(CKK_AES, 32, "co-kek", true, false, CKA_WRAP, CKA_UNWRAP, END);
    struct template out = secret(CKK_AES, 32, "co-out", true, true, CKA_ENCRYPT, END);
    struct template stays = secret(CKK_AES, 32, "co-stays", true, false, CKA_ENCRYPT, END);
    struct template in = secret(CKK_AES, 0, "co-in", true, false, CKA_ENCRYPT, END);
    struct template no_class = label_of("x");
    CK_OBJECT_HANDLE with = 0;
    CK_OBJECT_HANDLE key = 0;
    CK_OBJECT_HANDLE fixed = 0;
    CK_OBJECT_HANDLE again = 0;
    struct wrapped blob;
    CK_ULONG n = 0;
    CK_BYTE little[4];

    said("a wrapping key", generate_aes(s, &kek, &with));
    said("a key", generate_aes(s, &out, &key));
    said("a key that stays", generate_aes(s, &stays, &fixed));
    said("C_WrapKey, how long", f->C_WrapKey(s->session, &kwp, with, key, NULL, &n));
    said_number("length", n);
    n = sizeof(little);
    said("C_WrapKey, a short buffer", f->C_WrapKey(s->session, &kwp, with, key, little, &n));
    said_number("length", n);
    said("C_WrapKey", wrap(s, &kwp, with, key, &blob));
    said_number("length", blob.length);
    said("C_WrapKey of a key that stays", f->C_WrapKey(s->session, &kwp, with, fixed, NULL, &n));
    said("C_WrapKey with a key that does not", f->C_WrapKey(s->session, &kwp, key, key, NULL, &n));
    said("C_WrapKey with no such key", f->C_WrapKey(s->session, &kwp, NO_SUCH, key, NULL, &n));
    said("C_WrapKey of no such key", f->C_WrapKey(s->session, &kwp, with, NO_SUCH, NULL, &n));
    said("C_WrapKey with a mechanism that does not", f->C_WrapKey(s->session, &sign, with, key, NULL, &n));
    said("C_UnwrapKey", unwrap(s, &kwp, with, &blob, &in, &again));
    said_number("local", has(s, again, CKA_LOCAL));
    said_number("always sensitive", has(s, again, CKA_ALWAYS_SENSITIVE));
    said_number("never extractable", has(s, again, CKA_NEVER_EXTRACTABLE));
    said_number("encrypts", has(s, again, CKA_ENCRYPT));
    said("C_UnwrapKey without a class", unwrap(s, &kwp, with, &blob, &no_class, &again));
    said("C_UnwrapKey with a key that does not", unwrap(s, &kwp, key, &blob, &in, &again));
    said("C_UnwrapKey with no such key", unwrap(s, &kwp, NO_SUCH, &blob, &in, &again));
    blob.length -= 8;
    said("C_UnwrapKey of a part", unwrap(s, &kwp, with, &blob, &in, &again));
}

/* A template that is an attribute: how many are in it, how long they are, what they are (§5.7.5). */
static void nested(struct signer *s)
{
    CK_FUNCTION_LIST *f = s->module.f;
    CK_MECHANISM kwp = {CKM_AES_KEY_WRAP_PAD, NULL, 0};
    struct template inner = {.n = 0};
    struct template kek = secret(CKK_AES, 32, "co-kek", true, false, CKA_WRAP, CKA_UNWRAP, END);
    struct template out = secret(CKK_AES, 32, "co-out", true, true, CKA_ENCRYPT, END);
    struct template plain = secret(CKK_AES, 32, "co-plain", true, false, CKA_ENCRYPT, END);
    CK_ATTRIBUTE read[8] = {{0}};
    CK_ATTRIBUTE a = {CKA_WRAP_TEMPLATE, NULL, 0};
    CK_BYTE values[8][64] = {{0}};
    CK_OBJECT_HANDLE with = 0;
    CK_OBJECT_HANDLE key = 0;
    CK_ULONG n = 0;

    put_bool(&inner, CKA_ENCRYPT, false);
    put_bytes(&inner, CKA_LABEL, "co-inner", 8);
    put_bytes(&kek, CKA_WRAP_TEMPLATE, inner.a, inner.n * sizeof(CK_ATTRIBUTE));
    said("a key with a CKA_WRAP_TEMPLATE", generate_aes(s, &kek, &with));
    said("its length", f->C_GetAttributeValue(s->session, with, &a, 1));
    said_number("attributes", a.ulValueLen / sizeof(CK_ATTRIBUTE));
    a.pValue = read;
    said("their lengths", f->C_GetAttributeValue(s->session, with, &a, 1));
    for (CK_ULONG i = 0; i < 2; i++) {
        printf("  attribute 0x%lx, %ld bytes\n", read[i].type, (long)read[i].ulValueLen);
        read[i].pValue = values[i];
        read[i].ulValueLen = sizeof(values[i]);
    }
    said("their values", f->C_GetAttributeValue(s->session, with, &a, 1));
    for (CK_ULONG i = 0; i < 2; i++)
        printf("  attribute 0x%lx, %ld bytes, beginning with 0x%02x\n", read[i].type,
               (long)read[i].ulValueLen, values[i][0]);
    said("a key that does not match it", generate_aes(s, &out, &key));
    said("C_WrapKey", f->C_WrapKey(s->session, &kwp, with, key, NULL, &n));
    said("a key without one", generate_aes(s, &plain, &key));
    a = (CK_ATTRIBUTE){CKA_WRAP_TEMPLATE, NULL, 0};
    said("C_GetAttributeValue", f->C_GetAttributeValue(s->session, key, &a, 1));
    said_number("length", a.ulValueLen);
}

static void deriving(struct signer *s)
{
    CK_BYTE bytes[32] = "thirty-two bytes of a context...";
    CK_AES_CBC_ENCRYPT_DATA_PARAMS p = {.pData = bytes, .length = sizeof(bytes)};
    CK_MECHANISM cbc = {CKM_AES_CBC_ENCRYPT_DATA, &p, sizeof(p)};
    CK_MECHANISM bare = {CKM_AES_CBC_ENCRYPT_DATA, NULL, 0};
    struct template base = secret(CKK_AES, 32, "co-root", true, false, CKA_DERIVE, END);
    struct template other = secret(CKK_AES, 32, "co-other", true, false, CKA_ENCRYPT, END);
    struct template child = secret(CKK_GENERIC_SECRET, 32, "co-child", true, false, CKA_SIGN, END);
    CK_FUNCTION_LIST *f = s->module.f;
    CK_OBJECT_HANDLE root = 0;
    CK_OBJECT_HANDLE key = 0;
    CK_OBJECT_HANDLE first = 0;
    CK_OBJECT_HANDLE second = 0;

    said("a root", generate_aes(s, &base, &root));
    said("another key", generate_aes(s, &other, &key));
    said("C_DeriveKey", f->C_DeriveKey(s->session, &cbc, root, child.a, child.n, &first));
    said_number("local", has(s, first, CKA_LOCAL));
    said_number("always sensitive", has(s, first, CKA_ALWAYS_SENSITIVE));
    said_number("signs", has(s, first, CKA_SIGN));
    said("C_DeriveKey, again", f->C_DeriveKey(s->session, &cbc, root, child.a, child.n, &second));
    said_number("keys of that label", found(s, "co-child"));
    said("C_DeriveKey from a key that does not",
         f->C_DeriveKey(s->session, &cbc, key, child.a, child.n, &second));
    said("C_DeriveKey from no such key",
         f->C_DeriveKey(s->session, &cbc, NO_SUCH, child.a, child.n, &second));
    said("C_DeriveKey without a parameter",
         f->C_DeriveKey(s->session, &bare, root, child.a, child.n, &second));
    said("C_DeriveKey without a mechanism",
         f->C_DeriveKey(s->session, NULL, root, child.a, child.n, &second));
}

/* The last one: private session objects end with the login. */
static void logged_out(struct signer *s)
{
    CK_FUNCTION_LIST *f = s->module.f;
    struct template key = secret(CKK_AES, 32, "co-private", true, false, CKA_ENCRYPT, END);
    struct template public = data_object("co-public");
    struct template private = data_object("co-private");
    CK_OBJECT_HANDLE of_key = 0;
    CK_OBJECT_HANDLE of_public = 0;
    CK_OBJECT_HANDLE of_private = 0;
    CK_OBJECT_HANDLE none = 0;

    put_bool(&public, CKA_PRIVATE, false);
    put_bool(&private, CKA_PRIVATE, true);
    said("a key", generate_aes(s, &key, &of_key));
    said("a public object", create(s, public, &of_public));
    said("a private object", create(s, private, &of_private));
    said("C_Logout", f->C_Logout(s->session));
    said_number("private objects", found(s, "co-private"));
    said_number("public objects", found(s, "co-public"));
    said("C_DestroyObject of the key", f->C_DestroyObject(s->session, of_key));
    said("C_DestroyObject of the private object", f->C_DestroyObject(s->session, of_private));
    said("C_GenerateKey", generate_aes(s, &key, &none));
    said("C_CreateObject, private", create(s, private, &none));
    said("C_CreateObject, public", create(s, public, &none));
    said("C_DestroyObject of the public object", f->C_DestroyObject(s->session, of_public));
}

int main(int argc, char **argv)
{
    bool log_in = argc == 2 && strcmp(argv[1], "log-in") == 0;
    struct signer s = {0};

    if (signer_open(&s, NULL) != CKR_OK || (log_in && signer_log_in(&s) != CKR_OK)) {
        signer_close(&s);
        return 1;
    }
    data_objects(&s);
    bad_objects(&s);
    read_only(&s);
    keys(&s);
    wrapping(&s);
    nested(&s);
    deriving(&s);
    logged_out(&s);
    signer_close(&s);
    return 0;
}
