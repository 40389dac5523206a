/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/conf/conf.h"

#include <ctype.h>
#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bug.h"
#include "base/parse.h"
#include "base/util.h"
#include "core/port/driver.h"
#include "daemon/conf/confbypass.h"
#include "daemon/conf/conferror.h"
#include "daemon/conf/confexempt.h"
#include "daemon/conf/conffile.h"
#include "daemon/conf/conf_priv.h"
#include "daemon/conf/confvalue.h"
#include "kern/ruleset/nftflowtable.h"

/* ---- the option table */

static const struct word offload_words[] = {
	{ "hardware", OFFLOAD_HARDWARE, NULL },
	{ "software", OFFLOAD_SOFTWARE, NULL },
	{ "observe", OFFLOAD_OBSERVE, NULL },
	{ NULL, 0, NULL },
};

static const struct word backend_words[] = {
	{ "flower", BACKEND_FLOWER, NULL },
	{ "flowtable", BACKEND_FLOWTABLE, NULL },
	{ "auto", BACKEND_AUTO, NULL },
	{ NULL, 0, NULL },
};

static const struct word admit_words[] = {
	{ "nft", ADMIT_NFT, NULL },
	{ "mark", ADMIT_MARK, NULL },
	{ "events", ADMIT_EVENTS, NULL },
	{ NULL, 0, NULL },
};

static const struct word fallback_words[] = {
	{ "exit", ADMIT_NFT, NULL },
	{ "mark", ADMIT_MARK, NULL },
	{ "events", ADMIT_EVENTS, NULL },
	{ NULL, 0, NULL },
};

static const struct word yes_words[] = {
	{ "yes", true, NULL },
	{ "no", false, NULL },
	{ NULL, 0, NULL },
};

static const struct word guard_words[] = {
	{ "prefer", TTL_GUARD_PREFER, NULL },
	{ "require", TTL_GUARD_REQUIRE, NULL },
	{ NULL, 0, NULL },
};

static const struct word level_words[] = {
	{ "error", LOG_LEVEL_ERROR, NULL },   { "warning", LOG_LEVEL_WARNING, NULL },
	{ "notice", LOG_LEVEL_NOTICE, NULL }, { "info", LOG_LEVEL_INFO, NULL },
	{ "debug", LOG_LEVEL_DEBUG, NULL },   { NULL, 0, NULL },
};

static void set_devices(struct load *, const struct option *, const struct conffile_item *);
static void set_drivers(struct load *, const struct option *, const struct conffile_item *);
static void set_bypass(struct load *, const struct option *, const struct conffile_item *);
static void set_word(struct load *, const struct option *, const struct conffile_item *);
static void set_number(struct load *, const struct option *, const struct conffile_item *);
static void set_text(struct load *, const struct option *, const struct conffile_item *);
static void print_devices(const struct config *, const struct option *, FILE *);
static void print_drivers(const struct config *, const struct option *, FILE *);
static void print_bypass(const struct config *, const struct option *, FILE *);
static void print_word(const struct config *, const struct option *, FILE *);
static void print_number(const struct config *, const struct option *, FILE *);
static void print_hex(const struct config *, const struct option *, FILE *);
static void print_duration(const struct config *, const struct option *, FILE *);
static void print_size(const struct config *, const struct option *, FILE *);
static void print_text(const struct config *, const struct option *, FILE *);

#define MEMBER(member) offsetof(struct config, member), sizeof(((struct config *)NULL)->member)

static const char *check_path(const char *text);
static const char *check_group(const char *text);

/* One row per key, in the manual's order. */
/* clang-format off */
static const struct option options[] = {
	{ { "devices", "list", "device names or patterns, or only auto, or only a flowtable", "{}",
	    "ports between which connections are offloaded; with an empty list, only observe" },
	  set_devices, print_devices, 0, 0, 0, 0, NULL, NULL },
	{ { "offload", "word", "hardware | software | observe", "observe",
	    "where rules are installed: in the NIC, in the kernel's classifier, or nowhere" },
	  set_word, print_word, MEMBER(core.offload), 0, 0, offload_words, NULL },
	{ { "backend", "word", "flower | flowtable | auto", "flower",
	    "what forwards: flower rules, the kernel's flowtable, or the flowtable only where rules cannot" },
	  set_word, print_word, MEMBER(core.backend), 0, 0, backend_words, NULL },
	{ { "software-flowtable", "word", "yes | no", "yes",
	    "whether a flowtable may contain devices whose driver does not accept flowtables" },
	  set_word, print_word, MEMBER(core.software_flowtable), 0, 0, yes_words, NULL },
	{ { "admit", "word", "nft | mark | events", "nft",
	    "which connections may be offloaded: those that pass the nft ruleset, those that it marks, or all" },
	  set_word, print_word, MEMBER(core.admit), 0, 0, admit_words, NULL },
	{ { "admit-fallback", "word", "exit | mark | events", "exit",
	    "what to do if the kernel refuses the daemon's nft table" },
	  set_word, print_word, MEMBER(admit_fallback), 0, 0, fallback_words, NULL },
	{ { "mark", "number", "0 .. 0xffffffff", "0x0",
	    "the daemon's bits of the conntrack mark; 0 means 0x70000000 with admit = nft, else 0x10000000" },
	  set_number, print_hex, MEMBER(core.mark), 0, UINT32_MAX, NULL, NULL },
	{ { "min-packets", "number", "0 .. 1000000", "0",
	    "with admit = nft: packets that a connection must have had before it is offloaded" },
	  set_number, print_number, MEMBER(min_packets), 0, 1000000, NULL, NULL },
	{ { "exempt-addresses", "list", "addresses or prefixes", "{}",
	    "with admit = nft: connections from or to these addresses stay on the CPU" },
	  conf_set_addresses, conf_print_addresses, 0, 0, 0, 0, NULL, NULL },
	{ { "exempt-ports", "list", "PROTOCOL, PROTOCOL/PORT or PROTOCOL/FROM-TO", "{}",
	    "with admit = nft: connections from or to these ports stay on the CPU" },
	  conf_set_ports, conf_print_ports, 0, 0, 0, 0, NULL, NULL },
	{ { "exempt-interfaces", "list", "device names", "{}",
	    "with admit = nft: connections that arrive or leave by these devices stay on the CPU" },
	  conf_set_interfaces, conf_print_interfaces, 0, 0, 0, 0, NULL, NULL },
	{ { "exempt-marks", "list", "numbers", "{}",
	    "with admit = nft: connections with one of these marks, without the daemon's bits, stay on the CPU" },
	  conf_set_marks, conf_print_marks, 0, 0, 0, 0, NULL, NULL },
	{ { "nft-priority", "number", "-300 .. 300", "10",
	    "with admit = nft: priority of the daemon's chain at the forward hook, after all filters" },
	  conf_set_priority, conf_print_priority, 0, 0, 0, 0, NULL, NULL },
	{ { "table-owner", "word", "yes | no", "no",
	    "with admit = nft: whether the daemon owns its table, so no other process can change or flush it" },
	  set_word, print_word, MEMBER(table_owner), 0, 0, yes_words, NULL },
	{ { "keep-rules", "word", "yes | no", "no",
	    "whether a stop leaves the rules in the kernel for the next start" },
	  set_word, print_word, MEMBER(keep_rules), 0, 0, yes_words, NULL },
	{ { "max-flows", "number", "16 .. 16777216", "65536",
	    "number of connections that the daemon keeps track of" },
	  set_number, print_number, MEMBER(core.max_flows), 16, 16777216, NULL, NULL },
	{ { "sample-interval", "duration", "200ms .. 60s", "1s",
	    "how often the counters of the rules are read" },
	  set_number, print_duration, MEMBER(core.sample_ms), 200, 60000, NULL, NULL },
	{ { "tc-priority", "number", "0 .. 65000", "0",
	    "first of eight tc priorities that belong to the daemon; 0 means 1 with offload = hardware, else 100" },
	  set_number, print_number, MEMBER(core.tc_priority), 0, 65000, NULL, NULL },
	{ { "allow-drivers", "list", "driver names, or NAME=LIKE", "{}",
	    "drivers that may be given rules in addition to the built-in list" },
	  set_drivers, print_drivers, 0, 0, 0, 0, NULL, NULL },
	{ { "allow-bypass", "list", CONFBYPASS_RANGE, "{}",
	    "what offload may bypass, on all devices or on one" },
	  set_bypass, print_bypass, 0, 0, 0, 0, NULL, NULL },
	{ { "ttl-guard", "word", "prefer | require", "prefer",
	    "whether a port is used if its NIC cannot leave packets with an expiring TTL to the CPU" },
	  set_word, print_word, MEMBER(core.ttl_guard), 0, 0, guard_words, NULL },
	{ { "hardware-table-size", "number", "0 .. 16777216", "0",
	    "number of rules that a NIC can hold; 0 means to learn it when the NIC is full" },
	  set_number, print_number, MEMBER(core.hw_table_size), 0, 16777216, NULL, NULL },
	{ { "max-swaps", "number", "1 .. 100000", "100",
	    "flows per second that may replace others in a full NIC" },
	  set_number, print_number, MEMBER(core.max_swaps), 1, 100000, NULL, NULL },
	{ { "event-buffer", "size", "16k .. 256M", "16M",
	    "memory for conntrack events that have not been read yet" },
	  set_number, print_size, MEMBER(event_buffer_bytes), 16384, 268435456, NULL, NULL },
	{ { "workers", "number", "1 .. 8", "1", "threads that install and remove rules" },
	  set_number, print_number, MEMBER(workers), 1, CONF_WORKERS_MAX, NULL, NULL },
	{ { "log-level", "word", "error | warning | notice | info | debug", "info",
	    "least severe messages that are logged" },
	  set_word, print_word, MEMBER(log_level), 0, 0, level_words, NULL },
	{ { "control-socket", "text", "absolute path", "\"/run/nft-offload/ctl\"",
	    "path of the socket by which nft-offload(8) reaches the daemon" },
	  set_text, print_text, MEMBER(socket_path), 0, 0, NULL, check_path },
	{ { "control-group", "text", "name of a group, or empty", "\"\"",
	    "group whose members may query the daemon, but not change anything" },
	  set_text, print_text, MEMBER(control_group), 0, 0, NULL, check_group },
};
/* clang-format on */

static_assert(array_size(options) == CONF_N_OPTIONS, "one row per key");
#define N_OPTIONS CONF_N_OPTIONS

const struct conf_key *conf_key_get(size_t i)
{
	return i < N_OPTIONS ? &options[i].key : NULL;
}

/* ---- suggestions for misspelt words */

#define SUGGEST_MAX_BYTES 32

/* Levenshtein distance of strings of at most SUGGEST_MAX_BYTES each. */
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
	/* A part of the right word counts as near. */
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
		conf_error(load, "unknown key \"%s\"; did you mean \"%s\"?", name, s.best);
	else
		conf_error(load, "unknown key \"%s\"", name);
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

/* Returns the value of a key that takes one; else adds an error and returns NULL. */
static const char *single(struct load *load, const struct option *opt,
			  const struct conffile_item *item)
{
	if (item->n_values == 1)
		return item->values[0].text;
	conf_error(load, "%s takes one value, not a list", opt->key.name);
	return NULL;
}

static void store_word(void *to, size_t size, unsigned int value)
{
	if (size == sizeof(bool))
		*(bool *)to = value;
	else
		*(unsigned int *)to = value;
}

static unsigned int stored_word(const void *from, size_t size)
{
	return size == sizeof(bool) ? *(const bool *)from : *(const unsigned int *)from;
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
			conf_error(load, "%s = %s is not available in this version; %s", opt->key.name,
			      text, w->refused);
		else
			store_word(member(&load->config, opt), opt->size, w->value);
		return;
	}
	if (s.best)
		conf_error(load, "%s = %s: not one of %s; did you mean \"%s\"?", opt->key.name, text,
		      opt->key.range, s.best);
	else
		conf_error(load, "%s = %s: not one of %s", opt->key.name, text, opt->key.range);
}

static_assert(sizeof(enum offload_mode) == sizeof(unsigned int) &&
		      sizeof(enum admit_mode) == sizeof(unsigned int) &&
		      sizeof(enum ttl_guard) == sizeof(unsigned int) &&
		      sizeof(enum log_level) == sizeof(unsigned int),
	      "words are stored as unsigned int");

/* Parses a duration, a size or a plain number. */
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
		conf_error(load, "%s = %s: not a duration; write for example 500ms or 2s",
			   opt->key.name, text);
	else if (opt->print == print_size)
		conf_error(load, "%s = %s: not a size; write for example 64k or 16M", opt->key.name,
			   text);
	else
		conf_error(load, "%s = %s: not a number in %s", opt->key.name, text, opt->key.range);
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
		conf_error(load, "%s = %s: not in %s", opt->key.name, text, opt->key.range);
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
		return "must not end in /";
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
		conf_error(load, "%s: longer than %zu characters", opt->key.name, opt->size - 1);
		return;
	}
	wrong = opt->check(text);
	if (wrong) {
		conf_error(load, "%s = \"%s\": %s", opt->key.name, text, wrong);
		return;
	}
	memset(to, 0, opt->size);
	memcpy(to, text, strlen(text));
}

#define FLOWTABLE_WORD "flowtable "

/* Returns true if nft accepts name as an identifier and there is room for it. */
static bool is_nft_name(const char *name)
{
	for (const char *c = name; *c; c++) {
		if (!isalnum((unsigned char)*c) && !strchr("-_./", *c))
			return false;
	}
	return isalpha((unsigned char)name[0]) && strlen(name) < FLOWTABLE_NAME_SIZE;
}

/* "flowtable FAMILY TABLE NAME". */
static void take_from_flowtable(struct load *load, const char *text)
{
	char family[8], table[FLOWTABLE_NAME_SIZE + 1], name[FLOWTABLE_NAME_SIZE + 1], more;
	struct flowtable_ref *ref = &load->config.core.devices_from;

	if (sscanf(text, FLOWTABLE_WORD "%7s %64s %64s %c", family, table, name, &more) != 3 ||
	    !nftflowtable_family(family) || !is_nft_name(table) || !is_nft_name(name)) {
		conf_error(load,
			   "devices: \"%s\" is not valid; write \"flowtable FAMILY TABLE NAME\", "
			   "where FAMILY is ip, ip6 or inet",
			   text);
		return;
	}
	ref->family = nftflowtable_family(family);
	strcpy(ref->table, table);
	strcpy(ref->name, name);
}

static void set_devices(struct load *load, const struct option *opt UNUSED,
			const struct conffile_item *item)
{
	struct settings *core = &load->config.core;
	unsigned int n_flowtables = 0;

	memset(core->device, 0, sizeof(core->device));
	memset(&core->devices_from, 0, sizeof(core->devices_from));
	core->n_devices = 0;
	core->auto_devices = false;
	for (size_t i = 0; i < item->n_values; i++) {
		const char *name = item->values[i].text, *wrong = conf_check_device(name);

		load->line = item->values[i].line;
		if (!strcmp(name, "auto")) {
			core->auto_devices = true;
			if (item->n_values > 1)
				conf_error(load, "devices: auto must be the only element");
			continue;
		}
		if (!strncmp(name, FLOWTABLE_WORD, strlen(FLOWTABLE_WORD))) {
			take_from_flowtable(load, name);
			if (item->n_values > 1 && !n_flowtables++)
				conf_error(load, "devices: a flowtable must be the only element");
			continue;
		}
		for (unsigned int j = 0; j < core->n_devices && !wrong; j++) {
			if (!strcmp(core->device[j], name))
				wrong = "is listed twice";
		}
		if (wrong)
			conf_error(load, "devices: \"%s\" %s", name, wrong);
		else if (core->n_devices == SETTINGS_MAX_DEVICES)
			conf_error(load, "devices: \"%s\" exceeds the limit of %d elements", name,
				   SETTINGS_MAX_DEVICES);
		else
			memcpy(core->device[core->n_devices++], name, strlen(name));
	}
}

/* "NAME" or "NAME=LIKE". */
static void add_driver(struct load *load, const char *text)
{
	struct settings *core = &load->config.core;
	struct settings_driver d = { "", "" };
	const char *like = strchr(text, '=');
	size_t len = like ? (size_t)(like - text) : strlen(text);

	if (len == 0 || len >= sizeof(d.name) || (like && strlen(like + 1) >= sizeof(d.like))) {
		conf_error(load, "allow-drivers: \"%s\" is not the name of a driver", text);
		return;
	}
	memcpy(d.name, text, len);
	if (like)
		memcpy(d.like, like + 1, strlen(like + 1));
	if (like && !driver_is_known(d.like)) {
		conf_error(load,
			   "allow-drivers: \"%s\": \"%s\" is not in the built-in list of drivers",
			   text, d.like);
		return;
	}
	for (unsigned int i = 0; i < core->n_allowed; i++) {
		if (!strcmp(core->allowed[i].name, d.name)) {
			conf_error(load, "allow-drivers: \"%s\" is listed twice", d.name);
			return;
		}
	}
	if (core->n_allowed == SETTINGS_MAX_DRIVERS)
		conf_error(load, "allow-drivers: \"%s\" exceeds the limit of %d elements", text,
			   SETTINGS_MAX_DRIVERS);
	else
		core->allowed[core->n_allowed++] = d;
}

static void set_drivers(struct load *load, const struct option *opt UNUSED,
			const struct conffile_item *item)
{
	load->config.core.n_allowed = 0;
	memset(load->config.core.allowed, 0, sizeof(load->config.core.allowed));
	for (size_t i = 0; i < item->n_values; i++) {
		load->line = item->values[i].line;
		add_driver(load, item->values[i].text);
	}
}

static void set_bypass(struct load *load, const struct option *opt UNUSED,
		       const struct conffile_item *item)
{
	load->config.core.n_bypass = 0;
	memset(load->config.core.bypass, 0, sizeof(load->config.core.bypass));
	for (size_t i = 0; i < item->n_values; i++) {
		load->line = item->values[i].line;
		confbypass_add(load, item->values[i].text);
	}
}

/* ---- printing */

static void print_devices(const struct config *config, const struct option *opt UNUSED,
			  FILE *stream)
{
	const struct settings *core = &config->core;

	if (core->auto_devices) {
		fputs("{ \"auto\" }", stream);
		return;
	}
	if (core->devices_from.family) {
		fprintf(stream, "{ \"" FLOWTABLE_WORD "%s %s %s\" }",
			nftflowtable_family_name(core->devices_from.family), core->devices_from.table,
			core->devices_from.name);
		return;
	}
	fputc('{', stream);
	for (unsigned int i = 0; i < core->n_devices; i++) {
		fputs(i ? ", " : " ", stream);
		conf_print_quoted(core->device[i], stream);
	}
	fputs(core->n_devices ? " }" : "}", stream);
}

static void print_drivers(const struct config *config, const struct option *opt UNUSED,
			  FILE *stream)
{
	const struct settings *core = &config->core;

	fputc('{', stream);
	for (unsigned int i = 0; i < core->n_allowed; i++) {
		const struct settings_driver *d = &core->allowed[i];
		char text[2 * LINK_DRIVER_SIZE];

		snprintf(text, sizeof(text), "%s%s%s", d->name, d->like[0] ? "=" : "", d->like);
		fputs(i ? ", " : " ", stream);
		conf_print_quoted(text, stream);
	}
	fputs(core->n_allowed ? " }" : "}", stream);
}

static void print_bypass(const struct config *config, const struct option *opt UNUSED,
			 FILE *stream)
{
	fputc('{', stream);
	for (unsigned int i = 0; i < config->core.n_bypass; i++) {
		char text[CONFBYPASS_STR_SIZE];

		confbypass_to_str(&config->core, i, text);
		fputs(i ? ", " : " ", stream);
		conf_print_quoted(text, stream);
	}
	fputs(config->core.n_bypass ? " }" : "}", stream);
}

static void print_word(const struct config *config, const struct option *opt, FILE *stream)
{
	unsigned int value = stored_word(const_member(config, opt), opt->size);

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
	conf_print_quoted(const_member(config, opt), stream);
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

/* Defaults are written as in a file, and are parsed like one. */
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

void conf_load_init(struct load *load, struct conf_errors *errors)
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
	conf_load_init(&load, &errors);
	(void)BUG_ON(errors.n_errors); /* every default must be a valid value */
	*ret = load.config;
}

void conf_load_item(struct load *load, const struct conffile_item *item)
{
	const struct option *opt;

	load->line = item->line;
	if (item->key == CONFFILE_KEY_UNKNOWN) {
		unknown_key(load, item->name);
		return;
	}
	opt = &options[item->key];
	if (load->set_line[item->key]) {
		conf_error(load, "%s is already set in line %u", opt->key.name,
		      load->set_line[item->key]);
		return;
	}
	load->set_line[item->key] = item->line;
	load->is_given[item->key] = true;
	opt->set(load, opt, item);
}
