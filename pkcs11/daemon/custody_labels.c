/* Custody rule 5: objects labelled `role:name:version` belong to the jobs, and what is labelled `registry:`
 * to their registry. Everything that starts with a job's role is theirs, so that no look-alike of a version
 * can be planted either.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "daemon/custody.h"

#include <string.h>

bool sr_custody_reserved(const void *label, size_t length)
{
    static const char *const roles[] = {"session:", "data:", "totp:", "backup:", "registry:"};
    for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
        size_t n = strlen(roles[i]);
        if (length >= n && memcmp(label, roles[i], n) == 0)
            return true;
    }
    return false;
}

bool sr_custody_own(const void *label, size_t length)
{
    return length == strlen(SR_AUDIT_LABEL) && memcmp(label, SR_AUDIT_LABEL, length) == 0;
}
