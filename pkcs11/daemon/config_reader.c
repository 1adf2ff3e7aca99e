/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/config_reader.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DURATION_MAX 1000000UL /* of any unit */

/* NCONF_get_string would fall back to the default section, which we do not want. */
const char *sr_conf_value(const struct sr_reader *r, const char *section, const char *key)
{
    STACK_OF(CONF_VALUE) *values = NCONF_get_section(r->conf, section);
    for (int i = 0; i < sk_CONF_VALUE_num(values); i++) {
        const CONF_VALUE *v = sk_CONF_VALUE_value(values, i);
        if (strcmp(v->name, key) == 0)
            return v->value;
    }
    return NULL;
}

bool sr_conf_is_one_of(const char *name, const char *const *names)
{
    while (*names != NULL && strcmp(*names, name) != 0)
        names++;
    return *names != NULL;
}

bool sr_conf_only_known(const struct sr_reader *r, const char *section, const char *const *keys,
                        bool (*also)(const char *name))
{
    STACK_OF(CONF_VALUE) *values = NCONF_get_section(r->conf, section);
    for (int i = 0; i < sk_CONF_VALUE_num(values); i++) {
        const char *name = sk_CONF_VALUE_value(values, i)->name;
        if (!sr_conf_is_one_of(name, keys) && !(also != NULL && also(name))) {
            sr_why_set(r->why, "%s: [%s] has an unknown key \"%s\"; strongroomd.conf(5) lists the known ones",
                       r->file, section, name);
            return false;
        }
    }
    return true;
}

bool sr_conf_copy(const struct sr_reader *r, const char *section, const char *key, bool needed, char **to)
{
    const char *value = sr_conf_value(r, section, key);
    if (value == NULL || *value == '\0') {
        if (needed)
            sr_why_set(r->why, "%s: [%s] lacks \"%s = ...\"", r->file, section, key);
        return !needed;
    }
    *to = strdup(value);
    if (*to == NULL)
        sr_why_set(r->why, "%s: out of memory", r->file);
    return *to != NULL;
}

bool sr_conf_number(const struct sr_reader *r, const char *section, const char *key, int base,
                    unsigned long max, unsigned long *to)
{
    const char *value = sr_conf_value(r, section, key);
    char *end;
    if (value == NULL)
        return true;
    errno = 0;
    unsigned long n = strtoul(value, &end, base);
    if (errno != 0 || *value < '0' || *value > '9' || *end != '\0' || n > max) {
        sr_why_set(r->why, "%s: [%s] %s: \"%s\" is not %s number up to %lu", r->file, section, key, value,
                   base == 8 ? "an octal" : "a", max);
        return false;
    }
    *to = n;
    return true;
}

bool sr_conf_duration(const struct sr_reader *r, const char *section, const char *key, long long *seconds)
{
    static const struct {
        char letter;
        long long seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
    const char *value = sr_conf_value(r, section, key);
    char *end;

    if (value == NULL)
        return true;
    errno = 0;
    unsigned long n = strtoul(value, &end, 10);
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (errno == 0 && *value >= '0' && *value <= '9' && n > 0 && n <= DURATION_MAX &&
            *end == units[i].letter && end[1] == '\0') {
            *seconds = (long long)n * units[i].seconds;
            return true;
        }
    sr_why_set(r->why, "%s: [%s] %s: \"%s\" is no time; write a number and s, m, h or d, as in 5m", r->file,
               section, key, value);
    return false;
}

bool sr_conf_size(const struct sr_reader *r, const char *section, const char *key, size_t least, size_t *to)
{
    static const char letters[] = "KMG";
    const char *value = sr_conf_value(r, section, key);
    char *end;

    if (value == NULL)
        return true;
    errno = 0;
    unsigned long n = strtoul(value, &end, 10);
    const char *letter = *end != '\0' ? strchr(letters, *end) : NULL;
    size_t shift = letter != NULL ? (size_t)(letter - letters + 1) * 10 : 0;
    if (errno == 0 && *value >= '0' && *value <= '9' && (letter != NULL ? end[1] : *end) == '\0' &&
        n <= (SIZE_MAX >> 1) >> shift && n << shift >= least) {
        *to = n << shift;
        return true;
    }
    sr_why_set(r->why,
               "%s: [%s] %s: \"%s\" is no size from %zu on; write a number of bytes, or one with K, M or G",
               r->file, section, key, value, least);
    return false;
}

bool sr_conf_each(const struct sr_reader *r, const char *section, const char *key,
                  bool (*one)(const struct sr_reader *, const char *element, void *arg), void *arg)
{
    const char *value = sr_conf_value(r, section, key);
    if (value == NULL)
        return true;
    char *list = strdup(value);
    bool ok = list != NULL;
    char *rest = list;
    for (char *word = ok ? strtok_r(list, ", \t", &rest) : NULL; ok && word != NULL;
         word = strtok_r(NULL, ", \t", &rest))
        ok = one(r, word, arg);
    free(list);
    return ok;
}

static bool lookup(const char *name, bool group, id_t *id)
{
    char *end;
    if (*name >= '0' && *name <= '9') {
        errno = 0;
        unsigned long n = strtoul(name, &end, 10);
        *id = (id_t)n;
        return errno == 0 && *end == '\0' && n < (id_t)-1;
    }
    const struct group *gr = group ? getgrnam(name) : NULL;
    const struct passwd *pw = group ? NULL : getpwnam(name);
    if (gr != NULL)
        *id = gr->gr_gid;
    else if (pw != NULL)
        *id = pw->pw_uid;
    return gr != NULL || pw != NULL;
}

bool sr_conf_has_section(const struct sr_reader *r, const char *list, const char *section)
{
    if (NCONF_get_section(r->conf, section) != NULL)
        return true;
    sr_why_set(r->why, "%s: \"%s\" names the section [%s], which is not there", r->file, list, section);
    return false;
}

bool sr_conf_yes(const struct sr_reader *r, const char *section, const char *key, bool *yes)
{
    const char *value = sr_conf_value(r, section, key);
    if (value == NULL)
        return true;
    if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0) {
        sr_why_set(r->why, "%s: [%s] %s: write yes or no", r->file, section, key);
        return false;
    }
    *yes = strcmp(value, "yes") == 0;
    return true;
}

bool sr_conf_who(const struct sr_reader *r, const char *section, const char *who, bool *group, id_t *id)
{
    const char *name = NULL;

    if (strncmp(who, "user:", 5) == 0)
        name = who + 5;
    else if (strncmp(who, "group:", 6) == 0)
        name = who + 6;
    if (name == NULL) {
        sr_why_set(r->why, "%s: [%s] admits \"%s\"; write user:NAME or group:NAME", r->file, section, who);
        return false;
    }
    *group = who[0] == 'g';
    if (lookup(name, *group, id))
        return true;
    sr_why_set(r->why, "%s: [%s] admits \"%s\", and there is no such %s on this machine", r->file, section,
               who, *group ? "group" : "user");
    return false;
}

/* The word of LENGTH bytes at TEXT, without the blanks around it. */
static bool is_word(const char *text, size_t length, const char *word)
{
    while (length > 0 && (*text == ' ' || *text == '\t')) {
        text++;
        length--;
    }
    while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t'))
        length--;
    return strlen(word) == length && memcmp(text, word, length) == 0;
}

unsigned sr_conf_line(const struct sr_reader *r, const char *section, const char *key)
{
    FILE *file = fopen(r->file, "re");
    bool inside = strcmp(section, "default") == 0;
    char *text = NULL;
    size_t room = 0;
    unsigned number = 0;
    unsigned found = 0;

    while (file != NULL && getline(&text, &room, file) >= 0) {
        const char *at = text + strspn(text, " \t");
        size_t name = strcspn(at, "=");
        number++;
        if (*at == '[')
            inside = is_word(at + 1, strcspn(at + 1, "]"), section);
        else if (inside && at[name] == '=' && is_word(at, name, key))
            found = number; /* the last one counts */
    }
    free(text);
    if (file != NULL)
        (void)fclose(file);
    return found;
}
