#!/bin/bash
# Makes the guest's root directory from Debian's static busybox. It is meant to be exported read-only.
#
#   build-root.sh ARCH OUT WORK INIT
#
# OUT   a directory that does not exist yet; it appears, complete, at the very end
# WORK  where packages are kept between builds
# INIT  the program build-init.sh made; it becomes /.tsvmm/init, for VMMs that do not put it there themselves
set -euo pipefail
export LC_ALL=C
umask 022

[ $# -eq 4 ] || { echo "usage: $0 ARCH OUT WORK INIT" >&2; exit 2; }
arch=$1
out=$(realpath -m "$2")
work=$(realpath -m "$3")
init=$(realpath -e "$4")
here=$(dirname "$(realpath "$0")")
. "$here/packages.sh"

case $arch in
  x86_64) foreign= ;;
  i386) foreign=i386 ;;
  *) die "no guest root for the architecture $arch" ;;
esac
[ ! -e "$out" ] || die "$out is there already"

mkdir -p "$work/downloads" "$(dirname "$out")"
remove_leftovers "$out.partial"
partial="$out.partial-$$"
trap 'rm -rf "$partial"' EXIT
mkdir "$partial"
root="$partial/root"
mkdir "$root"

# unpack_busybox DEB: sets $busybox to the program in that package.
unpack_busybox() {
  mkdir -p "$partial/deb/$(basename "$1")"
  dpkg-deb -x "$1" "$partial/deb/$(basename "$1")"
  busybox=$(find "$partial/deb/$(basename "$1")" -name busybox -type f -perm -100)
}

# What busybox is called by, only it can tell; one for this machine does where the guest's cannot be executed here (a host
# without 32-bit programs, or of another processor).
fetch busybox-static
unpack_busybox "$deb"
"$busybox" --list > "$partial/deb/applets"
if [ -n "$foreign" ]; then
  fetch busybox-static "$foreign"
  unpack_busybox "$deb"
fi

cd "$root"
mkdir -p .tsvmm bin dev etc home lib mnt proc root run sbin sys tmp usr/bin usr/lib usr/sbin var/log var/tmp
chmod 1777 tmp var/tmp
chmod 700 root
cp "$busybox" bin/busybox
cp "$init" .tsvmm/init
chmod 755 bin/busybox .tsvmm/init

# Hard links, and all of them in each directory of PATH: a symbolic link costs the guest three more 9P messages for every
# program it starts, and a directory that is searched in vain another three.
while read -r applet; do
  for directory in bin sbin usr/bin usr/sbin; do
    [ -e "$directory/$applet" ] || ln bin/busybox "$directory/$applet"
  done
done < "$partial/deb/applets"

ln -s /proc/mounts etc/mtab
ln -s /run var/run
echo 'root:x:0:0:root:/root:/bin/sh
nobody:x:65534:65534:nobody:/:/bin/false' > etc/passwd
echo 'root:x:0:
nogroup:x:65534:' > etc/group
echo tsvmm > etc/hostname
echo '127.0.0.1 localhost tsvmm' > etc/hosts
cat > etc/profile <<'PROFILE'
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PS1='\h:\w\$ '
umask 022
PROFILE

package_of "$deb" > "$partial/package"
rm -rf "$partial/deb"
mv -T "$partial" "$out"
say "built $out"
