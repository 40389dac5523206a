#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 200
#
# The same on a card. What the card does by itself costs nothing elsewhere; here it takes the
# processors that the daemon needs too, so it gets something to do, but not all it can.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"
nicsim_load ports=2
OFFLOAD=hardware
# shellcheck source=500-policy.sh
. "${LAB_TOPO%/lab/*}/cases/500-policy.sh"
