# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# kernel.sh - finds the guest's kernel and makes its initramfs. Sourced by ./lab.
#
# Sets KERNEL_IMAGE (what QEMU boots), KERNEL_RELEASE and KERNEL_MODULES (the
# directory that becomes /lib/modules/$KERNEL_RELEASE), INITRAMFS.

# The cache has a directory for each series of Debian's kernels: "kernel" holds the default series
# of this release, "kernel-6.12" the one for --kernel 6.12.

# Modules that the guest needs for its root file system and for the connection to ./lab.
INITRAMFS_MODULES=(virtio_pci 9pnet_virtio 9p overlay virtio_console)

# kernel_release IMAGE: prints the release that the header of the bzImage names.
kernel_release() {
	local offset
	[ "$(dd if="$1" bs=1 skip=514 count=4 2>/dev/null)" = HdrS ] || return 1
	offset=$(od -An -tu2 -j 526 -N 2 "$1")
	dd if="$1" bs=1 skip=$((offset + 512)) count=200 2>/dev/null | tr '\0' '\n' | head -n 1 | cut -d ' ' -f 1
}

# cached_kernel DIR: prints the directory of the newest unpacked Debian kernel in DIR; false if
# there is none.
cached_kernel() {
	local dir
	dir=$(find "$1" -mindepth 2 -maxdepth 2 -name complete 2>/dev/null | sort -V | tail -n 1)
	[ -n "$dir" ] && echo "${dir%/complete}"
}

# kernel_package META: prints the package of the newest kernel, on which the meta package depends.
kernel_package() {
	apt-cache depends "$1" 2>/dev/null |
		sed -n 's/^ *Depends: \(linux-image-[0-9][^ ]*\)$/\1/p' | head -n 1
}

# download_kernel META DIR WORK: downloads the kernel and unpacks it in WORK, then moves it to DIR.
download_kernel() {
	local meta=$1 dir=$2 work=$3 package
	{
		package=$(kernel_package "$meta")
		if [ -z "$package" ]; then
			apt_refresh
			package=$(kernel_package "$meta")
		fi
		[ -n "$package" ] || { echo "$meta is not in the package index"; return 1; }
		cd "$work" || return
		# A stale package index may name a file that the mirror no longer has.
		apt-get -q -o APT::Sandbox::User=root download "$package" ||
			{ apt_refresh && package=$(kernel_package "$meta") &&
				apt-get -q -o APT::Sandbox::User=root download "$package"; } || return
		dpkg-deb -x ./*.deb unpacked || return
		rm -f ./*.deb
		touch unpacked/complete
		mv unpacked "$dir/$package"
	} >"$CACHE/kernel.log" 2>&1 </dev/null
}

# fetch_kernel [SERIES]: downloads a Debian kernel of this series ("6.12"), or of the default series
# of the release, unless one is cached. Prints its directory.
fetch_kernel() {
	local series=${1:+-$1} dir work
	dir=$CACHE/kernel$series
	mkdir -p "$dir"
	exec 8>"$dir/lock"
	flock 8
	if ! cached_kernel "$dir" >/dev/null; then
		command -v apt-get >/dev/null || die "cannot fetch a kernel without apt-get: give one with --kernel"
		say "fetching Debian's kernel${1:+ $1}"
		work=$(mktemp -d "$dir/new.XXXXXX")
		if ! (download_kernel "linux-image$series-amd64" "$dir" "$work"); then
			rm -rf "$work"
			die "cannot fetch the kernel; the last lines of $CACHE/kernel.log:" "$(tail -n 15 "$CACHE/kernel.log")"
		fi
		rm -rf "$work"
	fi
	exec 8>&-
	cached_kernel "$dir"
}

# find_kernel PATH: sets KERNEL_BZIMAGE, KERNEL_RELEASE and KERNEL_MODULES from a
# bzImage or from the directory of an unpacked kernel package.
find_kernel() {
	local path=$1 dir candidate
	if [ -d "$path" ]; then
		KERNEL_BZIMAGE=$(find "$path/boot" -maxdepth 1 -name 'vmlinuz-*' 2>/dev/null | sort -V | tail -n 1)
		[ -n "$KERNEL_BZIMAGE" ] || die "$path: no boot/vmlinuz-* in this directory"
	elif [ -f "$path" ]; then
		KERNEL_BZIMAGE=$path
	else
		die "$path: no such kernel"
	fi
	KERNEL_BZIMAGE=$(realpath "$KERNEL_BZIMAGE")
	KERNEL_RELEASE=$(kernel_release "$KERNEL_BZIMAGE") || die "$KERNEL_BZIMAGE: not a bzImage"
	dir=${KERNEL_BZIMAGE%/*}
	KERNEL_MODULES=
	for candidate in "$dir/../lib/modules" "$dir/../usr/lib/modules" "$dir/lib/modules" "$dir"; do
		[ -d "$candidate/$KERNEL_RELEASE/kernel" ] || continue
		KERNEL_MODULES=$(realpath "$candidate/$KERNEL_RELEASE")
		break
	done
	[ -n "$KERNEL_MODULES" ] ||
		die "no modules of $KERNEL_RELEASE in ../lib/modules, lib/modules or beside $KERNEL_BZIMAGE"
	[ -e "$KERNEL_MODULES/modules.dep" ] || index_modules
}

# Prints the directory for the options of modprobe and depmod, which only look in DIR/lib/modules.
modules_base() {
	echo "${KERNEL_MODULES%/lib/modules/*}"
}

index_modules() {
	case $KERNEL_MODULES in
	*/lib/modules/*) ;;
	*) die "$KERNEL_MODULES: not below a directory lib/modules" ;;
	esac
	depmod -b "$(modules_base)" "$KERNEL_RELEASE" || die "depmod failed in $KERNEL_MODULES"
}

# unpack_image IMAGE OUT: extracts the ELF image from the bzImage, because QEMU can boot
# it directly, and an emulated kernel takes three seconds to unpack itself. If this
# fails, the lab boots the bzImage.
unpack_image() {
	local image=$1 out=$2 method magic tool offset
	for method in 'xz:\xfd7zXZ\x00' 'zstd:\x28\xb5\x2f\xfd' 'gzip:\x1f\x8b\x08'; do
		tool=${method%%:*}
		magic=${method#*:}
		command -v "$tool" >/dev/null || continue
		offset=$(LC_ALL=C grep -obUaP -m 1 "$magic" "$image" | head -n 1 | cut -d : -f 1)
		[ -n "$offset" ] || continue
		tail -c +$((offset + 1)) "$image" | "$tool" -dc >"$out.new" 2>/dev/null
		if [ "$(head -c 4 "$out.new" | tail -c 3)" = ELF ]; then
			mv "$out.new" "$out"
			return
		fi
	done
	rm -f "$out.new"
	return 1
}

# add_module FILE DIR: copies a module into the initramfs. Uncompresses it, because busybox cannot
# load compressed modules.
add_module() {
	local file=$1 dir=$2 name
	name=$(basename "$file")
	name=${name%%.ko*}.ko
	[ ! -e "$dir/$name" ] || return 0
	case $file in
	*.ko.xz) xz -dc "$file" >"$dir/$name" ;;
	*.ko.zst) zstd -qdc "$file" >"$dir/$name" ;;
	*.ko.gz) gzip -dc "$file" >"$dir/$name" ;;
	*) cp "$file" "$dir/$name" ;;
	esac
	echo "$name" >>"$dir/order"
}

short_hash() {
	sha256sum | cut -c 1-16
}

# Removes boot files that no run has used for three days. The touch keeps those of this run.
forget_old_boot_files() {
	touch -c "$INITRAMFS"
	[ "$KERNEL_IMAGE" = "$KERNEL_BZIMAGE" ] || touch -c "$KERNEL_IMAGE"
	find "$CACHE/boot" -type f ! -name lock -mtime +3 -delete
}

# make_initramfs OUT
make_initramfs() {
	local out=$1 work module line file busybox
	work=$(mktemp -d "$CACHE/initramfs.XXXXXX")
	mkdir -p "$work/bin" "$work/modules" "$work/dev" "$work/proc" "$work/sys" \
		"$work/lower" "$work/upper" "$work/new" "$work/plain" "$work/run-dir" "$work/stage"
	busybox=$(command -v busybox) || die "no busybox"
	cp "$busybox" "$work/bin/busybox"
	for file in sh mkdir mount umount insmod switch_root uname hostname ip ln sleep; do
		ln -s busybox "$work/bin/$file"
	done
	cp "$LAB_DIR/guest-init" "$work/init"
	chmod 755 "$work/init"
	for module in "${INITRAMFS_MODULES[@]}"; do
		# The other lines are about modules that are built in.
		while read -r line; do
			[[ ! $line =~ ^insmod\ (.*\.ko(\.[a-z]+)?)( |$) ]] || add_module "${BASH_REMATCH[1]}" "$work/modules"
		done < <(modprobe -d "$(modules_base)" -S "$KERNEL_RELEASE" --show-depends "$module")
	done
	[ -s "$work/modules/order" ] || : >"$work/modules/order"
	(cd "$work" && find . | cpio -o -H newc --quiet) >"$out.new" || die "cannot make the initramfs"
	rm -rf "$work"
	mv "$out.new" "$out"
}

prepare_kernel() {
	local path=$OPT_KERNEL
	if [[ $path =~ ^[0-9]+\.[0-9]+$ ]] || [ -z "$path" ]; then
		path=$(fetch_kernel "$path") || exit
	fi
	find_kernel "$path"
	mkdir -p "$CACHE/boot"
	exec 8>"$CACHE/boot/lock"
	flock 8
	KERNEL_IMAGE=$CACHE/boot/$KERNEL_RELEASE-$(stat -c '%n %s %Y' "$KERNEL_BZIMAGE" | short_hash).elf
	INITRAMFS=$CACHE/boot/$KERNEL_RELEASE-$(cat "$(command -v busybox)" "$LAB_DIR/guest-init" \
		"$LAB_DIR/kernel.sh" "$KERNEL_MODULES/modules.dep" | short_hash).cpio
	[ -e "$INITRAMFS" ] || make_initramfs "$INITRAMFS"
	[ -e "$KERNEL_IMAGE" ] || unpack_image "$KERNEL_BZIMAGE" "$KERNEL_IMAGE" || KERNEL_IMAGE=$KERNEL_BZIMAGE
	forget_old_boot_files
	exec 8>&-
}
