/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/hw/devlink.h"

#include <ctype.h>
#include <errno.h>
#include <linux/devlink.h>
#include <linux/genetlink.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "nl/nlget.h"
#include "nl/nlsock.h"

/* The kernel executes a request, and waits for locks, while it is being sent
 * (nlsock_send). So this only limits the wait for an answer that was lost. */
#define TIMEOUT_MS 1000
#define MSG_BYTES 256

struct devlink {
	struct nlsock sock;
	uint16_t family; /* number of the generic netlink family; 0: no devlink */
};

struct request {
	_Alignas(4) unsigned char buf[MSG_BYTES];
	struct nlput w;
};

static struct nlput *writer(struct request *r)
{
	nlput_init(&r->w, r->buf, sizeof(r->buf), 0);
	return &r->w;
}

static void begin(struct nlput *w, uint16_t family, uint8_t cmd, uint8_t version)
{
	struct genlmsghdr header = { .cmd = cmd, .version = version };

	nlput_begin(w, family, 0);
	nlput_header(w, &header, sizeof(header));
}

static void keep_family(const struct nlmsghdr *nlh, void *ctx)
{
	struct nlget g = nlget_begin(nlh, sizeof(struct genlmsghdr));
	const struct nlattr *attr;
	uint16_t *family = ctx;

	if (nlh->nlmsg_type != GENL_ID_CTRL)
		return;
	while ((attr = nlget_next(&g))) {
		if (nlget_type(attr) == CTRL_ATTR_FAMILY_ID)
			*family = nlget_u16(&g, attr);
	}
}

static int find_family(struct devlink *d)
{
	struct request r;
	int err;

	begin(writer(&r), GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1);
	nlput_str(&r.w, CTRL_ATTR_FAMILY_NAME, DEVLINK_GENL_NAME);
	err = nlput_end(&r.w);
	if (!err)
		err = nlsock_query(&d->sock, nlput_msg(&r.w), TIMEOUT_MS, keep_family, &d->family,
				   NULL);
	return err == -ENOENT ? 0 : err;
}

int devlink_open(struct devlink **ret)
{
	struct devlink *d = calloc(1, sizeof(*d));
	int err;

	if (!d)
		return -ENOMEM;
	err = nlsock_open(&d->sock, NETLINK_GENERIC, 0);
	if (!err)
		err = find_family(d);
	if (err) {
		devlink_close(d);
		return err;
	}
	*ret = d;
	return 0;
}

void devlink_close(struct devlink *d)
{
	if (!d)
		return;
	nlsock_close(&d->sock);
	free(d);
}

static bool skip_hex(const char **at, size_t min, size_t max)
{
	size_t n = 0;

	while (isxdigit((unsigned char)(*at)[n]))
		n++;
	*at += n;
	return n >= min && n <= max;
}

/* pci_setup_device() formats names as "%04x:%02x:%02x.%d". */
bool devlink_is_pci_name(const char *bus)
{
	return skip_hex(&bus, 4, 8) && *bus++ == ':' && skip_hex(&bus, 2, 2) && *bus++ == ':' &&
	       skip_hex(&bus, 2, 2) && *bus++ == '.' && skip_hex(&bus, 1, 1) && *bus == '\0';
}

int devlink_put_eswitch(struct nlput *w, uint16_t family, const char *bus)
{
	begin(w, family, DEVLINK_CMD_ESWITCH_GET, DEVLINK_GENL_VERSION);
	nlput_str(w, DEVLINK_ATTR_BUS_NAME, "pci");
	nlput_str(w, DEVLINK_ATTR_DEV_NAME, bus);
	return nlput_end(w);
}

/* The attribute is absent when the driver has an eswitch without modes
 * (devlink_nl_eswitch_fill). */
int devlink_get_eswitch(const struct nlmsghdr *nlh, enum link_eswitch *ret)
{
	struct nlget g = nlget_begin(nlh, sizeof(struct genlmsghdr));
	enum link_eswitch mode = LINK_ESWITCH_NONE;
	const struct nlattr *attr;

	while ((attr = nlget_next(&g))) {
		uint16_t value;

		if (nlget_type(attr) != DEVLINK_ATTR_ESWITCH_MODE)
			continue;
		value = nlget_u16(&g, attr);
		if (value == DEVLINK_ESWITCH_MODE_LEGACY)
			mode = LINK_ESWITCH_LEGACY;
		else if (value == DEVLINK_ESWITCH_MODE_SWITCHDEV)
			mode = LINK_ESWITCH_SWITCHDEV;
	}
	if (g.is_malformed)
		return -EBADMSG;
	*ret = mode;
	return 0;
}

struct answer {
	uint16_t family;
	int err;
	enum link_eswitch mode;
};

static void keep_mode(const struct nlmsghdr *nlh, void *ctx)
{
	struct answer *a = ctx;

	if (nlh->nlmsg_type == a->family)
		a->err = devlink_get_eswitch(nlh, &a->mode);
}

int devlink_read_eswitch(struct devlink *d, const char *bus, enum link_eswitch *ret)
{
	struct answer a = { .family = d->family, .mode = LINK_ESWITCH_NONE };
	struct request r;
	int err = 0;

	if (d->family) {
		err = devlink_put_eswitch(writer(&r), d->family, bus);
		if (!err)
			err = nlsock_query(&d->sock, nlput_msg(&r.w), TIMEOUT_MS, keep_mode, &a,
					   NULL);
		if (err == -ENODEV || err == -EOPNOTSUPP)
			err = 0;
		else if (!err)
			err = a.err;
	}
	if (err)
		return err;
	*ret = a.mode;
	return 0;
}
