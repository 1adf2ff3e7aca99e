/* What every file of the provider shares: the provider's context.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_PROVIDER_PROVIDER_H
#define STRONGROOM_PROVIDER_PROVIDER_H

#include "access.h"
#include "config.h"
#include "error.h"

#include <openssl/core.h>
#include <openssl/core_dispatch.h>
#include <openssl/types.h>

/* One activation of the provider in one library context. Made by OSSL_provider_init, freed by teardown; what
 * is not inside ACCESS never changes in between, so threads share it freely. */
struct sr_provider {
    const OSSL_CORE_HANDLE *core;
    struct sr_error_upcalls errors;
    OSSL_LIB_CTX *libctx; /* a child of the application's: the same providers, this one included */
    char *others;         /* "provider!=NAME": the property query of our own fetches */
    struct sr_algorithms *algorithms;
    struct sr_config config;
    struct sr_access access;
};

/* The data structure between the two steps of our decoder, and its property. */
#define SR_DER_STRUCTURE "pkcs11-provider-uri"

/* The dispatch tables, each at the end of the file that is named after it. */
extern const OSSL_DISPATCH sr_keymgmt_rsa[];
extern const OSSL_DISPATCH sr_keymgmt_rsa_pss[];
extern const OSSL_DISPATCH sr_keymgmt_ec[];
extern const OSSL_DISPATCH sr_keymgmt_ed25519[];
extern const OSSL_DISPATCH sr_signature_rsa[];
extern const OSSL_DISPATCH sr_signature_ecdsa[];
extern const OSSL_DISPATCH sr_signature_eddsa[];
extern const OSSL_DISPATCH sr_store[];
extern const OSSL_DISPATCH sr_decoder_pem[];
extern const OSSL_DISPATCH sr_decoder_rsa[];
extern const OSSL_DISPATCH sr_decoder_rsa_pss[];
extern const OSSL_DISPATCH sr_decoder_ec[];
extern const OSSL_DISPATCH sr_decoder_ed25519[];

#endif
