/* SPDX-License-Identifier: Apache-2.0 */
/* Prints the conformance table of the module STRONGROOM_MODULE with the token TOKEN_LABEL. */
#include "table.h"
#include "cryptoki/names.h"
#include "cryptoki/pin.h"

#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void table_line(const char *subject, const char *what, CK_RV rv)
{
    printf("%s\t%s\t%s\n", subject, what, sr_rv_name(rv));
}

void table_say(const char *subject, const char *what, CK_RV rv, const char *format, ...)
{
    va_list arguments;
    printf("%s\t%s\t%s ", subject, what, sr_rv_name(rv));
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
}

void table_fresh(struct table *t)
{
    if (t->op != CK_INVALID_HANDLE)
        (void)t->f->C_CloseSession(t->op);
    t->op = CK_INVALID_HANDLE;
    CK_RV rv = t->f->C_OpenSession(t->s.slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &t->op);
    if (rv != CKR_OK)
        table_line("a new session", "C_OpenSession", rv);
}

static bool begin(struct table *t)
{
    struct sr_pin *pin = sr_pin_read(getenv("TOKEN_PIN_FILE"), NULL);
    bool good = pin != NULL && pin->length <= sizeof(t->pin) && signer_open(&t->s, NULL) == CKR_OK &&
                signer_log_in(&t->s) == CKR_OK;
    if (good) {
        memcpy(t->pin, pin->value, pin->length);
        t->pin_length = pin->length;
        t->f = t->s.module.f;
        t->home = t->s.session;
        table_fresh(t);
    }
    sr_pin_free(pin);
    return good;
}

int main(void)
{
    struct table t = {0};
    const char *module = getenv("STRONGROOM_MODULE");
    if (module == NULL || getenv("TOKEN_PIN_FILE") == NULL) {
        fputs("STRONGROOM_MODULE or TOKEN_PIN_FILE is not set\n", stderr);
        return 2;
    }
    table_before_initialize(module);
    bool good = begin(&t);
    if (good) {
        table_mechanisms(&t);
        table_objects(&t);
        table_three(&t);
        table_functions(&t);
    }
    signer_close(&t.s);
    OPENSSL_cleanse(&t.pin, sizeof(t.pin));
    return good ? 0 : 1;
}
