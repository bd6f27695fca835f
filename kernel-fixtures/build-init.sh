#!/bin/bash
# Builds the guest's first process: a static program of a few pages without a C library.
#
#   build-init.sh ARCH OUT WORK
#
# OUT is a directory that does not exist yet; it appears with the program `init` in it.
set -euo pipefail
export LC_ALL=C

[ $# -eq 3 ] || { echo "usage: $0 ARCH OUT WORK" >&2; exit 2; }
arch=$1
out=$(realpath -m "$2")
work=$(realpath -m "$3")
here=$(dirname "$(realpath "$0")")
. "$here/packages.sh"

case $arch in
  x86_64) machine=-m64 ;;
  i386) machine=-m32 ;;
  *) die "no first process for the architecture $arch" ;;
esac
[ ! -e "$out" ] || die "$out is there already"
need gcc gcc libc6-dev

remove_leftovers "$out.partial"
partial="$out.partial-$$"
trap 'rm -rf "$partial"' EXIT
mkdir -p "$partial"
# The kernel's headers are the same for both architectures, but a 64-bit gcc looks for them only without -m32.
gcc "$machine" -idirafter "/usr/include/$(gcc -print-multiarch)" -std=gnu11 -Os -Wall -Wextra -Werror \
  -ffreestanding -fno-pic -fno-stack-protector -fno-asynchronous-unwind-tables -fcf-protection=none \
  -nostdlib -static -no-pie -Wl,-z,noseparate-code,-z,norelro,--build-id=none -s \
  -o "$partial/init" "$here"/init/*.c
mv -T "$partial" "$out"
say "built $out"
