# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# nicsim-topo.sh - lets cases use the simulated adapter. Source it after topo.sh:
#
#	. "$LAB_TOPO"
#	. "${LAB_TOPO%/*}/nicsim-topo.sh"
#	nicsim_load ports=2 profile=full
#	topo_router2			# its links are now cables of the adapter
#
#   nicsim_load OPTION=VALUE...	reloads the module. Skips the case if there is no module for this
#				kernel; fails if the module could not be built or loaded
#   nicsim NAME [VALUE]		reads or writes a knob or counter
#   nicsim_counter NAME [PORT]	prints one number of "counters", of all ports or of one
#   nicsim_check PROGRAM	reloads the module and runs tests/nicsim/check-PROGRAM.py
#
# A link between the router and another namespace uses the next free port: the router
# gets the port, the other namespace gets its link partner. Both get the names of the link.

NICSIM_DEBUGFS=/sys/kernel/debug/nicsim
nicsim_next_port=0

# shellcheck disable=SC2120 # cases give arguments
nicsim_load() {
	if [ ! -e "${LAB_RUN:-}/nicsim.ko" ] && ! modinfo nicsim >/dev/null 2>&1; then
		case $(cat "${LAB_RUN:-}/nicsim.why" 2>/dev/null) in
		*"build failed"*) fail "nicsim: $(cat "$LAB_RUN/nicsim.why")" ;;
		*) skip "there is no nicsim for this kernel" ;;
		esac
	fi
	rmmod nicsim 2>/dev/null || :
	modprobe nicsim "$@" || fail "cannot load nicsim with $*"
	nicsim_next_port=0
	# shellcheck disable=SC2034 # topo.sh's
	TOPO_LINK=topo_nicsim
}

nicsim() {
	if [ $# -gt 1 ]; then
		echo "$2" >"$NICSIM_DEBUGFS/$1"
	else
		cat "$NICSIM_DEBUGFS/$1"
	fi
}

nicsim_counter() {
	sed -n "s/^$1 //p" "$NICSIM_DEBUGFS/${2:+ports/$2/}counters"
}

nicsim_check() {
	nicsim_load
	python3 -B "$LAB_SRC/tests/nicsim/check-$1.py"
}

# topo_nicsim_end NS OLD-NAME NAME MAC MTU
topo_nicsim_end() {
	ip link set "$2" down
	ip link set "$2" netns "$1" name "$3" address "$4" mtu "$5"
	ip -n "$1" link set "$3" up
}

# Arguments as topo_link's.
topo_nicsim() {
	local nic="nic$nicsim_next_port" wire="wire$nicsim_next_port"
	nicsim_next_port=$((nicsim_next_port + 1))
	if [ "$1" = router ]; then
		topo_nicsim_end "$1" "$nic" "$2" "$3" "${7:-1500}"
		topo_nicsim_end "$4" "$wire" "$5" "$6" "${7:-1500}"
	else
		topo_nicsim_end "$1" "$wire" "$2" "$3" "${7:-1500}"
		topo_nicsim_end "$4" "$nic" "$5" "$6" "${7:-1500}"
	fi
}
