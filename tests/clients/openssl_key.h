/* What the tests' OpenSSL programs share: a key by its URI, a signature.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_TESTS_OPENSSL_KEY_H
#define STRONGROOM_TESTS_OPENSSL_KEY_H

#include <openssl/evp.h>
#include <stdbool.h>

/* The first key that the store finds at URI (also a file's path); NULL, with OpenSSL's errors on stderr,
 * where there is none. */
EVP_PKEY *key_load(const char *uri);

/* One signature over a short message. False, with OpenSSL's errors on stderr, when it failed. Thread-safe. */
bool key_sign(EVP_PKEY *key);

#endif
