#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 180
#
# Like octeontx2: rules can drop, pass or redirect, but not rewrite. Nothing is offloaded.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"
# shellcheck source=../lab/hardware.sh
. "${LAB_TOPO%/*}/hardware.sh"
# shellcheck source=../lab/profile.sh
. "${LAB_TOPO%/*}/profile.sh"

profile_begin ports=2 profile=tiny-acl
hw_daemon
profile_run '*=no-recipe'
device_reasons lan0 | grep -q '[a-z]' || fail "no reason for lan0"
profile_close
profile_end
assert_eq "packets forwarded by the card" "$(nicsim_counter forwarded)" 0
