/* SPDX-License-Identifier: Apache-2.0 */
#include "table.h"
#include "cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sr_table_add(struct sr_table *table, const char *format, ...)
{
    va_list args;
    char *cell;
    char **more = reallocarray(table->cells, table->count + 1, sizeof(*more));

    if (more == NULL) {
        table->short_of_memory = true;
        return;
    }
    table->cells = more;
    va_start(args, format);
    int n = vasprintf(&cell, format, args);
    va_end(args);
    if (n < 0)
        table->short_of_memory = true;
    else
        table->cells[table->count++] = cell;
}

static void measure(const struct sr_table *table, size_t widths[SR_COLUMNS_MAX])
{
    for (size_t i = 0; i < table->count; i++) {
        size_t length = strlen(table->cells[i]);
        if (length > widths[i % table->columns])
            widths[i % table->columns] = length;
    }
}

int sr_table_print(struct sr_table *table)
{
    size_t widths[SR_COLUMNS_MAX] = {0};
    int exit_status = EXIT_FAILED;

    if (table->short_of_memory) {
        sr_say("out of memory");
        goto out;
    }
    measure(table, widths);
    for (size_t i = 0; i < table->count; i++) {
        size_t column = i % table->columns;
        if (column == table->columns - 1)
            (void)printf("%s\n", table->cells[i]);
        else
            (void)printf("%-*s  ", (int)widths[column], table->cells[i]);
    }
    if (ferror(stdout) != 0 || fflush(stdout) != 0)
        sr_say("the table cannot be written to standard output");
    else
        exit_status = EXIT_OK;
out:
    for (size_t i = 0; i < table->count; i++)
        free(table->cells[i]);
    free(table->cells);
    *table = (struct sr_table){.columns = table->columns};
    return exit_status;
}
