/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/table.h"

#include <stdlib.h>
#include <string.h>

#include "base/bug.h"
#include "base/util.h"

struct cell {
	char text[TABLE_CELL_SIZE];
};

struct table {
	FILE *stream;
	const struct table_column *columns;
	size_t n_columns;
	size_t n_rows;   /* kept rows, before the current one */
	bool is_flowing; /* kept rows are written; further rows are written at once */
	size_t width[TABLE_COLUMNS_MAX];
	struct cell *cells; /* TABLE_ROWS_KEPT rows and the current one, n_columns each */
};

static struct cell *row_cells(const struct table *table, size_t row)
{
	return table->cells + row * table->n_columns;
}

static void begin_row(struct table *table)
{
	struct cell *cells = row_cells(table, table->n_rows);

	for (size_t i = 0; i < table->n_columns; i++)
		strcpy(cells[i].text, "-");
}

struct table *table_new(FILE *stream, const struct table_column *columns, size_t n_columns)
{
	struct table *table;

	if (BUG_ON(n_columns > TABLE_COLUMNS_MAX))
		return NULL;
	table = calloc(1, sizeof(*table));
	if (!table)
		return NULL;
	table->cells = calloc((TABLE_ROWS_KEPT + 1) * n_columns, sizeof(struct cell));
	if (!table->cells) {
		free(table);
		return NULL;
	}
	table->stream = stream;
	table->columns = columns;
	table->n_columns = n_columns;
	for (size_t i = 0; i < n_columns; i++)
		table->width[i] = strlen(columns[i].title);
	begin_row(table);
	return table;
}

static void write_cell(const struct table *table, size_t column, const char *text)
{
	int width = (int)table->width[column];
	bool is_last = column == table->n_columns - 1;

	if (column)
		fputs("  ", table->stream);
	if (table->columns[column].is_number)
		fprintf(table->stream, "%*s", width, text);
	else
		fprintf(table->stream, "%-*s", is_last ? 0 : width, text);
	if (is_last)
		fputc('\n', table->stream);
}

static void learn_widths(struct table *table, const struct cell *cells)
{
	for (size_t i = 0; i < table->n_columns; i++)
		table->width[i] = MAX(table->width[i], strlen(cells[i].text));
}

static void write_row(const struct table *table, const struct cell *cells)
{
	for (size_t i = 0; i < table->n_columns; i++)
		write_cell(table, i, cells[i].text);
}

static void write_kept(struct table *table)
{
	for (size_t i = 0; i < table->n_columns; i++)
		write_cell(table, i, table->columns[i].title);
	for (size_t row = 0; row < table->n_rows; row++)
		write_row(table, row_cells(table, row));
	table->n_rows = 0;
	table->is_flowing = true;
}

char *table_cell(struct table *table, size_t column)
{
	return row_cells(table, table->n_rows)[column].text;
}

void table_add_row(struct table *table)
{
	struct cell *cells = row_cells(table, table->n_rows);

	/* A wider cell shifts the columns of all later rows, which is better than many
	 * misaligned rows. */
	learn_widths(table, cells);
	if (table->is_flowing)
		write_row(table, cells);
	else if (++table->n_rows == TABLE_ROWS_KEPT)
		write_kept(table);
	begin_row(table);
}

void table_end(struct table *table)
{
	if (!table)
		return;
	if (!table->is_flowing)
		write_kept(table);
	free(table->cells);
	free(table);
}
