/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/view.h"

#include "core/engine_priv.h"
#include "core/flow/leftover.h"
#include "core/flow/pathanswer.h"
#include "core/path/plan.h"
#include "core/port/portfsm.h"
#include "core/rules/revoke.h"

void view_totals(const struct engine *engine, struct view_totals *ret)
{
	ret->n_flows = slab_count(&engine->flows.flows);
	ret->max_flows = slab_capacity(&engine->flows.flows);
	memcpy(ret->n_state, engine->n_state, sizeof(ret->n_state));
	memcpy(ret->n_reason, engine->n_reason, sizeof(ret->n_reason));
	for (unsigned int d = 0; d < DIR__COUNT; d++)
		ret->forwarded[d] = (struct rule_stats){ engine->forwarded_pkts[d],
							 engine->forwarded_bytes[d] };
}

static void get_egress(const struct engine *engine, const struct flow *f, uint32_t ret[])
{
	for (unsigned int d = 0; d < DIR__COUNT; d++)
		ret[d] = topology_device_of(&engine->paths, f->next_hop[d]);
}

bool view_flow(const struct engine *engine, const struct tuple *orig, uint32_t ct_id,
	       struct view_flow *ret)
{
	const struct flow *f = flowtab_find(&engine->flows, orig);

	if (!f || f->ct_id != ct_id)
		return false;
	*ret = (struct view_flow){ .state = f->state, .reason = f->reason, .in_hw = f->in_hw };
	if (ret->reason == REASON_NONE && (f->state == FLOW_DRAIN || f->state == FLOW_REMOVE))
		ret->reason = REASON_PATH_CHANGED;
	get_egress(engine, f, ret->egress);
	memcpy(ret->port, f->port, sizeof(ret->port));
	for (unsigned int d = 0; d < DIR__COUNT; d++)
		ret->forwarded[d] = (struct rule_stats){ f->total_pkts[d], f->total_bytes[d] };
	return true;
}

bool view_flow_devices(const struct engine *engine, struct slab_ref flow, uint32_t ret[DIR__COUNT])
{
	const struct flow *f = flowtab_get(&engine->flows, flow);

	if (!f)
		return false;
	get_egress(engine, f, ret);
	return true;
}

void view_begin_path(const struct engine *engine, const struct conn *conn, struct path_query *ret)
{
	const struct flow *f = flowtab_find(&engine->flows, &conn->orig);

	path_begin(ret, &conn->orig, &conn->reply, settings_routing_mark(&engine->settings, conn->mark),
		   engine->paths.generation);
	ret->ct_id = conn->id;
	if (f && f->ct_id == conn->id && f->next_hop[DIR_ORIG] != FLOW_NONE) {
		pathanswer_recall(engine, f, ret);
		pathanswer_recall_ttl(engine, f, ret);
	} else {
		ret->asks_seen = engine->settings.admit == ADMIT_NFT;
		ret->asks_ttl = ret->asks_seen && nic_matches_ttl(engine->paths.nic);
	}
}

void view_rules(const struct engine *engine, const struct conn *conn, const struct path *path,
		struct rule ret[DIR__COUNT])
{
	const struct flow *f = flowtab_find(&engine->flows, &conn->orig);

	plan_build(&engine->settings, &conn->orig, &conn->reply, path,
		   f ? flowtab_slot(&engine->flows, f) : 0, engine->instance, conn->id, ret);
}

uint32_t view_epoch(const struct engine *engine)
{
	return engine->mark_epoch;
}

const struct topology *view_paths(const struct engine *engine)
{
	return &engine->paths;
}

bool view_has_rules(const struct engine *engine, const struct tuple *orig)
{
	const struct flow *f = flowtab_find(&engine->flows, orig);

	return f && flow_has_rules(f);
}

const struct nic *view_nic(const struct engine *engine)
{
	return engine->paths.nic;
}

bool view_wants_ages(const struct engine *engine, uint32_t ifindex)
{
	const struct nic_port *p =
		engine->paths.nic ? nic_find_port(engine->paths.nic, ifindex) : NULL;

	return p && p->driver && p->driver->has_only_ages;
}

bool view_is_settled(const struct engine *engine)
{
	return portfsm_are_settled(engine);
}

bool view_is_lawful(const struct engine *engine)
{
	return revoke_is_done(engine);
}

bool view_is_adopting(const struct engine *engine)
{
	return leftover_is_any(engine);
}

uint32_t view_moves(const struct engine *engine)
{
	return engine->n_moves;
}
