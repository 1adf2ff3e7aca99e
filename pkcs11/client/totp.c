/* Second factors.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "client/handle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_ALGORITHM "SHA1"
#define DEFAULT_DIGITS 6
#define DEFAULT_PERIOD 30
#define TEXT_MAX 4096 /* longer than any name, code or secret in base32 */
#define NUMBERS_MAX 32

void strongroom_free_secret(char *secret)
{
    if (secret != NULL)
        explicit_bzero(secret, strlen(secret));
    free(secret);
}

static const char *algorithm_or_default(const char *algorithm)
{
    return algorithm != NULL ? algorithm : DEFAULT_ALGORITHM;
}

static bool too_long(const char *what, const char *text, struct strongroom_error *error)
{
    if (strlen(text) <= TEXT_MAX)
        return false;
    (void)sr_client_fail(error, STRONGROOM_INVALID, "%s: a text is longer than any that could be right",
                         what);
    return true;
}

enum strongroom_result strongroom_totp_enrol(strongroom *h, const char *family,
                                             const struct strongroom_totp_entry *entry, unsigned flags,
                                             char **uri, struct strongroom_error *error)
{
    const struct sr_totp_enrol_request request = {
        .family = sr_client_string(family),
        .user = sr_client_string(entry->user),
        .issuer = sr_client_string(entry->issuer),
        .account = sr_client_string(entry->account != NULL ? entry->account : entry->user),
        .algorithm = sr_client_string(algorithm_or_default(entry->algorithm)),
        .digits = entry->digits != 0 ? entry->digits : DEFAULT_DIGITS,
        .period = entry->period != 0 ? entry->period : DEFAULT_PERIOD,
        .flags = (flags & STRONGROOM_REPLACE) != 0 ? SR_TOTP_REPLACE : 0};

    *uri = NULL;
    if (too_long("enrolling", entry->user, error) || too_long("enrolling", entry->issuer, error) ||
        (entry->account != NULL && too_long("enrolling", entry->account, error)))
        return STRONGROOM_INVALID;
    return sr_client_ask_text(h, "enrolling", SR_CALL_TOTP_ENROL, &request, uri, error);
}

/* How many bytes the row takes at most. */
static size_t row_size(const struct strongroom_totp_seed *seed)
{
    return strlen(seed->user) + strlen(seed->secret) + strlen(algorithm_or_default(seed->algorithm)) +
           NUMBERS_MAX;
}

/* What separates fields and rows must not stand in them; in the secret it does not count. */
static bool separable(const struct strongroom_totp_seed *seed)
{
    return strpbrk(seed->user, "\t\n") == NULL &&
           strpbrk(algorithm_or_default(seed->algorithm), "\t\n") == NULL;
}

static char *put_text(char *at, const char *text)
{
    for (; *text != '\0'; text++)
        *at++ = (char)(*text == '\t' || *text == '\n' ? ' ' : *text);
    return at;
}

/* The row of one seed, *SIZE bytes at most; then how many it has. */
static void put_row(char *row, size_t *size, const struct strongroom_totp_seed *seed)
{
    char *at = put_text(row, seed->user);
    *at++ = '\t';
    at = put_text(at, seed->secret);
    *at++ = '\t';
    at = put_text(at, algorithm_or_default(seed->algorithm));
    int n = snprintf(at, *size - (size_t)(at - row), "\t%u\t%u\n",
                     seed->digits != 0 ? seed->digits : DEFAULT_DIGITS,
                     seed->period != 0 ? seed->period : DEFAULT_PERIOD);
    *size = (size_t)(at - row) + (n > 0 ? (size_t)n : 0);
}

/* How much memory the rows take, 0 after an error. */
static size_t measure(const struct strongroom_totp_seed *seeds, size_t count, struct strongroom_error *error)
{
    size_t size = 0;
    if (count == 0 || count > STRONGROOM_TOTP_BATCH) {
        (void)sr_client_fail(error, STRONGROOM_INVALID, "importing: %zu seeds at once; it may be 1 to %d",
                             count, STRONGROOM_TOTP_BATCH);
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        if (!separable(&seeds[i])) {
            (void)sr_client_fail(
                error, STRONGROOM_INVALID,
                "importing: the name or algorithm of user %zu has a tab or a line feed in it", i + 1);
            return 0;
        }
        if (too_long("importing", seeds[i].user, error) || too_long("importing", seeds[i].secret, error))
            return 0;
        size += row_size(&seeds[i]);
    }
    if (size > SR_TOTP_ROWS_MAX) {
        (void)sr_client_fail(error, STRONGROOM_INVALID, "importing: more than %zu bytes at once",
                             SR_TOTP_ROWS_MAX);
        return 0;
    }
    return size;
}

enum strongroom_result strongroom_totp_import(strongroom *h, const char *family,
                                              const struct strongroom_totp_seed *seeds, size_t count,
                                              unsigned flags, char **report, struct strongroom_error *error)
{
    struct sr_totp_import_request request = {
        .family = sr_client_string(family), .flags = (flags & STRONGROOM_DRY_RUN) != 0 ? SR_TOTP_DRY_RUN : 0};
    size_t used = 0;

    *report = NULL;
    size_t size = measure(seeds, count, error);
    if (size == 0)
        return STRONGROOM_INVALID;
    char *rows = malloc(size);
    if (rows == NULL)
        return sr_client_fail(error, STRONGROOM_NO_MEMORY, "importing: out of memory");
    for (size_t i = 0; i < count; i++) {
        size_t row = size - used;
        put_row(rows + used, &row, &seeds[i]);
        used += row;
    }
    request.rows = sr_client_bytes(rows, used);
    enum strongroom_result result =
        sr_client_ask_text(h, "importing", SR_CALL_TOTP_IMPORT, &request, report, error);
    explicit_bzero(rows, size);
    free(rows);
    return result;
}

enum strongroom_result strongroom_totp_verify(strongroom *h, const char *family, const char *user,
                                              const char *code, struct strongroom_error *error)
{
    const struct sr_totp_request request = {
        .family = sr_client_string(family), .user = sr_client_string(user), .first = sr_client_string(code)};

    if (request.first.length > TEXT_MAX)
        return sr_client_fail(error, STRONGROOM_BAD, "verifying the code: it is longer than any");
    if (too_long("verifying the code", user, error))
        return STRONGROOM_INVALID;
    return sr_client_ask(h, "verifying the code", SR_CALL_TOTP_VERIFY, &request, NULL, error);
}

enum strongroom_result strongroom_totp_resync(strongroom *h, const char *family, const char *user,
                                              const char *first, const char *second,
                                              struct strongroom_error *error)
{
    const struct sr_totp_request request = {.family = sr_client_string(family),
                                            .user = sr_client_string(user),
                                            .first = sr_client_string(first),
                                            .second = sr_client_string(second)};

    if (request.first.length > TEXT_MAX || request.second.length > TEXT_MAX)
        return sr_client_fail(error, STRONGROOM_BAD, "synchronizing: a code is longer than any");
    if (too_long("synchronizing", user, error))
        return STRONGROOM_INVALID;
    return sr_client_ask(h, "synchronizing", SR_CALL_TOTP_RESYNC, &request, NULL, error);
}

enum strongroom_result strongroom_totp_list(strongroom *h, const char *family, const char *after,
                                            size_t limit, char **json, struct strongroom_error *error)
{
    const struct sr_totp_list_request request = {.family = sr_client_string(family),
                                                 .after = sr_client_string(after != NULL ? after : ""),
                                                 .limit = limit};

    *json = NULL;
    if (after != NULL && too_long("listing the users", after, error))
        return STRONGROOM_INVALID;
    return sr_client_ask_text(h, "listing the users", SR_CALL_TOTP_LIST, &request, json, error);
}

enum strongroom_result strongroom_totp_remove(strongroom *h, const char *family, const char *user,
                                              struct strongroom_error *error)
{
    const struct sr_totp_request request = {.family = sr_client_string(family),
                                            .user = sr_client_string(user)};

    if (too_long("removing the user", user, error))
        return STRONGROOM_INVALID;
    return sr_client_ask(h, "removing the user", SR_CALL_TOTP_REMOVE, &request, NULL, error);
}

enum strongroom_result strongroom_totp_rewrap(strongroom *h, const char *family, size_t limit, size_t *moved,
                                              size_t *left, struct strongroom_error *error)
{
    const struct sr_totp_rewrap_request request = {.family = sr_client_string(family), .limit = limit};
    struct sr_totp_moved_reply reply = {0};

    enum strongroom_result result =
        sr_client_ask(h, "rewrapping seeds", SR_CALL_TOTP_REWRAP, &request, &reply, error);
    *moved = reply.moved;
    *left = reply.left;
    return result;
}
