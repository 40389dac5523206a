/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/life/cleanup.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/util.h"
#include "daemon/control/ctlsock.h"
#include "daemon/life/lastlife.h"
#include "daemon/work/portwork.h"
#include "kern/rt/links.h"
#include "kern/rt/neighs.h"
#include "kern/nft/nfttable.h"
#include "nl/nlsock.h"

LOG_TAG("cleanup");

/*
 * Reads SERVICE_RESULT and EXIT_STATUS (systemd.exec(5)). Returns true for results after which
 * the unit is restarted: those of Restart=on-failure, without the exit statuses of
 * RestartPreventExitStatus=.
 */
bool cleanup_is_too_early(const struct config *config)
{
	static const char *const restarted[] = { "signal", "core-dump", "watchdog", "oom-kill",
						 "timeout", "exit-code" };
	const char *result = getenv("SERVICE_RESULT"), *status = getenv("EXIT_STATUS");

	if (config->keep_rules)
		return true;
	if (!result || (strcmp(result, "exit-code") == 0 && status &&
			(strcmp(status, "1") == 0 || strcmp(status, "2") == 0)))
		return false;
	for (size_t i = 0; i < array_size(restarted); i++) {
		if (strcmp(result, restarted[i]) == 0)
			return true;
	}
	return false;
}

struct cleaning {
	struct nlsock sock;
	unsigned int n_rules, n_qdiscs, n_neighs;
	int err; /* first error */
};

static void note(struct cleaning *c, int err)
{
	c->err = c->err ? c->err : err;
}

static void on_link(const struct link *link, void *ctx)
{
	struct cleaning *c = ctx;
	unsigned int n_rules = 0;
	bool made_clsact = false;
	int err = portwork_sweep(&c->sock, link->ifindex, NULL, &made_clsact, &n_rules);

	c->n_rules += n_rules;
	if (!err && made_clsact) {
		err = portwork_drop_clsact(&c->sock, link->ifindex);
		c->n_qdiscs += err == 0;
		/* Somebody else uses the clsact by now: leave it. */
		if (err == -EBUSY)
			err = 0;
	}
	if (err && err != -ENODEV) {
		log_error("%s: cannot remove our rules: %s; see \"tc filter show dev %s ingress\"",
			  link->name, strerror(-err), link->name);
		note(c, err);
	}
}

static void clean_links(struct cleaning *c)
{
	int err = nlsock_open(&c->sock, NETLINK_ROUTE, 0);

	if (!err)
		err = links_dump(on_link, c);
	nlsock_close(&c->sock);
	if (err)
		log_error("cannot list the network devices: %s", strerror(-err));
	note(c, err);
}

static void on_neigh(const struct neigh *neigh, void *ctx)
{
	struct cleaning *c = ctx;
	int err = neigh->care == NEIGH_OURS ? neighs_keep(&c->sock, neigh, false) : -EBUSY;

	c->n_neighs += err == 0;
	if (err && err != -EBUSY && err != -ENOENT && err != -ENODEV)
		note(c, err);
}

static void clean_neighs(struct cleaning *c)
{
	int err = nlsock_open(&c->sock, NETLINK_ROUTE, 0);

	if (!err)
		err = neighs_dump(on_neigh, c);
	nlsock_close(&c->sock);
	if (err)
		log_error("cannot list the neighbours: %s", strerror(-err));
	note(c, err);
}

static void clean_table(struct cleaning *c, bool *ret_was_there)
{
	struct nlerr why = { 0, "" };
	struct nfttable *own = NULL;
	int err = nfttable_open(&own);

	*ret_was_there = false;
	if (!err)
		err = nfttable_down(own, ret_was_there, &why);
	nfttable_close(own);
	/* The kernel has no nf_tables, or the table is not ours. */
	if (err == -EPROTONOSUPPORT || err == -EOPNOTSUPP || err == -EEXIST)
		return;
	if (err)
		log_error("cannot remove our nft table: %s (%s)",
			  why.extack[0] ? why.extack : "no kernel message", strerror(-err));
	note(c, err);
}

int cleanup_run(const struct config *config)
{
	struct cleaning c = { .err = ctlsock_check(config->socket_path) };
	char path[CONF_PATH_SIZE + 8];
	bool had_table = false;

	if (c.err)
		return c.err;
	/* The record goes first: rules that are only partly left must not be adopted. */
	lastlife_path(config->socket_path, path);
	lastlife_remove(path);
	clean_links(&c);
	clean_neighs(&c);
	clean_table(&c, &had_table);
	log_notice("removed %u rules, %u clsact qdiscs and %s nft table, released %u neighbours",
		   c.n_rules, c.n_qdiscs, had_table ? "our" : "no", c.n_neighs);
	return c.err;
}
