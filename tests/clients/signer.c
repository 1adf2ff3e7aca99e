/* SPDX-License-Identifier: Apache-2.0 */
#include "signer.h"
#include "cryptoki/attributes.h"
#include "cryptoki/find.h"
#include "cryptoki/names.h"
#include "cryptoki/pin.h"
#include "cryptoki/token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_labelled(const CK_TOKEN_INFO *info, CK_SLOT_ID slot, const void *arg)
{
    char label[sizeof(info->label) + 1];
    (void)slot;
    sr_unpad(info->label, sizeof(info->label), label, sizeof(label));
    return strcmp(label, arg) == 0;
}

static CK_RV said(const char *what, CK_RV rv)
{
    if (rv != CKR_OK)
        fprintf(stderr, "%s: %s\n", what, sr_rv_name(rv));
    return rv;
}

CK_RV signer_find(struct signer *s, const char *label)
{
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_ATTRIBUTE wanted[] = {{CKA_CLASS, &class, sizeof(class)}, {CKA_LABEL, (void *)label, strlen(label)}};
    CK_OBJECT_HANDLE *found;
    size_t count;
    CK_RV rv = sr_find(s->module.f, s->session, wanted, 2, &found, &count);

    if (rv == CKR_OK && count != 1)
        rv = CKR_KEY_HANDLE_INVALID;
    if (rv == CKR_OK) {
        CK_ATTRIBUTE type = {CKA_KEY_TYPE, NULL, 0};
        s->key = found[0];
        rv = sr_attributes_read(s->module.f, s->session, s->key, &type, 1);
        s->type = sr_attribute_ulong(&type, 0);
        sr_attributes_free(&type, 1);
    }
    free(found);
    return rv;
}

CK_RV signer_open(struct signer *s, const char *label)
{
    const char *path = getenv("STRONGROOM_MODULE");
    const char *token = getenv("TOKEN_LABEL");
    struct sr_why why = {""};
    CK_TOKEN_INFO info;

    memset(s, 0, sizeof(*s));
    if (path == NULL || token == NULL)
        return said("STRONGROOM_MODULE or TOKEN_LABEL is not set", CKR_ARGUMENTS_BAD);
    CK_RV rv = said(path, sr_module_open(&s->module, path, NULL, SR_LOCKS_MODULE, &why));
    if (rv != CKR_OK) {
        fprintf(stderr, "%s\n", why.text);
        return rv;
    }
    rv = said("looking for the token", sr_token_find(s->module.f, is_labelled, token, true, &s->slot, &info));
    if (rv != CKR_OK)
        return rv;
    rv = s->module.f->C_OpenSession(s->slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &s->session);
    if (said("C_OpenSession", rv) != CKR_OK || label == NULL)
        return rv;
    return said("looking for the key", signer_find(s, label));
}

CK_RV signer_log_in(struct signer *s)
{
    const char *file = getenv("TOKEN_PIN_FILE");
    struct sr_pin *pin = file != NULL ? sr_pin_read(file, NULL) : NULL;
    CK_RV rv = CKR_PIN_INCORRECT;
    if (pin != NULL)
        rv = s->module.f->C_Login(s->session, CKU_USER, (CK_UTF8CHAR *)pin->value, pin->length);
    sr_pin_free(pin);
    return said("C_Login", rv);
}

void signer_close(struct signer *s)
{
    sr_module_close(&s->module);
}

CK_RV signer_sign(struct signer *s)
{
    unsigned char data[32] = "a digest, as good as any other";
    unsigned char signature[1024];
    CK_ULONG length = sizeof(signature);
    CK_MECHANISM mechanism = {s->type == CKK_EC    ? CKM_ECDSA
                              : s->type == CKK_RSA ? CKM_RSA_PKCS
                                                   : CKM_EDDSA,
                              NULL, 0};
    CK_RV rv = s->module.f->C_SignInit(s->session, &mechanism, s->key);
    return rv == CKR_OK ? s->module.f->C_Sign(s->session, data, sizeof(data), signature, &length) : rv;
}
