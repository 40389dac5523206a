// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * main.c - module parameters, and the life of the one ASIC.
 */
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "nicsim.h"

static unsigned int ports = 2;
module_param(ports, uint, 0444);
MODULE_PARM_DESC(ports, "number of ports, 1 to 64 (default 2)");

static char *profile = "full";
module_param(profile, charp, 0444);
MODULE_PARM_DESC(profile, "behaviour to imitate: full (default), none, nic-full, fdb, set-only, mac-ttl, flow-engine, liar, tiny-acl");

static char *knobs = "";
module_param(knobs, charp, 0444);
MODULE_PARM_DESC(knobs, "initial values of knobs: name=value,... (names as in debugfs)");

static int table_size = -1;
module_param(table_size, int, 0444);
MODULE_PARM_DESC(table_size, "entries in the flow table (default: by profile; full: 65536)");

static int stats_delay_ms = -1;
module_param(stats_delay_ms, int, 0444);
MODULE_PARM_DESC(stats_delay_ms, "period of the hardware's statistics in ms, 0: immediate (default: by profile; full: 1000)");

static int latency_us = -1;
module_param(latency_us, int, 0444);
MODULE_PARM_DESC(latency_us, "time to add or delete an entry in us (default 0)");

static char *switch_id = "auto";
module_param(switch_id, charp, 0444);
MODULE_PARM_DESC(switch_id, "phys_switch_id in hex, or none (default: by profile)");

static bool hw_tc_offload = true;
module_param(hw_tc_offload, bool, 0444);
MODULE_PARM_DESC(hw_tc_offload, "ports start with the feature hw-tc-offload on (default Y)");

static unsigned int uplinks = 2;
module_param(uplinks, uint, 0444);
MODULE_PARM_DESC(uplinks, "profile fdb: number of ports that are uplinks; others are representors (default 2)");

static ulong seed;
module_param(seed, ulong, 0444);
MODULE_PARM_DESC(seed, "seed of all random decisions, 0: another one each time (default 0)");

static struct nicsim_asic *asic;
static struct platform_device *card;

/* The platform device exists only to give the ports a device and a driver in sysfs. */
static int nicsim_probe(struct platform_device *dev)
{
	return 0;
}

static struct platform_driver nicsim_driver = {
	.driver = {
		.name = NICSIM_NAME,
		.suppress_bind_attrs = true,
	},
	.probe = nicsim_probe,
};

static int set_number(enum nicsim_knob knob, int value)
{
	char text[16];

	if (value < 0)
		return 0;
	snprintf(text, sizeof(text), "%d", value);
	return nicsim_knob_set(asic, knob, text);
}

static int set_knobs(void)
{
	const struct nicsim_knob_value *v;
	char *list;
	int i, err;

	for (i = 0; i < NICSIM_KNOB__COUNT; i++)
		asic->knobs[i] = nicsim_knob_rows[i].value;
	asic->knobs[NICSIM_KNOB_unlocked] = asic->profile->is_unlocked;
	for (v = asic->profile->knobs; v && v->knob != NICSIM_KNOB__COUNT; v++)
		asic->knobs[v->knob] = v->value;
	err = set_number(NICSIM_KNOB_table_size, table_size);
	if (!err)
		err = set_number(NICSIM_KNOB_stats_delay_ms, stats_delay_ms);
	if (!err)
		err = set_number(NICSIM_KNOB_latency_us, latency_us);
	if (err)
		return err;
	list = kstrdup(knobs, GFP_KERNEL);
	if (!list)
		return -ENOMEM;
	err = nicsim_knob_set_by_text(asic, list);
	kfree(list);
	return err;
}

static int asic_init(void)
{
	const char *id = switch_id;
	int err;

	mutex_init(&asic->lock);
	mutex_init(&asic->serial);
	asic->num_ports = ports;
	asic->num_uplinks = uplinks;
	asic->device = &card->dev;
	prandom_seed_state(&asic->random, seed ? seed : get_random_u64());
	strscpy(asic->fail_text, "injected failure", sizeof(asic->fail_text));
	strscpy(asic->full_text, asic->profile->full_text ?: "flow table is full",
		sizeof(asic->full_text));
	if (!strcmp(id, "auto"))
		id = asic->profile->has_switch_id ? "6e696373696d0001" : "none";
	err = nicsim_set_switch_id(asic, id);
	if (err)
		return err;
	err = nicsim_table_init(asic);
	if (err)
		return err;
	err = set_knobs();
	if (err)
		goto err_table;
	err = nicsim_ports_add(asic, hw_tc_offload);
	if (err)
		goto err_table;
	nicsim_debugfs_add(asic);
	nicsim_table_kick(asic);
	return 0;

err_table:
	nicsim_table_fini(asic);
	return err;
}

static int __init nicsim_init(void)
{
	const struct nicsim_profile *p = nicsim_profile_find(profile);
	int err;

	if (!p) {
		pr_err("nicsim: no profile \"%s\"\n", profile);
		return -EINVAL;
	}
	if (ports < 1 || ports > NICSIM_MAX_PORTS) {
		pr_err("nicsim: ports must be 1 to %d\n", NICSIM_MAX_PORTS);
		return -EINVAL;
	}
	asic = vzalloc(sizeof(*asic));
	if (!asic)
		return -ENOMEM;
	asic->profile = p;
	err = platform_driver_register(&nicsim_driver);
	if (err)
		goto err_asic;
	card = platform_device_register_simple(NICSIM_NAME, PLATFORM_DEVID_NONE, NULL, 0);
	if (IS_ERR(card)) {
		err = PTR_ERR(card);
		goto err_driver;
	}
	err = asic_init();
	if (err)
		goto err_card;
	return 0;

err_card:
	platform_device_unregister(card);
err_driver:
	platform_driver_unregister(&nicsim_driver);
err_asic:
	vfree(asic);
	return err;
}

/*
 * Removes the files first, because they use everything else; the removal waits for
 * open files in use. Removing the ports unbinds the blocks and so deletes the rules.
 */
static void __exit nicsim_exit(void)
{
	nicsim_debugfs_del(asic);
	nicsim_ports_del(asic);
	nicsim_table_fini(asic);
	platform_device_unregister(card);
	platform_driver_unregister(&nicsim_driver);
	vfree(asic);
}

module_init(nicsim_init);
module_exit(nicsim_exit);

MODULE_DESCRIPTION("Simulated network adapter with flow offload");
MODULE_LICENSE("GPL");
