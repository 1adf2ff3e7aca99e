/* SPDX-License-Identifier: Apache-2.0 */
/* The helpers over a CK_FUNCTION_LIST, on a SoftHSM token that is made for them. */
#include "cryptoki/attributes.h"
#include "cryptoki/find.h"
#include "cryptoki/module.h"
#include "cryptoki/token.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

static void make_object(CK_FUNCTION_LIST *f, CK_SESSION_HANDLE session, unsigned number)
{
    CK_OBJECT_CLASS class = CKO_DATA;
    CK_BBOOL no = CK_FALSE;
    CK_OBJECT_HANDLE object;
    CK_ATTRIBUTE a[] = {{CKA_CLASS, &class, sizeof(class)},
                        {CKA_PRIVATE, &no, sizeof(no)},
                        {CKA_TOKEN, &no, sizeof(no)},
                        {CKA_LABEL, "many", 4},
                        {CKA_VALUE, &number, sizeof(number)}};
    CU_ASSERT_EQUAL_FATAL(f->C_CreateObject(session, a, 5, &object), CKR_OK);
}

static void objects_are_found_and_read(void)
{
    enum { COUNT = 600 }; /* more than one answer of C_FindObjects has */
    struct sr_module m;
    CK_SESSION_HANDLE session;
    CK_OBJECT_HANDLE *found;
    size_t count;
    CK_ATTRIBUTE wanted = {CKA_LABEL, "many", 4};
    CK_ATTRIBUTE nothing = {CKA_LABEL, "none", 4};

    unit_token(&m, "unit", &session);
    for (unsigned i = 0; i < COUNT; i++)
        make_object(m.f, session, i);
    CU_ASSERT_EQUAL(sr_find(m.f, session, &nothing, 1, &found, &count), CKR_OK);
    CU_ASSERT_EQUAL(count, 0);
    CU_ASSERT_PTR_NULL(found);
    CU_ASSERT_EQUAL_FATAL(sr_find(m.f, session, &wanted, 1, &found, &count), CKR_OK);
    CU_ASSERT_EQUAL_FATAL(count, COUNT);

    CK_ATTRIBUTE a[] = {{CKA_LABEL, NULL, 0}, {CKA_MODULUS, NULL, 0}, {CKA_CLASS, NULL, 0}};
    CU_ASSERT_EQUAL(sr_attributes_read(m.f, session, found[COUNT - 1], a, 3), CKR_OK);
    CU_ASSERT_EQUAL(a[0].ulValueLen, 4);
    CU_ASSERT_PTR_NULL(a[1].pValue); /* a data object has no modulus; the others are read all the same */
    CU_ASSERT_EQUAL(a[1].ulValueLen, 0);
    CU_ASSERT_EQUAL(sr_attribute_ulong(sr_attribute_find(a, 3, CKA_CLASS), 99), CKO_DATA);
    CU_ASSERT_EQUAL(sr_attribute_ulong(sr_attribute_find(a, 3, CKA_LABEL), 99), 99);
    CU_ASSERT_TRUE(sr_attribute_bool(sr_attribute_find(a, 3, CKA_TOKEN), true));
    sr_attributes_free(a, 3);
    CU_ASSERT_PTR_NULL(a[0].pValue);
    free(found);
    CU_ASSERT_EQUAL(sr_find(m.f, session + 1000, &wanted, 1, &found, &count), CKR_SESSION_HANDLE_INVALID);
    sr_module_close(&m);
}

static void modules_that_are_none_are_explained(void)
{
    static const struct {
        const char *path;
        const char *says;
    } bad[] = {
        {"/nonexistent/module.so", "/nonexistent/module.so"},
        {"libc.so.6", "C_GetFunctionList"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct sr_module m;
        struct sr_why why = {""};
        CU_ASSERT_NOT_EQUAL(sr_module_open(&m, bad[i].path, NULL, SR_LOCKS_MODULE, &why), CKR_OK);
        CU_ASSERT_PTR_NOT_NULL(strstr(why.text, bad[i].says));
        CU_ASSERT_PTR_NULL(m.dl);
        sr_module_close(&m);
    }
}

CU_TestInfo token_tests[] = {
    {"objects are found and read", objects_are_found_and_read},
    {"modules that are none are explained", modules_that_are_none_are_explained},
    CU_TEST_INFO_NULL,
};
