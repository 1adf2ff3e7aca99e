/* Custody rule 4: mechanisms that leak by padding or truncation are off.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "daemon/custody.h"

bool sr_custody_leaks(enum sr_operation operation, CK_MECHANISM_TYPE type)
{
    (void)operation;
    return sr_custody_useless(type);
}

bool sr_custody_useless(CK_MECHANISM_TYPE type)
{
    return type == CKM_RSA_X_509; /* signing without padding is decrypting */
}
