#!/bin/bash
# Runs a command on a host with KVM that is made here: QEMU's software CPU emulates a processor with AMD's SVM, and a Debian
# kernel in it offers /dev/kvm. For machines that have no KVM, or one without VT-x and SVM; slow, and good for tests only.
#
#   kvm-in-qemu.sh COMMAND ARGS...
#
# That host's root file system is this machine's, read-only, with what is written there kept on a disk of its own that is
# thrown away at the end; so programs, this checkout and the cache are as they are here. Working directory, PATH and HOME are
# the caller's, TMPDIR is the disk, and TSVMM_STOCK_KERNEL the directory with the Debian kernel and its initial RAM disk.
# Output and errors come mixed from a serial console; the exit status is the command's, or 125 where the host did not come
# so far.
#
#   KVM_IN_QEMU_MEMORY   its memory in MiB (6144)
#   KVM_IN_QEMU_SECONDS  after which it is switched off (7200)
#   KVM_IN_QEMU_CPUS     its processors (1); with more a guest and its device run side by side, and it may hang, see below
set -euo pipefail
export LC_ALL=C
umask 022

[ $# -gt 0 ] || { echo "usage: $0 COMMAND ARGS..." >&2; exit 2; }
script=$(realpath "$0")
directory=$PWD
. "$(dirname "$script")/../kernel-fixtures/packages.sh"
[ "$(uname -m)" = x86_64 ] || die "the host in QEMU shares this machine's programs, so this must be an x86_64 machine"
export PATH="$PATH:/sbin:/usr/sbin"
need qemu-system-x86_64 qemu-system-x86
need mke2fs e2fsprogs

work=$(realpath -m "${TSVMM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tsvmm}")
mkdir -p "$work/downloads"
scratch=$(mktemp -d "${TMPDIR:-/tmp}/kvm-in-qemu-XXXXXX")
trap 'rm -rf "$scratch"' EXIT

# unpack PACKAGE: sets $unpacked to the directory with its files.
unpack() {
  fetch "$1"
  unpacked="$scratch/deb/$1"
  mkdir -p "$unpacked"
  dpkg-deb -x "$deb" "$unpacked"
}

# Builds of other fixtures use the same downloads.
exec 9> "$work/lock"
flock 9

# The kernel's package has its version in its name, and this one depends on it.
fetch linux-image-amd64
image=$(dpkg-deb -f "$deb" Depends | sed 's/ .*//')
fetch "$image"
key=$(sha256sum "$script" "$deb" | sha256sum | head -c 16)
host="$work/kvm-host/$key"

# add_module NAME: copies a module and what it depends on into the initial RAM disk, in the order they are loaded in.
add_module() {
  local file dependency
  file=$(find "$modules" -name "${1//[-_]/[-_]}.ko")
  [ -n "$file" ] || die "$image has no module $1"
  ! grep -qx "$(basename "$file")" "$tree/modules/order" || return 0
  for dependency in $(grep -aoPm1 '(?<=depends=)[^\0]+' "$file" | tr , ' '); do add_module "$dependency"; done
  cp "$file" "$tree/modules/"
  basename "$file" >> "$tree/modules/order"
}

# Makes $host: vmlinuz, and an initial RAM disk whose first process is the script below.
make_host() {
  unpack busybox-static
  local busybox="$unpacked/bin/busybox"
  unpack "$image"
  local modules="$unpacked/lib/modules" tree="$scratch/tree" name
  mkdir -p "$tree"/{bin,dev,disk,host,lower,modules,out,proc,sys}
  cp "$busybox" "$tree/bin/busybox"
  touch "$tree/modules/order"
  for name in virtio_pci virtio_blk crc32c_generic ext4 9pnet_virtio 9p overlay kvm-amd; do add_module "$name"; done
  cat > "$tree/init" << 'INIT'
#!/bin/busybox sh
PATH=/bin
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
while read -r module; do insmod "/modules/$module"; done < /modules/order
ip link set lo up
mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000 out /out
mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,cache=loose,ro lower /lower
mount -t ext4 /dev/vda /disk
mkdir -p /disk/upper /disk/work
mount -t overlay -o lowerdir=/lower,upperdir=/disk/upper,workdir=/disk/work overlay /host
mount -t tmpfs run /host/run
mkdir -m 1777 /host/run/disk /disk/tmp
mount --bind /disk/tmp /host/run/disk
mount --move /dev /host/dev
mkdir -p /host/dev/pts /host/dev/shm
mount -t devpts devpts /host/dev/pts
mount -t tmpfs -o mode=1777 shm /host/dev/shm
ln -s /proc/self/fd /host/dev/fd
mount --bind /proc /host/proc
mount --bind /sys /host/sys
cp /out/command /host/run/command
chroot /host /bin/bash /run/command < /host/dev/null
echo $? > /out/status
sync
poweroff -f
INIT
  chmod 755 "$tree/init"
  mkdir "$scratch/product"
  cp "$unpacked"/boot/vmlinuz-* "$scratch/product/vmlinuz"
  (cd "$tree" && find . | "$busybox" cpio -o -H newc 2> /dev/null | gzip -1) > "$scratch/product/initrd"
  mkdir -p "$work/kvm-host"
  rm -rf "$work/kvm-host"/*
  mv "$scratch/product" "$host"
}
[ -d "$host" ] || make_host
exec 9>&-

mkdir "$scratch/out"
{
  printf 'stty -onlcr < /dev/console\n'
  printf 'export PATH=%q HOME=%q TMPDIR=/run/disk LC_ALL=C.UTF-8\n' "$PATH" "$HOME"
  printf 'export TSVMM_CACHE=%q TSVMM_STOCK_KERNEL=%q\n' "$work" "$host"
  printf 'cd %q\n' "$directory"
  # Through a pipe, so that programs do not take the console for a terminal.
  printf 'set -o pipefail\n{ '
  printf '%q ' "$@"
  printf '; } 2>&1 | cat\n'
} > "$scratch/out/command"
truncate -s 16G "$scratch/disk"
mke2fs -q -t ext4 -O ^has_journal "$scratch/disk"

# What QEMU 7.2 does wrong or slowly is left out: on two processors code that the kernel patches (static keys, as KVM has
# them) can stay in the cache of the other, which then traps for ever; XSETBV is not intercepted, so that KVM and its guest
# disagree on the size of the XSAVE area; and page tables of five levels under nested paging cost time. A processor of
# family 15, the default, makes stock kernels look for an AGP bridge at each of 8,192 addresses: half a minute of a guest.
timeout --foreground "${KVM_IN_QEMU_SECONDS:-7200}" qemu-system-x86_64 \
  -nodefaults -no-user-config -display none -no-reboot \
  -accel tcg -cpu max,la57=off,xsave=off,family=23,model=1 -smp "${KVM_IN_QEMU_CPUS:-1}" -m "${KVM_IN_QEMU_MEMORY:-6144}" \
  -kernel "$host/vmlinuz" -initrd "$host/initrd" \
  -append "console=ttyS0 quiet panic=-1 mitigations=off" \
  -chardev stdio,id=console,signal=on -serial chardev:console \
  -drive "if=virtio,format=raw,cache=unsafe,file=$scratch/disk" \
  -virtfs "local,path=/,mount_tag=lower,security_model=none,readonly=on,multidevs=remap" \
  -virtfs "local,path=$scratch/out,mount_tag=out,security_model=none" < /dev/null || true
[ -s "$scratch/out/status" ] || { echo "error: the host in QEMU ended before the command did" >&2; exit 125; }
exit "$(cat "$scratch/out/status")"
