#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 200
#
# 500-policy with rules in a card. The simulated card forwards on the processors that the daemon
# needs too, so POLICY_RATE limits the traffic.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"
nicsim_load ports=2
OFFLOAD=hardware
# shellcheck source=500-policy.sh
. "${LAB_TOPO%/lab/*}/cases/500-policy.sh"
