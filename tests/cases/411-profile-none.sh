#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 180
#
# A card that takes no flower rule at all: the CPU does it, and "devices" says why;
# it is not asked again and again.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"
# shellcheck source=../lab/hardware.sh
. "${LAB_TOPO%/*}/hardware.sh"
# shellcheck source=../lab/profile.sh
. "${LAB_TOPO%/*}/profile.sh"

profile_begin ports=2 profile=none "$@"
hw_daemon
profile_run '*=no-recipe'
device_reasons lan0 | grep -q '[a-z]' || fail "no reason for lan0"
refused=$(nicsim refused)
assert_ge "rules tried" "$refused" 1
assert_le "rules tried" "$refused" 100
profile_close
profile_end
assert_le "rules tried in the end" "$(nicsim refused)" $((refused + 10))
