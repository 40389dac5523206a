# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# build.sh - builds the project and the lab's own tools outside of the source
# tree. Sourced by ./lab. Sets BUILD and TOOLS.

TOOL_CFLAGS=(-std=gnu11 -O2 -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes
	-Wwrite-strings -Wcast-qual -Wformat=2 -Wvla -Wundef)

# An emulated guest takes 10 to 30 ms to start a dynamically linked program, and 4 ms to start a
# static one. So the tools are linked statically, and the programs that cases start most often,
# listed here, come from busybox, which is static.
LAB_APPLETS=(cat cut head mkdir mv rm sleep tail touch tr wc)

# The name of the directory is a hash of the sources. So a directory that exists is
# always current, and parallel runs do not disturb each other.
build_tools() {
	local key new name libs
	key=$(cat "$LAB_DIR"/*.c "$LAB_DIR/build.sh" | short_hash)
	TOOLS=$CACHE/tools/$key
	[ ! -d "$TOOLS" ] || return 0
	mkdir -p "$CACHE/tools"
	new=$(mktemp -d "$CACHE/tools/new.XXXXXX")
	for name in labmux labstolen lablimit labjson labnotify labns labtraffic labcrowd labsniff labstorm labstray; do
		libs=(-lutil)
		case $name in labjson | labsniff) libs=(-ljansson) ;; esac
		gcc "${TOOL_CFLAGS[@]}" -static -o "$new/$name" "$LAB_DIR/$name.c" "${libs[@]}" 2>"$new/log" ||
			{ cat "$new/log" >&2; rm -rf "$new"; die "cannot build $name"; }
	done
	for name in "${LAB_APPLETS[@]}"; do
		ln -s "$(command -v busybox)" "$new/$name"
	done
	chmod 755 "$new"
	mv -T "$new" "$TOOLS" 2>/dev/null || rm -rf "$new"
}

build_dir() {
	local variant=plain
	[ -z "$OPT_SANITIZERS" ] || variant=$OPT_SANITIZERS
	BUILD=$CACHE/build/$(printf '%s' "$SRC" | sha256sum | cut -c 1-12)-$variant
}

# newer_than FILE: true if an input of autoconf or automake is newer than FILE.
newer_than() {
	[ -n "$(find "$SRC" -name .git -prune -o \
		\( -name configure.ac -o -name Makefile.am -o -name local.mk -o -path "$SRC/m4/*.m4" \) \
		-newer "$1" -print -quit)" ]
}

build_steps() {
	local args=()
	[ -z "$OPT_SANITIZERS" ] || args+=("--enable-sanitizers=$OPT_SANITIZERS")
	if [ ! -e "$SRC/configure" ] || newer_than "$SRC/configure"; then
		echo "+ autogen.sh"
		(cd "$SRC" && ./autogen.sh) || return
		rm -f "$BUILD/config.status"
	fi
	cd "$BUILD" || return
	if [ ! -e config.status ] || [ "$SRC/configure" -nt config.status ]; then
		echo "+ configure ${args[*]}"
		"$SRC/configure" "${args[@]}" || return
	fi
	echo "+ make"
	make -j"$(nproc)"
}

# build_project: configures and builds what is out of date.
build_project() {
	local log=$BUILD/build.log
	[ -z "$OPT_NO_BUILD" ] || return 0
	[ -e "$SRC/configure.ac" ] || die "$SRC: no configure.ac here"
	[ ! -e "$SRC/config.status" ] ||
		die "the source tree itself is configured, which prevents a build elsewhere: run make distclean there"
	mkdir -p "$BUILD"
	say "building"
	# Without the lock, two builds of one source tree could run autogen.sh at the same time.
	exec 8>"$CACHE/build/lock"
	flock 8
	if ! (build_steps) >"$log" 2>&1 </dev/null; then
		die "the build failed; the last lines of $log:" "$(tail -n 40 "$log")"
	fi
	exec 8>&-
}

# suite_count RESULT LOG: prints the sum of the lines "# RESULT: N" that automake wrote.
suite_count() {
	sed -n "s/^# $1: *\([0-9]*\).*/\1/p" "$2" | awk '{ n += $1 } END { print n + 0 }'
}

# make_check: runs the unit tests; adds to PASSED, FAILED and SKIPPED.
make_check() {
	local log=$BUILD/check.log status=0 pass fail skip failures
	say "running make check"
	exec 8>"$CACHE/build/lock"
	flock 8
	(cd "$BUILD" && make -j"$(nproc)" check) >"$log" 2>&1 </dev/null || status=$?
	exec 8>&-
	pass=$(($(suite_count PASS "$log") + $(suite_count XFAIL "$log")))
	fail=$(($(suite_count FAIL "$log") + $(suite_count XPASS "$log") + $(suite_count ERROR "$log")))
	skip=$(suite_count SKIP "$log")
	if [ "$status" != 0 ]; then
		[ "$fail" -gt 0 ] || fail=1
		echo "FAIL make check, in $log:"
		failures=$(grep -E '^(FAIL|XPASS|ERROR): ' "$log" || tail -n 30 "$log")
		head -n 40 <<<"$failures"
	else
		echo "ok   make check ($pass passed, $skip skipped)"
	fi
	PASSED=$((PASSED + pass))
	FAILED=$((FAILED + fail))
	SKIPPED=$((SKIPPED + skip))
}
