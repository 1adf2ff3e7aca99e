/* Cryptoki's types and constants: p11-kit's header under the specification's names, and what it lacks.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_CRYPTOKI_H
#define STRONGROOM_CRYPTOKI_H

#ifndef CRYPTOKI_COMPAT
#define CRYPTOKI_COMPAT 1
#endif
#include <p11-kit/pkcs11.h>

/* PKCS#11 v3.0 §3.6 (interfaces) and §5.4; p11-kit has them from 0.25 on. */
#ifndef CKF_INTERFACE_FORK_SAFE
#define CKF_INTERFACE_FORK_SAFE 1UL
typedef struct CK_INTERFACE {
    CK_UTF8CHAR *pInterfaceName;
    void *pFunctionList;
    CK_FLAGS flags;
} CK_INTERFACE;
typedef CK_INTERFACE *CK_INTERFACE_PTR;
typedef CK_INTERFACE_PTR *CK_INTERFACE_PTR_PTR;
#endif

/* PKCS#11 v3.0 §6.3.7: the public key of an Edwards curve, and the curves' parameters. */
#ifndef CKK_EC_EDWARDS
#define CKK_EC_EDWARDS 0x40UL
#endif
#ifndef CKM_EC_EDWARDS_KEY_PAIR_GEN
#define CKM_EC_EDWARDS_KEY_PAIR_GEN 0x1055UL
#endif
#ifndef CKM_EDDSA
#define CKM_EDDSA 0x1057UL
#endif

#endif
