/* What the tests' PKCS#11 programs share: a module, a session on its token, a private key, a signature.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_TESTS_SIGNER_H
#define STRONGROOM_TESTS_SIGNER_H

#include "cryptoki/module.h"

struct signer {
    struct sr_module module;
    CK_SLOT_ID slot;
    CK_SESSION_HANDLE session;
    CK_OBJECT_HANDLE key;
    CK_KEY_TYPE type;
};

/* Loads the module STRONGROOM_MODULE, opens a read/write session on the token TOKEN_LABEL and finds the
 * private key labelled LABEL (NULL: none is looked for). On failure says on stderr what failed, and returns
 * what the module returned. To be closed with signer_close, also after a failure. */
CK_RV signer_open(struct signer *s, const char *label);
void signer_close(struct signer *s);

/* C_Login with the PIN of TOKEN_PIN_FILE: the token itself wants that first, strongroomd's clients are logged
 * in. */
CK_RV signer_log_in(struct signer *s);

/* Looks for the private key labelled LABEL; CKR_KEY_HANDLE_INVALID where there is none, or several. */
CK_RV signer_find(struct signer *s, const char *label);

/* One signature over 32 bytes (CKM_ECDSA, CKM_RSA_PKCS or CKM_EDDSA by the key's type). */
CK_RV signer_sign(struct signer *s);

#endif
