/* SPDX-License-Identifier: Apache-2.0 */
/* Seeds that users have already. */
#include "jobs/base32.h"
#include "jobs/totp_seed.h"
#include "jobs/totp_text.h"

#include <jansson.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#define FIELDS 5

enum outcome { BAD, EXISTING, NEW };

struct seed {
    size_t size;
    unsigned char bytes[SR_SEED_MAX];
};

/* One row of the import. */
struct row {
    enum outcome outcome;
    struct seed seed;
    struct sr_why reason;
};

/* The import at work. USERS has those of the rows that are not bad, in their order. */
struct import {
    size_t count;
    struct row *rows;
    json_t *names; /* of all rows */
    struct sr_totp_user *users;
    bool *added;
    size_t good;
};

static bool field_text(const char *field, size_t length, char *text, size_t size)
{
    if (length >= size || memchr(field, '\0', length) != NULL)
        return false;
    memcpy(text, field, length);
    text[length] = '\0';
    return true;
}

static bool field_number(const char *field, size_t length, unsigned long *number)
{
    char text[8];
    *number = 0;
    if (length == 0 || !field_text(field, length, text, sizeof(text)) || strspn(text, "0123456789") != length)
        return false;
    *number = strtoul(text, NULL, 10);
    return true;
}

/* Splits a line at its tabs; the last field has what is left. */
static bool split(const char *line, size_t length, const char *field[FIELDS], size_t size[FIELDS])
{
    const char *end = line + length;
    for (size_t n = 0; n + 1 < FIELDS; n++) {
        const char *tab = memchr(line, '\t', (size_t)(end - line));
        if (tab == NULL)
            return false;
        field[n] = line;
        size[n] = (size_t)(tab - line);
        line = tab + 1;
    }
    field[FIELDS - 1] = line;
    size[FIELDS - 1] = (size_t)(end - line);
    return true;
}

/* User, secret, algorithm, digits, period. */
static bool parse_fields(const char *line, size_t length, struct row *row, struct sr_totp_user *user)
{
    const char *field[FIELDS];
    size_t size[FIELDS];
    struct sr_why *why = &row->reason;

    if (!split(line, length, field, size)) {
        sr_why_set(why, "a row has the user, the secret, the algorithm, the digits and the period");
        return false;
    }
    if (!field_text(field[0], size[0], user->user, sizeof(user->user))) {
        sr_why_set(why, "the user's name may have 1 to %d bytes, and no zero byte", SR_TOTP_USER_MAX - 1);
        return false;
    }
    if (sr_totp_check_text(user->user, "the user's name", why) != SR_JOB_OK)
        return false;
    if (!field_text(field[2], size[2], user->kind.algorithm, sizeof(user->kind.algorithm)))
        user->kind.algorithm[0] = '\0';
    (void)field_number(field[3], size[3], &user->kind.digits);
    (void)field_number(field[4], size[4], &user->kind.period);
    if (sr_totp_check_kind(&user->kind, why) != SR_JOB_OK)
        return false;
    row->seed.size = sizeof(row->seed.bytes);
    if (!sr_base32_decode(field[1], size[1], row->seed.bytes, &row->seed.size, why))
        return false;
    if (row->seed.size < SR_SEED_MIN)
        sr_why_set(why, "the secret has %zu bytes; it may have %d to %d", row->seed.size, SR_SEED_MIN,
                   SR_SEED_MAX);
    return row->seed.size >= SR_SEED_MIN;
}

static bool repeated(const struct import *import, const char *user)
{
    for (size_t i = 0; i < import->good; i++)
        if (strcmp(import->users[i].user, user) == 0)
            return true;
    return false;
}

/* Takes the next row. */
static bool take_row(struct import *import, const struct sr_family_name *family, const char *line,
                     size_t length)
{
    struct row *row = &import->rows[import->count++];
    struct sr_totp_user *user = &import->users[import->good];

    *user = (struct sr_totp_user){.family = *family, .created = sr_job_now(), .step = -1};
    bool good = parse_fields(line, length, row, user);
    if (good && repeated(import, user->user)) {
        sr_why_set(&row->reason, "the user stands in an earlier row already");
        good = false;
    }
    row->outcome = good ? NEW : BAD;
    json_t *name = json_string(user->user); /* NULL where it is no UTF-8 */
    bool fine = json_array_append_new(import->names, name != NULL ? name : json_string("")) == 0;
    import->good += good;
    return fine;
}

static enum sr_job_result take_rows(struct import *import, const struct sr_family_name *family,
                                    const char *rows, size_t length, struct sr_why *why)
{
    for (const char *at = rows; at < rows + length;) {
        const char *stop = memchr(at, '\n', length - (size_t)(at - rows));
        if (stop == NULL || import->count == SR_TOTP_BATCH) {
            sr_why_set(why, stop == NULL ? "the last row has no line feed" : "more than %d rows at once",
                       SR_TOTP_BATCH);
            return SR_JOB_INVALID;
        }
        if (!take_row(import, family, at, (size_t)(stop - at))) {
            sr_why_set(why, "out of memory");
            return SR_JOB_NO_MEMORY;
        }
        at = stop + 1;
    }
    return SR_JOB_OK;
}

/* Sees who is there already. */
static enum sr_job_result sort_out(struct sr_jobs *jobs, struct import *import, struct sr_why *why)
{
    enum sr_job_result result =
        sr_totp_users_add(jobs, import->users, import->good, true, import->added, why);
    for (size_t i = 0, good = 0; i < import->count && result == SR_JOB_OK; i++)
        if (import->rows[i].outcome == NEW && !import->added[good++])
            import->rows[i].outcome = EXISTING;
    return result;
}

/* Wraps the seeds of those who are not, and adds them. */
static enum sr_job_result bring_in(struct sr_jobs *jobs, const struct sr_bench *bench, struct import *import,
                                   struct sr_why *why)
{
    enum sr_job_result result = SR_JOB_OK;
    size_t from = 0;
    size_t to = 0;

    for (size_t i = 0; i < import->count && result == SR_JOB_OK; i++) {
        if (import->rows[i].outcome == BAD)
            continue;
        if (import->rows[i].outcome == NEW) {
            struct sr_totp_user *user = &import->users[to++];
            if (user != &import->users[from])
                *user = import->users[from];
            result =
                sr_totp_wrap(jobs, bench, user, import->rows[i].seed.bytes, import->rows[i].seed.size, why);
        }
        from++;
    }
    if (result == SR_JOB_OK)
        result = sr_totp_users_add(jobs, import->users, to, false, import->added, why);
    /* Somebody else may have been faster. */
    for (size_t i = 0, new = 0; i < import->count &&result == SR_JOB_OK; i++)
        if (import->rows[i].outcome == NEW && !import->added[new ++])
            import->rows[i].outcome = EXISTING;
    return result;
}

static enum sr_job_result report(const struct import *import, char **json, struct sr_why *why)
{
    static const char *const outcomes[] = {[BAD] = "bad", [EXISTING] = "existing", [NEW] = "imported"};
    json_t *array = json_array();

    for (size_t i = 0; i < import->count; i++) {
        const struct row *row = &import->rows[i];
        json_t *reason = row->outcome == BAD ? json_string(row->reason.text) : json_null();
        (void)json_array_append_new(array,
                                    json_pack("{s:O, s:s, s:o}", "user", json_array_get(import->names, i),
                                              "result", outcomes[row->outcome], "reason", reason));
    }
    *json = json_array_size(array) == import->count ? json_dumps(array, JSON_COMPACT) : NULL;
    json_decref(array);
    if (*json != NULL)
        return SR_JOB_OK;
    sr_why_set(why, "out of memory");
    return SR_JOB_NO_MEMORY;
}

static bool prepare(struct import *import)
{
    import->rows = calloc(SR_TOTP_BATCH, sizeof(*import->rows));
    import->users = calloc(SR_TOTP_BATCH + 1, sizeof(*import->users)); /* one that is being read */
    import->added = calloc(SR_TOTP_BATCH, sizeof(*import->added));
    import->names = json_array();
    return import->rows != NULL && import->users != NULL && import->added != NULL && import->names != NULL;
}

static void finish(struct import *import)
{
    if (import->rows != NULL)
        OPENSSL_cleanse(import->rows, SR_TOTP_BATCH * sizeof(*import->rows));
    free(import->rows);
    free(import->users);
    free(import->added);
    json_decref(import->names);
}

enum sr_job_result sr_totp_import(struct sr_jobs *jobs, const struct sr_bench *bench,
                                  const struct sr_family_name *family, const char *rows, size_t length,
                                  bool dry_run, char **json, struct sr_why *why)
{
    struct import import = {0};
    struct sr_state state = {0};

    *json = NULL;
    enum sr_job_result result = sr_totp_check_family(family, why);
    if (result == SR_JOB_OK) {
        result = sr_state_read(jobs, family, &state, why); /* in a dry run as well it has to be there */
        sr_state_free(&state);
    }
    if (result != SR_JOB_OK)
        return result;
    if (!prepare(&import)) {
        sr_why_set(why, "out of memory");
        result = SR_JOB_NO_MEMORY;
    }
    if (result == SR_JOB_OK)
        result = take_rows(&import, family, rows, length, why);
    if (result == SR_JOB_OK)
        result = sort_out(jobs, &import, why);
    if (result == SR_JOB_OK && !dry_run)
        result = bring_in(jobs, bench, &import, why);
    if (result == SR_JOB_OK)
        result = report(&import, json, why);
    finish(&import);
    return result;
}
