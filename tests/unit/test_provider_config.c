/* SPDX-License-Identifier: Apache-2.0 */
/* The options of the provider's section in openssl.cnf. */
#include "config.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

static struct sr_config set(const char *name, const char *value)
{
    struct sr_config config;
    CU_ASSERT_TRUE_FATAL(sr_config_init(&config));
    CU_ASSERT_TRUE(sr_config_set(&config, name, value));
    return config;
}

static void the_defaults(void)
{
    struct sr_config config;
    (void)unsetenv("PKCS11_PROVIDER_MODULE");
    CU_ASSERT_TRUE_FATAL(sr_config_init(&config));
    CU_ASSERT_STRING_EQUAL(config.module_path, STRONGROOM_DEFAULT_MODULE);
    CU_ASSERT_PTR_NULL(config.pin);
    CU_ASSERT_PTR_NULL(config.pin_file);
    CU_ASSERT_FALSE(config.refuse_export);
    CU_ASSERT_FALSE(config.load_early);
    CU_ASSERT_EQUAL(config.login, SR_LOGIN_AUTO);
    CU_ASSERT_EQUAL(config.mistake.text[0], '\0');
    sr_config_free(&config);
}

static void the_environment_s_path_wins(void)
{
    (void)unsetenv("PKCS11_PROVIDER_MODULE");
    struct sr_config config = set("pkcs11-module-path", "/from/the/file.so");
    CU_ASSERT_STRING_EQUAL(config.module_path, "/from/the/file.so");
    sr_config_free(&config);
    (void)setenv("PKCS11_PROVIDER_MODULE", "/from/the/environment.so", 1);
    config = set("pkcs11-module-path", "/from/the/file.so");
    CU_ASSERT_STRING_EQUAL(config.module_path, "/from/the/environment.so");
    sr_config_free(&config);
    (void)unsetenv("PKCS11_PROVIDER_MODULE");
}

static void a_pin_is_a_value_or_a_file(void)
{
    struct sr_config config = set("pkcs11-module-token-pin", "file:/run/pin");
    CU_ASSERT_PTR_NULL(config.pin);
    CU_ASSERT_STRING_EQUAL(config.pin_file, "/run/pin");
    sr_config_free(&config);
    config = set("pkcs11-module-token-pin", "4711");
    CU_ASSERT_PTR_NULL(config.pin_file);
    CU_ASSERT_PTR_NOT_NULL_FATAL(config.pin);
    CU_ASSERT_EQUAL(config.pin->length, 4);
    CU_ASSERT_EQUAL(memcmp(config.pin->value, "4711", 4), 0);
    sr_config_free(&config);
}

static void a_pin_that_is_too_long_is_a_mistake(void)
{
    char pin[SR_PIN_MAX + 2];
    memset(pin, '7', sizeof(pin) - 1);
    pin[sizeof(pin) - 1] = '\0';
    struct sr_config config = set("pkcs11-module-token-pin", pin);
    CU_ASSERT_PTR_NULL(config.pin);
    CU_ASSERT_PTR_NOT_NULL(strstr(config.mistake.text, "pkcs11-module-token-pin"));
    CU_ASSERT_PTR_NULL(strstr(config.mistake.text, "777"));
    sr_config_free(&config);
}

static void words_set_options(void)
{
    struct sr_config config = set("pkcs11-module-login-behavior", "never");
    CU_ASSERT_EQUAL(config.login, SR_LOGIN_NEVER);
    CU_ASSERT_TRUE(sr_config_set(&config, "pkcs11-module-login-behavior", "always"));
    CU_ASSERT_EQUAL(config.login, SR_LOGIN_ALWAYS);
    CU_ASSERT_TRUE(sr_config_set(&config, "pkcs11-module-login-behavior", "auto"));
    CU_ASSERT_EQUAL(config.login, SR_LOGIN_AUTO);
    CU_ASSERT_TRUE(sr_config_set(&config, "pkcs11-module-load-behavior", "early"));
    CU_ASSERT_TRUE(config.load_early);
    CU_ASSERT_TRUE(sr_config_set(&config, "pkcs11-module-allow-export", "1"));
    CU_ASSERT_TRUE(config.refuse_export);
    CU_ASSERT_TRUE(sr_config_set(&config, "pkcs11-module-allow-export", "0"));
    CU_ASSERT_FALSE(config.refuse_export);
    CU_ASSERT_TRUE(sr_config_set(&config, "pkcs11-module-init-args", "a=b"));
    CU_ASSERT_STRING_EQUAL(config.init_args, "a=b");
    CU_ASSERT_EQUAL(config.mistake.text[0], '\0');
    sr_config_free(&config);
}

static void mistakes_are_named(void)
{
    static const char *const names[] = {"pkcs11-module-login-behavior", "pkcs11-module-load-behavior",
                                        "pkcs11-module-allow-export"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct sr_config config = set(names[i], "sometimes");
        CU_ASSERT_PTR_NOT_NULL(strstr(config.mistake.text, names[i]));
        sr_config_free(&config);
    }
}

static void other_options_are_tolerated(void)
{
    struct sr_config config = set("pkcs11-module-cache-pins", "cache");
    CU_ASSERT_EQUAL(config.mistake.text[0], '\0');
    CU_ASSERT_TRUE(sr_config_set(&config, "pkcs11-module-path-and-more", "/x"));
    CU_ASSERT_STRING_EQUAL(config.module_path, STRONGROOM_DEFAULT_MODULE);
    sr_config_free(&config);
}

CU_TestInfo provider_config_tests[] = {
    {"the defaults", the_defaults},
    {"the environment's path wins", the_environment_s_path_wins},
    {"a PIN is a value or a file", a_pin_is_a_value_or_a_file},
    {"a PIN that is too long is a mistake", a_pin_that_is_too_long_is_a_mistake},
    {"words set options", words_set_options},
    {"mistakes are named", mistakes_are_named},
    {"other options are tolerated", other_options_are_tolerated},
    CU_TEST_INFO_NULL,
};
