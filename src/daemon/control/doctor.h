/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * doctor - what an administrator should know: statements of the ruleset that
 * offload skips, and what of the system stands in the way (envcheck).
 *
 * The ruleset is read and walked in pieces, between which the loop does its other
 * work: 10000 rules take about 60 ms in 50 pieces, each of 1 to 4 ms. It is read
 * for each call, of which there is one at a time (CTL_ERROR_BUSY), and nothing is kept.
 */
#pragma once

#include "core/engine.h"
#include "daemon/control/ctlsock.h"

/* Begins the answer of the Doctor method: one row per finding, problems first. */
void doctor_start(struct ctl_call *call, const struct engine *engine);
