/* Reading values out of a file in OpenSSL's configuration syntax: each function that returns false has said
 * in the reader's WHY which section and key is wrong, and what would be right.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_DAEMON_CONFIG_READER_H
#define STRONGROOM_DAEMON_CONFIG_READER_H

#include "cryptoki/why.h"

#include <openssl/conf.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct sr_reader {
    const char *file;
    CONF *conf;
    struct sr_why *why;
};

/* The value of KEY in SECTION, or NULL. */
const char *sr_conf_value(const struct sr_reader *r, const char *section, const char *key);

/* The number of the line that sets KEY in SECTION; 0 where the file itself has none (".include"). */
unsigned sr_conf_line(const struct sr_reader *r, const char *section, const char *key);

/* Is NAME in NAMES, which end with NULL? */
bool sr_conf_is_one_of(const char *name, const char *const *names);

/* Has SECTION no other keys than KEYS, which end with NULL, and those that ALSO (may be NULL) says yes to? */
bool sr_conf_only_known(const struct sr_reader *r, const char *section, const char *const *keys,
                        bool (*also)(const char *name));

/* Is there a section of that name, which the key LIST names? */
bool sr_conf_has_section(const struct sr_reader *r, const char *list, const char *section);

/* Copies KEY of SECTION to *TO; where it is absent, an error if it is NEEDED. */
bool sr_conf_copy(const struct sr_reader *r, const char *section, const char *key, bool needed, char **to);

/* A number up to MAX; *TO is unchanged where KEY is absent. */
bool sr_conf_number(const struct sr_reader *r, const char *section, const char *key, int base,
                    unsigned long max, unsigned long *to);

/* A number and s, m, h or d; *SECONDS is unchanged where KEY is absent. */
bool sr_conf_duration(const struct sr_reader *r, const char *section, const char *key, long long *seconds);

/* A number of bytes, with K, M or G, at least LEAST. */
bool sr_conf_size(const struct sr_reader *r, const char *section, const char *key, size_t least, size_t *to);

/* "yes" or "no"; *YES is unchanged where KEY is absent. */
bool sr_conf_yes(const struct sr_reader *r, const char *section, const char *key, bool *yes);

/* Calls ONE for each element of a list that is separated by commas or blanks. */
bool sr_conf_each(const struct sr_reader *r, const char *section, const char *key,
                  bool (*one)(const struct sr_reader *, const char *element, void *arg), void *arg);

/* "user:NAME" or "group:NAME", a number in place of the name. */
bool sr_conf_who(const struct sr_reader *r, const char *section, const char *who, bool *group, id_t *id);

#endif
