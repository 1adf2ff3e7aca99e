/* SPDX-License-Identifier: Apache-2.0 */
#include "error.h"
#include "provider.h"

#include <stdarg.h>
#include <string.h>

const OSSL_ITEM sr_reasons[] = {
    {SR_R_CONFIGURATION, (void *)"mistake in the configuration"},
    {SR_R_MODULE, (void *)"the PKCS#11 module cannot be used"},
    {SR_R_TOKEN, (void *)"the token cannot be used"},
    {SR_R_LOGIN, (void *)"cannot log in to the token"},
    {SR_R_URI, (void *)"mistake in a pkcs11: URI"},
    {SR_R_URI_FILE, (void *)"mistake in a PKCS#11 PROVIDER URI file"},
    {SR_R_NOT_FOUND, (void *)"no such object in the token"},
    {SR_R_KEY, (void *)"the key cannot be used"},
    {SR_R_OPERATION, (void *)"the token refused the operation"},
    {SR_R_UNSUPPORTED, (void *)"not supported"},
    {SR_R_MEMORY, (void *)"out of memory"},
    {0, NULL},
};

void sr_error_init(struct sr_error_upcalls *upcalls, const OSSL_DISPATCH *in)
{
    for (; in->function_id != 0; in++) {
        switch (in->function_id) {
        case OSSL_FUNC_CORE_NEW_ERROR:
            upcalls->new_error = OSSL_FUNC_core_new_error(in);
            break;
        case OSSL_FUNC_CORE_SET_ERROR_DEBUG:
            upcalls->set_error_debug = OSSL_FUNC_core_set_error_debug(in);
            break;
        case OSSL_FUNC_CORE_VSET_ERROR:
            upcalls->vset_error = OSSL_FUNC_core_vset_error(in);
            break;
        default:
            break;
        }
    }
}

void sr_error_at(const struct sr_provider *p, const char *file, int line, const char *func,
                 enum sr_reason reason, const char *format, ...)
{
    const struct sr_error_upcalls *to = &p->errors;
    if (to->new_error == NULL || to->set_error_debug == NULL || to->vset_error == NULL)
        return;
    const char *base = strrchr(file, '/');
    va_list args;
    va_start(args, format);
    to->new_error(p->core);
    to->set_error_debug(p->core, base != NULL ? base + 1 : file, line, func);
    to->vset_error(p->core, reason, format, args);
    va_end(args);
}
