# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# boot.sh - runs one program in one guest. Sourced by ./lab.
#
# Each guest has a run directory on the host. The guest sees it as /run/lab and can write to it:
#   argv, env, mode, keep, modules   what to run and how (see labmux.c, guest-init)
#   console.log, qemu.log            output of the kernel and of QEMU
#   stolen                           for how long the guest could not run (see labstolen.c)
#   failed                           why the lab failed; absent if it did not

GUEST_PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

# Newer CPU features make emulated code slower: with the CPU "max", a forwarded TCP
# stream has a third of the speed. RDRAND ensures that getrandom() does not block.
GUEST_CPU=Nehalem,+rdrand,+fsgsbase

# norandmaps: QEMU reuses translated code only at the same address. Without this
# option, every start of a program takes two to four times as long.
GUEST_CMDLINE="console=ttyS0 loglevel=5 panic=-1 oops=panic mitigations=off nokaslr tsc=reliable \
random.trust_cpu=1 cryptomgr.notests nowatchdog rcupdate.rcu_expedited=1 norandmaps rcupdate.rcu_cpu_stall_suppress=1"

# new_run_dir: creates a run directory and prints its path. Removes run directories whose owner
# process is gone.
new_run_dir() {
	local old dir
	for old in "$CACHE"/run.*; do
		[ -e "$old/owner" ] || continue
		kill -0 "$(cat "$old/owner")" 2>/dev/null || rm -rf "$old"
	done
	dir=$(mktemp -d "$CACHE/run.XXXXXX")
	echo $$ >"$dir/owner"
	chmod 755 "$dir"
	cp "$TOOLS/labmux" "$dir/labmux"
	echo "$dir"
}

# prepare_run DIR MODE ARG...: writes the files that tell the guest what to run.
prepare_run() {
	local dir=$1 mode=$2
	shift 2
	printf '%s\0' "$@" >"$dir/argv"
	printf '%s\0' "$mode" >"$dir/mode"
	printf '%s\n' "$KERNEL_MODULES" >"$dir/modules"
	nicsim_for_run "$dir"
	printf '%s\n' "$SRC" "$BUILD" "$TOOLS" ${SELFTESTS:+"$SELFTESTS"} "${KEEP_PATHS[@]}" >"$dir/keep"
	printf '%s\0' "PATH=$BUILD:$TOOLS:$GUEST_PATH" HOME=/root LANG=C.UTF-8 "TERM=${TERM:-dumb}" \
		USER=root SHELL=/bin/bash "LAB_SRC=$SRC" "LAB_BUILD=$BUILD" "LAB_TOPO=$LAB_DIR/topo.sh" \
		LAB_RUN=/run/lab LAB_STOLEN=/run/lab/stolen LAB_HOST=/run/lab-host "LAB_SANITIZERS=$OPT_SANITIZERS" \
		"LAB_SELFTESTS=$SELFTESTS" "LAB_SELFTESTS_WHY=$SELFTESTS_WHY" >"$dir/env"
}

# start_guest DIR [LABMUX_OPTION...]: replaces the shell with labmux, which runs the guest until
# it ends; so call it in the background. The exit status is that of the program in the guest,
# or 124 after a time-out, or 125 if the lab failed.
start_guest() {
	local dir=$1 comma_dir=${1//,/,,}
	shift
	exec "$TOOLS/labmux" host --timeout "$GUEST_TIMEOUT" --failed "$dir/failed" --log "$dir/qemu.log" "$@" -- \
		"$TOOLS/labstolen" "$dir/stolen" qemu-system-x86_64 -name lab,debug-threads=on -accel tcg,thread=multi -cpu "$GUEST_CPU" -smp "${OPT_CPUS:-2}" \
		-m "$OPT_MEMORY" -machine pc -nodefaults -no-user-config -display none -no-reboot \
		-kernel "$KERNEL_IMAGE" -initrd "$INITRAMFS" -append "$GUEST_CMDLINE" \
		-chardev "file,id=console,path=$comma_dir/console.log" -serial chardev:console \
		-chardev socket,id=mux,fd=3 -device virtio-serial-pci,max_ports=2 \
		-device virtserialport,chardev=mux,name=lab.mux,nr=1 \
		-fsdev "local,id=root,path=/,security_model=none,readonly=on,multidevs=remap" \
		-device virtio-9p-pci,fsdev=root,mount_tag=root \
		-fsdev "local,id=run,path=$comma_dir,security_model=none,multidevs=remap" \
		-device virtio-9p-pci,fsdev=run,mount_tag=run
}

# last_words FILE...: prints the last 25 lines of kernel errors in the logs or, if there are no
# errors, the last 25 lines.
last_words() {
	local trouble='lab guest:|BUG:|WARNING:|Oops|Kernel panic|RIP: 0010|Call Trace|^\[[ .0-9]*\]  [a-z_]' all some
	all=$(cat "$@" 2>/dev/null | tr -d '\r\0')
	some=$(grep -E "$trouble" <<<"$all") || some=$all
	tail -n 25 <<<"$some"
}

# explain_failure DIR: prints why the lab failed, and keeps the logs of the guest.
explain_failure() {
	local dir=$1
	cat "$dir/console.log" "$dir/qemu.log" >"$CACHE/console.log" 2>/dev/null || :
	say "$(cat "$dir/failed"); the last messages in $CACHE/console.log:"
	last_words "$CACHE/console.log" >&2
}
