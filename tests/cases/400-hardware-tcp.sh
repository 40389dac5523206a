#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 400
#
# TCP connections of both families with every kind of translation, with rules that only the NIC has
# (skip_sw).
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"
# shellcheck source=../lab/matrix.sh
. "${LAB_TOPO%/*}/matrix.sh"

# Without a delay of the counters: with the usual one, the packets of the last second are not
# counted.
nicsim_load ports=2 stats_delay_ms=0
MATRIX_BYTES=4194304
run_matrix tcp hardware
