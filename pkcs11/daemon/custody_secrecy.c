/* Custody rule 1: keys are sensitive.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "daemon/custody.h"

void sr_custody_secrecy(struct sr_draft *key)
{
    bool extractable = sr_draft_bool(key, CKA_EXTRACTABLE, false) && sr_draft_bool(key, CKA_SENSITIVE, true);
    sr_draft_set(key, CKA_EXTRACTABLE, extractable);
    sr_draft_set(key, CKA_SENSITIVE, true);
    sr_draft_set(key, CKA_PRIVATE, true);
}
