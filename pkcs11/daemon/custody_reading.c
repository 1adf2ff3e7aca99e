/* Custody rule 3: secret attributes are not read, whatever the token would show.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "daemon/custody.h"

bool sr_custody_readable(CK_OBJECT_CLASS class, CK_ATTRIBUTE_TYPE type)
{
    if (class != CKO_PRIVATE_KEY && class != CKO_SECRET_KEY)
        return true;
    switch (type) {
    case CKA_VALUE:
    case CKA_PRIVATE_EXPONENT:
    case CKA_PRIME_1:
    case CKA_PRIME_2:
    case CKA_EXPONENT_1:
    case CKA_EXPONENT_2:
    case CKA_COEFFICIENT:
        return false;
    default:
        return (type & CKA_VENDOR_DEFINED) == 0; /* nobody here knows what a vendor keeps in those */
    }
}
