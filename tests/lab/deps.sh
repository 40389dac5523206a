# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# deps.sh - lists the Debian packages that ./lab needs, and installs them.
# Sourced by ./lab.

BUILD_PACKAGES=(gcc make autoconf automake pkg-config libmnl-dev libnftnl-dev
	libnetfilter-conntrack-dev libnl-3-dev libnl-route-3-dev libconfuse-dev
	libev-dev libjansson-dev libcmocka-dev)
LAB_PACKAGES=(gcc libc6-dev libjansson-dev qemu-system-x86 busybox-static kmod cpio xz-utils iproute2
	nftables conntrack strace iperf3 socat tcpdump ethtool procps
	iputils-ping python3 libteam-utils wireguard-tools ppp pppoe)

# Debian's package index may be missing or out of date. One refresh per run is
# enough.
APT_REFRESHED=
apt_refresh() {
	[ -z "$APT_REFRESHED" ] || return 0
	APT_REFRESHED=yes
	apt-get -q update
}

# install_packages LOG PACKAGE...: installs packages; apt-get's output goes to LOG.
install_packages() {
	local log=$1
	shift
	{
		apt_refresh &&
			DEBIAN_FRONTEND=noninteractive apt-get -q -y \
				-o DPkg::Lock::Timeout=300 --no-install-recommends install "$@"
	} >"$log" 2>&1 </dev/null
}

# need_packages PACKAGE...: installs those that are missing.
need_packages() {
	local missing
	if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
		need_commands
		return
	fi
	missing=$(dpkg-query -W -f='${Package} ${db:Status-Status}\n' "$@" 2>/dev/null |
		awk -v want="$*" '
			$2 == "installed" { have[$1] = 1 }
			END { n = split(want, w); for (i = 1; i <= n; i++) if (!have[w[i]]++) print w[i] }')
	[ -n "$missing" ] || return 0
	missing=$(echo "$missing" | tr '\n' ' ')
	[ "$(id -u)" = 0 ] || die "these packages are missing and only root can install them: $missing"
	say "installing packages: $missing"
	# shellcheck disable=SC2086 # a list of package names
	install_packages "$CACHE/apt.log" $missing ||
		die "cannot install packages; the last lines of $CACHE/apt.log:" "$(tail -n 15 "$CACHE/apt.log")"
}

# Without Debian's package tools, the lab only checks whether the programs exist.
need_commands() {
	local command missing=
	for command in gcc make autoconf automake pkg-config qemu-system-x86_64 busybox modprobe \
		cpio xz ip tc nft conntrack iperf3 socat tcpdump ethtool ping; do
		command -v "$command" >/dev/null || missing="$missing $command"
	done
	[ -z "$missing" ] ||
		die "this is not a Debian system (no apt-get), so nothing can be installed; missing:$missing"
}
