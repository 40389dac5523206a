#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 180
#
# Like bnxt and ocelot: the card accepts any rule and does something else. Nothing is offloaded.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"
# shellcheck source=../lab/hardware.sh
. "${LAB_TOPO%/*}/hardware.sh"
# shellcheck source=../lab/profile.sh
. "${LAB_TOPO%/*}/profile.sh"

profile_begin ports=2 profile=liar
hw_daemon
profile_run '*=driver-lies'
assert_eq "reasons of lan0" "$(device_reasons lan0)" driver-lies
profile_close
profile_end
assert_eq "packets forwarded by the card" "$(nicsim_counter forwarded)" 0
