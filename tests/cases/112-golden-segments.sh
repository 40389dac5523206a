#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 200
#
# Rules translate large TCP packets correctly that are cut into segments only behind them. Such a
# packet carries the sum of its pseudo header in place of a checksum, and a translation must change
# that sum too. A port without checksum offload calculates the checksum from it, so there a wrong
# sum becomes a bad checksum.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/matrix.sh
. "${LAB_TOPO%/*}/matrix.sh"

# bad_checksums NS: InCsumErrors, the last of the TCP counters
bad_checksums() {
	labns "$1" sed -n 's/^Tcp: .* \([0-9]*\)$/\1/p' /proc/net/snmp
}

topo_router2
topo_track
topo_acct
topo_count_forward
command -v ethtool >/dev/null || skip "no ethtool"
in_router ethtool -K lan0 tx off >/dev/null
in_router ethtool -K wan0 tx off >/dev/null
start_daemon 'devices = { "lan0", "wan0" }' 'offload = software' 'admit = events'
export MATRIX_BYTES=4000000
for kind in routed masquerade dnat both; do
	matrix_one "$kind" tcp 4
	assert_eq "$kind: segments with a bad checksum at the server" "$(bad_checksums server)" 0
	assert_eq "$kind: segments with a bad checksum at the client" "$(bad_checksums client)" 0
done
matrix_one routed tcp 6
assert_eq "IPv6: segments with a bad checksum at the server" "$(bad_checksums server)" 0
