/* SPDX-License-Identifier: Apache-2.0 */
/* Replaces a secret key of the raw token by one whose value the test knows.
 * usage: replace-key LABEL root|hs512|kek FILE, with TOKEN_MODULE, TOKEN_LABEL and TOKEN_PIN_FILE in the
 * environment */
#include "cryptoki/find.h"
#include "cryptoki/module.h"
#include "cryptoki/names.h"
#include "cryptoki/pin.h"
#include "cryptoki/token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VALUE_MAX 64

static CK_RV open_token(struct sr_module *m, CK_SESSION_HANDLE *session, struct sr_why *why)
{
    CK_SLOT_ID slot;
    CK_TOKEN_INFO info;
    struct sr_pin *pin = sr_pin_read(getenv("TOKEN_PIN_FILE"), why);
    CK_RV rv = pin != NULL ? sr_module_open(m, getenv("TOKEN_MODULE"), NULL, SR_LOCKS_MODULE, why)
                           : CKR_GENERAL_ERROR;
    if (rv == CKR_OK)
        rv = sr_token_find(m->f, sr_token_labelled, getenv("TOKEN_LABEL"), true, &slot, &info);
    if (rv == CKR_OK)
        rv = m->f->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, session);
    if (rv == CKR_OK)
        rv = m->f->C_Login(*session, CKU_USER, (CK_UTF8CHAR *)pin->value, pin->length);
    sr_pin_free(pin);
    return rv;
}

static CK_RV destroy_old(CK_FUNCTION_LIST *f, CK_SESSION_HANDLE session, const char *label)
{
    CK_ATTRIBUTE wanted = {CKA_LABEL, (void *)label, strlen(label)};
    CK_OBJECT_HANDLE *found;
    size_t count;
    CK_RV rv = sr_find(f, session, &wanted, 1, &found, &count);
    if (rv == CKR_OK)
        rv = count == 1 ? f->C_DestroyObject(session, found[0]) : CKR_OBJECT_HANDLE_INVALID;
    free(found);
    return rv;
}

/* What the jobs' keys are: a session family's root and its key for HS512, another family's KEK. */
static const struct kind {
    const char *name;
    CK_KEY_TYPE type;
    CK_ATTRIBUTE_TYPE usage;
    CK_ATTRIBUTE_TYPE usage_too;
} kinds[] = {
    {"root", CKK_AES, CKA_DERIVE, CKA_DERIVE},
    {"hs512", CKK_GENERIC_SECRET, CKA_SIGN, CKA_VERIFY},
    {"kek", CKK_AES, CKA_WRAP, CKA_UNWRAP},
};

static const struct kind *kind_named(const char *name)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}

static CK_RV create_new(CK_FUNCTION_LIST *f, CK_SESSION_HANDLE session, const char *label,
                        const struct kind *kind, CK_BYTE *value, size_t size)
{
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = kind->type;
    CK_BBOOL yes = CK_TRUE;
    CK_BBOOL no = CK_FALSE;
    CK_OBJECT_HANDLE key;
    CK_ATTRIBUTE a[] = {{CKA_CLASS, &class, sizeof(class)},
                        {CKA_KEY_TYPE, &type, sizeof(type)},
                        {CKA_LABEL, (void *)label, strlen(label)},
                        {CKA_VALUE, value, size},
                        {CKA_TOKEN, &yes, sizeof(yes)},
                        {CKA_PRIVATE, &yes, sizeof(yes)},
                        {CKA_SENSITIVE, &yes, sizeof(yes)},
                        {CKA_EXTRACTABLE, &no, sizeof(no)},
                        {kind->usage, &yes, sizeof(yes)},
                        {kind->usage_too, &yes, sizeof(yes)}};
    size_t n = sizeof(a) / sizeof(a[0]) - (kind->usage_too == kind->usage);
    return f->C_CreateObject(session, a, n, &key);
}

int main(int argc, char **argv)
{
    struct sr_module m = {0};
    struct sr_why why = {""};
    CK_SESSION_HANDLE session;
    CK_BYTE value[VALUE_MAX];

    const struct kind *kind = argc == 4 ? kind_named(argv[2]) : NULL;
    if (kind == NULL) {
        (void)fputs("usage: replace-key LABEL root|hs512|kek FILE\n", stderr);
        return 2;
    }
    FILE *file = fopen(argv[3], "rb");
    size_t size = file != NULL ? fread(value, 1, sizeof(value), file) : 0;
    if (file != NULL)
        (void)fclose(file);
    CK_RV rv = size > 0 ? open_token(&m, &session, &why) : CKR_ARGUMENTS_BAD;
    if (rv == CKR_OK)
        rv = destroy_old(m.f, session, argv[1]);
    if (rv == CKR_OK)
        rv = create_new(m.f, session, argv[1], kind, value, size);
    if (rv != CKR_OK)
        (void)fprintf(stderr, "%s: %s %s\n", argv[1], sr_rv_name(rv), why.text);
    sr_module_close(&m);
    return rv == CKR_OK ? 0 : 1;
}
