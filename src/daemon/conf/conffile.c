/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/conf/conffile.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <confuse.h>

#include "base/util.h"

/* A file that is being read. */
struct reader {
	struct conffile *file;
	char *text; /* the whole file, comments blanked */
	size_t len;
	const char *const *keys;
	size_t n_keys;
	char *unknown[CONFFILE_UNKNOWN_MAX]; /* keys in the file that are not in keys */
	unsigned int unknown_line[CONFFILE_UNKNOWN_MAX];
	size_t n_unknown;
	bool is_cut;           /* text was cut off before the end of the file */
	bool met_unknown;      /* this pass ended at an unknown key that is new */
	unsigned int err_line; /* of the syntax error that ended this pass */
	char *err_text;
	int err; /* 0 or -ENOMEM */
};

/* libconfuse passes no context to its callbacks. */
static struct reader *reading;

static void *grow(void *array, size_t n, size_t elem_size)
{
	/* Doubles the size at powers of two. n is the number of elements in use. */
	if (n & (n - 1))
		return array;
	return reallocarray(array, n ? 2 * n : 1, elem_size);
}

/* Takes ownership of text. Keeps errors sorted; they arrive almost in the order of their lines. */
static void add_error(struct reader *r, unsigned int line, char *text)
{
	struct conffile *file = r->file;
	struct conffile_error *errors = NULL;
	size_t at = file->n_errors;

	if (text && at < CONFFILE_ERRORS_MAX)
		errors = grow(file->errors, at, sizeof(*errors));
	if (!errors) {
		if (!text || at < CONFFILE_ERRORS_MAX)
			r->err = -ENOMEM;
		free(text);
		return;
	}
	file->errors = errors;
	for (; at && errors[at - 1].line > line; at--)
		errors[at] = errors[at - 1];
	errors[at] = (struct conffile_error){ line, text };
	file->n_errors++;
}

PRINTF_LIKE(3, 4)
static void add_errorf(struct reader *r, unsigned int line, const char *fmt, ...)
{
	va_list args;
	char *text;

	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		text = NULL;
	va_end(args);
	add_error(r, line, text);
}

/* ---- before libconfuse: comments, strings, characters */

enum scan_state {
	SCAN_PLAIN,
	SCAN_STRING,
	SCAN_LINE_COMMENT,
	SCAN_BLOCK_COMMENT,
};

struct scan {
	struct reader *r;
	enum scan_state state;
	char quote; /* STRING: the character that ends it */
	unsigned int line;
	unsigned int started_line; /* STRING, BLOCK_COMMENT: where it began */
	size_t line_start;         /* offset of the current line */
	size_t started_at;         /* offset of that line */
};

static void start(struct scan *s, enum scan_state state)
{
	s->state = state;
	s->started_line = s->line;
	s->started_at = s->line_start;
}

/* Cuts the text off before the line in which the current string or comment began. */
static void cut(struct scan *s)
{
	s->r->len = s->started_at;
	s->r->is_cut = true;
}

static bool is_token_end(char c)
{
	return strchr(" \t\n\r={},\"'", c) != NULL;
}

/* Returns how many characters were processed. */
static size_t scan_plain(struct scan *s, size_t at)
{
	struct reader *r = s->r;
	char *c = r->text + at;
	bool fresh = at == 0 || is_token_end(c[-1]);

	if (*c == '#') {
		*c = ' ';
		s->state = SCAN_LINE_COMMENT;
	} else if (*c == '/' && c[1] == '*') {
		c[0] = c[1] = ' ';
		start(s, SCAN_BLOCK_COMMENT);
		return 2;
	} else if (*c == '/' && c[1] == '/' && fresh) {
		c[0] = c[1] = ' ';
		s->state = SCAN_LINE_COMMENT;
		return 2;
	} else if (*c == '"' || *c == '\'') {
		s->quote = *c;
		start(s, SCAN_STRING);
	} else if (*c == '+' && c[1] == '=') {
		add_errorf(r, s->line, "+= is not supported; write the whole list");
		*c = ' ';
	} else if (strchr("()+*", *c)) {
		add_errorf(r, s->line, "'%c' must be in quotes", *c);
		*c = ' ';
	} else if (*c == '$' && c[1] == '{') {
		add_errorf(r, s->line,
			   "environment variables are not expanded; for a literal ${, write "
			   "\\${ in double quotes");
		*c = ' ';
	}
	return 1;
}

/* Returns false if the rest of the file cannot be scanned. */
static bool scan_string(struct scan *s, size_t at, size_t *ret_step)
{
	struct reader *r = s->r;
	char *c = r->text + at;

	*ret_step = 1;
	if (*c == s->quote) {
		s->state = SCAN_PLAIN;
	} else if (*c == '\n') {
		add_errorf(r, s->started_line,
			   "the string that begins here is not closed on the same line");
		cut(s);
		return false;
	} else if (*c == '\\') {
		const char *allowed = s->quote == '"' ? "\\\"$" : "\\'";

		if (c[1] == '\n')
			return true;
		if (strchr(allowed, c[1])) {
			*ret_step = 2;
			return true;
		}
		add_errorf(r, s->line, "a backslash may only precede one of %s", allowed);
		*c = '/';
	} else if (*c == '$' && c[1] == '{' && s->quote == '"') {
		add_errorf(r, s->line,
			   "environment variables are not expanded; for a literal ${, write \\${");
		*c = ' ';
	}
	return true;
}

static size_t scan_comment(struct scan *s, size_t at)
{
	char *c = s->r->text + at;

	if (s->state == SCAN_BLOCK_COMMENT && c[0] == '*' && c[1] == '/') {
		c[0] = c[1] = ' ';
		s->state = SCAN_PLAIN;
		return 2;
	}
	*c = ' ';
	return 1;
}

/* Replaces control characters, so that each is reported once. A carriage return is not reported. */
static void check_byte(struct scan *s, char *c)
{
	unsigned char byte = (unsigned char)*c;

	if (*c == '\r') {
		*c = ' ';
	} else if ((byte < 0x20 && *c != '\n' && *c != '\t') || byte == 0x7f) {
		add_errorf(s->r, s->line, "control character 0x%02x is not allowed", byte);
		*c = ' ';
	}
}

/* Blanks comments and reports what libconfuse would silently accept. */
static void scan_text(struct reader *r)
{
	struct scan s = { .r = r, .line = 1 };
	size_t at = 0, step;

	while (at < r->len) {
		char *c = r->text + at;

		check_byte(&s, c);
		step = 1;
		if (s.state == SCAN_STRING) {
			if (!scan_string(&s, at, &step))
				return;
		} else if (*c != '\n') {
			step = s.state == SCAN_PLAIN ? scan_plain(&s, at) : scan_comment(&s, at);
		}
		if (*c == '\n') {
			s.line++;
			s.line_start = at + 1;
			if (s.state == SCAN_LINE_COMMENT)
				s.state = SCAN_PLAIN;
		}
		at += step;
	}
	if (s.state == SCAN_BLOCK_COMMENT) {
		add_errorf(r, s.started_line, "the comment that begins here is never closed");
		cut(&s);
	}
}

/* ---- libconfuse */

static size_t key_index(const struct reader *r, const char *name)
{
	for (size_t i = 0; i < r->n_keys; i++)
		if (!strcmp(r->keys[i], name))
			return i;
	return CONFFILE_KEY_UNKNOWN;
}

static struct conffile_item *add_item(struct reader *r, const char *name, unsigned int line)
{
	struct conffile *file = r->file;
	size_t at = file->n_items;
	struct conffile_item *items = grow(file->items, at, sizeof(*items));
	char *copy = strdup(name);

	if (items)
		file->items = items;
	if (!items || !copy) {
		free(copy);
		r->err = -ENOMEM;
		return NULL;
	}
	for (; at && items[at - 1].line > line; at--)
		items[at] = items[at - 1];
	items[at] = (struct conffile_item){
		.key = key_index(r, name),
		.name = copy,
		.line = line,
	};
	file->n_items++;
	return &items[at];
}

/* Adds one value, which opt->nvalues already counts. */
static int on_value(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	struct reader *r = reading;
	struct conffile_item *item = NULL;
	struct conffile_value *values;
	unsigned int line = (unsigned int)cfg->line;
	char *text;

	if (opt->nvalues == 1)
		item = add_item(r, opt->name, line);
	else if (r->file->n_items)
		item = &r->file->items[r->file->n_items - 1];
	if (!item)
		return -1;

	text = strdup(value);
	values = grow(item->values, item->n_values, sizeof(*values));
	if (values)
		item->values = values;
	if (!text || !values) {
		free(text);
		r->err = -ENOMEM;
		return -1;
	}
	values[item->n_values++] = (struct conffile_value){ text, line };

	/* libconfuse makes its own copy. */
	*(const char **)result = value;
	return 0;
}

/* Takes the name from "no such option 'NAME'": libconfuse gives it nowhere else. */
static bool take_unknown(struct reader *r, unsigned int line, const char *text)
{
	static const char prefix[] = "no such option '";
	const char *name = text + sizeof(prefix) - 1;
	size_t len;

	if (strncmp(text, prefix, sizeof(prefix) - 1) != 0 || r->n_unknown == CONFFILE_UNKNOWN_MAX)
		return false;
	len = strlen(name);
	if (len < 2)
		return false;
	r->unknown[r->n_unknown] = strndup(name, len - 1);
	if (!r->unknown[r->n_unknown]) {
		r->err = -ENOMEM;
		return true;
	}
	r->unknown_line[r->n_unknown++] = line;
	r->met_unknown = true;
	return true;
}

PRINTF_LIKE(2, 0)
static void on_error(cfg_t *cfg, const char *fmt, va_list args)
{
	struct reader *r = reading;
	char *text;

	/* Keep the first error only: the others follow from it. */
	if (r->met_unknown || r->err_text)
		return;
	if (vasprintf(&text, fmt, args) < 0) {
		r->err = -ENOMEM;
		return;
	}
	if (take_unknown(r, (unsigned int)cfg->line, text)) {
		free(text);
		return;
	}
	r->err_line = (unsigned int)cfg->line;
	r->err_text = text;
}

static void items_free(struct conffile *file)
{
	for (size_t i = 0; i < file->n_items; i++) {
		struct conffile_item *item = &file->items[i];

		for (size_t j = 0; j < item->n_values; j++)
			free(item->values[j].text);
		free(item->values);
		free(item->name);
	}
	free(file->items);
	file->items = NULL;
	file->n_items = 0;
}

/* Line of the last assignment to name, or 0. For an empty list, which has no value with a line. */
static unsigned int find_line(const struct reader *r, const char *name)
{
	unsigned int line = 1, found = 0;
	size_t len = strlen(name);

	for (size_t i = 0; i < r->len; i++) {
		const char *c = r->text + i;

		if (*c == '\n')
			line++;
		else if ((i == 0 || is_token_end(c[-1])) && r->len - i > len &&
			 !memcmp(c, name, len) && is_token_end(c[len]) &&
			 c[len + strspn(c + len, " \t")] == '=')
			found = line;
	}
	return found;
}

static bool has_item(const struct reader *r, const char *name)
{
	for (size_t i = 0; i < r->file->n_items; i++)
		if (!strcmp(r->file->items[i].name, name))
			return true;
	return false;
}

/* Adds keys that were set to the empty list, and unknown keys without a value. */
static void add_empty_items(struct reader *r, cfg_t *cfg)
{
	/* After a syntax error, a key without a value may be the one right before the error. */
	for (const cfg_opt_t *opt = cfg->opts; opt->name && !r->err_text; opt++) {
		if ((opt->flags & CFGF_MODIFIED) && opt->nvalues == 0)
			add_item(r, opt->name, find_line(r, opt->name));
	}
	for (size_t i = 0; i < r->n_unknown; i++) {
		if (!has_item(r, r->unknown[i]))
			add_item(r, r->unknown[i], r->unknown_line[i]);
	}
}

static cfg_t *new_parser(struct reader *r)
{
	size_t n = r->n_keys + r->n_unknown;
	cfg_opt_t *opts = calloc(n + 1, sizeof(*opts));
	cfg_t *cfg;

	if (!opts)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		const char *name = i < r->n_keys ? r->keys[i] : r->unknown[i - r->n_keys];

		opts[i] = (cfg_opt_t)CFG_STR_LIST_CB(name, NULL, CFGF_NODEFAULT, on_value);
	}
	opts[n] = (cfg_opt_t)CFG_END();
	cfg = cfg_init(opts, CFGF_NONE);
	free(opts);
	return cfg;
}

/* Parses the text once. If that ends at a new unknown key, the next pass knows the key. */
static void parse_once(struct reader *r)
{
	cfg_t *cfg = new_parser(r);
	FILE *stream = fmemopen(r->text, r->len, "r");

	r->met_unknown = false;
	if (!cfg || !stream) {
		r->err = -ENOMEM;
	} else {
		cfg_set_error_function(cfg, on_error);
		reading = r;
		if (cfg_parse_fp(cfg, stream) != CFG_SUCCESS && !r->met_unknown && !r->err_text)
			r->err = -ENOMEM;
		reading = NULL;
		if (!r->met_unknown)
			add_empty_items(r, cfg);
	}
	if (stream)
		fclose(stream);
	if (cfg)
		cfg_free(cfg);
}

static void parse_text(struct reader *r)
{
	if (!r->len)
		return;
	do {
		items_free(r->file);
		parse_once(r);
	} while (r->met_unknown && !r->err);

	/* If the text was cut off, the reason has already been reported. */
	if (r->err_text && !(r->is_cut && strstr(r->err_text, "end of file")))
		add_errorf(r, r->err_line, "syntax error: %s", r->err_text);
}

static void read_text(struct reader *r, FILE *stream)
{
	size_t n;

	/* Two more bytes: a newline at the end, and a NUL because the scan looks one byte ahead. */
	r->text = malloc(CONFFILE_MAX_BYTES + 2);
	if (!r->text) {
		r->err = -ENOMEM;
		return;
	}
	n = fread(r->text, 1, CONFFILE_MAX_BYTES + 1, stream);
	if (ferror(stream)) {
		add_errorf(r, 0, "cannot read: %s", strerror(errno));
		n = 0;
	} else if (n > CONFFILE_MAX_BYTES) {
		add_errorf(r, 0, "larger than %u bytes", CONFFILE_MAX_BYTES);
		n = 0;
	}
	if (n && r->text[n - 1] != '\n')
		r->text[n++] = '\n';
	r->text[n] = '\0';
	r->len = n;
}

int conffile_read(FILE *stream, const char *const *keys, size_t n_keys, struct conffile *ret)
{
	struct reader r = { .file = ret, .keys = keys, .n_keys = n_keys };

	*ret = (struct conffile){ 0 };
	read_text(&r, stream);
	if (!r.err)
		scan_text(&r);
	if (!r.err)
		parse_text(&r);

	for (size_t i = 0; i < r.n_unknown; i++)
		free(r.unknown[i]);
	free(r.err_text);
	free(r.text);
	return r.err;
}

void conffile_fini(struct conffile *file)
{
	items_free(file);
	for (size_t i = 0; i < file->n_errors; i++)
		free(file->errors[i].text);
	free(file->errors);
	file->errors = NULL;
	file->n_errors = 0;
}
