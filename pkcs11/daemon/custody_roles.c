/* Custody rule 2: one role per key. What a key may do is said in full, for a token's own defaults are
 * generous: SoftHSM lets a key that names no usage do everything.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "daemon/custody.h"

/* PKCS#11 v3.0 §4.8 and §4.9: the usages of the two halves, side by side. */
static const struct {
    CK_ATTRIBUTE_TYPE private;
    CK_ATTRIBUTE_TYPE public;
} usages[] = {
    {CKA_SIGN, CKA_VERIFY},     {CKA_SIGN_RECOVER, CKA_VERIFY_RECOVER},
    {CKA_DECRYPT, CKA_ENCRYPT}, {CKA_DERIVE, CKA_DERIVE},
    {CKA_UNWRAP, CKA_WRAP},
};

#define USAGES (sizeof(usages) / sizeof(usages[0]))

static bool names_usage(const struct sr_draft *key, bool public)
{
    for (size_t i = 0; i < USAGES; i++)
        if (sr_draft_names(key, public ? usages[i].public : usages[i].private))
            return true;
    return false;
}

static void complete_private(struct sr_draft *key)
{
    bool default_role = !names_usage(key, false);
    bool another = false;

    for (size_t i = 0; i < USAGES; i++) {
        CK_ATTRIBUTE_TYPE type = usages[i].private;
        bool wanted = sr_draft_bool(key, type, default_role && type == CKA_SIGN);
        if (type == CKA_UNWRAP)
            wanted = wanted && !another;
        another = another || wanted;
        sr_draft_set(key, type, wanted);
    }
}

void sr_custody_roles(struct sr_draft *public, struct sr_draft *private)
{
    complete_private(private);
    bool mirror = !names_usage(public, true);
    for (size_t i = 0; i < USAGES; i++) {
        /* PKCS#11 knows no public key that derives; tokens refuse the attribute set to true. */
        bool possible = sr_draft_bool(private, usages[i].private, false) && usages[i].public != CKA_DERIVE;
        sr_draft_set(public, usages[i].public, possible && sr_draft_bool(public, usages[i].public, mirror));
    }
}
