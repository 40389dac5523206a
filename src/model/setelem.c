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

static bool has_address(const struct setelem_field *f, const struct tuple *orig,
			const struct tuple *reply)
{
	enum family family = f->kind == SETELEM_IP4 ? FAMILY_IP4 : FAMILY_IP6;
	const struct tuple *both[] = { orig, reply };

	for (unsigned int i = 0; i < DIR__COUNT; i++) {
		if (both[i]->family == family &&
		    (is_inside(f, both[i]->src.b) || is_inside(f, both[i]->dst.b)))
			return true;
	}
	return false;
}

static bool has_port(const struct setelem_field *f, const struct tuple *orig,
			const struct tuple *reply)
{
	const uint16_t ports[] = { orig->sport, orig->dport, reply->sport,
				   reply->dport };

	for (unsigned int i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		const uint8_t be[] = { (uint8_t)(ports[i] >> 8), (uint8_t)ports[i] };

		if (is_inside(f, be))
			return true;
	}
	return false;
}

static bool can_match_field(const struct setelem_field *f, const struct tuple *orig,
			const struct tuple *reply)
{
	switch ((enum setelem_kind)f->kind) {
	case SETELEM_IP4:
	case SETELEM_IP6: return has_address(f, orig, reply);
	case SETELEM_PROTO: return is_inside(f, &orig->proto);
	case SETELEM_PORT: return has_port(f, orig, reply);
	case SETELEM_ANY:
	case SETELEM__COUNT: break;
	}
	return true;
}

bool setelem_can_match(const struct setelem *e, const struct tuple *orig, const struct tuple *reply)
{
	for (unsigned int i = 0; i < e->n_fields; i++) {
		if (!can_match_field(&e->field[i], orig, reply))
			return false;
	}
	return true;
}
