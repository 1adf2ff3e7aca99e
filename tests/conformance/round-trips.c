/* SPDX-License-Identifier: Apache-2.0 */
/* Calls between marks on standard error, for a tracer that counts the messages. usage: round-trips LABEL */
#include "signer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TIMES 50

static int mark(const char *what)
{
    return write(STDERR_FILENO, what, strlen(what)) == (ssize_t)strlen(what) ? 0 : 1;
}

int main(int argc, char **argv)
{
    CK_SESSION_HANDLE sessions[TIMES];
    CK_MECHANISM ecdsa = {CKM_ECDSA, NULL, 0};
    CK_BYTE digest[32] = "as good as any other digest", signature[64];
    CK_OBJECT_CLASS class;
    CK_BYTE label[64], id[64];
    struct signer s;
    int bad = argc != 2 || signer_open(&s, argv[1]) != CKR_OK;
    if (bad)
        return 1;
    CK_FUNCTION_LIST *f = s.module.f;

    /* What the token's mechanisms are is asked for once. */
    bad += signer_sign(&s) != CKR_OK;
    bad += mark("mark open\n");
    for (int i = 0; i < TIMES; i++)
        bad += f->C_OpenSession(s.slot, CKF_SERIAL_SESSION, NULL, NULL, &sessions[i]) != CKR_OK;
    bad += mark("mark close\n");
    for (int i = 0; i < TIMES; i++)
        bad += f->C_CloseSession(sessions[i]) != CKR_OK;
    bad += mark("mark attributes\n");
    for (int i = 0; i < TIMES; i++) {
        CK_ATTRIBUTE a[] = {
            {CKA_CLASS, &class, sizeof(class)}, {CKA_LABEL, label, sizeof(label)}, {CKA_ID, id, sizeof(id)}};
        bad += f->C_GetAttributeValue(s.session, s.key, a, 3) != CKR_OK;
    }
    bad += mark("mark sign\n");
    for (int i = 0; i < TIMES; i++) {
        CK_ULONG length = sizeof(signature);
        bad += f->C_SignInit(s.session, &ecdsa, s.key) != CKR_OK ||
               f->C_Sign(s.session, digest, sizeof(digest), signature, &length) != CKR_OK;
    }
    bad += mark("mark end\n");
    signer_close(&s);
    return bad != 0;
}
