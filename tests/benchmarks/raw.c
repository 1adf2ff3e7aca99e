/* SPDX-License-Identifier: Apache-2.0 */
#include "raw.h"

#include "cryptoki/names.h"
#include "cryptoki/pin.h"
#include "cryptoki/token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool bench_fine(CK_RV rv, const char *what)
{
    if (rv != CKR_OK)
        (void)fprintf(stderr, "%s: %s\n", what, sr_rv_name(rv));
    return rv == CKR_OK;
}

static bool open_session(const struct bench_raw *raw, CK_FLAGS flags, CK_SESSION_HANDLE *session)
{
    return bench_fine(
        raw->module.f->C_OpenSession(raw->slot, CKF_SERIAL_SESSION | flags, NULL, NULL, session),
        "C_OpenSession");
}

bool bench_raw_session(const struct bench_raw *raw, CK_SESSION_HANDLE *session)
{
    return open_session(raw, 0, session);
}

static bool log_in(const struct bench_raw *raw, const struct sr_pin *pin)
{
    return bench_fine(raw->module.f->C_Login(raw->session, CKU_USER, (CK_UTF8CHAR *)pin->value, pin->length),
                      "C_Login");
}

bool bench_raw_open(struct bench_raw *raw)
{
    struct sr_why why = {""};
    CK_TOKEN_INFO info;
    const char *pin_file = getenv("TOKEN_PIN_FILE");
    bool logs_in = pin_file != NULL && *pin_file != '\0';
    struct sr_pin *pin = logs_in ? sr_pin_read(pin_file, &why) : NULL;
    bool ok = (!logs_in || pin != NULL) &&
              sr_module_open(&raw->module, getenv("TOKEN_MODULE"), NULL, SR_LOCKS_MODULE, &why) == CKR_OK;
    if (!ok)
        (void)fprintf(stderr, "%s\n", why.text);
    ok = ok &&
         bench_fine(
             sr_token_find(raw->module.f, sr_token_labelled, getenv("TOKEN_LABEL"), true, &raw->slot, &info),
             "the token") &&
         open_session(raw, CKF_RW_SESSION, &raw->session) && (!logs_in || log_in(raw, pin));
    sr_pin_free(pin);
    return ok;
}

bool bench_raw_key(const struct bench_raw *raw, CK_MECHANISM_TYPE generate, CK_ULONG size, const char *label,
                   CK_ATTRIBUTE_TYPE one, CK_ATTRIBUTE_TYPE other, CK_OBJECT_HANDLE *key)
{
    CK_MECHANISM mechanism = {generate, NULL, 0};
    CK_BBOOL yes = CK_TRUE;
    CK_BBOOL token = label != NULL ? CK_TRUE : CK_FALSE;
    const char *name = label != NULL ? label : "bench";
    CK_ATTRIBUTE a[] = {{CKA_VALUE_LEN, &size, sizeof(size)},
                        {CKA_LABEL, (void *)name, strlen(name)},
                        {CKA_TOKEN, &token, sizeof(token)},
                        {CKA_PRIVATE, &yes, sizeof(yes)},
                        {one, &yes, sizeof(yes)},
                        {other, &yes, sizeof(yes)}};
    return bench_fine(
        raw->module.f->C_GenerateKey(raw->session, &mechanism, a, sizeof(a) / sizeof(a[0]), key),
        "C_GenerateKey");
}
