# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# upper-hardware.sh - upper.sh with rules in a card: the ports of the router are those of nicsim. Source it after
# topo.sh.
#
#   UPPER_PORTS           number of ports, set before (default 3)

# shellcheck source=nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"
# shellcheck source=hardware.sh
. "${LAB_TOPO%/*}/hardware.sh"
nicsim_load ports="${UPPER_PORTS:-3}"
OFFLOAD=hardware
# shellcheck source=upper.sh
. "${LAB_TOPO%/*}/upper.sh"
