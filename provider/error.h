/* The provider's reasons, and OpenSSL's error queue.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_PROVIDER_ERROR_H
#define STRONGROOM_PROVIDER_ERROR_H

#include <openssl/core.h>
#include <openssl/core_dispatch.h>
#include <stdint.h>

struct sr_provider;

/* The core's upcalls for errors (provider-base(7)). */
struct sr_error_upcalls {
    OSSL_FUNC_core_new_error_fn *new_error;
    OSSL_FUNC_core_set_error_debug_fn *set_error_debug;
    OSSL_FUNC_core_vset_error_fn *vset_error;
};

enum sr_reason {
    SR_R_CONFIGURATION = 1,
    SR_R_MODULE,
    SR_R_TOKEN,
    SR_R_LOGIN,
    SR_R_URI,
    SR_R_URI_FILE,
    SR_R_NOT_FOUND,
    SR_R_KEY,
    SR_R_OPERATION,
    SR_R_UNSUPPORTED,
    SR_R_MEMORY,
};

/* The texts of the reasons, for OSSL_FUNC_PROVIDER_GET_REASON_STRINGS. */
extern const OSSL_ITEM sr_reasons[];

/* Takes the upcalls out of what the core gave to OSSL_provider_init. */
void sr_error_init(struct sr_error_upcalls *upcalls, const OSSL_DISPATCH *in);

/* Adds an error to the calling thread's queue. The text names the thing and what to do about it, and never
 * holds a PIN, a URI's query, or an attribute's value. */
#define sr_error(provider, reason, ...)                                                                      \
    sr_error_at(provider, __FILE__, __LINE__, __func__, reason, __VA_ARGS__)
void sr_error_at(const struct sr_provider *p, const char *file, int line, const char *func,
                 enum sr_reason reason, const char *format, ...) __attribute__((format(printf, 6, 7)));

#endif
