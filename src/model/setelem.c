/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/setelem.h"

#include <string.h>

bool setelem_is_any(const struct setelem *e)
{
	for (unsigned int i = 0; i < e->n_fields; i++) {
		if (e->field[i].kind != SETELEM_ANY)
			return false;
	}
	return true;
}

static bool is_inside(const struct setelem_field *f, const void *value)
{
	return memcmp(value, f->lo, f->len) >= 0 && memcmp(value, f->hi, f->len) <= 0;
}

static bool has_address(const struct setelem_field *f, const struct setelem_conn *c)
{
	enum family family = f->kind == SETELEM_IP4 ? FAMILY_IP4 : FAMILY_IP6;
	const struct tuple *both[] = { c->orig, c->reply };

	for (unsigned int i = 0; i < DIR__COUNT; i++) {
		if (both[i]->family == family &&
		    (is_inside(f, both[i]->src.b) || is_inside(f, both[i]->dst.b)))
			return true;
	}
	return false;
}

static bool has_port(const struct setelem_field *f, const struct setelem_conn *c)
{
	const uint16_t ports[] = { c->orig->sport, c->orig->dport, c->reply->sport,
				   c->reply->dport };

	for (unsigned int i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		const uint8_t be[] = { (uint8_t)(ports[i] >> 8), (uint8_t)ports[i] };

		if (is_inside(f, be))
			return true;
	}
	return false;
}

static bool has_ifname(const struct setelem_field *f, const struct setelem_conn *c)
{
	for (unsigned int i = 0; i < DIR__COUNT; i++) {
		char padded[SETELEM_FIELD_BYTES] = "";

		if (!c->ifname[i][0])
			return true;
		memcpy(padded, c->ifname[i], strnlen(c->ifname[i], sizeof(padded) - 1));
		if (is_inside(f, padded))
			return true;
	}
	return false;
}

static bool has_ifindex(const struct setelem_field *f, const struct setelem_conn *c)
{
	for (unsigned int i = 0; i < DIR__COUNT; i++) {
		const uint32_t n = c->ifindex[i];
		const uint8_t be[] = { (uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8),
				       (uint8_t)n };

		if (!n || is_inside(f, be))
			return true;
	}
	return false;
}

static bool can_match_field(const struct setelem_field *f, const struct setelem_conn *c)
{
	switch ((enum setelem_kind)f->kind) {
	case SETELEM_IP4:
	case SETELEM_IP6: return has_address(f, c);
	case SETELEM_PROTO: return is_inside(f, &c->orig->proto);
	case SETELEM_PORT: return has_port(f, c);
	case SETELEM_IFNAME: return has_ifname(f, c);
	case SETELEM_IFINDEX: return has_ifindex(f, c);
	case SETELEM_ANY:
	case SETELEM__COUNT: break;
	}
	return true;
}

bool setelem_can_match(const struct setelem *e, const struct setelem_conn *c)
{
	for (unsigned int i = 0; i < e->n_fields; i++) {
		if (!can_match_field(&e->field[i], c))
			return false;
	}
	return true;
}
