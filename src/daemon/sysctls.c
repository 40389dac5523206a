/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/sysctls.h"

#include <stdio.h>

unsigned int sysctls_read_net(const char *below, unsigned int fallback)
{
	char path[128];
	unsigned int value;
	FILE *f;
	int n;

	snprintf(path, sizeof(path), "/proc/sys/net/%s", below);
	f = fopen(path, "re");
	if (!f)
		return fallback;
	n = fscanf(f, "%u", &value);
	fclose(f);
	return n == 1 ? value : fallback;
}

uint32_t sysctls_read_neigh_limit(enum family family)
{
	return sysctls_read_net(family == FAMILY_IP6 ? "ipv6/neigh/default/gc_thresh2" :
						       "ipv4/neigh/default/gc_thresh2", UINT32_MAX);
}

unsigned int sysctls_read(const char *name, unsigned int fallback)
{
	char path[96];

	snprintf(path, sizeof(path), "netfilter/%s", name);
	return sysctls_read_net(path, fallback);
}

/* The fallbacks are the defaults of nf_conntrack_proto_tcp.c and nf_conntrack_proto_udp.c. */
void sysctls_read_timeouts(struct settings *settings)
{
	settings->tcp_timeout_s = sysctls_read("nf_conntrack_tcp_timeout_established", 432000);
	settings->tcp_unacked_s = sysctls_read("nf_conntrack_tcp_timeout_unacknowledged", 300);
	settings->tcp_time_wait_s = sysctls_read("nf_conntrack_tcp_timeout_time_wait", 120);
	settings->udp_timeout_s = sysctls_read("nf_conntrack_udp_timeout_stream", 120);
}
