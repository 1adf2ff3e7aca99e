/* Custody rule 1: keys are sensitive.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "daemon/custody.h"
#include "wire/card.h"

void sr_custody_secrecy(struct sr_draft *key, CK_OBJECT_CLASS class)
{
    bool stays = sr_draft_bool(key, CKA_WRAP, false) || sr_draft_bool(key, CKA_UNWRAP, false) ||
                 (class == CKO_SECRET_KEY && sr_draft_bool(key, CKA_DERIVE, false));
    bool extractable = sr_draft_bool(key, CKA_EXTRACTABLE, false) && sr_draft_bool(key, CKA_SENSITIVE, true);
    sr_draft_set(key, CKA_EXTRACTABLE, extractable && !stays);
    sr_draft_set(key, CKA_SENSITIVE, true);
    sr_draft_set(key, CKA_PRIVATE, true);
}

bool sr_custody_leaves(CK_OBJECT_CLASS class, CK_ULONG flags)
{
    return !sr_custody_has_role(SR_OPERATION_WRAP, class, flags) &&
           !sr_custody_has_role(SR_OPERATION_UNWRAP, class, flags) &&
           !(class == CKO_SECRET_KEY && sr_custody_has_role(SR_OPERATION_DERIVE, class, flags));
}
