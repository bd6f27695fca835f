#!/bin/bash
# Builds the guest kernel from Debian's kernel source package, without root.
#
#   build-kernel.sh ARCH OUT WORK
#
# ARCH  x86_64 or i386 (kernel-ARCH.config beside this file)
# OUT   a directory that does not exist yet; it appears, complete, at the very end:
#       vmlinux (stripped), bzImage (gzip), System.map, config, package
# WORK  where packages and tools are kept between builds; the source tree is unpacked here and removed again
set -euo pipefail
export LC_ALL=C

[ $# -eq 3 ] || { echo "usage: $0 ARCH OUT WORK" >&2; exit 2; }
arch=$1
out=$(realpath -m "$2")
work=$(realpath -m "$3")
here=$(dirname "$(realpath "$0")")
. "$here/packages.sh"

source_package=linux-source-6.1
# How many lines `make` prints for this configuration. Only the progress bar depends on it.
compile_steps=1230

[ -f "$here/kernel-$arch.config" ] || die "no configuration for the architecture $arch"
[ ! -e "$out" ] || die "$out is there already"
need gcc gcc libc6-dev
need make make
need ld binutils
need xz xz-utils
need patch patch
need perl perl

mkdir -p "$work/downloads" "$(dirname "$out")"
tree="$work/linux-$arch-$$"
remove_leftovers "$work/linux-$arch"
remove_leftovers "$out.partial"
partial="$out.partial-$$"
trap 'rm -rf "$tree" "$partial"' EXIT

fetch "$source_package"
source_deb=$deb
fetch_tool m4 m4 libsigsegv2
fetch_tool flex flex
fetch_tool bison bison
fetch_tool bc bc
use_private_tools

say "unpacking $source_deb"
mkdir -p "$tree/deb"
dpkg-deb -x "$source_deb" "$tree/deb"
tarball="$tree/deb/usr/src/$source_package.tar.xz"
# tar counts records of 10 KiB. Half the tree is of no use here: documentation, and drivers for graphics.
records=$(($(xz --robot --list "$tarball" | awk '$1 == "totals" { print $5 }') / 10240))
tar -C "$tree" -xJf "$tarball" --strip-components=1 --checkpoint=2000 --checkpoint-action="echo=progress unpack %u $records" \
  --exclude='*/Documentation/[a-z]*' --exclude='*/drivers/gpu/drm/*/*.[ch]' --exclude='*/tools/testing/*' 2>&1 |
  sed -u 's/^tar: //'
rm -rf "$tree/deb"

cd "$tree"
for file in "$here"/patches/*.patch; do
  say "applying $(basename "$file")"
  patch -p1 -s --no-backup-if-mismatch < "$file" || die "$(basename "$file") does not apply to $(package_of "$source_deb")"
done

progress configure 0 1
cat "$here/kernel.config" "$here/kernel-$arch.config" > fragment.config
# The date and the builder's name would make each build differ.
export KBUILD_BUILD_TIMESTAMP='1970-01-01' KBUILD_BUILD_USER=tsvmm KBUILD_BUILD_HOST=tsvmm
make ARCH="$arch" KCONFIG_ALLCONFIG=fragment.config allnoconfig
while read -r line; do
  grep -qxF "$line" .config || die "$line does not survive: the kernel's Kconfig has taken it out"
done < <(grep '^CONFIG_' fragment.config)
progress configure 1 1

make ARCH="$arch" -j"$(nproc)" bzImage vmlinux 2>&1 |
  awk -v total="$compile_steps" '{ print } /^  [A-Z]/ { if (++n % 10 == 0) print "progress compile", (n < total ? n : total), total }
    { fflush() }'
progress compile "$compile_steps" "$compile_steps"

mkdir "$partial"
strip -o "$partial/vmlinux" vmlinux
cp arch/x86/boot/bzImage System.map "$partial/"
cp .config "$partial/config"
package_of "$source_deb" > "$partial/package"
mv -T "$partial" "$out"
say "built $out"
