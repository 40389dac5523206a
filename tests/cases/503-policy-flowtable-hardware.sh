#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 200
#
# 500-policy with the kernel's own flowtable, in a card.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"
nicsim_load ports=2
BACKEND=flowtable OFFLOAD=hardware
# shellcheck source=500-policy.sh
. "${LAB_TOPO%/lab/*}/cases/500-policy.sh"
