/* SPDX-License-Identifier: Apache-2.0 */
/* A SoftHSM token in the tests' scratch folder. */
#include "cryptoki/token.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool is_free(const CK_TOKEN_INFO *info, CK_SLOT_ID slot, const void *arg)
{
    (void)slot;
    (void)arg;
    return (info->flags & CKF_TOKEN_INITIALIZED) == 0;
}

void unit_token(struct sr_module *m, const char *name, CK_SESSION_HANDLE *session)
{
    char path[128];
    char text[160];
    CK_SLOT_ID slot;
    CK_TOKEN_INFO info;
    unsigned char pin[] = UNIT_PIN;
    char label[33];
    struct sr_why why = {""};

    (void)snprintf(path, sizeof(path), "%s/token-%s", unit_folder(), name);
    CU_ASSERT_EQUAL_FATAL(mkdir(path, 0700), 0);
    (void)snprintf(text, sizeof(text), "directories.tokendir = %s\n", path);
    CU_ASSERT_EQUAL(setenv("SOFTHSM2_CONF", unit_file("softhsm2.conf", text), 1), 0);
    CU_ASSERT_EQUAL_FATAL(sr_module_open(m, SOFTHSM_MODULE, NULL, SR_LOCKS_OURS, &why), CKR_OK);
    (void)snprintf(label, sizeof(label), "%-32s", name);
    CU_ASSERT_EQUAL_FATAL(sr_token_find(m->f, is_free, NULL, false, &slot, &info), CKR_OK);
    CU_ASSERT_EQUAL_FATAL(m->f->C_InitToken(slot, pin, strlen(UNIT_PIN), (unsigned char *)label), CKR_OK);
    CU_ASSERT_EQUAL_FATAL(sr_token_find(m->f, sr_token_labelled, name, true, &slot, &info), CKR_OK);
    CU_ASSERT_EQUAL_FATAL(m->f->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, session),
                          CKR_OK);
    CU_ASSERT_EQUAL(m->f->C_Login(*session, CKU_SO, pin, strlen(UNIT_PIN)), CKR_OK);
    CU_ASSERT_EQUAL(m->f->C_InitPIN(*session, pin, strlen(UNIT_PIN)), CKR_OK);
    CU_ASSERT_EQUAL(m->f->C_Logout(*session), CKR_OK);
}
