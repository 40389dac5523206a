/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/conf.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/parse.h"
#include "base/util.h"
#include "daemon/conffile.h"

/* ---- the option table */

/* One value of a key that takes words. */
struct word {
	const char *name;
	unsigned int value;
	const char *refused; /* known, but not to be had: what to use instead */
};

static const struct word offload_words[] = {
	{ "hardware", OFFLOAD_HARDWARE, NULL },
	{ "software", OFFLOAD_SOFTWARE, NULL },
	{ "observe", OFFLOAD_OBSERVE, NULL },
	{ NULL, 0, NULL },
};

static const struct word admit_words[] = {
	{ "mark", ADMIT_MARK, NULL },
	{ "events", ADMIT_EVENTS, NULL },
	{ "nft", 0, "use events or mark" },
	{ NULL, 0, NULL },
};

static const struct word level_words[] = {
	{ "error", LOG_LEVEL_ERROR, NULL },   { "warning", LOG_LEVEL_WARNING, NULL },
	{ "notice", LOG_LEVEL_NOTICE, NULL }, { "info", LOG_LEVEL_INFO, NULL },
	{ "debug", LOG_LEVEL_DEBUG, NULL },   { NULL, 0, NULL },
};

struct load;
struct option;

/* Checks the values of one assignment and stores them, or says what is wrong. */
typedef void (*set_fn)(struct load *load, const struct option *opt,
		       const struct conffile_item *item);
typedef void (*print_fn)(const struct config *config, const struct option *opt, FILE *stream);

static void set_devices(struct load *, const struct option *, const struct conffile_item *);
static void set_word(struct load *, const struct option *, const struct conffile_item *);
static void set_number(struct load *, const struct option *, const struct conffile_item *);
static void set_text(struct load *, const struct option *, const struct conffile_item *);
static void print_devices(const struct config *, const struct option *, FILE *);
static void print_word(const struct config *, const struct option *, FILE *);
static void print_number(const struct config *, const struct option *, FILE *);
static void print_hex(const struct config *, const struct option *, FILE *);
static void print_duration(const struct config *, const struct option *, FILE *);
static void print_size(const struct config *, const struct option *, FILE *);
static void print_text(const struct config *, const struct option *, FILE *);

struct option {
	struct conf_key key;
	set_fn set;
	print_fn print;
	size_t offset, size; /* of the member of struct config */
	uint64_t min, max;   /* numbers; durations in ms, sizes in bytes */
	const struct word *words;
	const char *(*check)(const char *text); /* texts: NULL, or what is wrong */
};

#define MEMBER(member) offsetof(struct config, member), sizeof(((struct config *)NULL)->member)

static const char *check_path(const char *text);
static const char *check_group(const char *text);

/* One row per key, in the manual's order. */
/* clang-format off */
static const struct option options[] = {
	{ { "devices", "list", "device names, or auto alone", "{}",
	    "ports between which connections are offloaded; none: observe only" },
	  set_devices, print_devices, 0, 0, 0, 0, NULL, NULL },
	{ { "offload", "word", "hardware | software | observe", "observe",
	    "where rules go: into the NIC, into the kernel's own classifier, or nowhere" },
	  set_word, print_word, MEMBER(core.offload), 0, 0, offload_words, NULL },
	{ { "admit", "word", "mark | events", "events",
	    "which connections: those that the ruleset has marked, or every established one" },
	  set_word, print_word, MEMBER(core.admit), 0, 0, admit_words, NULL },
	{ { "mark", "number", "1 .. 0xffffffff", "0x10000000",
	    "bits of the conntrack mark that admit a connection, with admit = mark" },
	  set_number, print_hex, MEMBER(core.mark), 1, UINT32_MAX, NULL, NULL },
	{ { "max-flows", "number", "16 .. 16777216", "65536",
	    "connections that the daemon keeps track of" },
	  set_number, print_number, MEMBER(core.max_flows), 16, 16777216, NULL, NULL },
	{ { "sample-interval", "duration", "200ms .. 60s", "1s",
	    "how often the counters of the rules are read" },
	  set_number, print_duration, MEMBER(core.sample_ms), 200, 60000, NULL, NULL },
	{ { "tc-priority", "number", "1 .. 65000", "100",
	    "first of the four tc priorities that belong to the daemon" },
	  set_number, print_number, MEMBER(core.tc_priority), 1, 65000, NULL, NULL },
	{ { "event-buffer", "size", "16k .. 256M", "16M",
	    "memory for conntrack events that wait to be read" },
	  set_number, print_size, MEMBER(event_buffer_bytes), 16384, 268435456, NULL, NULL },
	{ { "workers", "number", "1 .. 8", "1", "threads that program rules" },
	  set_number, print_number, MEMBER(workers), 1, CONF_WORKERS_MAX, NULL, NULL },
	{ { "log-level", "word", "error | warning | notice | info | debug", "info",
	    "least urgent messages that are written" },
	  set_word, print_word, MEMBER(log_level), 0, 0, level_words, NULL },
	{ { "control-socket", "text", "absolute path", "\"/run/nft-offload/ctl\"",
	    "where nft-offload(8) finds the daemon" },
	  set_text, print_text, MEMBER(socket_path), 0, 0, NULL, check_path },
	{ { "control-group", "text", "name of a group, or empty", "\"\"",
	    "group whose members may ask, but change nothing" },
	  set_text, print_text, MEMBER(control_group), 0, 0, NULL, check_group },
};
/* clang-format on */

#define N_OPTIONS array_size(options)

const struct conf_key *conf_key_get(size_t i)
{
	return i < N_OPTIONS ? &options[i].key : NULL;
}

/* ---- messages */

void conf_errors_init(struct conf_errors *errors)
{
	memset(errors, 0, sizeof(*errors));
}

void conf_errors_fini(struct conf_errors *errors)
{
	for (unsigned int i = 0; i < errors->n_messages; i++)
		free(errors->message[i].text);
	conf_errors_init(errors);
}

/* A load in progress. */
struct load {
	struct config config; /* what there is so far */
	struct conf_errors *errors;
	const char *file;                 /* for messages; NULL: built-in defaults */
	unsigned int line;                /* 0: none */
	unsigned int set_line[N_OPTIONS]; /* in this file; 0: not set */
	bool is_given[N_OPTIONS];         /* in any file */
	unsigned int n_left_out;          /* messages that were not kept */
	int err;                          /* -ENOMEM */
};

PRINTF_LIKE(3, 0)
static void vmessage(struct load *load, bool is_error, const char *fmt, va_list args)
{
	struct conf_errors *errors = load->errors;
	char *text = NULL, *line = NULL;
	int n;

	errors->n_errors += is_error;
	if (errors->n_messages >= CONF_MESSAGES_MAX) {
		load->n_left_out++;
		return;
	}
	if (vasprintf(&text, fmt, args) < 0) {
		load->err = -ENOMEM;
		return;
	}
	if (load->line)
		n = asprintf(&line, "%s:%u: %s", load->file, load->line, text);
	else
		n = asprintf(&line, "%s: %s", load->file, text);
	free(text);
	if (n < 0) {
		load->err = -ENOMEM;
		return;
	}
	errors->message[errors->n_messages++] = (struct conf_message){ is_error, line };
}

PRINTF_LIKE(2, 3) static void error(struct load *load, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vmessage(load, true, fmt, args);
	va_end(args);
}

PRINTF_LIKE(2, 3) static void notice(struct load *load, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vmessage(load, false, fmt, args);
	va_end(args);
}

/* The last line, when some were left out. */
static void finish_messages(struct load *load)
{
	struct conf_errors *errors = load->errors;
	char *text;

	if (!load->n_left_out)
		return;
	if (asprintf(&text, "%u more messages left out", load->n_left_out) < 0)
		load->err = -ENOMEM;
	else
		errors->message[errors->n_messages++] = (struct conf_message){ true, text };
}

/* ---- the word that was probably meant */

#define SUGGEST_MAX_BYTES 32

/* Levenshtein distance; both at most SUGGEST_MAX_BYTES long. */
static unsigned int distance(const char *a, const char *b)
{
	unsigned int row[SUGGEST_MAX_BYTES + 1];
	size_t len = strlen(b);

	for (size_t j = 0; j <= len; j++)
		row[j] = (unsigned int)j;
	for (size_t i = 0; a[i]; i++) {
		unsigned int diagonal = row[0];

		row[0] = (unsigned int)i + 1;
		for (size_t j = 0; j < len; j++) {
			unsigned int replace = diagonal + (a[i] != b[j]);

			diagonal = row[j + 1];
			row[j + 1] = MIN(replace, MIN(row[j], row[j + 1]) + 1);
		}
	}
	return row[len];
}

struct suggestion {
	const char *given;
	const char *best;
	unsigned int distance;
};

static void consider(struct suggestion *s, const char *candidate)
{
	size_t len = strlen(s->given);
	unsigned int d;

	if (len > SUGGEST_MAX_BYTES || strlen(candidate) > SUGGEST_MAX_BYTES)
		return;
	d = distance(s->given, candidate);
	/* A beginning, or the end, of the right word counts as near. */
	if (len >= 3 && strstr(candidate, s->given))
		d = MIN(d, 2u);
	if (d <= MIN_T(size_t, 3, len / 2) && (!s->best || d < s->distance)) {
		s->best = candidate;
		s->distance = d;
	}
}

static void unknown_key(struct load *load, const char *name)
{
	struct suggestion s = { .given = name };

	for (size_t i = 0; i < N_OPTIONS; i++)
		consider(&s, options[i].key.name);
	if (s.best)
		error(load, "unknown key \"%s\"; did you mean \"%s\"?", name, s.best);
	else
		error(load, "unknown key \"%s\"", name);
}

/* ---- values */

static void *member(struct config *config, const struct option *opt)
{
	return (char *)config + opt->offset;
}

static const void *const_member(const struct config *config, const struct option *opt)
{
	return (const char *)config + opt->offset;
}

/* The one value of a key that takes one; NULL when there is none or more. */
static const char *single(struct load *load, const struct option *opt,
			  const struct conffile_item *item)
{
	if (item->n_values == 1)
		return item->values[0].text;
	error(load, "%s takes one value, not a list", opt->key.name);
	return NULL;
}

static void set_word(struct load *load, const struct option *opt, const struct conffile_item *item)
{
	const char *text = single(load, opt, item);
	struct suggestion s = { .given = text };

	if (!text)
		return;
	for (const struct word *w = opt->words; w->name; w++) {
		if (strcmp(w->name, text) != 0) {
			if (!w->refused)
				consider(&s, w->name);
			continue;
		}
		if (w->refused)
			error(load, "%s = %s is not available in this version; %s", opt->key.name,
			      text, w->refused);
		else
			*(unsigned int *)member(&load->config, opt) = w->value;
		return;
	}
	if (s.best)
		error(load, "%s = %s: not one of %s; did you mean \"%s\"?", opt->key.name, text,
		      opt->key.range, s.best);
	else
		error(load, "%s = %s: not one of %s", opt->key.name, text, opt->key.range);
}

static_assert(sizeof(enum offload_mode) == sizeof(unsigned int) &&
		      sizeof(enum admit_mode) == sizeof(unsigned int) &&
		      sizeof(enum log_level) == sizeof(unsigned int),
	      "words are stored as unsigned int");

/* The three notations of a number. */
static int parse_number(const struct option *opt, const char *text, uint64_t *ret)
{
	if (opt->print == print_duration)
		return parse_duration_ms(text, opt->min, opt->max, ret);
	if (opt->print == print_size)
		return parse_size(text, opt->min, opt->max, ret);
	return parse_u64(text, opt->min, opt->max, ret);
}

static void not_a_number(struct load *load, const struct option *opt, const char *text)
{
	if (opt->print == print_duration)
		error(load, "%s = %s: not a duration, such as 500ms or 2s", opt->key.name, text);
	else if (opt->print == print_size)
		error(load, "%s = %s: not a size, such as 64k or 16M", opt->key.name, text);
	else
		error(load, "%s = %s: not a number in %s", opt->key.name, text, opt->key.range);
}

static void set_number(struct load *load, const struct option *opt,
		       const struct conffile_item *item)
{
	const char *text = single(load, opt, item);
	void *to = member(&load->config, opt);
	uint64_t value;
	int err;

	if (!text)
		return;
	err = parse_number(opt, text, &value);
	if (err == -ERANGE) {
		error(load, "%s = %s: not in %s", opt->key.name, text, opt->key.range);
	} else if (err) {
		not_a_number(load, opt, text);
	} else if (opt->size == sizeof(uint16_t)) {
		*(uint16_t *)to = (uint16_t)value;
	} else {
		*(uint32_t *)to = (uint32_t)value;
	}
}

static const char *check_path(const char *text)
{
	if (text[0] != '/')
		return "must be an absolute path";
	if (text[strlen(text) - 1] == '/')
		return "is a directory";
	return NULL;
}

static const char *check_group(const char *text)
{
	if (text[0] && !getgrnam(text))
		return "there is no such group";
	return NULL;
}

static void set_text(struct load *load, const struct option *opt, const struct conffile_item *item)
{
	const char *text = single(load, opt, item), *wrong;
	char *to = member(&load->config, opt);

	if (!text)
		return;
	if (strlen(text) >= opt->size) {
		error(load, "%s: longer than %zu characters", opt->key.name, opt->size - 1);
		return;
	}
	wrong = opt->check(text);
	if (wrong) {
		error(load, "%s = \"%s\": %s", opt->key.name, text, wrong);
		return;
	}
	memset(to, 0, opt->size);
	memcpy(to, text, strlen(text));
}

/* What the kernel's dev_valid_name() takes. */
static const char *check_device(const char *name)
{
	if (!name[0])
		return "is empty";
	if (strlen(name) >= LINK_NAME_SIZE)
		return "is longer than 15 characters";
	if (!strcmp(name, ".") || !strcmp(name, ".."))
		return "is not a device name";
	if (name[strcspn(name, "/: \t\n\v\f\r")])
		return "has a character that no device name has";
	return NULL;
}

static void set_devices(struct load *load, const struct option *opt UNUSED,
			const struct conffile_item *item)
{
	struct settings *core = &load->config.core;

	memset(core->device, 0, sizeof(core->device));
	core->n_devices = 0;
	core->auto_devices = false;
	for (size_t i = 0; i < item->n_values; i++) {
		const char *name = item->values[i].text, *wrong = check_device(name);

		load->line = item->values[i].line;
		if (!strcmp(name, "auto")) {
			core->auto_devices = true;
			if (item->n_values > 1)
				error(load, "devices: auto must stand alone");
			continue;
		}
		for (unsigned int j = 0; j < core->n_devices && !wrong; j++) {
			if (!strcmp(core->device[j], name))
				wrong = "is there twice";
		}
		if (wrong)
			error(load, "devices: \"%s\" %s", name, wrong);
		else if (core->n_devices == SETTINGS_MAX_DEVICES)
			error(load, "devices: \"%s\" is one too many: %d at most", name,
			      SETTINGS_MAX_DEVICES);
		else
			memcpy(core->device[core->n_devices++], name, strlen(name));
	}
}

/* ---- printing */

static void print_quoted(const char *text, FILE *stream)
{
	fputc('"', stream);
	for (; *text; text++) {
		if (strchr("\\\"$", *text))
			fputc('\\', stream);
		fputc(*text, stream);
	}
	fputc('"', stream);
}

static void print_devices(const struct config *config, const struct option *opt UNUSED,
			  FILE *stream)
{
	const struct settings *core = &config->core;

	if (core->auto_devices) {
		fputs("{ \"auto\" }", stream);
		return;
	}
	fputc('{', stream);
	for (unsigned int i = 0; i < core->n_devices; i++) {
		fputs(i ? ", " : " ", stream);
		print_quoted(core->device[i], stream);
	}
	fputs(core->n_devices ? " }" : "}", stream);
}

static void print_word(const struct config *config, const struct option *opt, FILE *stream)
{
	unsigned int value = *(const unsigned int *)const_member(config, opt);

	for (const struct word *w = opt->words; w->name; w++) {
		if (!w->refused && w->value == value)
			fputs(w->name, stream);
	}
}

static uint32_t number(const struct config *config, const struct option *opt)
{
	const void *from = const_member(config, opt);

	if (opt->size == sizeof(uint16_t))
		return *(const uint16_t *)from;
	return *(const uint32_t *)from;
}

static void print_number(const struct config *config, const struct option *opt, FILE *stream)
{
	fprintf(stream, "%" PRIu32, number(config, opt));
}

static void print_hex(const struct config *config, const struct option *opt, FILE *stream)
{
	fprintf(stream, "0x%" PRIx32, number(config, opt));
}

static void print_size(const struct config *config, const struct option *opt, FILE *stream)
{
	uint32_t bytes = number(config, opt);

	if (bytes % (1024 * 1024) == 0)
		fprintf(stream, "%" PRIu32 "M", bytes / (1024 * 1024));
	else if (bytes % 1024 == 0)
		fprintf(stream, "%" PRIu32 "k", bytes / 1024);
	else
		fprintf(stream, "%" PRIu32, bytes);
}

static void print_duration(const struct config *config, const struct option *opt, FILE *stream)
{
	uint32_t ms = number(config, opt);

	if (ms % 1000)
		fprintf(stream, "%" PRIu32 "ms", ms);
	else
		fprintf(stream, "%" PRIu32 "s", ms / 1000);
}

static void print_text(const struct config *config, const struct option *opt, FILE *stream)
{
	print_quoted(const_member(config, opt), stream);
}

int conf_print(const struct config *config, FILE *stream)
{
	for (size_t i = 0; i < N_OPTIONS; i++) {
		fprintf(stream, "%s = ", options[i].key.name);
		options[i].print(config, &options[i], stream);
		fputc('\n', stream);
	}
	return ferror(stream) ? -EIO : 0;
}

/* ---- loading */

/* The defaults are written as in the file and go the same way. */
static void set_default(struct load *load, const struct option *opt)
{
	char text[CONF_PATH_SIZE] = "";
	const char *from = opt->key.default_value;
	struct conffile_value value = { .text = text };
	struct conffile_item item = { .values = &value, .n_values = 1 };

	if (!strcmp(from, "{}"))
		item.n_values = 0;
	else if (from[0] == '"')
		memcpy(text, from + 1, strlen(from) - 2);
	else
		memcpy(text, from, strlen(from));
	opt->set(load, opt, &item);
}

static void load_init(struct load *load, struct conf_errors *errors)
{
	memset(load, 0, sizeof(*load));
	load->errors = errors;
	load->file = "built-in defaults";
	for (size_t i = 0; i < N_OPTIONS; i++)
		set_default(load, &options[i]);
}

void conf_default(struct config *ret)
{
	struct conf_errors errors CLEANUP(conf_errors_fini);
	struct load load;

	conf_errors_init(&errors);
	load_init(&load, &errors);
	(void)BUG_ON(errors.n_errors); /* the table refuses its own defaults */
	*ret = load.config;
}

static void load_item(struct load *load, const struct conffile_item *item)
{
	const struct option *opt;

	load->line = item->line;
	if (item->key == CONFFILE_KEY_UNKNOWN) {
		unknown_key(load, item->name);
		return;
	}
	opt = &options[item->key];
	if (load->set_line[item->key]) {
		error(load, "%s is set already, in line %u", opt->key.name,
		      load->set_line[item->key]);
		return;
	}
	load->set_line[item->key] = item->line;
	load->is_given[item->key] = true;
	opt->set(load, opt, item);
}

static void load_stream(struct load *load, FILE *stream, const char *name)
{
	struct conffile file CLEANUP(conffile_fini) = { 0 };
	const char *keys[N_OPTIONS];
	size_t e = 0;

	for (size_t i = 0; i < N_OPTIONS; i++)
		keys[i] = options[i].key.name;
	memset(load->set_line, 0, sizeof(load->set_line));
	load->file = name;

	load->err = conffile_read(stream, keys, N_OPTIONS, &file);
	for (size_t i = 0; i <= file.n_items && !load->err; i++) {
		unsigned int line = i < file.n_items ? file.items[i].line : (unsigned int)-1;

		for (; e < file.n_errors && file.errors[e].line <= line; e++) {
			load->line = file.errors[e].line;
			error(load, "%s", file.errors[e].text);
		}
		if (i < file.n_items)
			load_item(load, &file.items[i]);
	}
	load->line = 0;
}

static void load_file(struct load *load, const char *path, bool may_be_missing)
{
	FILE *stream = fopen(path, "re");
	struct stat st;

	load->file = path;
	if (!stream) {
		if (errno == ENOENT && may_be_missing)
			notice(load, "there is no such file; using the defaults");
		else
			error(load, "cannot open: %s", strerror(errno));
		return;
	}
	if (fstat(fileno(stream), &st) < 0)
		error(load, "cannot read: %s", strerror(errno));
	else if (S_ISDIR(st.st_mode))
		error(load, "is a directory");
	else
		load_stream(load, stream, path);
	fclose(stream);
}

static int is_conf_name(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return entry->d_name[0] != '.' && len > 5 && !strcmp(entry->d_name + len - 5, ".conf");
}

static int compare_names(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name); /* whatever the locale */
}

/* A file of conf.d. Not a pipe or the like, on which start-up would hang. */
static void load_fragment(struct load *load, const char *path)
{
	struct stat st;

	load->file = path;
	if (stat(path, &st) < 0)
		error(load, "cannot open: %s", strerror(errno));
	else if (!S_ISREG(st.st_mode))
		error(load, "is not a file");
	else
		load_file(load, path, false);
}

static void load_dir(struct load *load, const char *dir)
{
	struct dirent **entries;
	int n;

	load->file = dir;
	n = scandir(dir, &entries, is_conf_name, compare_names);
	if (n < 0) {
		if (errno == ENOMEM)
			load->err = -ENOMEM;
		else if (errno != ENOENT)
			error(load, "cannot read: %s", strerror(errno));
		return;
	}
	for (int i = 0; i < n; i++) {
		char *path;

		if (asprintf(&path, "%s/%s", dir, entries[i]->d_name) < 0) {
			load->err = -ENOMEM;
		} else {
			if (!load->err)
				load_fragment(load, path);
			free(path);
		}
		free(entries[i]);
	}
	free(entries);
}

/* "conf.d" in the directory of path. */
static char *fragment_dir(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir;

	if (asprintf(&dir, "%.*sconf.d", slash ? (int)(slash - path + 1) : 0, path) < 0)
		return NULL;
	return dir;
}

static bool is_given(const struct load *load, const char *key)
{
	for (size_t i = 0; i < N_OPTIONS; i++) {
		if (!strcmp(options[i].key.name, key))
			return load->is_given[i];
	}
	return false;
}

/* What one key means for another, when all files are read. */
static void check_together(struct load *load)
{
	struct settings *core = &load->config.core;
	bool has_devices = core->auto_devices || core->n_devices;

	if (load->errors->n_errors)
		return;
	if (has_devices && !is_given(load, "offload"))
		notice(load, "devices are named, but offload is not set: observing only");
	if (!has_devices && core->offload != OFFLOAD_OBSERVE) {
		notice(load, "offload is set, but no device is named: observing only");
		core->offload = OFFLOAD_OBSERVE;
	}
}

static int finish(struct load *load, const char *file, struct config *ret)
{
	load->file = file;
	load->line = 0;
	check_together(load);
	finish_messages(load);
	if (load->err)
		return load->err;
	if (load->errors->n_errors)
		return -EINVAL;
	*ret = load->config;
	return 0;
}

int conf_load_stream(FILE *stream, const char *name, struct config *ret, struct conf_errors *errors)
{
	struct load load;

	load_init(&load, errors);
	load_stream(&load, stream, name);
	return finish(&load, name, ret);
}

int conf_load(const char *path, struct config *ret, struct conf_errors *errors)
{
	const char *file = path ? path : CONF_FILE_DEFAULT;
	struct load load;
	char *dir;

	dir = fragment_dir(file);
	if (!dir)
		return -ENOMEM;
	load_init(&load, errors);
	load_file(&load, file, !path);
	if (!load.err)
		load_dir(&load, dir);
	free(dir);
	return finish(&load, file, ret);
}
