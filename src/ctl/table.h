/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * table - prints columns as wide as their contents, without holding the whole table. The
 * first rows are kept to determine the widths; later rows are written at once.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/compiler.h"

#define TABLE_COLUMNS_MAX 12
/* Rows that are kept before any row is written. */
#define TABLE_ROWS_KEPT 256
/* Size of the text of a cell; longer texts are truncated. */
#define TABLE_CELL_SIZE 160

struct table;

struct table_column {
	const char *title;
	bool is_number; /* right-aligned */
};

/* Creates a table that is written to stream. columns must outlive it. NULL if memory is
 * short. */
MUST_CHECK struct table *table_new(FILE *stream, const struct table_column *columns,
				   size_t n_columns);

/* Writes the kept rows, and frees the table. The heading is written even if there are no
 * rows. */
void table_end(struct table *table);

/*
 * The text of one cell in the current row: TABLE_CELL_SIZE bytes to write to, valid until
 * table_add_row(). A cell that is not written is "-".
 */
char *table_cell(struct table *table, size_t column);

/* Completes the current row. */
void table_add_row(struct table *table);
