/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/custody_switch.h"
#include "daemon/policy.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

#define HEAD "tokens = t\nsockets = s, c\n"
#define REST                                                                                                 \
    "[t]\nmodule = /m.so\nlabel = main\npin-file = /pin\n"                                                   \
    "[s]\npath = /run/s\nuse = user:1\nmanage = user:2\n[c]\npath = /run/c\n"
#define ANY CK_UNAVAILABLE_INFORMATION

static struct sr_config *config;

/* The configuration with these lines before the first section, and these sections. */
static void with(const char *lines, const char *sections)
{
    char text[4000];
    struct sr_why why = {""};
    (void)snprintf(text, sizeof(text), HEAD "%s\n" REST "%s", lines, sections);
    sr_config_free(config);
    config = sr_config_read(unit_file("policy.conf", text), &why);
    CU_ASSERT_STRING_EQUAL(why.text, "");
    CU_ASSERT_PTR_NOT_NULL_FATAL(config);
}

static void done(void)
{
    sr_config_free(config);
    config = NULL;
}

/* What the user may do on the socket (0: s, 1: c) with the private key of that label, a token object. */
static uint32_t operations(uid_t uid, size_t socket, const char *label, CK_MECHANISM_TYPE mechanism)
{
    const struct sr_peer peer = {.pid = 1, .uid = uid, .gid = 1000, .groups = {50}, .group_count = uid == 9};
    const struct sr_asker asker = {config, socket, &peer};
    const struct sr_subject subject = {.token = {.length = 4, .data = (unsigned char *)"main"},
                                       .label = {.length = strlen(label), .data = (unsigned char *)label},
                                       .class = CKO_PRIVATE_KEY};
    const struct sr_question question = {.subject = &subject, .on_token = true, .mechanism = mechanism};
    return sr_policy_operations(&asker, &question);
}

static bool may(uid_t uid, size_t socket, enum sr_operation operation, const char *label)
{
    return operations(uid, socket, label, ANY) & SR_OPERATION_BIT(operation);
}

static void nothing_is_allowed_unasked(void)
{
    with("", "");
    CU_ASSERT_EQUAL(operations(0, 0, "web", ANY), 0);
    CU_ASSERT_EQUAL(operations(3, 0, "web", ANY), 0);
    CU_ASSERT_EQUAL(operations(1, 1, "web", ANY), 0);
    CU_ASSERT_EQUAL(operations(2, 1, "web", ANY), 0);
    done();
}

static void rights_are_for_every_key(void)
{
    with("", "");
    CU_ASSERT_TRUE(may(1, 0, SR_OPERATION_FIND, "web"));
    CU_ASSERT_TRUE(may(1, 0, SR_OPERATION_SIGN, "web"));
    CU_ASSERT_TRUE(may(1, 0, SR_OPERATION_DECRYPT, ""));
    CU_ASSERT_FALSE(may(1, 0, SR_OPERATION_DESTROY, "web"));
    CU_ASSERT_FALSE(may(1, 0, SR_OPERATION_GENERATE, "web"));
    CU_ASSERT_FALSE(may(1, 0, SR_OPERATION_CHANGE, "web"));
    CU_ASSERT_EQUAL(operations(2, 0, "web", ANY), SR_OPERATION_ALL);
    /* To derive by a token's key is to use it; to make a token object is not, by whatever operation. */
    CU_ASSERT_TRUE(may(1, 0, SR_OPERATION_DERIVE, "web"));
    CU_ASSERT_TRUE(may(1, 0, SR_OPERATION_COPY, "web"));
    static const struct sr_question new = {.on_token = true, .made = true, .mechanism = ANY};
    static const struct sr_question new_in_session = {.made = true, .mechanism = ANY};
    uint32_t use = sr_policy_of_right(SR_RIGHT_USE, &new);
    CU_ASSERT_EQUAL(use & SR_OPERATION_BIT(SR_OPERATION_DERIVE), 0);
    CU_ASSERT_EQUAL(use & SR_OPERATION_BIT(SR_OPERATION_COPY), 0);
    CU_ASSERT_EQUAL(use & SR_OPERATION_BIT(SR_OPERATION_UNWRAP), 0);
    CU_ASSERT_EQUAL(use & SR_OPERATION_BIT(SR_OPERATION_GENERATE), 0);
    CU_ASSERT_EQUAL(sr_policy_of_right(SR_RIGHT_USE, &new_in_session), SR_OPERATION_ALL);
    CU_ASSERT_EQUAL(sr_policy_of_right(SR_RIGHT_NONE, &new_in_session), 0);
    done();
}

static void a_rule_gives_what_it_names(void)
{
    with("rules = web", "[web]\nclients = user:3, group:50\nkeys = pkcs11:object=tls:*, pkcs11:object=x\n"
                        "operations = find, sign\nsockets = s\n");
    CU_ASSERT_EQUAL(operations(3, 0, "tls:a", ANY), SR_OPERATION_BIT(SR_OPERATION_FIND) |
                                                        SR_OPERATION_BIT(SR_OPERATION_READ) |
                                                        SR_OPERATION_BIT(SR_OPERATION_SIGN));
    CU_ASSERT_TRUE(may(3, 0, SR_OPERATION_SIGN, "x"));
    CU_ASSERT_EQUAL(operations(3, 0, "tl", ANY), 0);
    CU_ASSERT_EQUAL(operations(3, 1, "tls:a", ANY), 0);
    CU_ASSERT_EQUAL(operations(4, 0, "tls:a", ANY), 0);
    CU_ASSERT_TRUE(may(9, 0, SR_OPERATION_SIGN, "tls:a")); /* by a supplementary group */
    CU_ASSERT_EQUAL(operations(0, 0, "tls:a", ANY), 0);
    done();
}

static void grants_add_up(void)
{
    with("rules = a, b, k", "[a]\nclients = user:1\nkeys = pkcs11:object=a\noperations = destroy\n"
                            "[b]\nclients = user:3\nkeys = pkcs11:\noperations = find\n"
                            "[k]\nclients = user:3\nkeys = pkcs11:object=c\noperations = all\nsockets = c\n");
    CU_ASSERT_TRUE(may(1, 0, SR_OPERATION_DESTROY, "a"));
    CU_ASSERT_TRUE(may(1, 0, SR_OPERATION_SIGN, "a"));
    CU_ASSERT_FALSE(may(1, 0, SR_OPERATION_DESTROY, "b"));
    CU_ASSERT_FALSE(may(3, 0, SR_OPERATION_SIGN, "c"));
    CU_ASSERT_TRUE(may(3, 0, SR_OPERATION_FIND, "c"));
    CU_ASSERT_EQUAL(operations(3, 1, "c", ANY), SR_OPERATION_ALL);
    done();
}

static void mechanisms_limit_and_switch_on(void)
{
    with("rules = raw, vendor",
         "[raw]\nclients = user:1, user:3\nkeys = pkcs11:object=old\noperations = find, sign\n"
         "mechanisms = CKM_RSA_X_509, 0x1042\n"
         "[vendor]\nclients = user:3\nkeys = pkcs11:object=v\noperations = sign\nmechanisms = 0x80000001\n");
    /* RSA without padding is off for those who may sign, with every key but the rule's. */
    CU_ASSERT_TRUE(may(1, 0, SR_OPERATION_SIGN, "new"));
    CU_ASSERT_TRUE(operations(1, 0, "new", CKM_RSA_PKCS) & SR_OPERATION_BIT(SR_OPERATION_SIGN));
    CU_ASSERT_FALSE(operations(1, 0, "new", CKM_RSA_X_509) & SR_OPERATION_BIT(SR_OPERATION_SIGN));
    CU_ASSERT_FALSE(operations(2, 0, "old", CKM_RSA_X_509) & SR_OPERATION_BIT(SR_OPERATION_SIGN));
    CU_ASSERT_TRUE(operations(1, 0, "old", CKM_RSA_X_509) & SR_OPERATION_BIT(SR_OPERATION_SIGN));
    CU_ASSERT_TRUE(operations(1, 0, "old", CKM_RSA_PKCS) &
                   SR_OPERATION_BIT(SR_OPERATION_SIGN)); /* by "use" */
    /* Who has the rule alone has its mechanisms alone. */
    CU_ASSERT_TRUE(operations(3, 0, "old", CKM_RSA_X_509) & SR_OPERATION_BIT(SR_OPERATION_SIGN));
    CU_ASSERT_TRUE(operations(3, 0, "old", CKM_ECDSA_SHA1) & SR_OPERATION_BIT(SR_OPERATION_SIGN));
    CU_ASSERT_FALSE(operations(3, 0, "old", CKM_RSA_PKCS) & SR_OPERATION_BIT(SR_OPERATION_SIGN));
    /* A vendor's mechanism is off, for managers too. */
    CU_ASSERT_FALSE(operations(2, 0, "v", CKM_VENDOR_DEFINED | 1) & SR_OPERATION_BIT(SR_OPERATION_SIGN));
    CU_ASSERT_TRUE(operations(3, 0, "v", CKM_VENDOR_DEFINED | 1) & SR_OPERATION_BIT(SR_OPERATION_SIGN));
    CU_ASSERT_FALSE(operations(3, 0, "v", CKM_VENDOR_DEFINED | 2) & SR_OPERATION_BIT(SR_OPERATION_SIGN));
    const struct sr_peer peer = {.uid = 3};
    const struct sr_asker asker = {config, 0, &peer};
    CU_ASSERT_TRUE(sr_policy_names(&asker, CKM_VENDOR_DEFINED | 1));
    CU_ASSERT_FALSE(sr_policy_names(&asker, CKM_VENDOR_DEFINED | 2));
    done();
}

static void custody_can_be_off_by_name(void)
{
    with("custody-off = mechanisms, import", "");
    CU_ASSERT_TRUE(operations(1, 0, "new", CKM_RSA_X_509) & SR_OPERATION_BIT(SR_OPERATION_SIGN));
    CU_ASSERT_TRUE(operations(1, 0, "new", CKM_VENDOR_DEFINED) & SR_OPERATION_BIT(SR_OPERATION_SIGN));
    CU_ASSERT_FALSE(sr_custody_on(config, SR_CUSTODY_MECHANISMS));
    CU_ASSERT_FALSE(sr_custody_on(config, SR_CUSTODY_IMPORT));
    CU_ASSERT_TRUE(sr_custody_on(config, SR_CUSTODY_SECRECY));
    CU_ASSERT_TRUE(sr_custody_on(config, SR_CUSTODY_ROLES));
    CU_ASSERT_TRUE(sr_custody_on(config, SR_CUSTODY_READING));
    with("", "");
    for (unsigned i = 0; i < SR_CUSTODIES; i++)
        CU_ASSERT_TRUE(sr_custody_on(config, (enum sr_custody)i));
    done();
}

static void session_objects_are_their_makers(void)
{
    const struct sr_peer user = {.uid = 1};
    const struct sr_peer client = {.uid = 3};
    const struct sr_question own = {.mechanism = ANY};

    with("rules = d", "[d]\nclients = user:3\nkeys = pkcs11:object=base\noperations = find, derive\n");
    const struct sr_asker by_right = {config, 0, &user};
    const struct sr_asker by_rule = {config, 0, &client};
    CU_ASSERT_EQUAL(sr_policy_operations(&by_right, &own), SR_OPERATION_ALL);
    CU_ASSERT_TRUE(sr_policy_operations(&by_rule, &own) & SR_OPERATION_BIT(SR_OPERATION_DERIVE));
    CU_ASSERT_FALSE(sr_policy_operations(&by_rule, &own) & SR_OPERATION_BIT(SR_OPERATION_SIGN));
    done();
}

static void import_is_said_apart(void)
{
    static const struct sr_subject old = {.label = {.length = 3, .data = (unsigned char *)"old"}};
    static const struct sr_subject new = {.label = {.length = 3, .data = (unsigned char *)"new"}};
    const struct sr_peer peer = {.uid = 3};
    struct sr_grant grant;

    with("rules = i, all", "[i]\nclients = user:3\nkeys = pkcs11:object=old\nimport = yes\n"
                           "[all]\nclients = user:3\nkeys = pkcs11:\noperations = all\n");
    const struct sr_asker asker = {config, 0, &peer};
    CU_ASSERT_TRUE(sr_policy_imports(&asker, &(struct sr_question){&old, true, true, ANY}, &grant));
    CU_ASSERT_STRING_EQUAL(grant.section, "i");
    CU_ASSERT_FALSE(sr_policy_imports(&asker, &(struct sr_question){&new, true, true, ANY}, &grant));
    CU_ASSERT_TRUE(may(3, 0, SR_OPERATION_CREATE, "old"));
    done();
}

static void the_line_is_named(void)
{
    const struct sr_peer user = {.uid = 1};
    const struct sr_peer client = {.uid = 3};
    static const struct sr_subject key = {.label = {.length = 1, .data = (unsigned char *)"a"}};
    const struct sr_question question = {&key, true, false, ANY};
    struct sr_grant grant = {NULL, NULL, 0};

    with("rules = r", "[r]\nclients = user:3\nkeys = pkcs11:\noperations = find\n");
    const struct sr_asker by_right = {config, 0, &user};
    const struct sr_asker by_rule = {config, 0, &client};
    CU_ASSERT_TRUE(sr_policy_grant(&by_right, &question, SR_OPERATION_SIGN, &grant));
    CU_ASSERT_STRING_EQUAL(grant.section, "s");
    CU_ASSERT_STRING_EQUAL(grant.key, "use");
    CU_ASSERT_EQUAL(grant.line, 10);
    CU_ASSERT_TRUE(sr_policy_grant(&by_rule, &question, SR_OPERATION_FIND, &grant));
    CU_ASSERT_STRING_EQUAL(grant.section, "r");
    CU_ASSERT_EQUAL(grant.line, 17);
    CU_ASSERT_FALSE(sr_policy_grant(&by_rule, &question, SR_OPERATION_SIGN, &grant));
    CU_ASSERT_TRUE(sr_policy_admits(&by_rule));
    CU_ASSERT_FALSE(sr_policy_admits(&by_right));
    done();
}

CU_TestInfo policy_tests[] = {
    {"nothing is allowed unasked", nothing_is_allowed_unasked},
    {"rights are for every key", rights_are_for_every_key},
    {"a rule gives what it names, on its sockets, to its clients", a_rule_gives_what_it_names},
    {"grants add up", grants_add_up},
    {"mechanisms limit a rule, and are switched on by it", mechanisms_limit_and_switch_on},
    {"custody rules can be off by name", custody_can_be_off_by_name},
    {"session objects are their makers'", session_objects_are_their_makers},
    {"import is said apart", import_is_said_apart},
    {"the line that allows is named", the_line_is_named},
    CU_TEST_INFO_NULL,
};
