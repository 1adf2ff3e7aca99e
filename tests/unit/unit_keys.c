/* SPDX-License-Identifier: Apache-2.0 */
#include "unit_keys.h"
#include "cryptoki/find.h"

#include <stdlib.h>
#include <string.h>

struct sr_module unit_keys_module;
struct sr_bench unit_keys_bench;
CK_FUNCTION_LIST unit_keys_faulty;

void unit_keys_login(CK_SESSION_HANDLE session)
{
    unsigned char pin[] = UNIT_PIN;
    CU_ASSERT_EQUAL_FATAL(unit_keys_module.f->C_Login(session, CKU_USER, pin, strlen(UNIT_PIN)), CKR_OK);
}

void unit_keys_open(const char *token)
{
    CK_SESSION_INFO info;

    unit_token(&unit_keys_module, token, &unit_keys_bench.session);
    unit_keys_bench.f = unit_keys_module.f;
    unit_keys_faulty = *unit_keys_module.f;
    unit_keys_login(unit_keys_bench.session);
    CU_ASSERT_EQUAL_FATAL(unit_keys_module.f->C_GetSessionInfo(unit_keys_bench.session, &info), CKR_OK);
    unit_keys_bench.slot = info.slotID;
}

void unit_keys_close(void)
{
    sr_module_close(&unit_keys_module);
}

CK_OBJECT_HANDLE unit_keys_find(const char *name, unsigned long version, enum sr_session_key which)
{
    CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
    struct sr_why why = {""};
    CU_ASSERT_EQUAL_FATAL(sr_keys_find_session(&unit_keys_bench, name, version, which, &key, &why),
                          SR_JOB_OK);
    return key;
}

void unit_keys_make(const char *name, unsigned long version)
{
    char mechanism[40];
    struct sr_why why = {""};
    CU_ASSERT_EQUAL_FATAL(sr_keys_make_session(&unit_keys_bench, name, version, mechanism, &why), SR_JOB_OK);
    CU_ASSERT_STRING_EQUAL(mechanism, "CKM_AES_CBC_ENCRYPT_DATA");
}

CK_OBJECT_HANDLE unit_keys_derive(CK_OBJECT_HANDLE root, const char *name, unsigned long version,
                                  const char *purpose)
{
    CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
    struct sr_why why = {""};
    CU_ASSERT_EQUAL_FATAL(sr_keys_derive_session(&unit_keys_bench, root, name, version, purpose, &key, &why),
                          SR_JOB_OK);
    return key;
}

size_t unit_keys_objects(const char *label)
{
    CK_ATTRIBUTE a = {CKA_LABEL, (void *)label, label != NULL ? strlen(label) : 0};
    CK_OBJECT_HANDLE *found;
    size_t count;

    CU_ASSERT_EQUAL_FATAL(
        sr_find(unit_keys_module.f, unit_keys_bench.session, &a, label != NULL ? 1 : 0, &found, &count),
        CKR_OK);
    free(found);
    return count;
}

bool unit_keys_flag(CK_OBJECT_HANDLE key, CK_ATTRIBUTE_TYPE type)
{
    CK_BBOOL value = 2;
    CK_ATTRIBUTE a = {type, &value, sizeof(value)};
    CU_ASSERT_EQUAL(unit_keys_module.f->C_GetAttributeValue(unit_keys_bench.session, key, &a, 1), CKR_OK);
    CU_ASSERT_TRUE(value == CK_TRUE || value == CK_FALSE);
    return value == CK_TRUE;
}

CK_RV unit_keys_value(CK_OBJECT_HANDLE key)
{
    unsigned char value[64];
    CK_ATTRIBUTE a = {CKA_VALUE, value, sizeof(value)};
    return unit_keys_module.f->C_GetAttributeValue(unit_keys_bench.session, key, &a, 1);
}
