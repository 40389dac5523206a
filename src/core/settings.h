/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * settings - what the operator decided, as the core reads it.
 *
 * Made by daemon/conf, immutable afterwards.
 */
#pragma once

#include "model/link.h"

enum offload_mode {
	OFFLOAD_OBSERVE,  /* decide and report, touch nothing */
	OFFLOAD_SOFTWARE, /* skip_hw rules */
	OFFLOAD_HARDWARE, /* skip_sw rules */
};

enum admit_mode {
	ADMIT_EVENTS, /* every established forwarded connection */
	ADMIT_MARK,   /* those whose ct mark has the bit */
};

#define SETTINGS_MAX_DEVICES 64

struct settings {
	enum offload_mode offload;
	enum admit_mode admit;
	uint32_t mark;		 /* bits that must be set in the ct mark */
	uint32_t max_flows;
	bool auto_devices;	 /* { "auto" }: every port that can */
	unsigned int n_devices;
	char device[SETTINGS_MAX_DEVICES][LINK_NAME_SIZE];
	uint16_t tc_priority;	 /* first of the prios that are ours */
	uint32_t sample_ms;	 /* how often rule counters are read */
	/* The kernel's own timeouts, for connections whose policy no event told. */
	uint32_t tcp_timeout_s;	     /* established */
	uint32_t tcp_unacked_s;	     /* established, data on the way */
	uint32_t udp_timeout_s;
	uint32_t tcp_time_wait_s;
};
