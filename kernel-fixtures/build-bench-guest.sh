#!/bin/bash
# Builds the bench guest: a program in the place of a kernel that drives virtio-9p devices and times them.
#
#   build-bench-guest.sh ARCH OUT WORK
#
# OUT is a directory that does not exist yet; it appears with the image `bzImage` in it.
set -euo pipefail
export LC_ALL=C

[ $# -eq 3 ] || { echo "usage: $0 ARCH OUT WORK" >&2; exit 2; }
arch=$1
out=$(realpath -m "$2")
work=$(realpath -m "$3")
here=$(dirname "$(realpath "$0")")
. "$here/packages.sh"

[ "$arch" = x86_64 ] || die "no bench guest for the architecture $arch"
[ ! -e "$out" ] || die "$out is there already"
need gcc gcc
need ld binutils

remove_leftovers "$out.partial"
partial="$out.partial-$$"
objects=$(mktemp -d "${TMPDIR:-/tmp}/bench-guest-XXXXXX")
trap 'rm -rf "$partial" "$objects"' EXIT
mkdir -p "$partial"
source="$here/bench-guest"

# No register of the FPU or SSE: nobody has switched them on.
flags=(-m64 -ffreestanding -fno-pic -fno-pie -fno-stack-protector -fno-asynchronous-unwind-tables -fcf-protection=none)
cpp -P -x assembler-with-cpp "$source/link.lds" > "$objects/link.lds"
gcc "${flags[@]}" -std=gnu11 -O2 -Wall -Wextra -Werror -mgeneral-regs-only -fno-strict-aliasing -nostdlib -static -no-pie \
  -Wl,-T,"$objects/link.lds",--build-id=none,--no-warn-rwx-segments -s -o "$objects/guest" "$source"/start.S "$source"/*.c

segment=$(readelf -lW "$objects/guest" | awk '$1 == "LOAD" { print $3, $6 }')
read -r address memory <<< "$segment"
gcc "${flags[@]}" -c -o "$objects/boot.o" "$source/boot.S" \
  -DPAYLOAD_LENGTH="$(stat -c %s "$objects/guest")" -DIMAGE_END="$((address + memory))"
ld -m elf_x86_64 -Ttext=0 --oformat binary -o "$objects/boot" "$objects/boot.o" 2> "$objects/warnings" ||
  { cat "$objects/warnings" >&2; exit 1; }
cat "$objects/boot" "$objects/guest" > "$partial/bzImage"
mv -T "$partial" "$out"
say "built $out"
