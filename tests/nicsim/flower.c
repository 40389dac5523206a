// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * flower.c - the driver's side of tc flower and nft flowtable offload.
 *
 * Binds blocks, and handles the requests of their callbacks: add, delete, read
 * statistics. With "unlocked" set, the kernel calls them without rtnl and in
 * parallel. All requests may sleep.
 *
 * An add checks injected failures of the firmware first, then whether the profile
 * accepts the rule, then whether the table has room.
 */
#include <linux/delay.h>
#include <linux/timekeeping.h>
#include <net/pkt_cls.h>

#include "nicsim.h"

/* Under asic->lock. "rule" may be NULL. */
void nicsim_log_add(struct nicsim_asic *asic, char op, struct nicsim_rule *rule, int result,
		    const char *text)
{
	struct nicsim_log *log = &asic->log[asic->log_next % NICSIM_LOG_SIZE];

	nicsim_rule_put(log->rule);
	log->number = asic->log_next++;
	log->time_ns = ktime_get_ns();
	log->op = op;
	log->result = result;
	log->rule = rule ? nicsim_rule_get(rule) : NULL;
	strscpy(log->text, text ?: "", sizeof(log->text));
}

/*
 * Imitates slow firmware. With "serial", the card has one command queue, and all requests
 * wait for each other. Otherwise each request only waits for itself.
 */
static void be_slow(struct nicsim_asic *asic, u32 us)
{
	if (!us)
		return;
	if (nicsim_knob(asic, serial)) {
		mutex_lock(&asic->serial);
		fsleep(us);
		mutex_unlock(&asic->serial);
	} else {
		fsleep(us);
	}
}

static bool takes_one(struct nicsim_asic *asic, enum nicsim_knob knob)
{
	if (!asic->knobs[knob])
		return false;
	WRITE_ONCE(asic->knobs[knob], asic->knobs[knob] - 1);
	return true;
}

/* Under asic->lock. */
static int inject_failure(struct nicsim_asic *asic, struct netlink_ext_ack *extack)
{
	if (takes_one(asic, NICSIM_KNOB_eagain_count)) {
		NL_SET_ERR_MSG_MOD(extack, "firmware is busy, try again");
		return -EAGAIN;
	}
	if (asic->is_busy) {
		if (time_before(jiffies, asic->busy_until)) {
			NL_SET_ERR_MSG_MOD(extack, "mode change in progress");
			return -EBUSY;
		}
		asic->is_busy = false;
		WRITE_ONCE(asic->knobs[NICSIM_KNOB_busy_ms], 0);
	}
	if (takes_one(asic, NICSIM_KNOB_fail_count) ||
	    prandom_u32_state(&asic->random) % 100 < nicsim_knob(asic, fail_percent)) {
		extack->_msg = asic->fail_text;
		return -(int)nicsim_knob(asic, fail_errno);
	}
	return 0;
}

static int add_locked(struct nicsim_asic *asic, struct nicsim_rule *asked,
		      struct netlink_ext_ack *extack)
{
	struct nicsim_rule *rule;
	int err;

	err = inject_failure(asic, extack);
	if (!err)
		err = nicsim_profile_check(asic, asked, extack);
	if (err)
		return err;
	if (!asic->profile->shape)
		return nicsim_table_add(asic, asked, asked, extack);
	rule = asic->profile->shape(asked);
	if (!rule)
		return -ENOMEM;
	err = nicsim_table_add(asic, asked, rule, extack);
	nicsim_rule_put(rule);
	return err;
}

/* Returns the extra time of a port's first redirect, which may have to create resources. */
static u32 first_peer_us(struct nicsim_asic *asic, struct nicsim_port *port)
{
	u32 us = 0;

	mutex_lock(&asic->lock);
	if (!port->has_peer_set_up)
		us = nicsim_knob(asic, first_peer_ms) * 1000;
	port->has_peer_set_up = true;
	mutex_unlock(&asic->lock);
	return us;
}

static int flower_add(struct nicsim_block *block, struct flow_cls_offload *f)
{
	struct nicsim_asic *asic = block->port->asic;
	struct netlink_ext_ack no_ack = {}, *extack = f->common.extack ?: &no_ack;
	struct nicsim_rule *asked;
	int err;

	if (!tc_can_offload_extack(block->port->nic, extack))
		return -EOPNOTSUPP;
	asked = nicsim_rule_decode(block->port, block->is_ft, f);
	if (!asked)
		return -ENOMEM;
	be_slow(asic, nicsim_knob(asic, latency_us));
	if (nicsim_rule_out(asked) >= 0)
		be_slow(asic, first_peer_us(asic, block->port));
	mutex_lock(&asic->lock);
	err = add_locked(asic, asked, extack);
	if (err)
		asic->tallies.refused++;
	else
		asic->tallies.inserts++;
	nicsim_log_add(asic, '+', asked, err, err ? extack->_msg : NULL);
	mutex_unlock(&asic->lock);
	nicsim_rule_put(asked);
	return err;
}

/* The kernel also deletes rules that were refused, and may delete a rule more than once. */
static int flower_del(struct nicsim_block *block, struct flow_cls_offload *f)
{
	struct nicsim_asic *asic = block->port->asic;
	int err;

	if (nicsim_table_has(asic, block->port, block->is_ft, f->cookie))
		be_slow(asic, nicsim_knob(asic, latency_us));
	mutex_lock(&asic->lock);
	err = nicsim_table_del(asic, block->port, block->is_ft, f->cookie);
	if (err)
		asic->tallies.unknown_deletes++;
	else
		asic->tallies.deletes++;
	mutex_unlock(&asic->lock);
	return err;
}

static int flower_stats(struct nicsim_block *block, struct flow_cls_offload *f)
{
	struct nicsim_asic *asic = block->port->asic;
	int err;

	be_slow(asic, nicsim_knob(asic, stats_latency_us));
	mutex_lock(&asic->lock);
	err = nicsim_table_stats(asic, block->port, block->is_ft, f->cookie, &f->stats);
	mutex_unlock(&asic->lock);
	return err;
}

static int block_cb(enum tc_setup_type type, void *data, void *priv)
{
	struct nicsim_block *block = priv;
	struct flow_cls_offload *f = data;

	if (type != TC_SETUP_CLSFLOWER)
		return -EOPNOTSUPP;
	switch (f->command) {
	case FLOW_CLS_REPLACE:
		return flower_add(block, f);
	case FLOW_CLS_DESTROY:
		return flower_del(block, f);
	case FLOW_CLS_STATS:
		return flower_stats(block, f);
	default:
		return -EOPNOTSUPP;
	}
}

/*
 * Called at the end of a block. The kernel has deleted all rules of a tc block by then, but
 * it does not delete the flows of a flowtable that goes away.
 */
static void block_release(void *priv)
{
	struct nicsim_block *block = priv;

	nicsim_table_purge(block->port->asic, block->port, block->is_ft);
}

static int block_bind(struct nicsim_block *block, struct flow_block_offload *f)
{
	struct flow_block_cb *cb;

	if (nicsim_knob(block->port->asic, bind_refused))
		return -EOPNOTSUPP;
	if (flow_block_cb_is_busy(block_cb, block, &block->list))
		return -EBUSY;
	cb = flow_block_cb_alloc(block_cb, block, block, block_release);
	if (IS_ERR(cb))
		return PTR_ERR(cb);
	flow_block_cb_add(cb, f);
	list_add_tail(&cb->driver_list, &block->list);
	return 0;
}

static int block_unbind(struct nicsim_block *block, struct flow_block_offload *f)
{
	struct flow_block_cb *cb = flow_block_cb_lookup(f->block, block_cb, block);

	if (!cb)
		return -ENOENT;
	flow_block_cb_remove(cb, f);
	list_del(&cb->driver_list);
	return 0;
}

int nicsim_setup_tc(struct net_device *dev, enum tc_setup_type type, void *data)
{
	struct nicsim_port *port = nicsim_port_of(dev);
	struct flow_block_offload *f = data;
	struct nicsim_block *block;

	if (type == TC_SETUP_BLOCK)
		block = &port->tc;
	else if (type == TC_SETUP_FT)
		block = &port->ft;
	else
		return -EOPNOTSUPP;
	if (f->binder_type != FLOW_BLOCK_BINDER_TYPE_CLSACT_INGRESS)
		return -EOPNOTSUPP;
	f->unlocked_driver_cb = nicsim_knob(port->asic, unlocked);
	switch (f->command) {
	case FLOW_BLOCK_BIND:
		return block_bind(block, f);
	case FLOW_BLOCK_UNBIND:
		return block_unbind(block, f);
	default:
		return -EOPNOTSUPP;
	}
}
