/* strongroom policy test
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "options.h"
#include "output.h"

#include <stdlib.h>

static const char help[] =
    "Usage: strongroom policy test --as USER OPERATION URI [OPTION]...\n\n"
    "Tells whether strongroomd would let USER (a name or a number) do OPERATION (find, sign, decrypt, ...) "
    "with the\n"
    "key that URI describes, and by which line of its configuration. Nobody but who may manage can ask.\n"
    "Exit status: 0 allow, 1 deny, 2 called wrongly or not answered.\n\n"
    "  --as USER      who; with the groups that the machine knows of\n"
    "  --on NAME      on the socket with that section; else on any\n"
    "  --mechanism M  with that mechanism (CKM_..., or a number); else with whichever\n" SR_COMMON_HELP;

int sr_verb_policy_test(int argc, char **argv)
{
    struct strongroom_policy_question question = {NULL};
    const struct sr_form form = {.verb = "policy test",
                                 .help = help,
                                 .options = {{"as", &question.user, NULL, 0},
                                             {"on", &question.socket, NULL, 0},
                                             {"mechanism", &question.mechanism, NULL, 0}},
                                 .arguments = {"the operation", "the key's URI"}};
    struct sr_given given;
    strongroom *daemon = NULL;
    char *reason = NULL;
    struct strongroom_error error;
    int allowed = 0;
    int exit_status;

    if (!sr_options_read(argc, argv, &form, &given, &exit_status))
        return exit_status;
    if (question.user == NULL) {
        sr_say("%s: --as USER is missing", form.verb);
        return sr_usage(form.verb);
    }
    question.operation = given.arguments[0];
    question.uri = given.arguments[1];

    enum strongroom_result result = strongroom_open(given.socket, &daemon, &error);
    if (result == STRONGROOM_OK)
        result = strongroom_policy_test(daemon, &question, &allowed, &reason, &error);
    if (result != STRONGROOM_OK)
        (void)sr_failed(form.verb, result, &error);
    else if (given.json)
        exit_status = sr_print_json(json_pack("{s:b, s:s}", "allowed", allowed, "reason", reason), false);
    else
        exit_status = sr_print("%s: %s", allowed ? "allow" : "deny", reason);
    /* Whoever cannot be answered shall not take that for a "deny". */
    if (result != STRONGROOM_OK || exit_status != EXIT_OK)
        exit_status = EXIT_USAGE;
    else
        exit_status = allowed ? EXIT_OK : EXIT_FAILED;
    free(reason);
    strongroom_close(daemon);
    return exit_status;
}
