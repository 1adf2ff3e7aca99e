/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#define FILE_PREFIX "file:"

const char *const sr_config_names[] = {
    "pkcs11-module-path",
    "pkcs11-module-init-args",
    "pkcs11-module-token-pin",
    "pkcs11-module-allow-export",
    "pkcs11-module-login-behavior",
    "pkcs11-module-load-behavior",
    NULL,
};

static bool replace(char **to, const char *value)
{
    char *copy = strdup(value);
    if (copy == NULL)
        return false;
    free(*to);
    *to = copy;
    return true;
}

static void mistaken(struct sr_config *config, const char *name, const char *wanted)
{
    if (config->mistake.text[0] == '\0')
        sr_why_set(&config->mistake, "the value of %s in openssl.cnf is not one of %s", name, wanted);
}

static bool set_path(struct sr_config *config, const char *name, const char *value)
{
    (void)name;
    return secure_getenv("PKCS11_PROVIDER_MODULE") != NULL || replace(&config->module_path, value);
}

static bool set_init_args(struct sr_config *config, const char *name, const char *value)
{
    (void)name;
    return replace(&config->init_args, value);
}

static bool set_pin(struct sr_config *config, const char *name, const char *value)
{
    if (strncmp(value, FILE_PREFIX, strlen(FILE_PREFIX)) == 0)
        return replace(&config->pin_file, value + strlen(FILE_PREFIX));
    if (strlen(value) > SR_PIN_MAX) {
        mistaken(config, name, "a PIN of at most 255 bytes, file:PATH");
        return true;
    }
    sr_pin_free(config->pin);
    config->pin = sr_pin_new(value, strlen(value));
    return config->pin != NULL;
}

/* The established meaning: 1 refuses. */
static bool set_allow_export(struct sr_config *config, const char *name, const char *value)
{
    if (strcmp(value, "0") != 0 && strcmp(value, "1") != 0)
        mistaken(config, name, "0 (public keys may be exported), 1 (they may not)");
    config->refuse_export = strcmp(value, "1") == 0;
    return true;
}

static bool set_login(struct sr_config *config, const char *name, const char *value)
{
    static const char *const names[] = {
        [SR_LOGIN_AUTO] = "auto", [SR_LOGIN_ALWAYS] = "always", [SR_LOGIN_NEVER] = "never"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(value, names[i]) == 0) {
            config->login = (enum sr_login_behavior)i;
            return true;
        }
    }
    mistaken(config, name, "auto, always, never");
    return true;
}

static bool set_load(struct sr_config *config, const char *name, const char *value)
{
    if (strcmp(value, "early") != 0 && strcmp(value, "lazy") != 0)
        mistaken(config, name, "early, lazy");
    config->load_early = strcmp(value, "early") == 0;
    return true;
}

/* In the order of sr_config_names. */
static bool (*const setters[])(struct sr_config *, const char *, const char *) = {
    set_path, set_init_args, set_pin, set_allow_export, set_login, set_load,
};

bool sr_config_init(struct sr_config *config)
{
    memset(config, 0, sizeof(*config));
    const char *path = secure_getenv("PKCS11_PROVIDER_MODULE");
    return replace(&config->module_path, path != NULL ? path : STRONGROOM_DEFAULT_MODULE);
}

bool sr_config_set(struct sr_config *config, const char *name, const char *value)
{
    for (size_t i = 0; sr_config_names[i] != NULL; i++)
        if (strcmp(name, sr_config_names[i]) == 0)
            return setters[i](config, name, value);
    return true;
}

void sr_config_free(struct sr_config *config)
{
    free(config->module_path);
    free(config->init_args);
    sr_pin_free(config->pin);
    free(config->pin_file);
    memset(config, 0, sizeof(*config));
}
