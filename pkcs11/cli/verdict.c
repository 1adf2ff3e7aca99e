/* SPDX-License-Identifier: Apache-2.0 */
#include "verdict.h"
#include "cli.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *sr_role_family(const char *role, const char *name)
{
    bool whole = strchr(name, ':') != NULL;
    char *family;
    if (asprintf(&family, "%s%s%s", whole ? "" : role, whole ? "" : ":", name) >= 0)
        return family;
    sr_say("out of memory");
    return NULL;
}

char *sr_session_family(const char *name)
{
    return sr_role_family("session", name);
}

bool sr_version_number(const struct sr_form *form, const char *text, unsigned long *number)
{
    char *end;
    if (text == NULL)
        return true;
    *number = strtoul(text, &end, 10);
    if (isdigit((unsigned char)*text) && *end == '\0' && *number < 1UL << 32)
        return true;
    sr_say("%s: \"%s\" is not the number of a version", form->verb, text);
    (void)sr_usage(form->verb);
    return false;
}

int sr_verdict(const struct sr_form *form, const struct sr_given *given, enum strongroom_result result,
               const struct strongroom_error *error)
{
    if (result == STRONGROOM_OK)
        return EXIT_OK;
    if (result != STRONGROOM_BAD)
        return sr_failed(form->verb, result, error) == EXIT_USAGE ? EXIT_USAGE : EXIT_UNDECIDED;
    if (!given->json)
        sr_say("%s", error->text);
    else if (sr_print_json(json_pack("{s:b, s:s}", "good", 0, "reason", error->text), false) != EXIT_OK)
        return EXIT_UNDECIDED;
    return EXIT_FAILED;
}

int sr_verdict_printed(int status)
{
    /* EXIT_FAILED would say that the signature is not good. */
    return status == EXIT_OK ? EXIT_OK : EXIT_UNDECIDED;
}
