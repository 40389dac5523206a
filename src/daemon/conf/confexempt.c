/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/conf/confexempt.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "base/util.h"
#include "daemon/conf/conferror.h"
#include "daemon/conf/conffile.h"
#include "daemon/conf/confvalue.h"

/* Returns true if one more value fits; else adds an error. */
static bool check_room(struct load *load, const char *key, const char *text, unsigned int n,
		     unsigned int max)
{
	if (n < max)
		return true;
	conf_error(load, "%s: \"%s\" exceeds the limit of %u elements", key, text, max);
	return false;
}

/* ---- addresses */

/* "ADDRESS" or "ADDRESS/LENGTH". */
static bool parse_prefix(const char *text, struct exempt_prefix *ret)
{
	char copy[ADDR_STR_SIZE + sizeof("/128")], *slash;
	enum family family;
	uint32_t max, len;

	if (strlen(text) >= sizeof(copy))
		return false;
	strcpy(copy, text);
	slash = strchr(copy, '/');
	if (slash)
		*slash = '\0';
	if (addr_from_str(copy, &family, &ret->addr))
		return false;
	max = 8 * (uint32_t)addr_len(family);
	len = max;
	if (slash && parse_u32(slash + 1, 0, max, &len))
		return false;
	ret->family = (uint8_t)family;
	ret->len = (uint8_t)len;
	return true;
}

void conf_set_addresses(struct load *load, const struct option *opt UNUSED,
			const struct conffile_item *item)
{
	struct exempt *e = &load->config.exempt;

	e->n_prefixes = 0;
	memset(e->prefix, 0, sizeof(e->prefix));
	for (size_t i = 0; i < item->n_values; i++) {
		const char *text = item->values[i].text;
		struct exempt_prefix prefix = { .len = 0 };

		load->line = item->values[i].line;
		if (!parse_prefix(text, &prefix))
			conf_error(load, "exempt-addresses: \"%s\" is not an address or prefix; "
				   "write for example 192.0.2.1 or 2001:db8::/32", text);
		else if (check_room(load, "exempt-addresses", text, e->n_prefixes,
				  EXEMPT_MAX_PREFIXES))
			e->prefix[e->n_prefixes++] = prefix;
	}
}

static void begin_list(FILE *stream)
{
	fputc('{', stream);
}

static void begin_elem(unsigned int i, FILE *stream)
{
	fputs(i ? ", " : " ", stream);
}

static void end_list(unsigned int n, FILE *stream)
{
	fputs(n ? " }" : "}", stream);
}

void conf_print_addresses(const struct config *config, const struct option *opt UNUSED,
			  FILE *stream)
{
	const struct exempt *e = &config->exempt;

	begin_list(stream);
	for (unsigned int i = 0; i < e->n_prefixes; i++) {
		const struct exempt_prefix *p = &e->prefix[i];
		char text[ADDR_STR_SIZE];

		begin_elem(i, stream);
		fprintf(stream, "\"%s/%u\"", addr_to_str((enum family)p->family, &p->addr, text),
			p->len);
	}
	end_list(e->n_prefixes, stream);
}

/* ---- ports */

static const char *const protocols[] = { "tcp", "udp" };
static const uint8_t protocol_numbers[] = { L4_TCP, L4_UDP };

/* "FROM" or "FROM-TO". */
static bool parse_range(const char *text, struct exempt_ports *ret)
{
	char copy[sizeof("65535-65535")], *dash;
	uint32_t from, to;

	if (strlen(text) >= sizeof(copy))
		return false;
	strcpy(copy, text);
	dash = strchr(copy, '-');
	if (dash)
		*dash = '\0';
	if (parse_u32(copy, 0, UINT16_MAX, &from))
		return false;
	to = from;
	if (dash && parse_u32(dash + 1, from, UINT16_MAX, &to))
		return false;
	ret->from = (uint16_t)from;
	ret->to = (uint16_t)to;
	return true;
}

static bool parse_ports(const char *text, struct exempt_ports *ret)
{
	for (size_t i = 0; i < array_size(protocols); i++) {
		size_t len = strlen(protocols[i]);

		if (strncmp(text, protocols[i], len) != 0)
			continue;
		*ret = (struct exempt_ports){ protocol_numbers[i], 0, UINT16_MAX };
		return text[len] == '\0' || (text[len] == '/' && parse_range(text + len + 1, ret));
	}
	return false;
}

void conf_set_ports(struct load *load, const struct option *opt UNUSED,
		    const struct conffile_item *item)
{
	struct exempt *e = &load->config.exempt;

	e->n_ports = 0;
	memset(e->ports, 0, sizeof(e->ports));
	for (size_t i = 0; i < item->n_values; i++) {
		const char *text = item->values[i].text;
		struct exempt_ports ports;

		load->line = item->values[i].line;
		if (!parse_ports(text, &ports))
			conf_error(load, "exempt-ports: \"%s\" is not valid; write for example "
				   "tcp/22, udp/5000-6000 or tcp", text);
		else if (check_room(load, "exempt-ports", text, e->n_ports, EXEMPT_MAX_PORTS))
			e->ports[e->n_ports++] = ports;
	}
}

void conf_print_ports(const struct config *config, const struct option *opt UNUSED, FILE *stream)
{
	const struct exempt *e = &config->exempt;

	begin_list(stream);
	for (unsigned int i = 0; i < e->n_ports; i++) {
		const struct exempt_ports *p = &e->ports[i];
		const char *name = protocols[p->proto == L4_UDP];

		begin_elem(i, stream);
		if (p->from == 0 && p->to == UINT16_MAX)
			fprintf(stream, "\"%s\"", name);
		else if (p->from == p->to)
			fprintf(stream, "\"%s/%u\"", name, p->from);
		else
			fprintf(stream, "\"%s/%u-%u\"", name, p->from, p->to);
	}
	end_list(e->n_ports, stream);
}

/* ---- interfaces */

void conf_set_interfaces(struct load *load, const struct option *opt UNUSED,
			 const struct conffile_item *item)
{
	struct exempt *e = &load->config.exempt;

	e->n_interfaces = 0;
	memset(e->interface, 0, sizeof(e->interface));
	for (size_t i = 0; i < item->n_values; i++) {
		const char *name = item->values[i].text, *wrong = conf_check_device(name);

		load->line = item->values[i].line;
		if (wrong)
			conf_error(load, "exempt-interfaces: \"%s\" %s", name, wrong);
		else if (check_room(load, "exempt-interfaces", name, e->n_interfaces,
				  EXEMPT_MAX_INTERFACES))
			memcpy(e->interface[e->n_interfaces++], name, strlen(name));
	}
}

void conf_print_interfaces(const struct config *config, const struct option *opt UNUSED,
			   FILE *stream)
{
	const struct exempt *e = &config->exempt;

	begin_list(stream);
	for (unsigned int i = 0; i < e->n_interfaces; i++) {
		begin_elem(i, stream);
		conf_print_quoted(e->interface[i], stream);
	}
	end_list(e->n_interfaces, stream);
}

/* ---- marks */

void conf_set_marks(struct load *load, const struct option *opt UNUSED,
		    const struct conffile_item *item)
{
	struct exempt *e = &load->config.exempt;

	e->n_marks = 0;
	memset(e->mark, 0, sizeof(e->mark));
	for (size_t i = 0; i < item->n_values; i++) {
		const char *text = item->values[i].text;
		uint32_t mark;

		load->line = item->values[i].line;
		if (parse_u32(text, 0, UINT32_MAX, &mark))
			conf_error(load, "exempt-marks: \"%s\" is not a number in 0 .. 0xffffffff",
				   text);
		else if (check_room(load, "exempt-marks", text, e->n_marks, EXEMPT_MAX_MARKS))
			e->mark[e->n_marks++] = mark;
	}
}

void conf_print_marks(const struct config *config, const struct option *opt UNUSED, FILE *stream)
{
	const struct exempt *e = &config->exempt;

	begin_list(stream);
	for (unsigned int i = 0; i < e->n_marks; i++) {
		begin_elem(i, stream);
		fprintf(stream, "\"0x%" PRIx32 "\"", e->mark[i]);
	}
	end_list(e->n_marks, stream);
}

/* ---- priority */

#define PRIORITY_MAX 300

void conf_set_priority(struct load *load, const struct option *opt,
		       const struct conffile_item *item)
{
	const char *text = item->n_values == 1 ? item->values[0].text : "";
	bool is_below = text[0] == '-';
	uint32_t value;

	if (parse_u32(text + is_below, 0, PRIORITY_MAX, &value))
		conf_error(load, "%s = %s: not a number in %s", opt->key.name, text, opt->key.range);
	else
		load->config.nft_priority = is_below ? -(int32_t)value : (int32_t)value;
}

void conf_print_priority(const struct config *config, const struct option *opt UNUSED, FILE *stream)
{
	fprintf(stream, "%" PRId32, config->nft_priority);
}

/* ---- all keys together */

/* Adds a notice for each key that is set but needs our nft table. */
static void warn_of_no_effect(struct load *load)
{
	const struct config *c = &load->config;
	const struct {
		const char *key;
		bool is_set;
	} keys[] = {
		{ "min-packets", c->min_packets },
		{ "exempt-addresses", c->exempt.n_prefixes },
		{ "exempt-ports", c->exempt.n_ports },
		{ "exempt-interfaces", c->exempt.n_interfaces },
		{ "exempt-marks", c->exempt.n_marks },
		{ "table-owner", c->table_owner },
	};

	for (size_t i = 0; i < array_size(keys); i++) {
		if (keys[i].is_set)
			conf_notice(load, "%s has no effect without admit = nft", keys[i].key);
	}
}

void conf_check_admission(struct load *load)
{
	struct settings s = load->config.core;

	if (load->config.keep_rules && load->config.table_owner)
		conf_error(load, "keep-rules = yes requires table-owner = no: a table with an "
				 "owner disappears when the daemon exits");
	if (s.admit != ADMIT_NFT) {
		warn_of_no_effect(load);
		if (s.backend != BACKEND_FLOWER)
			conf_error(load, "backend: the kernel's flowtable requires admit = nft");
		return;
	}
	settings_choose_mark(&s);
	if (__builtin_popcount(s.mark) < 3)
		conf_error(load, "mark = 0x%" PRIx32 ": admit = nft needs at least three bits", s.mark);
	for (unsigned int i = 0; i < load->config.exempt.n_marks; i++) {
		uint32_t mark = load->config.exempt.mark[i];

		if (mark & s.mark)
			conf_error(load, "exempt-marks: 0x%" PRIx32 " overlaps the daemon's bits, "
				   "mark = 0x%" PRIx32, mark, s.mark);
	}
}
