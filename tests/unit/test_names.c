/* SPDX-License-Identifier: Apache-2.0 */
#include "cryptoki/names.h"
#include "cryptoki/token.h"
#include "cryptoki/why.h"
#include "unit.h"

#include <string.h>

static void return_values_have_names(void)
{
    CU_ASSERT_STRING_EQUAL(sr_rv_name(CKR_OK), "CKR_OK");
    CU_ASSERT_STRING_EQUAL(sr_rv_name(CKR_PIN_LOCKED), "CKR_PIN_LOCKED");
    CU_ASSERT_STRING_EQUAL(sr_rv_name(CKR_VENDOR_DEFINED | 5), "CKR_VENDOR");
    CU_ASSERT_STRING_EQUAL(sr_rv_name(0x7fffffff), "CKR_UNKNOWN");
}

static void mechanisms_have_names(void)
{
    CU_ASSERT_STRING_EQUAL(sr_mechanism_name(CKM_ECDSA), "CKM_ECDSA");
    CU_ASSERT_STRING_EQUAL(sr_mechanism_name(CKM_EDDSA), "CKM_EDDSA");
    CU_ASSERT_STRING_EQUAL(sr_mechanism_name(0x7fffffff), "an unnamed mechanism");
}

static void padded_fields_become_strings(void)
{
    static const unsigned char field[32] = "a token                         ";
    static const unsigned char blank[4] = "    ";
    char out[33];
    sr_unpad(field, sizeof(field), out, sizeof(out));
    CU_ASSERT_STRING_EQUAL(out, "a token");
    sr_unpad(blank, sizeof(blank), out, sizeof(out));
    CU_ASSERT_STRING_EQUAL(out, "");
    sr_unpad((const unsigned char *)"12345678", 8, out, 5);
    CU_ASSERT_STRING_EQUAL(out, "1234");
}

static void long_reasons_are_cut(void)
{
    struct sr_why why;
    char text[1000];
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    sr_why_set(&why, "%s", text);
    CU_ASSERT_EQUAL(strlen(why.text), sizeof(why.text) - 1);
    sr_why_set(NULL, "nobody listens");
}

CU_TestInfo names_tests[] = {
    {"return values have names", return_values_have_names},
    {"mechanisms have names", mechanisms_have_names},
    {"padded fields become strings", padded_fields_become_strings},
    {"long reasons are cut", long_reasons_are_cut},
    CU_TEST_INFO_NULL,
};
