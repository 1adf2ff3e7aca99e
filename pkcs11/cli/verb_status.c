/* strongroom status
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "ask_text.h"
#include "cli.h"

static const char help[] = "Usage: strongroom status [--socket PATH]\n\n"
                           "Prints what strongroomd says of itself, its tokens, and what you may do on this "
                           "socket.\n\n" SR_SOCKET_HELP;

int sr_verb_status(int argc, char **argv)
{
    static const struct sr_text_verb verb = {
        .name = "status", .what = "the status", .help = help, .ask = strongroom_status};
    return sr_ask_text(&verb, argc, argv);
}
