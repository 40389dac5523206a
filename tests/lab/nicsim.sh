# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# nicsim.sh - builds the simulated network adapter, tests/nicsim, for the guest's
# kernel, so that "modprobe nicsim" works there. Sourced by ./lab.
#
# Sets NICSIM_MODULE. If the module cannot be built, it stays empty: the lab continues
# without the module, and NICSIM_WHY tells cases that need it the reason.

NICSIM_MODULE=
NICSIM_WHY=

# Prints the packages with the headers: of this kernel, of all its variants, and kbuild.
headers_packages() {
	echo "linux-headers-$KERNEL_RELEASE"
	apt-cache depends "linux-headers-$KERNEL_RELEASE" 2>/dev/null |
		sed -n 's/^ *Depends: \(linux-headers-.*-common\|linux-kbuild-.*\)$/\1/p'
}

# download_headers WORK: unpacks the packages in WORK instead of installing them. Their Makefile
# names the place of an installation, so that place is replaced.
download_headers() {
	local work=$1 packages deb
	{
		mapfile -t packages < <(headers_packages)
		if [ ${#packages[@]} -lt 3 ]; then
			apt_refresh
			mapfile -t packages < <(headers_packages)
		fi
		[ ${#packages[@]} -ge 3 ] || { echo "no package linux-headers-$KERNEL_RELEASE"; return 1; }
		cd "$work" || return
		apt-get -q -o APT::Sandbox::User=root download "${packages[@]}" ||
			{ apt_refresh && apt-get -q -o APT::Sandbox::User=root download "${packages[@]}"; } || return
		for deb in ./*.deb; do
			dpkg-deb -x "$deb" . || return
			rm -f "$deb"
		done
		sed -i "s|^include /usr/src/|include $CACHE/headers/$KERNEL_RELEASE/usr/src/|" \
			"usr/src/linux-headers-$KERNEL_RELEASE/Makefile" || return
	} >"$CACHE/headers.log" 2>&1 </dev/null
}

# find_headers: sets HEADERS to the kernel's build directory; false if there are no headers.
find_headers() {
	local work
	HEADERS=$CACHE/headers/$KERNEL_RELEASE/usr/src/linux-headers-$KERNEL_RELEASE
	[ ! -e "$HEADERS/Makefile" ] || return 0
	if [ -e "$KERNEL_MODULES/build/Makefile" ]; then
		HEADERS=$KERNEL_MODULES/build
		return 0
	fi
	command -v apt-get >/dev/null || return 1
	mkdir -p "$CACHE/headers"
	# Kernels that Debian did not build have no such packages. Do not look for them each time.
	[ -z "$(find "$CACHE/headers" -maxdepth 1 -name "none-$KERNEL_RELEASE" -mmin -600)" ] || return 1
	say "fetching the kernel's headers"
	work=$(mktemp -d "$CACHE/headers/new.XXXXXX")
	if ! (download_headers "$work"); then
		rm -rf "$work"
		touch "$CACHE/headers/none-$KERNEL_RELEASE"
		return 1
	fi
	chmod 755 "$work"
	mv -T "$work" "$CACHE/headers/$KERNEL_RELEASE"
}

# build_nicsim DIR: builds the module from a copy of the sources, because kbuild writes into the
# source directory.
build_nicsim() {
	local dir=$1 new args=()
	new=$(mktemp -d "$CACHE/nicsim/new.XXXXXX")
	cp "$SRC"/tests/nicsim/*.[ch] "$SRC/tests/nicsim/Kbuild" "$new"
	command -v gcc-12 >/dev/null || args=(CC=gcc)
	# BTF would need pahole, and nothing uses it.
	args+=(CONFIG_DEBUG_INFO_BTF_MODULES=)
	if ! make -C "$HEADERS" M="$new" -j"$(nproc)" "${args[@]}" modules >"$CACHE/nicsim.log" 2>&1 </dev/null; then
		rm -rf "$new"
		return 1
	fi
	strip --strip-debug "$new/nicsim.ko"
	find "$new" -mindepth 1 ! -name nicsim.ko -delete
	chmod 755 "$new"
	mv -T "$new" "$dir" 2>/dev/null || rm -rf "$new"
}

# The name of the directory is a hash of the sources, as for the lab's tools.
prepare_nicsim() {
	local key dir
	[ -e "$SRC/tests/nicsim/Kbuild" ] || { NICSIM_WHY="there is no tests/nicsim"; return 0; }
	key=$(cat "$SRC"/tests/nicsim/*.[ch] "$SRC/tests/nicsim/Kbuild" "$KERNEL_MODULES/modules.dep" |
		sha256sum | cut -c 1-16)
	dir=$CACHE/nicsim/$KERNEL_RELEASE-$key
	mkdir -p "$CACHE/nicsim"
	exec 8>"$CACHE/nicsim/lock"
	flock 8
	if [ ! -e "$dir/nicsim.ko" ]; then
		if ! find_headers; then
			NICSIM_WHY="no headers for kernel $KERNEL_RELEASE, see $CACHE/headers.log"
		else
			need_packages make binutils
			say "building nicsim"
			build_nicsim "$dir" || NICSIM_WHY="the build failed, see $CACHE/nicsim.log"
		fi
	fi
	exec 8>&-
	if [ -e "$dir/nicsim.ko" ]; then
		NICSIM_MODULE=$dir/nicsim.ko
	else
		say "continuing without nicsim: $NICSIM_WHY"
	fi
}

# nicsim_for_run DIR: copies the module to the run directory, with a configuration that
# makes modprobe load it from there. The module is not in the kernel's index of modules,
# because the guest may share that with the host.
nicsim_for_run() {
	local dir=$1
	if [ -n "$NICSIM_MODULE" ]; then
		cp "$NICSIM_MODULE" "$dir/nicsim.ko"
		# shellcheck disable=SC2016 # modprobe's variable
		echo 'install nicsim /sbin/insmod /run/lab/nicsim.ko $CMDLINE_OPTS' >"$dir/nicsim.conf"
	else
		echo "${NICSIM_WHY:-not built}" >"$dir/nicsim.why"
	fi
}
