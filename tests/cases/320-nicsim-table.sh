#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 300
#
# nicsim's flow table: order of rules, capacity, failures, losses and statistics.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"

nicsim_check table
