#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 240
#
# Like mtk: rules do not mention the TTL. With an unknown driver this could mean that TTLs stay
# unchanged, so nothing is offloaded. When the configuration says that the driver is like
# mtk_soc_eth, the daemon knows that the card decrements the TTL itself, and offloads. IPv6 cannot
# be translated.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"
# shellcheck source=../lab/hardware.sh
. "${LAB_TOPO%/*}/hardware.sh"
# shellcheck source=../lab/profile.sh
. "${LAB_TOPO%/*}/profile.sh"

profile_begin ports=2 profile=flow-engine
hw_daemon
profile_run '*=no-recipe|driver-lies'
profile_close
profile_end
assert_eq "packets forwarded by the card" "$(nicsim_counter forwarded)" 0
ip netns del client && ip netns del router && ip netns del server

HW_DRIVERS=nicsim=mtk_soc_eth
profile_begin ports=2 profile=flow-engine
hw_daemon
profile_run '*-ipv6-nat=not-in-recipe' '*=nic'
assert_eq "recipes" "$(device lan0 'pairs.*.recipe.shape')" implicit-ttl
profile_close
profile_end
