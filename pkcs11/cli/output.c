/* SPDX-License-Identifier: Apache-2.0 */
#include "output.h"
#include "cli.h"

#include <stdarg.h>
#include <stdio.h>

static int arrived(bool written)
{
    if (written && fflush(stdout) == 0)
        return EXIT_OK;
    sr_say("the answer cannot be written to standard output");
    return EXIT_FAILED;
}

int sr_print(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vprintf(format, args);
    va_end(args);
    return arrived(n >= 0 && putchar('\n') != EOF);
}

int sr_print_json(json_t *value, bool large)
{
    if (value == NULL) {
        sr_say("out of memory");
        return EXIT_FAILED;
    }
    bool written = json_dumpf(value, stdout, large ? JSON_INDENT(2) : 0) == 0 && putchar('\n') != EOF;
    json_decref(value);
    return arrived(written);
}

int sr_failed(const char *verb, enum strongroom_result result, const struct strongroom_error *error)
{
    sr_say("%s", error->text);
    return result == STRONGROOM_INVALID ? sr_usage(verb) : EXIT_FAILED;
}

json_t *sr_answer(const char *text)
{
    json_error_t error;
    json_t *value = json_loads(text, 0, &error);
    if (value == NULL)
        sr_say("strongroomd's answer cannot be read (%s): is it of another version than this command?",
               error.text);
    return value;
}

long long sr_number(const json_t *object, const char *name, long long otherwise)
{
    const json_t *value = json_object_get(object, name);
    return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

const char *sr_text(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "";
}
