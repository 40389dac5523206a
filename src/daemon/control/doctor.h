/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * doctor - what an administrator should know: statements of the nft ruleset that offloaded
 * packets skip, and settings of the system that hinder offload (envcheck).
 *
 * The ruleset is read and walked in pieces, and the loop does its other work in between:
 * 10000 rules take about 60 ms in 50 pieces of 1 to 4 ms. Each call reads the ruleset again;
 * nothing is kept. Only one call runs at a time (CTL_ERROR_BUSY).
 */
#pragma once

#include "core/engine.h"
#include "daemon/control/ctlsock.h"

/* Starts the reply to the Doctor method: one row per finding, problems first. */
void doctor_start(struct ctl_call *call, const struct engine *engine);
