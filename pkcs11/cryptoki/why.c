/* SPDX-License-Identifier: Apache-2.0 */
#include "cryptoki/why.h"

#include <stdarg.h>
#include <stdio.h>

void sr_why_set(struct sr_why *why, const char *format, ...)
{
    if (why == NULL)
        return;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(why->text, sizeof(why->text), format, args);
    va_end(args);
}
