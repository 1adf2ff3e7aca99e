/* SPDX-License-Identifier: Apache-2.0 */
#include "totp_common.h"
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *sr_totp_family(const char *name)
{
    char *family;
    if (asprintf(&family, "%s%s", strchr(name, ':') == NULL ? "totp:" : "", name) >= 0)
        return family;
    sr_say("out of memory");
    return NULL;
}

bool sr_totp_number(const char *verb, const char *option, const char *text, unsigned *number)
{
    *number = 0;
    if (text == NULL)
        return true;
    size_t length = strlen(text);
    if (length > 0 && length < 7 && strspn(text, "0123456789") == length && strtoul(text, NULL, 10) > 0) {
        *number = (unsigned)strtoul(text, NULL, 10);
        return true;
    }
    sr_say("%s: --%s: \"%s\" is no number that could be right", verb, option, text);
    return false;
}
