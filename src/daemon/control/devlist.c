/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/control/devlist.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/jsonline.h"
#include "base/util.h"
#include "core/view.h"

struct devlist {
	const struct engine *engine;
	uint32_t slot; /* next link */
};

/* -- state ---------------------------------------------------------------- */

/* Why the port cannot be used for hardware offload. REASON_NONE if it can, or if offload is
 * not in hardware. */
static enum reason hardware_reason(const struct engine *engine, const struct link_rec *rec)
{
	const struct nic *nic = view_nic(engine);
	const struct nic_port *p = nic ? nic_find_port(nic, rec->link.ifindex) : NULL;

	if (!p)
		return REASON_NONE;
	if (!p->driver)
		return REASON_DRIVER_NOT_ALLOWED;
	return p->link.hw.tc == LINK_TC_ON ? REASON_NONE : REASON_HW_TC_OFFLOAD_OFF;
}

/* Reason of the last refused pair if all pairs of this port that are known so far were
 * refused, else REASON_NONE. The pair with itself only counts if it is the only one. */
static enum reason pairs_reason(const struct engine *engine, const struct link_rec *rec)
{
	const struct topology *paths = view_paths(engine);
	enum reason reason = REASON_NONE, alone = REASON_NONE;
	const struct link_rec *other;

	for (uint32_t slot = 0; (other = topology_next_link(paths, &slot)); slot++) {
		const struct nic_pair *pair = nic_find_pair(view_nic(engine), rec->link.ifindex,
							    other->link.ifindex);

		if (!pair || pair->state == PAIR_NONE)
			continue;
		if (other == rec) {
			alone = pair->state == PAIR_REFUSED ? (enum reason)pair->reason : REASON_NONE;
			continue;
		}
		if (pair->state != PAIR_REFUSED)
			return REASON_NONE;
		reason = pair->reason;
	}
	return reason == REASON_NONE ? alone : reason;
}

/* Reason of what is on the device and may not be bypassed; REASON_NONE if there is nothing. */
static enum reason bypass_reason_of(const struct link_rec *rec)
{
	return bypass_reason((uint8_t)(rec->bypass & ~rec->bypass_allowed));
}

/* A bridge, a bond that is its port, and the bond's ports. */
#define MASTERS_MAX 2

/* A port below a device: itself, that below its VLANs, or one of a bridge or bond, if possible an open one.
 * NULL if there is none. */
static const struct link_rec *find_port(const struct topology *paths, const struct link_rec *rec,
					unsigned int depth)
{
	const struct link_rec *below = legs_bottom(&paths->legs, rec), *best = NULL, *link;

	if (!below || below->is_port_kind)
		return below;
	if (depth == MASTERS_MAX || !legs_is_master(&paths->legs, below->link.ifindex))
		return NULL;
	for (uint32_t slot = 0; (link = topology_next_link(paths, &slot)); slot++) {
		const struct link_rec *port =
			link->link.master == below->link.ifindex ? find_port(paths, link, depth + 1) : NULL;

		if (port && (!best || port->port == PORT_OPEN))
			best = port;
	}
	return best;
}

/* A port below a VLAN device, bridge or bond; else the device itself. */
static const struct link_rec *port_of(const struct engine *engine, const struct link_rec *rec)
{
	const struct topology *paths = view_paths(engine);
	const struct link_rec *port;

	if (rec->is_port_kind || !paths->legs.go_down)
		return rec;
	/* The active port of a bond. */
	port = topology_find_link(paths, legs_port_below(&paths->legs, rec));
	if (!port)
		port = find_port(paths, rec, 0);
	return port ? port : rec;
}

const char *devlist_state(const struct engine *engine, const struct link_rec *rec)
{
	bool is_bypassed = bypass_reason_of(rec) != REASON_NONE;

	if (engine_settings(engine)->offload == OFFLOAD_OBSERVE)
		return "observed";
	rec = port_of(engine, rec);
	if (is_bypassed || hardware_reason(engine, rec) != REASON_NONE ||
	    bypass_reason_of(rec) != REASON_NONE)
		return "unusable";
	switch ((enum port_state)rec->port) {
	case PORT_NONE:
		return "unusable";
	case PORT_WANTED:
	case PORT_OPENING:
	case PORT_GUARDING:
		return "preparing";
	case PORT_CLSACT:
		/* With hardware offload the port waits for a recipe towards another port. */
		return view_nic(engine) && pairs_reason(engine, rec) != REASON_NONE ? "unusable" :
										       "waiting";
	case PORT_OPEN:
		return "ready";
	case PORT_UNGUARDED:
	case PORT_FAILED:
		return "failed";
	case PORT_UNWANTED:
	case PORT_CLOSING:
	case PORT_CLOSING_RETRY:
	case PORT_CLOSED:
		return "closed";
	case PORT_STATE__COUNT:
		break;
	}
	return "?";
}

/* Texts of drivers and names of devices may contain any bytes. */
static json_t *kernel_text(int err, const char *extack)
{
	char text[EXTACK_SIZE + 128];

	snprintf(text, sizeof(text), "%s (%s)", extack[0] ? extack : "no kernel message",
		 strerror(-err));
	return jsonline_string(text);
}

void devlist_reason(const struct engine *engine, const struct link_rec *rec, json_t **ret_reason,
		    json_t **ret_text)
{
	enum reason reason = bypass_reason_of(rec);

	*ret_reason = *ret_text = NULL;
	rec = port_of(engine, rec);
	if (reason == REASON_NONE)
		reason = hardware_reason(engine, rec);
	if (reason == REASON_NONE)
		reason = bypass_reason_of(rec);
	if (reason == REASON_NONE && rec->port == PORT_CLSACT && view_nic(engine))
		reason = pairs_reason(engine, rec);
	if (reason != REASON_NONE) {
		*ret_reason = json_string(reason_name(reason));
		*ret_text = json_string(reason_text(reason));
	} else if (rec->port == PORT_FAILED || rec->port == PORT_UNGUARDED) {
		*ret_reason = kernel_text(rec->err, rec->extack);
	}
	if (!*ret_reason)
		*ret_reason = json_null();
	if (!*ret_text)
		*ret_text = json_null();
}

/* -- hardware ------------------------------------------------------------- */

static const char *tc_name(uint8_t tc)
{
	return tc == LINK_TC_ON ? "on" : tc == LINK_TC_OFF ? "off" : "none";
}

static const char *eswitch_name(uint8_t eswitch)
{
	return eswitch == LINK_ESWITCH_SWITCHDEV ? "switchdev" :
	       eswitch == LINK_ESWITCH_LEGACY	 ? "legacy" :
						   "none";
}

static json_t *text_or_null(const char *text)
{
	return text[0] ? jsonline_string(text) : json_null();
}

static json_t *switch_id(const struct link_hw *hw)
{
	char text[2 * LINK_SWITCH_ID_SIZE + 1] = "";

	for (unsigned int i = 0; i < hw->switch_id_len && i < LINK_SWITCH_ID_SIZE; i++)
		snprintf(text + 2 * i, 3, "%02x", hw->switch_id[i]);
	return text_or_null(text);
}

static const char *guard_name(const struct engine *engine, const struct link_rec *rec)
{
	const struct nic *nic = view_nic(engine);
	const struct nic_port *p = nic ? nic_find_port(nic, rec->link.ifindex) : NULL;

	if (p && p->driver && p->driver->guards_itself)
		return "by-itself";
	if (rec->port != PORT_OPEN || !rec->guards)
		return "none";
	return rec->guards != slot_guards_of(rec->guarded) ? "partial" : nic ? "hardware" : "software";
}

static json_t *table_of(const struct nic *nic, const struct nic_port *p)
{
	static const char *const sources[CARD_SIZE__COUNT] = {
		[CARD_SIZE_UNKNOWN] = "unknown",
		[CARD_SIZE_CONFIGURED] = "configured",
		[CARD_SIZE_LEARNT] = "learnt",
	};
	const struct card *c = p->card != NIC_NONE ? &nic->card[p->card] : NULL;

	if (!c)
		return json_null();
	return json_pack("{s:i, s:o, s:s, s:I, s:I, s:b, s:b}", "card", p->card, "size",
			 c->limit == UINT32_MAX ? json_null() : json_integer(c->limit), "source",
			 sources[c->source], "used", (json_int_t)c->used, "refused_full",
			 (json_int_t)c->n_full, "paused", c->is_paused, "stuck", c->stuck != 0);
}

static json_t *classes_of(uint16_t classes)
{
	json_t *list = json_array();
	char text[RECIPE_CLASS_STR_SIZE];

	for (unsigned int i = 0; i < RECIPE_CLASSES; i++) {
		if (classes & 1u << i)
			json_array_append_new(list, json_string(recipe_class_to_str(i, text)));
	}
	return list;
}

static json_t *tags_of(uint32_t tags)
{
	json_t *list = json_array();

	for (unsigned int in = 0; in < VLAN_ENCAP__COUNT; in++) {
		for (unsigned int out = 0; out < VLAN_ENCAP__COUNT; out++) {
			if (tags & recipe_tags_bit(in, out))
				json_array_append_new(list, json_sprintf("%s to %s", vlan_encap_name(in),
									 vlan_encap_name(out)));
		}
	}
	return list;
}

static const char *pair_state(const struct nic_pair *pair)
{
	switch ((enum pair_state)pair->state) {
	case PAIR_NONE:
		return "unready";
	case PAIR_WANTED:
	case PAIR_PROBING:
		return "probing";
	case PAIR_PAUSED:
		return "paused";
	case PAIR_GOOD:
		return pair->reason == REASON_NONE ? "ready" : "paused";
	case PAIR_REFUSED:
		return "refused";
	}
	return "?";
}

static json_t *recipe_of(const struct nic_pair *pair)
{
	const struct recipe *r = &pair->recipe;

	if (pair->state != PAIR_GOOD)
		return json_null();
	return json_pack("{s:s, s:s, s:b, s:b, s:b, s:o, s:o}", "shape", recipe_shape_name(r->shape),
			 "text", recipe_shape_text(r->shape), "one_prio", r->layout == RECIPE_PRIO,
			 "own_mac", r->with_dmac, "checks_size", r->mtu_classes != 0, "takes",
			 classes_of(r->classes), "tags", tags_of(r->tags));
}

static json_t *refusal_of(const struct nic_pair *pair)
{
	char text[RECIPE_CLASS_STR_SIZE];

	if (!pair->err)
		return json_null();
	return json_pack("{s:s, s:i, s:o}", "class", recipe_class_to_str(pair->bad_class, text),
			 "errno", -pair->err, "text", jsonline_string(pair->extack));
}

static json_t *pair_row(const struct nic_pair *pair, const char *to)
{
	bool has_reason = pair->reason != REASON_NONE;

	return json_pack("{s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:I, s:I}", "to",
			 jsonline_string(to), "state", pair_state(pair), "reason",
			 has_reason ? json_string(reason_name(pair->reason)) : json_null(),
			 "reason_text",
			 has_reason ? json_string(reason_text(pair->reason)) : json_null(),
			 "recipe", recipe_of(pair), "refuses", classes_of(pair->refused),
			 "refusal", refusal_of(pair), "hit", (json_int_t)pair->n_hit, "not_hit",
			 (json_int_t)pair->n_not_hit);
}

static json_t *pairs_of(const struct engine *engine, const struct link_rec *rec)
{
	const struct topology *paths = view_paths(engine);
	json_t *list = json_array();
	const struct link_rec *other;

	for (uint32_t slot = 0; (other = topology_next_link(paths, &slot)); slot++) {
		const struct nic_pair *pair = nic_find_pair(view_nic(engine), rec->link.ifindex,
							    other->link.ifindex);

		if (pair && pair->state != PAIR_NONE)
			json_array_append_new(list, pair_row(pair, other->link.name));
	}
	return list;
}

/* -- what would be bypassed ----------------------------------------------- */

static json_t *bypass_of(const struct link_rec *rec)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < BYPASS_BIT__COUNT; i++) {
		if (rec->bypass & 1u << i)
			json_array_append_new(
				list, json_pack("{s:s, s:s, s:b}", "what", bypass_name(i), "side",
						bypass_side(i), "allowed",
						(rec->bypass_allowed & 1u << i) != 0));
	}
	return list;
}

/* -- rows ----------------------------------------------------------------- */

static json_t *row(const struct engine *engine, const struct link_rec *rec)
{
	const struct nic *nic = view_nic(engine);
	const struct nic_port *p = nic ? nic_find_port(nic, rec->link.ifindex) : NULL;
	const struct link_hw *hw = &rec->link.hw;
	json_t *reason, *text;

	devlist_reason(engine, rec, &reason, &text);
	return json_pack("{s:o, s:I, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:o}",
			 "name", jsonline_string(rec->link.name), "ifindex", (json_int_t)rec->link.ifindex, "state",
			 devlist_state(engine, rec), "reason", reason, "reason_text", text,
			 "driver", text_or_null(hw->driver), "bus", text_or_null(hw->bus),
			 "hw_tc_offload", p ? json_string(tc_name(hw->tc)) : json_null(),
			 "eswitch", p ? json_string(eswitch_name(hw->eswitch)) : json_null(),
			 "switch_id", switch_id(hw), "port_name", text_or_null(hw->port_name),
			 "guard", guard_name(engine, rec), "table", p ? table_of(nic, p) : json_null(),
			 "pairs", p ? pairs_of(engine, rec) : json_array(), "bypass", bypass_of(rec));
}

static bool more(struct ctl_call *call, void *state)
{
	struct devlist *l = state;
	const struct link_rec *rec;

	while ((rec = topology_next_link(view_paths(l->engine), &l->slot))) {
		if (!ctl_call_has_room(call))
			return true;
		if (topology_is_named(rec))
			ctl_call_row(call, json_pack("{s:o}", "device", row(l->engine, rec)));
		l->slot++;
	}
	return false;
}

void devlist_start(struct ctl_call *call, const struct engine *engine)
{
	struct devlist *l = calloc(1, sizeof(*l));

	if (!l) {
		ctl_call_error_text(call, CTL_ERROR_FAILED, "out of memory");
		return;
	}
	l->engine = engine;
	ctl_call_set_more(call, more, l, free);
}
