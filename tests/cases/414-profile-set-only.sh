#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 240
#
# Like nfp: a rule can set a value but not add to it, so it would have to match one TTL and set the
# next lower one. Conntrack does not tell the TTL of a connection, so connections stay on the CPU.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"
# shellcheck source=../lab/hardware.sh
. "${LAB_TOPO%/*}/hardware.sh"
# shellcheck source=../lab/profile.sh
. "${LAB_TOPO%/*}/profile.sh"

profile_begin ports=2 profile=set-only
hw_daemon
profile_run '*=exact-ttl'
assert_eq "reason of lan0" "$(device lan0 pairs.0.reason)" exact-ttl
profile_close
profile_end
assert_eq "packets forwarded by the card" "$(nicsim_counter forwarded)" 0
