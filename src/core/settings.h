/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * settings - the administrator's configuration, as the core reads it.
 *
 * Filled in by daemon/conf/conf and daemon/sysctls. The engine works on a copy of its own, and
 * replaces the device list of that copy on EVENT_DEVICES.
 */
#pragma once

#include <fnmatch.h>
#include <string.h>

#include "model/bypass.h"
#include "model/flowtable.h"
#include "model/link.h"

enum offload_mode {
	OFFLOAD_OBSERVE,  /* decide and report, change nothing */
	OFFLOAD_SOFTWARE, /* skip_hw rules */
	OFFLOAD_HARDWARE, /* skip_sw rules */
};

/* What forwards the offloaded packets. */
enum backend {
	BACKEND_FLOWER,	   /* our flower rules */
	BACKEND_FLOWTABLE, /* the kernel's flowtable; we add only our nft table */
	BACKEND_AUTO,	   /* the flowtable where flower rules are not possible */
};

enum admit_mode {
	ADMIT_EVENTS, /* every established forwarded connection */
	ADMIT_MARK,   /* those whose ct mark has all our bits, set by the administrator's rules */
	ADMIT_NFT,    /* those whose ct mark has the epoch in our bits, set by our own nft table */
};

#define SETTINGS_MAX_DEVICES 64
#define SETTINGS_MAX_DRIVERS 16
#define SETTINGS_MAX_BYPASS  64

/* Whether a NIC must leave packets whose TTL is about to expire to the CPU. */
enum ttl_guard {
	TTL_GUARD_PREFER,  /* it does so if it can */
	TTL_GUARD_REQUIRE, /* ports that cannot do so get no flows */
};

/* A driver that the administrator allows beside the built-in list. */
struct settings_driver {
	char name[LINK_DRIVER_SIZE];
	char like[LINK_DRIVER_SIZE]; /* listed driver to treat it as; "" = probe it */
};

/* What offload may bypass on a device. */
struct settings_bypass {
	char device[LINK_NAME_SIZE]; /* a name or pattern; "" = every device */
	uint8_t bits;		     /* enum bypass_mask */
};

struct settings {
	enum offload_mode offload;
	enum backend backend;
	bool software_flowtable; /* allow flowtables on devices without hardware support */
	enum admit_mode admit;
	uint32_t mark;		 /* our bits of the ct mark; 0 = the engine chooses */
	uint32_t max_flows;
	bool auto_devices;	 /* { "auto" }: every device that can be a port */
	unsigned int n_devices;
	char device[SETTINGS_MAX_DEVICES][LINK_NAME_SIZE]; /* names or patterns */
	struct flowtable_ref devices_from; /* flowtable whose device list is used (EVENT_DEVICES) */
	uint16_t tc_priority;	 /* first of our prios; 0 = the engine chooses */
	uint32_t sample_ms;	 /* interval at which rule counters are read */
	unsigned int n_allowed;
	struct settings_driver allowed[SETTINGS_MAX_DRIVERS];
	unsigned int n_bypass;
	struct settings_bypass bypass[SETTINGS_MAX_BYPASS];
	enum ttl_guard ttl_guard;
	uint32_t hw_table_size;	 /* rules that a NIC holds; 0 = learn when it is full */
	uint32_t max_swaps;	 /* flows per second that may replace others in a full NIC */
	/* The kernel's timeouts, for connections whose own timeout policy is not known. */
	uint32_t tcp_timeout_s;	     /* established */
	uint32_t tcp_unacked_s;	     /* established, with unacknowledged data */
	uint32_t udp_timeout_s;
	uint32_t tcp_time_wait_s;
};

/* True for a pattern that can match several names. */
static inline bool settings_is_pattern(const char *device)
{
	return strpbrk(device, "*?[");
}

/* True when @device, a name or a pattern of the settings, matches @name. */
static inline bool settings_device_matches(const char *device, const char *name)
{
	return strcmp(device, name) == 0 || (settings_is_pattern(device) && fnmatch(device, name, 0) == 0);
}

/* The settings call for flower rules. */
static inline bool settings_use_flower(const struct settings *s)
{
	return s->offload != OFFLOAD_OBSERVE && s->backend != BACKEND_FLOWTABLE;
}

/* Default of our bits of the ct mark. An epoch needs several bits. */
#define SETTINGS_MARK_BIT    0x10000000
#define SETTINGS_MARK_EPOCHS 0x70000000

static inline void settings_choose_mark(struct settings *s)
{
	if (!s->mark)
		s->mark = s->admit == ADMIT_NFT ? SETTINGS_MARK_EPOCHS : SETTINGS_MARK_BIT;
}

/* Every admitted connection has at least one of these bits in its ct mark; 0 = marks do not matter.
 * Our table sets the mark in two steps, and only the second sets the lowest bit
 * (kern/nft/nftlayout). */
static inline uint32_t settings_mark_filter(const struct settings *s)
{
	if (s->admit == ADMIT_NFT)
		return s->mark & -s->mark;
	return s->admit == ADMIT_MARK ? s->mark : 0;
}

/* Our bits of the ct mark; 0 if marks do not matter. */
static inline uint32_t settings_mark_bits(const struct settings *s)
{
	return s->admit == ADMIT_EVENTS ? 0 : s->mark;
}

/* The ct mark without our bits: what routing may depend on. */
static inline uint32_t settings_routing_mark(const struct settings *s, uint32_t ct_mark)
{
	return ct_mark & ~settings_mark_bits(s);
}
