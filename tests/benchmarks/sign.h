/* bench_sign's two ways to a signature.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_BENCH_SIGN_H
#define STRONGROOM_BENCH_SIGN_H

#include <stdbool.h>

struct sign_options {
    const char *uri;      /* of the private key */
    const char *module;   /* Cryptoki: the module's path; NULL: the provider that OPENSSL_CONF activates */
    const char *pin_file; /* Cryptoki: NULL: no login */
    bool copy;            /* Cryptoki: sign with a session copy of the key */
    unsigned threads;
};

/* Both serve the rounds (see rounds.h) and return the program's exit status. A signature is a SHA-256 one:
 * CKM_RSA_PKCS over a DigestInfo, CKM_ECDSA over 32 bytes, or EVP_DigestSign of 32 bytes. */
int sign_with_module(const struct sign_options *options);
int sign_with_provider(const struct sign_options *options);

#endif
