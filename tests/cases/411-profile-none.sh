#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 180
#
# A card that accepts no flower rule: connections stay on the CPU, "devices" shows the reason, and
# the card is not asked again and again.
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
assert_ge "rules refused" "$refused" 1
assert_le "rules refused" "$refused" 100
profile_close
profile_end
assert_le "rules refused at the end" "$(nicsim refused)" $((refused + 10))
