#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 180
#
# Like sfc: rules rewrite MAC addresses and TTL, but neither checksums nor IP addresses. Routed
# connections are offloaded, translated ones are not.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"
# shellcheck source=../lab/hardware.sh
. "${LAB_TOPO%/*}/hardware.sh"
# shellcheck source=../lab/profile.sh
. "${LAB_TOPO%/*}/profile.sh"

profile_begin ports=2 profile=mac-ttl
hw_daemon
profile_run '*-routed=nic' '*-nat=not-in-recipe'
assert_ge "kinds of rules refused" "$(device lan0 'pairs.0.refuses.*' | grep -c '[^0]')" 1
profile_close
profile_end
