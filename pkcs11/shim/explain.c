/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/explain.h"

#include <stdarg.h>
#include <stdio.h>

static _Thread_local char text[512];

void sr_say(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
}

void sr_say_nothing(void)
{
    text[0] = '\0';
}

const char *sr_explanation(void)
{
    return text;
}
