#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 240
#
# Like mlx5 with switchdev: rules between an uplink and a representative work. Rules between two
# uplinks do not, although the switch ids are the same.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"
# shellcheck source=../lab/hardware.sh
. "${LAB_TOPO%/*}/hardware.sh"
# shellcheck source=../lab/profile.sh
. "${LAB_TOPO%/*}/profile.sh"

profile_begin ports=2 profile=fdb uplinks=1
hw_daemon 'tc-priority = 1'
profile_run '*=nic'
profile_close
profile_end
ip netns del client && ip netns del router && ip netns del server

profile_begin ports=2 profile=fdb uplinks=2
hw_daemon 'tc-priority = 1'
profile_run '*=no-recipe|different-cards'
profile_close
profile_end
