/* Key management (provider-keymgmt(7)): what is the same for every kind of key.
 *
 * The functions have the signatures that the dispatch tables want. A keymgmt file adds its kind's names, the
 * parameters that it lists, and `new`.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_PROVIDER_KEYMGMT_H
#define STRONGROOM_PROVIDER_KEYMGMT_H

#include "key.h"

#include <openssl/core.h>

/* Takes over the key whose pointer REFERENCE holds: the store's or the decoder's. */
void *sr_keymgmt_load(const void *reference, size_t size);
void sr_keymgmt_free(void *key);
void *sr_keymgmt_dup(const void *key, int selection);
int sr_keymgmt_get_params(void *key, OSSL_PARAM *params);
int sr_keymgmt_has(const void *key, int selection);
int sr_keymgmt_match(const void *a, const void *b, int selection);
int sr_keymgmt_validate(const void *key, int selection, int check);

/* Public keys only: software's private keys stay where they are. */
int sr_keymgmt_import(void *key, int selection, const OSSL_PARAM *params);

/* Public halves only. A selection that wants a private key of the token fails, and libcrypto then leaves the
 * operation with this provider. */
int sr_keymgmt_export(void *key, int selection, OSSL_CALLBACK *callback, void *arg);

/* Every dispatch table's common rows, without the end. */
#define SR_KEYMGMT_COMMON                                                                                    \
    {OSSL_FUNC_KEYMGMT_LOAD, (void (*)(void))sr_keymgmt_load},                                               \
        {OSSL_FUNC_KEYMGMT_FREE, (void (*)(void))sr_keymgmt_free},                                           \
        {OSSL_FUNC_KEYMGMT_DUP, (void (*)(void))sr_keymgmt_dup},                                             \
        {OSSL_FUNC_KEYMGMT_GET_PARAMS, (void (*)(void))sr_keymgmt_get_params},                               \
        {OSSL_FUNC_KEYMGMT_HAS, (void (*)(void))sr_keymgmt_has},                                             \
        {OSSL_FUNC_KEYMGMT_MATCH, (void (*)(void))sr_keymgmt_match},                                         \
        {OSSL_FUNC_KEYMGMT_VALIDATE, (void (*)(void))sr_keymgmt_validate},                                   \
        {OSSL_FUNC_KEYMGMT_IMPORT, (void (*)(void))sr_keymgmt_import},                                       \
    {                                                                                                        \
        OSSL_FUNC_KEYMGMT_EXPORT, (void (*)(void))sr_keymgmt_export                                          \
    }

#endif
