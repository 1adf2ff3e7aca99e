/* Custody rule 3: no weaker copy, and no change that weakens.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "daemon/custody.h"

/* PKCS#11 v3.0 §4.4, §4.8 to §4.10 let some of these change in one direction only; for the usages, which
 * tokens let grow, the same holds here (rule 2). */
static const struct {
    CK_ATTRIBUTE_TYPE type;
    bool safe;
} one_way[] = {
    {CKA_PRIVATE, true},         {CKA_SENSITIVE, true},   {CKA_WRAP_WITH_TRUSTED, true},
    {CKA_EXTRACTABLE, false},    {CKA_MODIFIABLE, false}, {CKA_COPYABLE, false},
    {CKA_DESTROYABLE, false},    {CKA_TRUSTED, false},    {CKA_ENCRYPT, false},
    {CKA_DECRYPT, false},        {CKA_SIGN, false},       {CKA_SIGN_RECOVER, false},
    {CKA_VERIFY, false},         {CKA_WRAP, false},       {CKA_UNWRAP, false},
    {CKA_VERIFY_RECOVER, false}, {CKA_DERIVE, false},     {CKA_ALWAYS_AUTHENTICATE, true},
};

bool sr_custody_weakens(CK_ATTRIBUTE_TYPE type, bool from, bool to)
{
    for (size_t i = 0; i < sizeof(one_way) / sizeof(one_way[0]); i++)
        if (one_way[i].type == type)
            return from != to && to != one_way[i].safe;
    return false;
}

bool sr_custody_fixed(CK_ATTRIBUTE_TYPE type)
{
    return sr_attribute_nests(type) || type == CKA_ALLOWED_MECHANISMS;
}
