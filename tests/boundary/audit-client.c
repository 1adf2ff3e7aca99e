/* SPDX-License-Identifier: Apache-2.0 */
/* What the test of the audit log asks of Cryptoki.
 * usage: audit-client sign LABEL N            signs N times
 *        audit-client parts LABEL             a signature in three parts (an RSA key)
 *        audit-client abandon LABEL [leave]   begins one, and closes its session, or (leave) ends without
 *        audit-client load LABEL SECONDS      signs until then, whatever fails; prints how often it succeeded
 */
#include "signer.h"

#include "cryptoki/names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int is(const char *what, CK_RV rv)
{
    if (rv != CKR_OK)
        fprintf(stderr, "%s: %s\n", what, sr_rv_name(rv));
    return rv == CKR_OK;
}

static int sign_often(struct signer *s, int n)
{
    for (int i = 0; i < n; i++)
        if (!is("C_Sign", signer_sign(s)))
            return 1;
    return 0;
}

/* More than what the shim keeps back. */
static CK_BYTE piece[300000];

static CK_RV begin(struct signer *s)
{
    CK_MECHANISM m = {CKM_SHA256_RSA_PKCS, NULL, 0};
    CK_RV rv = s->module.f->C_SignInit(s->session, &m, s->key);
    for (int i = 0; rv == CKR_OK && i < 3; i++)
        rv = s->module.f->C_SignUpdate(s->session, piece, sizeof(piece));
    return rv;
}

static int sign_in_parts(struct signer *s)
{
    CK_BYTE signature[512];
    CK_ULONG length = sizeof(signature);
    CK_RV rv = begin(s);
    if (rv == CKR_OK)
        rv = s->module.f->C_SignFinal(s->session, signature, &length);
    return is("C_SignFinal", rv) ? 0 : 1;
}

static int load(struct signer *s, int seconds)
{
    time_t until = time(NULL) + seconds;
    long done = 0;
    while (time(NULL) < until)
        done += signer_sign(s) == CKR_OK;
    printf("%ld\n", done);
    return 0;
}

int main(int argc, char **argv)
{
    struct signer s = {0};
    const char *mode = argc > 2 ? argv[1] : "";
    int status = 2;

    if (argc < 3 || signer_open(&s, argv[2]) != CKR_OK) {
        fputs("usage: audit-client sign|parts|abandon|load LABEL [...]\n", stderr);
    } else if (strcmp(mode, "sign") == 0) {
        status = sign_often(&s, argc > 3 ? (int)strtol(argv[3], NULL, 10) : 1);
    } else if (strcmp(mode, "parts") == 0) {
        status = sign_in_parts(&s);
    } else if (strcmp(mode, "abandon") == 0) {
        status = is("C_SignUpdate", begin(&s)) ? 0 : 1;
        if (argc > 3)
            _exit(status);
        if (!is("C_CloseSession", s.module.f->C_CloseSession(s.session)))
            status = 1;
    } else if (strcmp(mode, "load") == 0) {
        status = load(&s, argc > 3 ? (int)strtol(argv[3], NULL, 10) : 1);
    }
    signer_close(&s);
    return status;
}
