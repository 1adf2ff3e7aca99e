/* The options of the provider's section in openssl.cnf.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_PROVIDER_CONFIG_H
#define STRONGROOM_PROVIDER_CONFIG_H

#include "cryptoki/pin.h"
#include "cryptoki/why.h"

#include <stdbool.h>
#include <stddef.h>

enum sr_login_behavior { SR_LOGIN_AUTO, SR_LOGIN_ALWAYS, SR_LOGIN_NEVER };

struct sr_config {
    char *module_path;
    char *init_args;    /* may be NULL */
    struct sr_pin *pin; /* pkcs11-module-token-pin as a value; may be NULL */
    char *pin_file;     /* the same as file:PATH; may be NULL */
    bool refuse_export; /* of public keys; private ones are never exported */
    bool load_early;    /* at activation, not at first use */
    enum sr_login_behavior login;
    struct sr_why mistake; /* of the first option that could not be understood; reported at first use */
};

/* The defaults: the shim's installed path, or PKCS11_PROVIDER_MODULE (which a set-uid program ignores, and
 * which wins over the section's path). False when out of memory. Freed with sr_config_free on failure too. */
bool sr_config_init(struct sr_config *config);

/* The options' names, NULL at the end. Other options in the section are tolerated: users of other providers
 * bring theirs along. */
extern const char *const sr_config_names[];

/* Sets the option NAME, one of sr_config_names. A value that is not understood goes into config->mistake.
 * False when out of memory. */
bool sr_config_set(struct sr_config *config, const char *name, const char *value);

/* Cleanses and frees what the configuration holds, not CONFIG itself. */
void sr_config_free(struct sr_config *config);

#endif
