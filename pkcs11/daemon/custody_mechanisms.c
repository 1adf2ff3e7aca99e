/* Custody rule 4: mechanisms that leak by padding or truncation are off. Those of this list can be reached by
 * what clients can ask for so far: signing without padding is decrypting.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "daemon/custody.h"

bool sr_custody_leaks(CK_MECHANISM_TYPE type)
{
    return type == CKM_RSA_X_509;
}
