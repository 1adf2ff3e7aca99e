/* SPDX-License-Identifier: Apache-2.0 */
/* The registry's rows: structures to rows and back, and the HMAC that authenticates each.
 *
 * A table's fields are listed once, in the order of its columns; binding, reading and the HMAC go by that
 * list, so that no column is left out of any. The HMAC is over the table's name and all fields, each preceded
 * by its length; lengths and integers are 8 bytes, most significant first. */
#include "cryptoki/names.h"
#include "jobs/registry_sqlite.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

union any_row {
    struct sr_family family;
    struct sr_version_row version;
    struct sr_event event;
};

enum kind { TEXT, SIGNED, UNSIGNED, STATE, FLAG };

struct field {
    enum kind kind;
    size_t at;
    size_t size;
};

#define FIELD(kind, type, member)                                                                            \
    {                                                                                                        \
        kind, offsetof(type, member), sizeof(((type *)NULL)->member)                                         \
    }

static const struct field family_fields[] = {
    FIELD(TEXT, struct sr_family, name.role), FIELD(TEXT, struct sr_family, name.name),
    FIELD(SIGNED, struct sr_family, created), FIELD(SIGNED, struct sr_family, rotate_s),
    FIELD(SIGNED, struct sr_family, grace_s),
};

static const struct field version_fields[] = {
    FIELD(TEXT, struct sr_version_row, family.role),
    FIELD(TEXT, struct sr_version_row, family.name),
    FIELD(UNSIGNED, struct sr_version_row, version.number),
    FIELD(STATE, struct sr_version_row, version.state),
    FIELD(SIGNED, struct sr_version_row, version.created),
    FIELD(SIGNED, struct sr_version_row, version.retires),
    FIELD(TEXT, struct sr_version_row, version.mechanism),
};

static const struct field event_fields[] = {
    FIELD(UNSIGNED, struct sr_event, id),         FIELD(SIGNED, struct sr_event, time),
    FIELD(TEXT, struct sr_event, family.role),    FIELD(TEXT, struct sr_event, family.name),
    FIELD(TEXT, struct sr_event, operation),      FIELD(UNSIGNED, struct sr_event, version),
    FIELD(SIGNED, struct sr_event, operator_uid), FIELD(FLAG, struct sr_event, dry_run),
    FIELD(FLAG, struct sr_event, success),
};

/* The part of its structure that the caller gets is SIZE bytes at AT. */
struct table {
    const char *name;
    const struct field *fields;
    size_t count;
    size_t at;
    size_t size;
};

#define FIELDS(fields) fields, sizeof(fields) / sizeof((fields)[0])

static const struct table tables[] = {
    [SR_TABLE_FAMILIES] = {"families", FIELDS(family_fields), 0, sizeof(struct sr_family)},
    [SR_TABLE_VERSIONS] = {"versions", FIELDS(version_fields), offsetof(struct sr_version_row, version),
                           sizeof(struct sr_version)},
    [SR_TABLE_EVENTS] = {"events", FIELDS(event_fields), 0, sizeof(struct sr_event)},
};

/* What the HMAC is over. A field takes at most its size in the structure, or 8 bytes, and 8 for the length.
 */
struct canon {
    size_t length;
    unsigned char bytes[sizeof(union any_row) + 16 * (size_t)16];
};

static long long integer(const struct field *field, const void *row)
{
    const char *at = (const char *)row + field->at;
    switch (field->kind) {
    case SIGNED:
        return *(const long long *)(const void *)at;
    case UNSIGNED:
        return (long long)*(const unsigned long *)(const void *)at;
    case STATE:
        return (long long)*(const enum sr_version_state *)(const void *)at;
    case FLAG:
        return *(const bool *)(const void *)at;
    case TEXT:
        break;
    }
    return 0;
}

/* False where the field cannot have the value. */
static bool set_integer(const struct field *field, void *row, long long value)
{
    char *at = (char *)row + field->at;
    switch (field->kind) {
    case SIGNED:
        *(long long *)(void *)at = value;
        break;
    case UNSIGNED:
        *(unsigned long *)(void *)at = (unsigned long)value;
        break;
    case STATE:
        if (value < SR_VERSION_MAKING || value > SR_VERSION_DESTROYED)
            return false;
        *(enum sr_version_state *)(void *)at = (enum sr_version_state)value;
        break;
    case FLAG:
        *(bool *)(void *)at = value != 0;
        break;
    case TEXT:
        return false;
    }
    return integer(field, row) == value;
}

static void canon_integer(struct canon *canon, unsigned long long value)
{
    for (int shift = 56; shift >= 0; shift -= 8)
        canon->bytes[canon->length++] = (unsigned char)(value >> shift);
}

static void canon_text(struct canon *canon, const char *text)
{
    size_t length = strlen(text);
    canon_integer(canon, length);
    memcpy(canon->bytes + canon->length, text, length);
    canon->length += length;
}

static enum sr_job_result seal_row(const struct sr_registry *registry, const struct table *table,
                                   const void *row, unsigned char mac[SR_SEAL_SIZE], struct sr_why *why)
{
    struct canon canon = {0};

    canon_text(&canon, table->name);
    for (const struct field *f = table->fields; f < table->fields + table->count; f++) {
        if (f->kind == TEXT) {
            canon_text(&canon, (const char *)row + f->at);
        } else {
            canon_integer(&canon, 8);
            canon_integer(&canon, (unsigned long long)integer(f, row));
        }
    }
    CK_RV rv = registry->seal.mac(registry->seal.key, canon.bytes, canon.length, mac);
    if (rv == CKR_OK)
        return SR_JOB_OK;
    sr_why_set(why, "the registry %s: the token cannot authenticate its rows: %s", registry->path,
               sr_rv_name(rv));
    return SR_JOB_FAILED;
}

/* The row as far as it could be read: its names may be anything. */
static enum sr_job_result tampered(const struct sr_registry *registry, const struct table *table,
                                   const union any_row *row, struct sr_why *why)
{
    char what[SR_FAMILY_MAX + 64];

    if (table == &tables[SR_TABLE_FAMILIES])
        (void)snprintf(what, sizeof(what), "family %s:%s", row->family.name.role, row->family.name.name);
    else if (table == &tables[SR_TABLE_VERSIONS])
        (void)snprintf(what, sizeof(what), "version %lu of %s:%s", row->version.version.number,
                       row->version.family.role, row->version.family.name);
    else
        (void)snprintf(what, sizeof(what), "event %lu, of %s:%s", row->event.id, row->event.family.role,
                       row->event.family.name);
    for (char *c = what; *c != '\0'; c++)
        if (*c < ' ' || *c > '~')
            *c = '?';
    sr_why_set(why,
               "the registry %s was changed, or belongs to another token: strongroomd did not write what it "
               "says of %s: restore it from a backup",
               registry->path, what);
    return SR_JOB_TAMPERED;
}

/* The statement's current row, its fields and then its MAC. */
static enum sr_job_result read_row(const struct sr_registry *registry, const struct table *table,
                                   sqlite3_stmt *statement, union any_row *row, struct sr_why *why)
{
    unsigned char mac[SR_SEAL_SIZE];
    int column = 0;
    bool good = true;

    memset(row, 0, sizeof(*row));
    for (const struct field *f = table->fields; f < table->fields + table->count; f++, column++) {
        int type = sqlite3_column_type(statement, column);
        if (f->kind == TEXT && type == SQLITE_TEXT) {
            const void *text = sqlite3_column_text(statement, column);
            size_t length = (size_t)sqlite3_column_bytes(statement, column);
            if (text == NULL)
                return sr_registry_failed(registry, why);
            if (length < f->size && memchr(text, '\0', length) == NULL)
                memcpy((char *)row + f->at, text, length);
            else
                good = false;
        } else if (f->kind != TEXT && type == SQLITE_INTEGER) {
            good = set_integer(f, row, sqlite3_column_int64(statement, column)) && good;
        } else {
            good = false;
        }
    }
    const void *stored = sqlite3_column_blob(statement, column);
    if (!good || stored == NULL || sqlite3_column_bytes(statement, column) != SR_SEAL_SIZE)
        return tampered(registry, table, row, why);
    enum sr_job_result result = seal_row(registry, table, row, mac, why);
    if (result == SR_JOB_OK && CRYPTO_memcmp(stored, mac, SR_SEAL_SIZE) != 0)
        result = tampered(registry, table, row, why);
    return result;
}

enum sr_job_result sr_registry_put_row(struct sr_registry *registry, enum sr_table table, const char *sql,
                                       const void *row, struct sr_why *why)
{
    const struct table *t = &tables[table];
    unsigned char mac[SR_SEAL_SIZE];
    sqlite3_stmt *statement = NULL;
    int parameter = 1;
    int bound = SQLITE_OK;

    enum sr_job_result result = seal_row(registry, t, row, mac, why);
    if (result == SR_JOB_OK)
        result = sr_registry_prepare(registry, sql, &statement, why);
    if (result != SR_JOB_OK)
        goto out;
    for (const struct field *f = t->fields; f < t->fields + t->count; f++, parameter++)
        bound |= f->kind == TEXT
                     ? sqlite3_bind_text(statement, parameter, (const char *)row + f->at, -1, SQLITE_STATIC)
                     : sqlite3_bind_int64(statement, parameter, integer(f, row));
    bound |= sqlite3_bind_blob(statement, parameter, mac, SR_SEAL_SIZE, SQLITE_STATIC);
    if (bound != SQLITE_OK || sqlite3_step(statement) != SQLITE_DONE)
        result = sr_registry_failed(registry, why);
out:
    (void)sqlite3_finalize(statement);
    return result;
}

enum sr_job_result sr_registry_get_rows(struct sr_registry *registry, enum sr_table table, const char *sql,
                                        const struct sr_family_name *name, void **rows, size_t *count,
                                        struct sr_why *why)
{
    const struct table *t = &tables[table];
    sqlite3_stmt *statement = NULL;
    union any_row row;
    char *list = NULL;
    size_t length = 0;
    size_t room = 0;
    int step;

    *rows = NULL;
    *count = 0;
    enum sr_job_result result = sr_registry_prepare(registry, sql, &statement, why);
    if (result != SR_JOB_OK)
        goto out;
    if (name != NULL && (sqlite3_bind_text(statement, 1, name->role, -1, SQLITE_STATIC) != SQLITE_OK ||
                         sqlite3_bind_text(statement, 2, name->name, -1, SQLITE_STATIC) != SQLITE_OK)) {
        result = sr_registry_failed(registry, why);
        goto out;
    }
    while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
        result = read_row(registry, t, statement, &row, why);
        if (result != SR_JOB_OK)
            goto out;
        if (length == room) {
            room = room == 0 ? 8 : room * 2;
            char *longer = reallocarray(list, room, t->size);
            if (longer == NULL) {
                sr_why_set(why, "the registry %s cannot be read: out of memory", registry->path);
                result = SR_JOB_NO_MEMORY;
                goto out;
            }
            list = longer;
        }
        memcpy(list + length++ * t->size, (const char *)&row + t->at, t->size);
    }
    if (step != SQLITE_DONE) {
        result = sr_registry_failed(registry, why);
        goto out;
    }
    *rows = list;
    *count = length;
    list = NULL;
out:
    free(list);
    (void)sqlite3_finalize(statement);
    return result;
}
