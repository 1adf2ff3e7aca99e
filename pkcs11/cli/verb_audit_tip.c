/* strongroom audit tip
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "ask_text.h"
#include "cli.h"

static const char help[] = "Usage: strongroom audit tip [--socket PATH]\n\n"
                           "Prints the last line of the audit log, as its file, number and chain value, with "
                           "the time and a signature\n"
                           "of the token: one JSON object. Keep it elsewhere; \"strongroom audit verify "
                           "--tip\" tells later whether\n"
                           "the log still has that line. Needs the right to manage.\n\n" SR_SOCKET_HELP;

int sr_verb_audit_tip(int argc, char **argv)
{
    static const struct sr_text_verb verb = {
        .name = "audit tip", .what = "the tip", .help = help, .ask = strongroom_audit_tip};
    return sr_ask_text(&verb, argc, argv);
}
