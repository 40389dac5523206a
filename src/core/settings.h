/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * settings - what the operator decided, as the core reads it.
 *
 * Made by daemon/conf/conf, immutable afterwards.
 */
#pragma once

#include "model/bypass.h"
#include "model/flowtable.h"
#include "model/link.h"

enum offload_mode {
	OFFLOAD_OBSERVE,  /* decide and report, touch nothing */
	OFFLOAD_SOFTWARE, /* skip_hw rules */
	OFFLOAD_HARDWARE, /* skip_sw rules */
};

/* Who forwards. */
enum backend {
	BACKEND_FLOWER,	   /* flower rules of ours */
	BACKEND_FLOWTABLE, /* the kernel's own flowtable: nothing of ours beside the nft table */
	BACKEND_AUTO,	   /* the flowtable where flower rules cannot */
};

enum admit_mode {
	ADMIT_EVENTS, /* every established forwarded connection */
	ADMIT_MARK,   /* those whose ct mark has all our bits: the ruleset sets them */
	ADMIT_NFT,    /* those whose ct mark has the epoch in our bits: our own nft table sets it */
};

#define SETTINGS_MAX_DEVICES 64
#define SETTINGS_MAX_DRIVERS 16
#define SETTINGS_MAX_BYPASS  64

/* What a port's hardware must do about packets that are about to expire. */
enum ttl_guard {
	TTL_GUARD_PREFER,  /* leave them to the CPU, where the NIC can be told so */
	TTL_GUARD_REQUIRE, /* no flow over a port that cannot */
};

/* A driver beyond the built-in list. */
struct settings_driver {
	char name[LINK_DRIVER_SIZE];
	char like[LINK_DRIVER_SIZE]; /* a listed one to treat it as; "" = probe it */
};

/* What may be bypassed. */
struct settings_bypass {
	char device[LINK_NAME_SIZE]; /* "" = on every one */
	uint8_t bits;		     /* of enum bypass_mask */
};

struct settings {
	enum offload_mode offload;
	enum backend backend;
	bool software_flowtable; /* flowtables of devices without such an offload are allowed */
	enum admit_mode admit;
	uint32_t mark;		 /* our bits of the ct mark; 0 = the engine chooses */
	uint32_t max_flows;
	bool auto_devices;	 /* { "auto" }: every port that can */
	unsigned int n_devices;
	char device[SETTINGS_MAX_DEVICES][LINK_NAME_SIZE];
	struct flowtable_ref devices_from; /* the list is that of a flowtable: EVENT_DEVICES */
	uint16_t tc_priority;	 /* first of the prios that are ours; 0 = the engine chooses */
	uint32_t sample_ms;	 /* how often rule counters are read */
	unsigned int n_allowed;
	struct settings_driver allowed[SETTINGS_MAX_DRIVERS];
	unsigned int n_bypass;
	struct settings_bypass bypass[SETTINGS_MAX_BYPASS];
	enum ttl_guard ttl_guard;
	uint32_t hw_table_size;	 /* rules that a NIC holds; 0 = learn it when it is full */
	uint32_t max_swaps;	 /* flows per second that may push others out of a full NIC */
	/* The kernel's own timeouts, for connections whose policy no event told. */
	uint32_t tcp_timeout_s;	     /* established */
	uint32_t tcp_unacked_s;	     /* established, data on the way */
	uint32_t udp_timeout_s;
	uint32_t tcp_time_wait_s;
};

/* Rules of ours are made at all. */
static inline bool settings_use_flower(const struct settings *s)
{
	return s->offload != OFFLOAD_OBSERVE && s->backend != BACKEND_FLOWTABLE;
}

/* Our bits of the ct mark where none are set: an epoch needs several. */
#define SETTINGS_MARK_BIT    0x10000000
#define SETTINGS_MARK_EPOCHS 0x70000000

static inline void settings_choose_mark(struct settings *s)
{
	if (!s->mark)
		s->mark = s->admit == ADMIT_NFT ? SETTINGS_MARK_EPOCHS : SETTINGS_MARK_BIT;
}

/* Bits of the ct mark, one of which has who is admitted. Our table marks in two steps, the
 * second of which sets the lowest bit (kern/nft/nftlayout). */
static inline uint32_t settings_mark_filter(const struct settings *s)
{
	if (s->admit == ADMIT_NFT)
		return s->mark & -s->mark;
	return s->admit == ADMIT_MARK ? s->mark : 0;
}

/* Bits of the ct mark that are ours. */
static inline uint32_t settings_mark_bits(const struct settings *s)
{
	return s->admit == ADMIT_EVENTS ? 0 : s->mark;
}
