// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * netdev.c - the network devices: ports of the adapter, and their link partners.
 *
 * Both kinds are plain Ethernet devices that can be moved to other namespaces.
 * They have no rtnl_link_ops, so the kernel treats them like hardware: when their
 * namespace ends, it moves them back to the initial namespace.
 *
 * Each skb on a wire is a single linear frame with good checksums, as on a real
 * wire. The sender's stack segments and fills in checksums in software (see
 * features_check), and receivers verify the checksums.
 */
#include <linux/etherdevice.h>
#include <linux/ethtool.h>
#include <linux/if_vlan.h>
#include <linux/rtnetlink.h>
#include <net/pkt_cls.h>

#include "nicsim.h"

/* The private part of a netdev of either kind. */
struct nicsim_dev {
	struct net_device *dev;
	struct nicsim_port *port;
	bool is_wire;
	bool is_open;			/* under rtnl */
	atomic_long_t rx_too_long;
	atomic_long_t rx_no_room;
	struct napi_struct napi;
	struct sk_buff_head ring;
};

const char *const nicsim_counter_names[NICSIM_C__COUNT] = {
#define X(name) #name,
	NICSIM_COUNTERS(X)
#undef X
};

u64 nicsim_counter(const struct nicsim_port *port, enum nicsim_counter c)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(port->counters, cpu)->value[c]);
	return sum;
}

/* ---- packet path ---- */

static int nicsim_poll(struct napi_struct *napi, int budget)
{
	struct nicsim_dev *nd = container_of(napi, struct nicsim_dev, napi);
	int done = 0;

	while (done < budget) {
		struct sk_buff *skb = skb_dequeue(&nd->ring);

		if (!skb)
			break;
		skb->protocol = eth_type_trans(skb, nd->dev);
		napi_gro_receive(napi, skb);
		done++;
	}
	if (done < budget)
		napi_complete_done(napi, done);
	return done;
}

/* Removes all state of the sender's stack from an skb: only the bytes go through a cable. */
static void make_foreign(struct sk_buff *skb)
{
	skb_orphan(skb);
	skb_scrub_packet(skb, true);
	skb_reset_redirect(skb);
	skb_clear_hash(skb);
	skb->priority = 0;
	skb->queue_mapping = 0;
	skb->encapsulation = 0;
	skb->ip_summed = CHECKSUM_NONE;
}

/* True if a frame fits the MTU, to which up to two tags may be added. Counts frames that do not. */
bool nicsim_fits(struct net_device *dev, unsigned int len)
{
	struct nicsim_dev *nd = netdev_priv(dev);

	if (len <= READ_ONCE(dev->mtu) + ETH_HLEN + 2 * VLAN_HLEN)
		return true;
	atomic_long_inc(&nd->rx_too_long);
	nicsim_count(nd->port, NICSIM_C_lost, 1);
	return false;
}

/* Puts a frame into the receive ring of a device. Takes over the skb. */
void nicsim_deliver(struct net_device *dev, struct sk_buff *skb)
{
	struct nicsim_dev *nd = netdev_priv(dev);
	struct nicsim_port *port = nd->port;
	unsigned int len = skb->len;

	if (!netif_running(dev) || !netif_carrier_ok(dev))
		goto lost;
	if (!nicsim_fits(dev, len)) {
		kfree_skb(skb);
		return;
	}
	if (skb_queue_len_lockless(&nd->ring) >= nicsim_knob(port->asic, ring_size)) {
		atomic_long_inc(&nd->rx_no_room);
		goto lost;
	}
	if (nd->is_wire) {
		nicsim_count(port, NICSIM_C_tx_packets, 1);
		nicsim_count(port, NICSIM_C_tx_bytes, len);
	} else {
		nicsim_count(port, NICSIM_C_cpu_rx_packets, 1);
		nicsim_count(port, NICSIM_C_cpu_rx_bytes, len);
	}
	dev_sw_netstats_rx_add(dev, len);
	make_foreign(skb);
	skb_queue_tail(&nd->ring, skb);
	napi_schedule(&nd->napi);
	return;

lost:
	nicsim_count(port, NICSIM_C_lost, 1);
	kfree_skb(skb);
}

/*
 * Removes the features for segmentation, checksums and scattered memory. The stack then does
 * all this in software, before it calls the driver.
 */
static netdev_features_t nicsim_features_check(struct sk_buff *skb, struct net_device *dev,
					       netdev_features_t features)
{
	return features & ~(NETIF_F_SG | NETIF_F_CSUM_MASK | NETIF_F_GSO_MASK);
}

/* Packet sockets and pktgen bypass the checks of the stack. */
static bool is_frame(struct sk_buff *skb)
{
	if (skb_is_gso(skb) || skb->len < ETH_HLEN || skb_linearize(skb))
		return false;
	return skb->ip_summed != CHECKSUM_PARTIAL || !skb_checksum_help(skb);
}

static netdev_tx_t nicsim_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct nicsim_dev *nd = netdev_priv(dev);
	struct nicsim_port *port = nd->port;

	if (!is_frame(skb)) {
		dev_core_stats_tx_dropped_inc(dev);
		kfree_skb(skb);
		return NETDEV_TX_OK;
	}
	dev_sw_netstats_tx_add(dev, 1, skb->len);
	if (nd->is_wire) {
		nicsim_receive(port, skb);
	} else {
		nicsim_count(port, NICSIM_C_cpu_tx_packets, 1);
		nicsim_count(port, NICSIM_C_cpu_tx_bytes, skb->len);
		nicsim_deliver(port->wire, skb);
	}
	return NETDEV_TX_OK;
}

/* ---- up, down, link ---- */

static void update_link(struct nicsim_port *port)
{
	struct nicsim_dev *nic = netdev_priv(port->nic), *wire = netdev_priv(port->wire);

	ASSERT_RTNL();
	if (nic->is_open && wire->is_open && port->has_cable) {
		netif_carrier_on(port->nic);
		netif_carrier_on(port->wire);
	} else {
		netif_carrier_off(port->nic);
		netif_carrier_off(port->wire);
	}
}

void nicsim_set_cable(struct nicsim_port *port, bool has_cable)
{
	rtnl_lock();
	port->has_cable = has_cable;
	update_link(port);
	rtnl_unlock();
}

static int nicsim_open(struct net_device *dev)
{
	struct nicsim_dev *nd = netdev_priv(dev);

	skb_queue_purge(&nd->ring);
	napi_enable(&nd->napi);
	netif_start_queue(dev);
	nd->is_open = true;
	update_link(nd->port);
	return 0;
}

static int nicsim_stop(struct net_device *dev)
{
	struct nicsim_dev *nd = netdev_priv(dev);

	nd->is_open = false;
	update_link(nd->port);
	netif_stop_queue(dev);
	napi_disable(&nd->napi);
	skb_queue_purge(&nd->ring);
	return 0;
}

/* ---- statistics and settings ---- */

/* A port counts all packets on its wire. A partner counts the packets that it sent and received. */
static void nicsim_get_stats64(struct net_device *dev, struct rtnl_link_stats64 *stats)
{
	struct nicsim_dev *nd = netdev_priv(dev);
	struct nicsim_port *port = nd->port;

	if (nd->is_wire) {
		dev_fetch_sw_netstats(stats, dev->tstats);
	} else {
		stats->rx_packets = nicsim_counter(port, NICSIM_C_rx_packets);
		stats->rx_bytes = nicsim_counter(port, NICSIM_C_rx_bytes);
		stats->tx_packets = nicsim_counter(port, NICSIM_C_tx_packets);
		stats->tx_bytes = nicsim_counter(port, NICSIM_C_tx_bytes);
		stats->rx_dropped = nicsim_counter(port, NICSIM_C_dropped);
	}
	stats->rx_length_errors = atomic_long_read(&nd->rx_too_long);
	stats->rx_errors = stats->rx_length_errors;
	stats->rx_missed_errors = atomic_long_read(&nd->rx_no_room);
}

/* For "ip stats show dev nic0 group offload": the packets that the CPU has seen. */
static bool nicsim_has_offload_stats(const struct net_device *dev, int attr)
{
	return attr == IFLA_OFFLOAD_XSTATS_CPU_HIT;
}

static int nicsim_get_offload_stats(int attr, const struct net_device *dev, void *data)
{
	const struct nicsim_dev *nd = netdev_priv(dev);
	struct rtnl_link_stats64 *stats = data;

	if (attr != IFLA_OFFLOAD_XSTATS_CPU_HIT)
		return -EINVAL;
	stats->rx_packets = nicsim_counter(nd->port, NICSIM_C_cpu_rx_packets);
	stats->rx_bytes = nicsim_counter(nd->port, NICSIM_C_cpu_rx_bytes);
	stats->tx_packets = nicsim_counter(nd->port, NICSIM_C_cpu_tx_packets);
	stats->tx_bytes = nicsim_counter(nd->port, NICSIM_C_cpu_tx_bytes);
	return 0;
}

static int nicsim_get_parent_id(struct net_device *dev, struct netdev_phys_item_id *id)
{
	struct nicsim_dev *nd = netdev_priv(dev);
	struct nicsim_asic *asic = nd->port->asic;

	if (!asic->switch_id_len)
		return -EOPNOTSUPP;
	id->id_len = asic->switch_id_len;
	memcpy(id->id, asic->switch_id, id->id_len);
	return 0;
}

static int nicsim_get_port_name(struct net_device *dev, char *name, size_t len)
{
	struct nicsim_dev *nd = netdev_priv(dev);
	struct nicsim_asic *asic = nd->port->asic;
	unsigned int i = nd->port->index;
	int n;

	if (asic->profile->has_uplinks && i >= asic->num_uplinks)
		n = snprintf(name, len, "pf0vf%u", i - asic->num_uplinks);
	else
		n = snprintf(name, len, "p%u", i);
	return n < len ? 0 : -EOPNOTSUPP;
}

static int nicsim_set_features(struct net_device *dev, netdev_features_t features)
{
	struct nicsim_dev *nd = netdev_priv(dev);
	struct nicsim_asic *asic = nd->port->asic;

	if ((dev->features & ~features & NETIF_F_HW_TC) && asic->profile->has_locked_feature &&
	    nicsim_table_count(asic, nd->port)) {
		netdev_err(dev, "cannot turn hw-tc-offload off while rules are offloaded\n");
		return -asic->profile->feature_errno;
	}
	return 0;
}

/* Sets the switch ID from "none" or an even number of hex digits. */
int nicsim_set_switch_id(struct nicsim_asic *asic, const char *text)
{
	u8 id[MAX_PHYS_ITEM_ID_LEN];
	size_t len = strlen(text);
	unsigned int i;

	if (!strcmp(text, "none"))
		len = 0;
	if (len % 2 || len / 2 > sizeof(id) || hex2bin(id, text, len / 2))
		return -EINVAL;
	rtnl_lock();
	memcpy(asic->switch_id, id, len / 2);
	asic->switch_id_len = len / 2;
	for (i = 0; asic->ports && i < asic->num_ports; i++)
		netdev_state_change(asic->ports[i].nic);
	rtnl_unlock();
	return 0;
}

/* ---- ethtool ---- */

static void nicsim_get_drvinfo(struct net_device *dev, struct ethtool_drvinfo *info)
{
	struct nicsim_dev *nd = netdev_priv(dev);

	strscpy(info->driver, NICSIM_NAME, sizeof(info->driver));
	/* All ports are functions of one PCI slot. This identifies a card that has no switch ID. */
	if (nd->is_wire)
		return;
	strscpy(info->fw_version, nd->port->asic->profile->name, sizeof(info->fw_version));
	snprintf(info->bus_info, sizeof(info->bus_info), "0000:fe:00.%u", nd->port->index);
}

static int nicsim_get_link_ksettings(struct net_device *dev, struct ethtool_link_ksettings *cmd)
{
	cmd->base.speed = SPEED_10000;
	cmd->base.duplex = DUPLEX_FULL;
	cmd->base.port = PORT_DA;
	cmd->base.autoneg = AUTONEG_DISABLE;
	return 0;
}

static int nicsim_get_sset_count(struct net_device *dev, int set)
{
	return set == ETH_SS_STATS ? NICSIM_C__COUNT : -EOPNOTSUPP;
}

static void nicsim_get_strings(struct net_device *dev, u32 set, u8 *data)
{
	int i;

	for (i = 0; set == ETH_SS_STATS && i < NICSIM_C__COUNT; i++)
		ethtool_sprintf(&data, "%s", nicsim_counter_names[i]);
}

static void nicsim_get_ethtool_stats(struct net_device *dev, struct ethtool_stats *stats, u64 *data)
{
	struct nicsim_dev *nd = netdev_priv(dev);
	int i;

	for (i = 0; i < NICSIM_C__COUNT; i++)
		data[i] = nicsim_counter(nd->port, i);
}

static const struct ethtool_ops nicsim_nic_ethtool_ops = {
	.get_drvinfo = nicsim_get_drvinfo,
	.get_link = ethtool_op_get_link,
	.get_link_ksettings = nicsim_get_link_ksettings,
	.get_sset_count = nicsim_get_sset_count,
	.get_strings = nicsim_get_strings,
	.get_ethtool_stats = nicsim_get_ethtool_stats,
};

static const struct ethtool_ops nicsim_wire_ethtool_ops = {
	.get_drvinfo = nicsim_get_drvinfo,
	.get_link = ethtool_op_get_link,
	.get_link_ksettings = nicsim_get_link_ksettings,
};

/* ---- creation and removal ---- */

static const struct net_device_ops nicsim_nic_ops = {
	.ndo_open = nicsim_open,
	.ndo_stop = nicsim_stop,
	.ndo_start_xmit = nicsim_xmit,
	.ndo_features_check = nicsim_features_check,
	.ndo_set_features = nicsim_set_features,
	.ndo_set_mac_address = eth_mac_addr,
	.ndo_validate_addr = eth_validate_addr,
	.ndo_get_stats64 = nicsim_get_stats64,
	.ndo_has_offload_stats = nicsim_has_offload_stats,
	.ndo_get_offload_stats = nicsim_get_offload_stats,
	.ndo_get_port_parent_id = nicsim_get_parent_id,
	.ndo_get_phys_port_name = nicsim_get_port_name,
	.ndo_setup_tc = nicsim_setup_tc,
};

static const struct net_device_ops nicsim_wire_ops = {
	.ndo_open = nicsim_open,
	.ndo_stop = nicsim_stop,
	.ndo_start_xmit = nicsim_xmit,
	.ndo_features_check = nicsim_features_check,
	.ndo_set_mac_address = eth_mac_addr,
	.ndo_validate_addr = eth_validate_addr,
	.ndo_get_stats64 = nicsim_get_stats64,
};

/* Returns NULL for a device that is not a port of this adapter. */
struct nicsim_port *nicsim_port_of(const struct net_device *dev)
{
	if (!dev || dev->netdev_ops != &nicsim_nic_ops)
		return NULL;
	return ((const struct nicsim_dev *)netdev_priv(dev))->port;
}

static void setup_common(struct net_device *dev)
{
	ether_setup(dev);
	dev->min_mtu = ETH_MIN_MTU;
	dev->max_mtu = 9600;
	dev->priv_flags |= IFF_LIVE_ADDR_CHANGE;
	dev->features |= NETIF_F_SG | NETIF_F_HIGHDMA;
#ifdef NETIF_F_LLTX
	dev->features |= NETIF_F_LLTX;
#else
	dev->lltx = true; /* since 6.12 */
#endif
	dev->hw_features |= NETIF_F_SG;
	dev->vlan_features |= NETIF_F_SG | NETIF_F_HIGHDMA;
}

static void setup_nic(struct net_device *dev)
{
	setup_common(dev);
	dev->netdev_ops = &nicsim_nic_ops;
	dev->ethtool_ops = &nicsim_nic_ethtool_ops;
	dev->hw_features |= NETIF_F_HW_TC;
}

static void setup_wire(struct net_device *dev)
{
	setup_common(dev);
	dev->netdev_ops = &nicsim_wire_ops;
	dev->ethtool_ops = &nicsim_wire_ethtool_ops;
	dev->priv_flags |= IFF_NO_QUEUE;
}

static struct net_device *make_dev(struct nicsim_port *port, bool is_wire)
{
	u8 mac[ETH_ALEN] = { 0x02, 0x6e, 0x73, is_wire, 0x00, port->index };
	struct nicsim_dev *nd;
	struct net_device *dev;
	char name[IFNAMSIZ];

	snprintf(name, sizeof(name), "%s%u", is_wire ? "wire" : "nic", port->index);
	dev = alloc_netdev(sizeof(*nd), name, NET_NAME_ENUM, is_wire ? setup_wire : setup_nic);
	if (!dev)
		return NULL;
	dev->tstats = netdev_alloc_pcpu_stats(struct pcpu_sw_netstats);
	if (!dev->tstats) {
		free_netdev(dev);
		return NULL;
	}
	nd = netdev_priv(dev);
	nd->dev = dev;
	nd->port = port;
	nd->is_wire = is_wire;
	skb_queue_head_init(&nd->ring);
	netif_napi_add(dev, &nd->napi, nicsim_poll);
	eth_hw_addr_set(dev, mac);
	if (!is_wire)
		SET_NETDEV_DEV(dev, port->asic->device);
	return dev;
}

static void free_dev(struct net_device *dev)
{
	struct nicsim_dev *nd;

	if (!dev)
		return;
	/* A packet may have entered the ring after nicsim_stop() emptied it. */
	nd = netdev_priv(dev);
	skb_queue_purge(&nd->ring);
	free_percpu(dev->tstats);
	free_netdev(dev);
}

static void free_port(struct nicsim_port *port)
{
	free_dev(port->nic);
	free_dev(port->wire);
	free_percpu(port->counters);
}

static int make_port(struct nicsim_port *port, bool has_hw_tc)
{
	port->tc.port = port;
	port->ft.port = port;
	port->ft.is_ft = true;
	INIT_LIST_HEAD(&port->tc.list);
	INIT_LIST_HEAD(&port->ft.list);
	port->has_cable = true;
	port->counters = alloc_percpu(struct nicsim_counters);
	port->nic = make_dev(port, false);
	port->wire = make_dev(port, true);
	if (!port->counters || !port->nic || !port->wire) {
		free_port(port);
		return -ENOMEM;
	}
	if (has_hw_tc)
		port->nic->features |= NETIF_F_HW_TC;
	return 0;
}

/* Registers both devices or none, so that no device has a missing partner. */
static int register_port(struct nicsim_port *port)
{
	int err = register_netdevice(port->wire);

	if (err)
		return err;
	err = register_netdevice(port->nic);
	if (err) {
		unregister_netdevice(port->wire);
		return err;
	}
	netif_carrier_off(port->nic);
	netif_carrier_off(port->wire);
	return 0;
}

static void unregister_ports(struct nicsim_asic *asic, unsigned int n)
{
	LIST_HEAD(gone);
	unsigned int i;

	for (i = 0; i < n; i++) {
		unregister_netdevice_queue(asic->ports[i].nic, &gone);
		unregister_netdevice_queue(asic->ports[i].wire, &gone);
	}
	unregister_netdevice_many(&gone);
}

static void free_ports(struct nicsim_asic *asic, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		free_port(&asic->ports[i]);
	kfree(asic->ports);
	asic->ports = NULL;
}

int nicsim_ports_add(struct nicsim_asic *asic, bool has_hw_tc)
{
	unsigned int i, registered = 0;
	int err = 0;

	asic->ports = kcalloc(asic->num_ports, sizeof(*asic->ports), GFP_KERNEL);
	if (!asic->ports)
		return -ENOMEM;
	for (i = 0; i < asic->num_ports; i++) {
		asic->ports[i].asic = asic;
		asic->ports[i].index = i;
		err = make_port(&asic->ports[i], has_hw_tc);
		if (err) {
			free_ports(asic, i);
			return err;
		}
	}
	rtnl_lock();
	while (!err && registered < asic->num_ports) {
		err = register_port(&asic->ports[registered]);
		if (!err)
			registered++;
	}
	if (err)
		unregister_ports(asic, registered);
	rtnl_unlock();
	if (err)
		free_ports(asic, asic->num_ports);
	return err;
}

void nicsim_ports_del(struct nicsim_asic *asic)
{
	rtnl_lock();
	unregister_ports(asic, asic->num_ports);
	rtnl_unlock();
	free_ports(asic, asic->num_ports);
}
