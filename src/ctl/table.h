/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * table - columns of text that are as wide as their contents, without holding
 * the whole table: the first rows are kept to learn the widths, the others
 * are written at once.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/compiler.h"

#define TABLE_COLUMNS_MAX 12
/* Rows that are kept before the first one is written. */
#define TABLE_ROWS_KEPT 256
/* Longest cell; longer ones are cut. */
#define TABLE_CELL_SIZE 160

struct table;

struct table_column {
	const char *title;
	bool is_number; /* flush right */
};

/* A table that is written to stream. columns outlives it. NULL without memory. */
MUST_CHECK struct table *table_new(FILE *stream, const struct table_column *columns,
				   size_t n_columns);

/* Writes what is still kept, and frees. The heading is written also without rows. */
void table_end(struct table *table);

/*
 * The text of one cell of the row that is being built: TABLE_CELL_SIZE bytes to
 * write to, valid until table_add_row(). Cells that are not written are "-".
 */
char *table_cell(struct table *table, size_t column);

/* Finishes the row. */
void table_add_row(struct table *table);
