/* The configuration files that strongroom init writes.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "init.h"

#include <stdio.h>

char *sr_init_softhsm_conf(const struct sr_init_plan *plan)
{
    char *text;
    if (asprintf(&text,
                 "# SoftHSM's configuration for strongroomd, written by strongroom init.\n"
                 "directories.tokendir = %s\n"
                 "objectstore.backend = file\n"
                 "log.level = ERROR\n",
                 plan->token_dir) < 0)
        return NULL;
    return text;
}

char *sr_init_daemon_conf(const struct sr_init_plan *plan)
{
    char *text;
    if (asprintf(
            &text,
            "# strongroomd's configuration, written by strongroom init. strongroomd.conf(5) has all that can "
            "be said.\n"
            "\n"
            "tokens = main_token\n"
            "sockets = service, admin\n"
            "log-level = info\n"
            "# Which families of keys there are; the keys themselves are in the token.\n"
            "registry = %s\n"
            "# What was done with their keys, by whom: strongroom audit show.\n"
            "audit = %s\n"
            "\n"
            "[environment]\n"
            "SOFTHSM2_CONF = %s\n"
            "\n"
            "[main_token]\n"
            "module = %s\n"
            "label = %s\n"
            "pin-file = %s\n"
            "\n"
            "# Anybody may connect; who is not named here is not admitted. \"use\": find, sign, random.\n"
            "# Who may sign and verify by families is said by lines like \"session = user:www-data\".\n"
            "[service]\n"
            "path = %s/socket\n"
            "mode = 0666\n"
            "use = %s\n"
            "\n"
            "# \"manage\": also make and destroy keys. \"family\": make, rotate and revoke families.\n"
            "# \"session\", \"jwt\", \"data\", \"totp\": use them. \"registry\": back up what is known of "
            "them.\n"
            "# \"backup\": make and read backups.\n"
            "[admin]\n"
            "path = %s/admin\n"
            "administration = yes\n"
            "manage = %s\n"
            "family = %s\n"
            "session = %s\n"
            "jwt = %s\n"
            "data = %s\n"
            "registry = %s\n"
            "totp = %s\n"
            "backup = %s\n",
            plan->registry, plan->audit, plan->softhsm_conf, plan->module, plan->label, plan->pin_file,
            plan->run_dir, plan->use, plan->run_dir, plan->manage, plan->manage, plan->manage, plan->manage,
            plan->manage, plan->manage, plan->manage, plan->manage) < 0)
        return NULL;
    return text;
}
