/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/port/driver.h"

#include <errno.h>
#include <string.h>

#include "base/util.h"

#define SHAPE(id) (1u << RECIPE_##id)

/*
 * According to the sources of the drivers. mlx5 accepts the full shape: in NIC
 * mode between the ports of a card, in switchdev mode not between two uplinks.
 * nfp cannot decrement the TTL. sfc has no checksum action. The packet engines of
 * mtk and airoha require a match on the ingress port, refuse a TTL action and
 * decrement the TTL by themselves. bnxt_en is left out on purpose: it accepts
 * rules that it does not execute.
 */
static const struct driver drivers[] = {
	{ "mlx5_core", SHAPE(FULL), false, false, false },
	{ "mlx5e_rep", SHAPE(FULL), false, false, false },
	{ "nfp", SHAPE(EXACT_TTL), false, false, false },
	{ "sfc", SHAPE(NO_CSUM), false, false, false },
	{ "efx_ef100_rep", SHAPE(NO_CSUM), false, false, false },
	{ "mtk_soc_eth", SHAPE(IMPLICIT), true, true, true },
	{ "airoha_eth", SHAPE(IMPLICIT), true, true, true },
};

/* Stands for a driver that the administrator allows by its name alone, without the name of
 * a listed driver that it behaves like. No probe can tell whether a driver decrements the
 * TTL by itself, so the shape IMPLICIT is not tried. */
static const struct driver any = {
	"any", SHAPE(FULL) | SHAPE(NO_CSUM) | SHAPE(EXACT_TTL), false, false, false,
};

static const struct driver *find_known(const char *name)
{
	for (unsigned int i = 0; i < array_size(drivers); i++) {
		if (strcmp(drivers[i].name, name) == 0)
			return &drivers[i];
	}
	return NULL;
}

bool driver_is_known(const char *name)
{
	return find_known(name);
}

const struct driver *driver_find(const struct settings *s, const char *name)
{
	for (unsigned int i = 0; i < s->n_allowed; i++) {
		if (strcmp(s->allowed[i].name, name) != 0)
			continue;
		return s->allowed[i].like[0] ? find_known(s->allowed[i].like) : &any;
	}
	return find_known(name);
}

enum refusal driver_refusal(const struct driver *driver, int err, const char *extack)
{
	switch (-err) {
	case ENOSPC:
		/* mlx5 reports this for a full table and for a rule with too
		 * many rewrites; only the text tells them apart. */
		return strstr(extack, "pedit") ? REFUSAL_UNSUPPORTED : REFUSAL_FULL;
	case ENOMEM:
	case ENOBUFS:
		return REFUSAL_FULL;
	case ENOENT:
		/* From nfp (the one with EXACT_TTL): its table is full. From the
		 * tc core: the chain does not exist. */
		return driver && driver->shapes == SHAPE(EXACT_TTL) ? REFUSAL_FULL :
								      REFUSAL_UNSUPPORTED;
	case EBUSY:
	case EAGAIN:
	case EINTR:
		return REFUSAL_BUSY;
	case EEXIST:
		return REFUSAL_EXISTS;
	case EINVAL:
		/* The tc core's text when clsact is gone (__tcf_qdisc_find). */
		return strstr(extack, "Qdisc doesn't exist") ? REFUSAL_GONE : REFUSAL_UNSUPPORTED;
	case ENODEV:
	case ENETDOWN:
		return REFUSAL_GONE;
	case EIO:
	case ETIMEDOUT:
	case EREMOTEIO:
	case EFAULT:
		return REFUSAL_BROKEN;
	default:
		return REFUSAL_UNSUPPORTED;
	}
}

static bool is_uplink(const struct link *l)
{
	return l->hw.port_name[0] == 'p' && l->hw.port_name[1] >= '0' &&
	       l->hw.port_name[1] <= '9' && !strchr(l->hw.port_name, 'f');
}

bool driver_are_two_uplinks(const struct link *a, const struct link *b)
{
	return strcmp(a->hw.driver, "mlx5_core") == 0 &&
	       a->hw.eswitch == LINK_ESWITCH_SWITCHDEV && is_uplink(a) && is_uplink(b);
}
