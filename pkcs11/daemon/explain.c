/* A configuration in words.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "daemon/check.h"

#include "cryptoki/names.h"
#include "daemon/custody_switch.h"
#include "daemon/policy.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>

/* "user www-data (33)" */
static void print_who(const struct sr_admitted *who)
{
    const struct passwd *pw = who->group ? NULL : getpwuid(who->id);
    const struct group *gr = who->group ? getgrgid(who->id) : NULL;
    const char *name = pw != NULL ? pw->pw_name : gr != NULL ? gr->gr_name : NULL;

    (void)printf("%s %s%s%u%s", who->group ? "group" : "user", name != NULL ? name : "",
                 name != NULL ? " (" : "", (unsigned)who->id, name != NULL ? ")" : "");
}

static void print_operations(uint32_t operations)
{
    const char *before = "";

    if ((operations & SR_OPERATION_ALL) == SR_OPERATION_ALL) {
        (void)fputs("do everything", stdout);
        return;
    }
    for (unsigned i = SR_OPERATION_ENCRYPT; i < SR_OPERATIONS; i++)
        if (operations & SR_OPERATION_BIT(i)) {
            (void)printf("%s%s", before, sr_operation_name(i));
            before = ", ";
        }
}

static void print_line(const struct sr_admitted *line)
{
    static const struct sr_question key = {.on_token = true, .mechanism = CK_UNAVAILABLE_INFORMATION};

    (void)fputs("  ", stdout);
    print_who(line);
    if (line->right == SR_RIGHT_NONE) {
        (void)printf(" has the permission %s\n", line->permission);
        return;
    }
    (void)fputs(" may, with every key, ", stdout);
    print_operations(sr_policy_of_right(line->right, &key));
    (void)printf(" (%s)\n", sr_right_name(line->right));
}

static void print_rule(const struct sr_rule *rule)
{
    (void)printf("  by the rule [%s] ", rule->name);
    for (size_t i = 0; i < rule->client_count; i++) {
        (void)fputs(i > 0 ? ", " : "", stdout);
        print_who(&rule->clients[i]);
    }
    (void)fputs(" may ", stdout);
    print_operations(rule->operations);
    (void)fputs(", with", stdout);
    for (size_t i = 0; i < rule->key_count; i++)
        (void)printf("%s %s", i > 0 ? "," : "", rule->keys[i].text);
    if (rule->mechanism_count > 0)
        (void)fputs(", by the mechanisms", stdout);
    for (size_t i = 0; i < rule->mechanism_count; i++)
        (void)printf("%s %s (0x%lx)", i > 0 ? "," : "", sr_mechanism_name(rule->mechanisms[i]),
                     rule->mechanisms[i]);
    (void)printf("%s\n", rule->import ? "; and may import such keys from plain bytes" : "");
}

static void print_socket(const struct sr_config *config, size_t place)
{
    const struct sr_socket_config *socket = &config->sockets[place];
    bool anybody = socket->admitted_count > 0;

    (void)printf("\nOn the socket [%s], %s, mode %04o%s:\n", socket->name, socket->path,
                 (unsigned)socket->mode, socket->administration ? ", for administration" : "");
    for (size_t i = 0; i < socket->admitted_count; i++)
        print_line(&socket->admitted[i]);
    for (size_t i = 0; i < config->rule_count; i++)
        if (config->rules[i].sockets & (uint64_t)1 << place) {
            print_rule(&config->rules[i]);
            anybody = true;
        }
    (void)puts(anybody ? "  and nobody else, and nothing else" : "  nobody is admitted");
}

static void print_custody(const struct sr_config *config)
{
    (void)puts("");
    for (size_t i = 0; i < SR_CUSTODIES; i++)
        if (!sr_custody_on(config, (enum sr_custody)i))
            (void)printf("Custody rule %u (%s) is OFF: %s.\n", sr_custody_number((enum sr_custody)i),
                         sr_custody_word((enum sr_custody)i), sr_custody_consequence((enum sr_custody)i));
    if (config->custody_off == 0)
        (void)puts("All custody rules are in force.");
    (void)puts("Refused to everybody:");
    if (sr_custody_on(config, SR_CUSTODY_READING))
        (void)puts("  to read secret attributes of keys");
    if (sr_custody_on(config, SR_CUSTODY_SECRECY))
        (void)puts("  to make keys that are not sensitive");
    if (sr_custody_on(config, SR_CUSTODY_IMPORT))
        (void)puts("  to import keys from plain bytes, but by a rule that says \"import = yes\"");
    if (sr_custody_on(config, SR_CUSTODY_MECHANISMS))
        (void)puts("  mechanisms that leak, and vendors' own, but by a rule that names them");
    (void)puts(
        "  to make, rename, use or destroy the jobs' keys (session:, data:, totp:, backup:) as a client of "
        "Cryptoki");
}

/* A rule whose clients do not see the keys is of use beside another line only. */
static void print_notes(const struct sr_config *config)
{
    for (size_t i = 0; i < config->rule_count; i++)
        if (!(config->rules[i].operations & SR_OPERATION_BIT(SR_OPERATION_FIND)))
            (void)printf(
                "\nNote: the rule [%s] does not give \"find\". A key that no line lets a client find is not "
                "there for it.\n",
                config->rules[i].name);
}

void sr_explain_config(const struct sr_config *config)
{
    for (size_t i = 0; i < config->token_count; i++)
        (void)printf("The token \"%s\" [%s] by the module %s, with the PIN in %s.\n", config->tokens[i].label,
                     config->tokens[i].name, config->tokens[i].module, config->tokens[i].pin_file);
    for (size_t i = 0; i < config->socket_count; i++)
        print_socket(config, i);
    print_custody(config);
    print_notes(config);
}
