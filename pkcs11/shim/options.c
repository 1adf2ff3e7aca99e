/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/options.h"
#include "shim/explain.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEPARATORS " ,\t\n"

void sr_options_socket(struct sr_options *o, const char *path)
{
    (void)snprintf(o->socket, sizeof(o->socket), "%s", path);
}

static bool set_socket(struct sr_options *o, const char *value)
{
    if (*value == '\0') {
        sr_say("the module's initialisation string has \"socket=\" without a path");
        return false;
    }
    sr_options_socket(o, value);
    return true;
}

static bool seconds(const char *value, long *ms)
{
    char *end;
    long n = strtol(value, &end, 10);
    if (end == value || *end != '\0' || n < 1 || n > 3600) {
        sr_say("\"%.60s\" is no time-out: whole seconds, 1 to 3600, are", value);
        return false;
    }
    *ms = n * 1000;
    return true;
}

static bool set_timeout(struct sr_options *o, const char *value)
{
    return seconds(value, &o->timeout_ms);
}

static bool set_reconnect(struct sr_options *o, const char *value)
{
    return seconds(value, &o->reconnect_ms);
}

static const struct {
    const char *name;
    bool (*set)(struct sr_options *o, const char *value);
} words[] = {
    {"socket=", set_socket},
    {"timeout=", set_timeout},
    {"reconnect-timeout=", set_reconnect},
};

static bool set_word(struct sr_options *o, const char *word)
{
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        size_t n = strlen(words[i].name);
        if (strncmp(word, words[i].name, n) == 0)
            return words[i].set(o, word + n);
    }
    sr_say("the module's initialisation string has \"%.60s\": it knows socket=PATH, timeout=SECONDS and "
           "reconnect-timeout=SECONDS",
           word);
    return false;
}

bool sr_options_parse(struct sr_options *o, const char *text)
{
    struct sr_options set = *o;
    char *at = NULL;
    bool ok = true;

    char *copy = strdup(text);
    if (copy == NULL) {
        sr_say("out of memory");
        return false;
    }
    for (char *word = strtok_r(copy, SEPARATORS, &at); ok && word != NULL;
         word = strtok_r(NULL, SEPARATORS, &at))
        ok = set_word(&set, word);
    free(copy);
    if (ok)
        *o = set;
    return ok;
}
