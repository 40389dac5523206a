# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# selftests.sh - fetches the kernel's own tests of nftables from Debian's package of its sources. Sourced by
# ./lab.
#
# Sets SELFTESTS, the directory that has net/netfilter. If they cannot be fetched it is empty: the lab continues
# without them, and SELFTESTS_WHY tells cases that need them the reason.

SELFTESTS=
SELFTESTS_WHY=
SELFTESTS_SERIES=6.12

# download_selftests WORK: unpacks net/lib.sh and net/netfilter in WORK.
download_selftests() {
	local work=$1 package=linux-source-$SELFTESTS_SERIES dir
	dir=$package/tools/testing/selftests
	{
		cd "$work" || return
		apt-get -q -o APT::Sandbox::User=root download "$package" ||
			{ apt_refresh && apt-get -q -o APT::Sandbox::User=root download "$package"; } || return
		dpkg-deb --fsys-tarfile ./*.deb | tar -xO "./usr/src/$package.tar.xz" |
			tar -xJ --strip-components=4 "$dir/net/lib.sh" "$dir/net/lib" "$dir/net/netfilter" || return
		rm -f ./*.deb
		[ -e net/netfilter/nft_flowtable.sh ]
	} >"$CACHE/selftests.log" 2>&1 </dev/null
}

prepare_selftests() {
	local dir=$CACHE/selftests/$SELFTESTS_SERIES work
	mkdir -p "$CACHE/selftests"
	exec 8>"$CACHE/selftests/lock"
	flock 8
	if [ ! -e "$dir" ] && ! command -v apt-get >/dev/null; then
		SELFTESTS_WHY="cannot fetch them without apt-get"
	elif [ ! -e "$dir" ]; then
		say "fetching the kernel's own tests of nftables"
		work=$(mktemp -d "$CACHE/selftests/new.XXXXXX")
		if (download_selftests "$work"); then
			chmod 755 "$work"
			mv -T "$work" "$dir"
		else
			rm -rf "$work"
			SELFTESTS_WHY="cannot fetch them, see $CACHE/selftests.log"
		fi
	fi
	exec 8>&-
	if [ -e "$dir" ]; then
		SELFTESTS=$dir
	else
		say "continuing without the kernel's own tests: $SELFTESTS_WHY"
	fi
}
