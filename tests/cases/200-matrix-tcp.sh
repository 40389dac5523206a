#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 280
#
# TCP connections of both families with every kind of translation are offloaded: 32 MB each way
# arrive unchanged, at most 3 % of the bytes cross the router's stack, and no rule is left
# afterwards.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/matrix.sh
. "${LAB_TOPO%/*}/matrix.sh"

run_matrix tcp software
