#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# 241-mtu with rules in a card whose driver can check the size of packets. With one that cannot,
# the flows stay on the CPU.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"
nicsim_load ports=2
OFFLOAD=hardware
# shellcheck source=241-mtu.sh
. "${LAB_TOPO%/lab/*}/cases/241-mtu.sh"
