#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# 620-other-station with rules in a card whose driver can match the destination MAC address.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"
nicsim_load ports=2
OFFLOAD=hardware
# shellcheck source=620-other-station.sh
. "${LAB_TOPO%/lab/*}/cases/620-other-station.sh"
