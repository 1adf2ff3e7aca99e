/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/config.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TOKEN "[t]\nmodule = /m.so\nlabel = l\npin-file = /pin\n"
#define SOCKET "[s]\npath = /run/s\n"
#define BOTH "tokens = t\nsockets = s\n"
#define RULE(text) BOTH "rules = r\n" TOKEN SOCKET "[r]\n" text

static void a_configuration_is_read(void)
{
    struct sr_why why = {""};
    struct sr_config *c = sr_config_read(
        unit_file("good.conf",
                  "tokens = t\nsockets = s, a\nlog-level = debug\n[environment]\nSR_UNIT_TEST = yes\n" TOKEN
                  "[s]\npath = /run/s\nmode = 0666\nuse = user:www-data, group:33\nmanage = user:4000000\n"
                  "[a]\npath = /run/a\nadministration = yes\nmanage = user:root\n"),
        &why);
    CU_ASSERT_STRING_EQUAL(why.text, "");
    CU_ASSERT_PTR_NOT_NULL_FATAL(c);
    CU_ASSERT_EQUAL(c->log_level, SR_LOG_DEBUG);
    CU_ASSERT_EQUAL_FATAL(c->socket_count, 2);
    CU_ASSERT_EQUAL(c->token_count, 1);
    CU_ASSERT_EQUAL(c->sockets[0].mode, 0666);
    CU_ASSERT_EQUAL_FATAL(c->sockets[0].admitted_count, 3);
    CU_ASSERT_EQUAL(c->sockets[0].admitted[0].id, 33);
    CU_ASSERT_FALSE(c->sockets[0].admitted[0].group);
    CU_ASSERT_TRUE(c->sockets[0].admitted[1].group);
    CU_ASSERT_EQUAL(c->sockets[0].admitted[2].id, 4000000);
    CU_ASSERT_EQUAL(c->sockets[0].admitted[2].right, SR_RIGHT_MANAGE);
    CU_ASSERT_TRUE(c->sockets[1].administration);
    CU_ASSERT_EQUAL(c->sockets[1].mode, 0600);
    CU_ASSERT_PTR_NULL(getenv("SR_UNIT_TEST"));
    CU_ASSERT_TRUE(sr_config_set_environment(c, &why));
    CU_ASSERT_STRING_EQUAL(getenv("SR_UNIT_TEST"), "yes");
    sr_config_free(c);
}

/* The seconds that VALUE of data-key-time is; -1 where it is refused. */
static long long data_key_time(const char *value)
{
    char text[200];
    struct sr_why why = {""};
    (void)snprintf(text, sizeof(text), BOTH "%s%s\n" TOKEN SOCKET, *value != '\0' ? "data-key-time = " : "",
                   value);
    struct sr_config *c = sr_config_read(unit_file("time.conf", text), &why);
    long long seconds = c != NULL ? c->data_key_s : -1;
    CU_ASSERT_EQUAL(c == NULL, strstr(why.text, "data-key-time") != NULL);
    sr_config_free(c);
    return seconds;
}

static struct sr_config *with(const char *line, struct sr_why *why)
{
    char text[200];
    why->text[0] = '\0';
    (void)snprintf(text, sizeof(text), BOTH "%s\n" TOKEN SOCKET, line);
    return sr_config_read(unit_file("audit.conf", text), why);
}

static void the_audit_log_has_options(void)
{
    static const struct {
        const char *line;
        size_t checkpoint;
        size_t rotate;
        bool goes_on;
    } good[] = {{"", 1000, 64 << 20, false},
                {"audit-checkpoint = 10", 10, 64 << 20, false},
                {"audit-rotate = 4096", 1000, 4096, false},
                {"audit-rotate = 5K", 1000, 5 << 10, false},
                {"audit-rotate = 2G", 1000, (size_t)2 << 30, false},
                {"audit-full = continue", 1000, 64 << 20, true},
                {"audit-full = refuse", 1000, 64 << 20, false}};
    static const char *const bad[] = {"audit-checkpoint = x",
                                      "audit-rotate = 4095",
                                      "audit-rotate = 1T",
                                      "audit-rotate = M",
                                      "audit-rotate = 64 M",
                                      "audit-rotate = -1",
                                      "audit-rotate = 64MM",
                                      "audit-full = maybe",
                                      "audit-rotate = 99999999999999999999",
                                      "audit-rotate = 9999999999999G"};
    struct sr_why why;

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct sr_config *c = with(good[i].line, &why);
        CU_ASSERT_PTR_NOT_NULL_FATAL(c);
        CU_ASSERT_EQUAL(c->audit_options.checkpoint, good[i].checkpoint);
        CU_ASSERT_EQUAL(c->audit_options.rotate, good[i].rotate);
        CU_ASSERT_EQUAL(c->audit_options.goes_on_when_full, good[i].goes_on);
        sr_config_free(c);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        CU_ASSERT_PTR_NULL(with(bad[i], &why));
        CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "audit-"));
    }
}

static void times_are_read(void)
{
    static const char *const wrong[] = {
        "0s", "5", "5x", "-5m", "m", "5 m", "5mm", "1000001d", "99999999999999999999s"};

    CU_ASSERT_EQUAL(data_key_time(""), 300);
    CU_ASSERT_EQUAL(data_key_time("1s"), 1);
    CU_ASSERT_EQUAL(data_key_time("5m"), 300);
    CU_ASSERT_EQUAL(data_key_time("2h"), 7200);
    CU_ASSERT_EQUAL(data_key_time("1d"), 86400);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        CU_ASSERT_EQUAL(data_key_time(wrong[i]), -1);
}

static void shares_of_the_connections_are_read(void)
{
    static const struct {
        const char *keys;
        size_t all;
        size_t one;
    } cases[] = {{"", 2048, 1844},
                 {"max-connections = 10\n", 10, 9},
                 {"max-connections = 1\n", 1, 1},
                 {"max-connections = 10\nmax-connections-per-user = 3\n", 10, 3}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[200];
        struct sr_why why = {""};
        (void)snprintf(text, sizeof(text), BOTH "%s" TOKEN SOCKET, cases[i].keys);
        struct sr_config *c = sr_config_read(unit_file("shares.conf", text), &why);
        CU_ASSERT_PTR_NOT_NULL_FATAL(c);
        CU_ASSERT_EQUAL(c->max_connections, cases[i].all);
        CU_ASSERT_EQUAL(c->max_connections_per_user, cases[i].one);
        CU_ASSERT_EQUAL(c->seccomp, SR_SECCOMP_YES);
        sr_config_free(c);
    }
}

static bool has_permission(const struct sr_socket_config *s, bool group, id_t id, const char *permission)
{
    for (size_t i = 0; i < s->admitted_count; i++) {
        const struct sr_admitted *a = &s->admitted[i];
        if (a->permission != NULL && strcmp(a->permission, permission) == 0 && a->group == group &&
            a->id == id)
            return a->right == SR_RIGHT_NONE;
    }
    return false;
}

static void permissions_are_read(void)
{
    struct sr_why why = {""};
    struct sr_config *c = sr_config_read(
        unit_file("permissions.conf",
                  "tokens = t, u\nsockets = s\nregistry = /r.sqlite\naudit = /a.log\njobs-token = u\n" TOKEN
                  "[u]\nmodule = /m.so\nlabel = l\npin-file = /pin\n" SOCKET
                  "use = user:5\nsession.sign = user:1, group:2\nfamily.manage = user:3\njwt = user:4\n"),
        &why);
    CU_ASSERT_STRING_EQUAL(why.text, "");
    CU_ASSERT_PTR_NOT_NULL_FATAL(c);
    CU_ASSERT_STRING_EQUAL(c->registry, "/r.sqlite");
    CU_ASSERT_STRING_EQUAL(c->audit, "/a.log");
    CU_ASSERT_EQUAL(c->jobs_token, 1);
    const struct sr_socket_config *s = &c->sockets[0];
    CU_ASSERT_EQUAL(s->admitted_count, 5);
    CU_ASSERT_TRUE(has_permission(s, false, 1, "session.sign"));
    CU_ASSERT_TRUE(has_permission(s, true, 2, "session.sign"));
    CU_ASSERT_TRUE(has_permission(s, false, 3, "family.manage"));
    CU_ASSERT_TRUE(has_permission(s, false, 4, "jwt"));
    CU_ASSERT_FALSE(has_permission(s, false, 1, "session.verify"));
    CU_ASSERT_FALSE(has_permission(s, false, 5, "session.sign"));
    sr_config_free(c);
}

static void without_a_registry_there_is_none(void)
{
    struct sr_config *c = sr_config_read(unit_file("plain.conf", BOTH TOKEN SOCKET), NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(c);
    CU_ASSERT_PTR_NULL(c->registry);
    CU_ASSERT_EQUAL(c->jobs_token, 0);
    sr_config_free(c);
}

static void nobody_is_admitted_unasked(void)
{
    struct sr_config *c = sr_config_read(unit_file("deny.conf", BOTH TOKEN SOCKET), NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(c);
    CU_ASSERT_EQUAL(c->sockets[0].admitted_count, 0);
    CU_ASSERT_EQUAL(c->sockets[0].mode & 07, 0);
    sr_config_free(c);
}

static void mistakes_are_named(void)
{
    static const struct {
        const char *text;
        const char *says;
    } bad[] = {
        {BOTH TOKEN "[s]\npath = /s\nuse = www-data\n", "user:NAME"},
        {BOTH TOKEN "[s]\npath = /s\nuse = user:no-such-user-here\n", "no-such-user-here"},
        {BOTH TOKEN "[s]\npath = /s\nuse = user:4294967295\n", "4294967295"},
        {BOTH TOKEN "[s]\npath = /s\nuser = user:root\n", "\"user\""},
        {BOTH TOKEN "[s]\npath = /s\nmode = 0999\n", "octal"},
        {BOTH TOKEN "[s]\npath = /s\nmode = 01777\n", "mode"},
        {BOTH TOKEN "[s]\npath = /s\nadministration = yes\nmode = 0666\n", "0600"},
        {BOTH TOKEN "[s]\npath = /s\nadministration = true\n", "yes or no"},
        {BOTH TOKEN "[s]\nmode = 0600\n", "path"},
        {BOTH SOCKET, "[t]"},
        {BOTH SOCKET "[t]\nmodule = /m.so\nlabel = l\n", "pin-file"},
        {BOTH SOCKET "[t]\nmodule = /m.so\nlabel = l\npin-file = /p\npin = 1234\n", "\"pin\""},
        {"sockets = s\n" SOCKET, "tokens"},
        {"tokens = t\n" TOKEN, "sockets"},
        {BOTH "log-level = loud\n" TOKEN SOCKET, "loud"},
        {BOTH "logs = info\n" TOKEN SOCKET, "\"logs\""},
        {BOTH TOKEN SOCKET "session.signs = user:root\n", "\"session.signs\""},
        {BOTH TOKEN SOCKET "session.sign = root\n", "user:NAME"},
        {BOTH "session = user:root\n" TOKEN SOCKET, "\"session\""},
        {BOTH TOKEN "session = user:root\n" SOCKET, "\"session\""},
        {BOTH "registry = r.sqlite\n" TOKEN SOCKET, "absolute"},
        {BOTH "audit = audit.log\n" TOKEN SOCKET, "audit: \"audit.log\" is not an absolute"},
        {BOTH "jobs-token = other\n" TOKEN SOCKET, "\"other\""},
        {RULE("keys = pkcs11:\noperations = find\n"), "clients"},
        {RULE("clients = user:1\noperations = find\n"), "pkcs11:object="},
        {RULE("clients = user:1\nkeys = pkcs11:\n"), "find, sign"},
        {RULE("clients = user:1\nkeys = pkcs11:\noperations = sgin\n"), "sgin"},
        {RULE("clients = user:1\nkeys = pkcs11:\noperations = none\n"), "\"none\""},
        {RULE("clients = user:1\nkeys = pkcs11:objekt=a\noperations = find\n"), "objekt"},
        {RULE("clients = user:1\nkeys = tls:web\noperations = find\n"), "pkcs11:"},
        {RULE("clients = www-data\nkeys = pkcs11:\noperations = find\n"), "user:NAME"},
        {RULE("clients = user:no-such-user-here\nkeys = pkcs11:\noperations = find\n"), "no-such-user-here"},
        {RULE("clients = user:1\nkeys = pkcs11:\noperations = find\nsockets = t\n"), "\"t\""},
        {RULE("clients = user:1\nkeys = pkcs11:\noperations = find\nsockets =\n"), "empty"},
        {RULE("clients = user:1\nkeys = pkcs11:\noperations = find\nmechanisms =\n"), "empty"},
        {RULE("clients = user:1\nkeys = pkcs11:\noperations = find\nmechanisms = CKM_ROT13\n"), "CKM_ROT13"},
        {RULE("clients = user:1\nkeys = pkcs11:\noperations = find\nimport = maybe\n"), "yes or no"},
        {RULE("clients = user:1\nkeys = pkcs11:\noperation = find\n"), "\"operation\""},
        {BOTH "rules = gone\n" TOKEN SOCKET, "[gone]"},
        {BOTH "custody-off = everything\n" TOKEN SOCKET, "everything"},
        {BOTH "custody-off = labels\n" TOKEN SOCKET, "cannot be switched off"},
        {BOTH "seccomp = true\n" TOKEN SOCKET, "seccomp is \"true\"; write yes, log or no"},
        {BOTH "max-connections = 0\n" TOKEN SOCKET, "max-connections: at least 1"},
        {BOTH "max-connections-per-user = 0\n" TOKEN SOCKET, "max-connections-per-user: at least 1"},
        {"[t\n", "line"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct sr_why why = {""};
        const char *path = unit_file("bad.conf", bad[i].text);
        struct sr_config *c = sr_config_read(path, &why);
        CU_ASSERT_PTR_NULL(c);
        CU_ASSERT_PTR_NOT_NULL(strstr(why.text, path));
        CU_ASSERT_PTR_NOT_NULL(strstr(why.text, bad[i].says));
        CU_ASSERT_PTR_NULL(strstr(why.text, "1234"));
        if (c != NULL || strstr(why.text, bad[i].says) == NULL)
            printf("\n    case %zu: \"%s\"", i, why.text);
        sr_config_free(c);
    }
    struct sr_why why = {""};
    CU_ASSERT_PTR_NULL(sr_config_read("/nonexistent.conf", &why));
    CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "/nonexistent.conf"));
}

CU_TestInfo config_tests[] = {
    {"a configuration is read", a_configuration_is_read},
    {"permissions are read", permissions_are_read},
    {"times are read", times_are_read},
    {"shares of the connections are read", shares_of_the_connections_are_read},
    {"without a registry there is none", without_a_registry_there_is_none},
    {"nobody is admitted unasked", nobody_is_admitted_unasked},
    {"mistakes are named, without values that may be secret", mistakes_are_named},
    {"the audit log has options", the_audit_log_has_options},
    CU_TEST_INFO_NULL,
};
