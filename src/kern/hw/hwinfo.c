/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/hw/hwinfo.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/util.h"

/* The kernel has at most 64 features so far (netdev_features_t). */
#define FEATURES_MAX 256
#define FEATURE_WORDS (FEATURES_MAX / 32)

struct hwinfo {
	int fd;
	/* Number of the feature hw-tc-offload, the same for all devices; read from the
	 * first device. -1 = not read yet. */
	int feature;
};

int hwinfo_open(struct hwinfo **ret)
{
	struct hwinfo *h = calloc(1, sizeof(*h));
	int err;

	if (!h)
		return -ENOMEM;
	/* Any socket will do, because sock_do_ioctl() passes on ioctls that the socket
	 * does not know. AF_UNIX is allowed in the sandbox of the systemd unit. */
	h->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	h->feature = -1;
	if (h->fd < 0) {
		err = -errno;
		free(h);
		return err;
	}
	*ret = h;
	return 0;
}

void hwinfo_close(struct hwinfo *h)
{
	if (!h)
		return;
	/* There is no remedy for a failing close(). */
	(void)close(h->fd);
	free(h);
}

static int ask(const struct hwinfo *h, const char *name, void *command)
{
	struct ifreq ifr = { .ifr_data = command };

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	return ioctl(h->fd, SIOCETHTOOL, &ifr) < 0 ? -errno : 0;
}

static int count_features(const struct hwinfo *h, const char *name, uint32_t *ret)
{
	union {
		struct ethtool_sset_info info;
		unsigned char room[sizeof(struct ethtool_sset_info) + sizeof(uint32_t)];
	} sset = { .room = { 0 } };
	int err;

	sset.info.cmd = ETHTOOL_GSSET_INFO;
	sset.info.sset_mask = 1u << ETH_SS_FEATURES;
	err = ask(h, name, &sset);
	if (err)
		return err;
	if (!sset.info.sset_mask || sset.info.data[0] == 0 || sset.info.data[0] > FEATURES_MAX)
		return -EOPNOTSUPP;
	*ret = sset.info.data[0];
	return 0;
}

/* The kernel writes all strings, however small `len` is (ethtool_get_strings), so the
 * buffer must hold as many as the kernel has. */
static int find_feature(const struct hwinfo *h, const char *name, const char *wanted)
{
	struct ethtool_gstrings *strings;
	uint32_t count;
	int err = count_features(h, name, &count);

	if (err)
		return err;
	strings = calloc(1, sizeof(*strings) + (size_t)count * ETH_GSTRING_LEN);
	if (!strings)
		return -ENOMEM;
	strings->cmd = ETHTOOL_GSTRINGS;
	strings->string_set = ETH_SS_FEATURES;
	strings->len = count;
	err = ask(h, name, strings);
	for (uint32_t i = 0; !err && i < count; i++) {
		if (strncmp((char *)strings->data + (size_t)i * ETH_GSTRING_LEN, wanted,
			    ETH_GSTRING_LEN) == 0) {
			free(strings);
			return (int)i;
		}
	}
	free(strings);
	return err ? err : -EOPNOTSUPP;
}

/* A feature can be turned on when it is available (hw_features) and can be changed
 * (not in NETIF_F_NEVER_CHANGE). */
enum link_tc hwinfo_tc_of(const struct ethtool_get_features_block *blocks, size_t n_blocks,
			  unsigned int feature)
{
	const struct ethtool_get_features_block *block = &blocks[feature / 32];
	uint32_t bit = 1u << feature % 32;

	if (feature / 32 >= n_blocks)
		return LINK_TC_NONE;
	if (block->active & bit)
		return LINK_TC_ON;
	return block->available & ~block->never_changed & bit ? LINK_TC_OFF : LINK_TC_NONE;
}

static int read_tc(const struct hwinfo *h, const char *name, enum link_tc *ret)
{
	union {
		struct ethtool_gfeatures head;
		unsigned char room[sizeof(struct ethtool_gfeatures) +
				   FEATURE_WORDS * sizeof(struct ethtool_get_features_block)];
	} features = { .room = { 0 } };
	int err;

	features.head.cmd = ETHTOOL_GFEATURES;
	features.head.size = FEATURE_WORDS;
	err = ask(h, name, &features);
	if (err)
		return err;
	/* The kernel sets `size` to the number of words that it has. */
	*ret = hwinfo_tc_of(features.head.features,
			    MIN(features.head.size, (uint32_t)FEATURE_WORDS),
			    (unsigned int)h->feature);
	return 0;
}

static int read_driver(const struct hwinfo *h, const char *name, struct ethtool_drvinfo *ret)
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };
	int err = ask(h, name, &info);

	/* Some devices, such as the loopback device, have no driver and no kind. */
	if (err == -EOPNOTSUPP)
		info = (struct ethtool_drvinfo){ 0 };
	else if (err)
		return err;
	/* What some devices without a bus report (br_getinfo). */
	if (strcmp(info.bus_info, "N/A") == 0)
		info.bus_info[0] = '\0';
	*ret = info;
	return 0;
}

int hwinfo_read(struct hwinfo *h, const char *name, struct link_hw *hw)
{
	struct ethtool_drvinfo info;
	enum link_tc tc = LINK_TC_NONE;
	int err = read_driver(h, name, &info);

	if (!err && h->feature < 0) {
		int feature = find_feature(h, name, "hw-tc-offload");

		if (feature < 0)
			return feature;
		h->feature = feature;
	}
	if (!err)
		err = read_tc(h, name, &tc);
	if (err)
		return err;
	/* Zero-fill the strings, because struct link_hw is compared with memcmp. */
	memset(hw->driver, 0, sizeof(hw->driver));
	memset(hw->bus, 0, sizeof(hw->bus));
	snprintf(hw->driver, sizeof(hw->driver), "%.*s", (int)sizeof(info.driver), info.driver);
	snprintf(hw->bus, sizeof(hw->bus), "%.*s", (int)sizeof(info.bus_info), info.bus_info);
	hw->tc = (uint8_t)tc;
	return 0;
}
