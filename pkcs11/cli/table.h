/* A table for people: columns as wide as what stands in them.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_CLI_TABLE_H
#define STRONGROOM_CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#define SR_COLUMNS_MAX 8

/* Set COLUMNS, all else zero. Cells are added row by row, the titles first. */
struct sr_table {
    size_t columns;
    char **cells;
    size_t count;
    bool short_of_memory;
};

void sr_table_add(struct sr_table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Prints the table and frees what is in it; returns an exit status. */
int sr_table_print(struct sr_table *table);

#endif
