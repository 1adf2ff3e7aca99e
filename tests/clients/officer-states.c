/* SPDX-License-Identifier: Apache-2.0 */
/* What a security officer's login does to sessions (PKCS#11 v3.0 §5.6): a line "WHAT: RESULT" for each step,
 * so that the token itself and the shim can be compared. "key" lines are about the private key labelled KEY.
 */
#include "signer.h"

#include "cryptoki/names.h"
#include "cryptoki/pin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct signer s;
static CK_UTF8CHAR *so_pin;
static CK_ULONG so_length;

static void tell(const char *what, CK_RV rv)
{
    (void)printf("%s: %s\n", what, sr_rv_name(rv));
}

static CK_RV open_session(CK_FLAGS flags, CK_SESSION_HANDLE *session)
{
    return s.module.f->C_OpenSession(s.slot, CKF_SERIAL_SESSION | flags, NULL, NULL, session);
}

static void tell_state(const char *when)
{
    CK_SESSION_INFO info;
    CK_RV rv = s.module.f->C_GetSessionInfo(s.session, &info);
    if (rv == CKR_OK)
        (void)printf("state %s: %lu\n", when, info.state);
    else
        tell(when, rv);
}

static void tell_of_login(void)
{
    CK_FUNCTION_LIST *f = s.module.f;
    CK_UTF8CHAR wrong[] = "wrong-0000";
    CK_SESSION_HANDLE reader;

    tell("C_InitPIN without a login", f->C_InitPIN(s.session, wrong, sizeof(wrong) - 1));
    if (open_session(0, &reader) == CKR_OK) {
        tell("beside a read-only session", f->C_Login(s.session, CKU_SO, so_pin, so_length));
        tell("C_SetPIN in a read-only session",
             f->C_SetPIN(reader, wrong, sizeof(wrong) - 1, wrong, sizeof(wrong) - 1));
        (void)f->C_CloseSession(reader);
    }
    tell("with a wrong PIN", f->C_Login(s.session, CKU_SO, wrong, sizeof(wrong) - 1));
    tell("with the right PIN", f->C_Login(s.session, CKU_SO, so_pin, so_length));
    tell_state("of a security officer");
    tell("once more", f->C_Login(s.session, CKU_SO, so_pin, so_length));
    tell("as user besides", f->C_Login(s.session, CKU_USER, wrong, sizeof(wrong) - 1));
    tell("a read-only session", open_session(0, &reader));
}

static void tell_of_end(void)
{
    CK_FUNCTION_LIST *f = s.module.f;
    CK_UTF8CHAR pin[] = "12345678";

    tell("C_Logout", f->C_Logout(s.session));
    tell_state("after C_Logout");
    tell("with the right PIN again", f->C_Login(s.session, CKU_SO, so_pin, so_length));
    (void)f->C_CloseSession(s.session);
    (void)open_session(CKF_RW_SESSION, &s.session);
    tell("C_InitPIN after the last session was closed", f->C_InitPIN(s.session, pin, sizeof(pin) - 1));
}

int main(int argc, char **argv)
{
    struct sr_why why = {""};
    struct sr_pin *pin = argc == 3 ? sr_pin_read(argv[2], &why) : NULL;

    if (pin == NULL) {
        (void)fprintf(stderr, "usage: officer-states KEY SO-PIN-FILE (%s)\n", why.text);
        return 2;
    }
    so_pin = (CK_UTF8CHAR *)pin->value;
    so_length = pin->length;
    if (signer_open(&s, NULL) != CKR_OK)
        return 1;
    tell("key before", signer_find(&s, argv[1]));
    tell_of_login();
    tell("key as a security officer", signer_find(&s, argv[1]));
    tell("key's old handle", signer_sign(&s));
    tell_of_end();
    tell("key user", s.module.f->C_Login(s.session, CKU_USER, NULL, 0));
    tell("key as a user again", signer_find(&s, argv[1]));
    signer_close(&s);
    sr_pin_free(pin);
    return 0;
}
