/* SPDX-License-Identifier: Apache-2.0 */
#include "csv.h"
#include "cli.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Standard input's buffer: so it can be cleansed. */
static char buffer[65536];

static int next(struct sr_csv *csv)
{
    int c = getc(stdin);
    if (c == '\n')
        csv->next_line++;
    return c;
}

static void trouble(struct sr_csv *csv, const char *what)
{
    if (csv->trouble == NULL)
        csv->trouble = what;
}

static void put(struct sr_csv *csv, int c)
{
    if (csv->used >= sizeof(csv->text))
        trouble(csv, "the record is longer than 4000 bytes");
    else
        csv->text[csv->used++] = (char)c;
}

static void begin_field(struct sr_csv *csv)
{
    if (csv->count >= SR_CSV_FIELDS)
        trouble(csv, "the record has more than 16 fields");
    else
        csv->field[csv->count++] =
            csv->text + (csv->used < sizeof(csv->text) ? csv->used : sizeof(csv->text) - 1);
}

/* The rest of a field that began with a quote; returns what follows it. */
static int quoted(struct sr_csv *csv)
{
    for (;;) {
        int c = next(csv);
        if (c == EOF) {
            trouble(csv, "a quote is opened and never closed");
            return c;
        }
        if (c == '"') {
            c = next(csv);
            if (c != '"')
                return c;
        }
        if (c == '\0')
            trouble(csv, "the record has a zero byte in it");
        put(csv, c);
    }
}

/* A field that begins with C; returns what ends it: a comma, a line feed, EOF. */
static int read_field(struct sr_csv *csv, int c)
{
    begin_field(csv);
    if (c == '"') {
        c = quoted(csv);
        if (c == '\r')
            c = next(csv);
        if (c != ',' && c != '\n' && c != EOF)
            trouble(csv, "something stands behind a closing quote");
    }
    while (c != ',' && c != '\n' && c != EOF) {
        int after = next(csv);
        if (c == '"')
            trouble(csv, "a quote stands in the middle of a field");
        if (c == '\0')
            trouble(csv, "the record has a zero byte in it");
        if (c != '\r' || after != '\n')
            put(csv, c);
        c = after;
    }
    put(csv, '\0');
    return c;
}

/* A byte order mark, which some programs write before the first line. */
static int skip_mark(struct sr_csv *csv)
{
    int c = next(csv);
    if (csv->started || c != 0xef)
        return c;
    (void)next(csv);
    (void)next(csv);
    return next(csv);
}

bool sr_csv_next(struct sr_csv *csv, bool *failed)
{
    int c;

    if (!csv->started) {
        (void)setvbuf(stdin, buffer, _IOFBF, sizeof(buffer));
        csv->next_line = 1;
    }
    do {
        csv->line = csv->next_line;
        c = skip_mark(csv);
        csv->started = true;
        if (c == '\r') {
            int after = next(csv);
            c = after == '\n' || after == EOF ? after : (ungetc(after, stdin), ' ');
        }
    } while (c == '\n');
    if (c == EOF) {
        *failed = ferror(stdin) != 0;
        if (*failed)
            sr_say("standard input cannot be read: %s", strerror(errno));
        return false;
    }
    csv->trouble = NULL;
    csv->count = 0;
    csv->used = 0;
    c = read_field(csv, c);
    while (c == ',')
        c = read_field(csv, next(csv));
    return true;
}

void sr_csv_end(struct sr_csv *csv)
{
    explicit_bzero(buffer, sizeof(buffer));
    explicit_bzero(csv, sizeof(*csv));
}
