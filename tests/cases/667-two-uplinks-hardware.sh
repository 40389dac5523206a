#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 400
#
# 666-two-uplinks with a card, and with IPv6 that is only routed.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"
nicsim_load ports=3
UPLINKS_OFFLOAD=hardware ROUTED=yes
# shellcheck source=666-two-uplinks.sh
. "${LAB_TOPO%/lab/*}/cases/666-two-uplinks.sh"
