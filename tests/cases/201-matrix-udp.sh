#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 280
#
# UDP, both families, every kind of translation: 32 MB each way, hardly any of
# it through the router's stack, intact at the other end, and no rule left.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/matrix.sh
. "${LAB_TOPO%/*}/matrix.sh"

run_matrix udp software
