#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 180
#
# A card that can do everything gets all connections.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"
# shellcheck source=../lab/hardware.sh
. "${LAB_TOPO%/*}/hardware.sh"
# shellcheck source=../lab/profile.sh
. "${LAB_TOPO%/*}/profile.sh"

profile_begin ports=2 profile=full
hw_daemon
profile_run '*=nic'
assert_eq "reason of lan0" "$(device lan0 reason)" 0
assert_eq "recipes" "$(device lan0 'pairs.*.recipe.shape')" full
profile_close
profile_end
