/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/explain.h"
#include "shim/options.h"
#include "unit.h"

#include <string.h>

static const struct sr_options defaults = SR_OPTIONS_DEFAULT;

static void words_set_options(void)
{
    struct sr_options o = SR_OPTIONS_DEFAULT;
    CU_ASSERT_TRUE(sr_options_parse(&o, ""));
    CU_ASSERT_STRING_EQUAL(o.socket, SR_SOCKET_DEFAULT);
    CU_ASSERT_TRUE(sr_options_parse(&o, " socket=/run/a,timeout=3  reconnect-timeout=60,"));
    CU_ASSERT_STRING_EQUAL(o.socket, "/run/a");
    CU_ASSERT_EQUAL(o.timeout_ms, 3000);
    CU_ASSERT_EQUAL(o.reconnect_ms, 60000);
}

static void refused(const char *text, const char *named)
{
    struct sr_options o = SR_OPTIONS_DEFAULT;
    sr_say_nothing();
    CU_ASSERT_FALSE(sr_options_parse(&o, text));
    CU_ASSERT_PTR_NOT_NULL(strstr(sr_explanation(), named));
    CU_ASSERT_EQUAL(memcmp(&o, &defaults, sizeof(o)), 0);
}

static void mistakes_are_named_and_change_nothing(void)
{
    refused("socket=/run/a tiemout=3", "tiemout=3");
    refused("timeout=0", "\"0\"");
    refused("timeout=3s", "\"3s\"");
    refused("timeout=99999999999999999999", "99999");
    refused("reconnect-timeout=", "\"\"");
    refused("socket=", "socket=");
    refused("/run/strongroom/socket", "/run/strongroom/socket");
}

static void a_path_that_is_too_long_stays_too_long(void)
{
    struct sr_options o = SR_OPTIONS_DEFAULT;
    char path[1000];
    memset(path, 'a', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    sr_options_socket(&o, path);
    CU_ASSERT_EQUAL(strlen(o.socket), sizeof(o.socket) - 1);
    CU_ASSERT_TRUE(strlen(o.socket) > 108);
}

CU_TestInfo shim_options_tests[] = {
    {"words set options", words_set_options},
    {"mistakes are named and change nothing", mistakes_are_named_and_change_nothing},
    {"a path that is too long stays too long", a_path_that_is_too_long_stays_too_long},
    CU_TEST_INFO_NULL,
};
