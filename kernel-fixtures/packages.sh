# Debian packages without root: sourced by the build scripts, which set $work.
#
# Packages are kept as .deb files in $work/downloads and never asked for again. What apt knows is used as it is; where it
# knows nothing (no lists, or lists too old), a private state directory under $work/apt is filled and used instead.

say() { printf '%s\n' "$*"; }

die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# progress STEP DONE TOTAL: one line that vmm/fixtures/recipe.ts turns into a bar.
progress() { printf 'progress %s %s %s\n' "$1" "$2" "$3"; }

# remove_leftovers PREFIX: what builds that were killed left behind; their names end in the process id.
remove_leftovers() {
  local leftover
  for leftover in "$1"-*; do
    [ -e "$leftover" ] || continue
    kill -0 "${leftover##*-}" 2> /dev/null || rm -rf "$leftover"
  done
}

# need COMMAND PACKAGE...: these take root to install, so the person is asked.
need() {
  local command=$1
  shift
  command -v "$command" > /dev/null || die "$command is missing; install it with: sudo apt-get install $*"
}

# $foreign, where it is set, is Debian's name of a processor that is not this machine's: see fetch.
private_apt() {
  local at="$work/apt${foreign:+/$foreign}"
  apt-get -q ${foreign:+-o APT::Architecture="$foreign"} -o Dir::State="$at/state" -o Dir::State::lists="$at/state/lists" \
    -o Dir::State::status=/var/lib/dpkg/status -o Dir::Cache="$at/cache" \
    -o Dir::Etc::sourceparts="$at/sources" -o Debug::NoLocking=1 -o APT::Sandbox::User= "$@"
}

# The system's sources, and of the mirror each comes from the Debian release that the pinned packages belong to.
prepare_private_apt() {
  local release=bookworm at="$work/apt${foreign:+/$foreign}" file
  mkdir -p "$at/state/lists/partial" "$at/cache/archives/partial" "$at/sources"
  for file in /etc/apt/sources.list.d/*; do
    [ -f "$file" ] && cp "$file" "$at/sources/"
  done
  if ! grep -qsrw "$release" "$at/sources" /etc/apt/sources.list; then
    apt-get indextargets 'Created-By: Packages' --format '$(REPO_URI) $(ORIGIN)' | awk '$2 == "Debian" { print $1 }' |
      sort -u | grep -v security | sed "s|.*|deb & $release main|" > "$at/sources/pinned-release.list" || true
  fi
  # A repository of a third party that does not answer is no reason to stop: what counts is the download that follows.
  private_apt update || say "apt-get update ended with an error; going on with what it got"
}

# watch_growth STEP TOTAL DIRECTORY: reports the size of the newest file there once a second, until killed or orphaned.
watch_growth() {
  local size
  while sleep 1 && kill -0 $$ 2> /dev/null; do
    size=$(find "$3" -type f -printf '%s\n' | sort -n | tail -1)
    progress "$1" "${size:-0}" "$2"
  done
}

# download APT PACKAGE: into the current directory, with the bytes so far on standard output.
download() {
  local total watcher status=0
  total=$("$1" download --print-uris "$2" 2> /dev/null | awk 'END { print $3 }')
  [ -n "$total" ] || return 1
  progress download 0 "$total"
  watch_growth download "$total" . &
  watcher=$!
  "$1" download "$2" || status=$?
  kill "$watcher" && wait "$watcher" 2> /dev/null || true
  [ "$status" -ne 0 ] || progress download "$total" "$total"
  return "$status"
}

system_apt() { apt-get -q -o APT::Sandbox::User= "$@"; }

newest_deb() {
  local arch=${foreign:-$(dpkg --print-architecture)}
  find "$work/downloads" -maxdepth 1 \( -name "$1_*_$arch.deb" -o -name "$1_*_all.deb" \) 2> /dev/null | sort -V | tail -1
}

# fetch PACKAGE [FOREIGN]: sets $deb to the .deb file, downloading it if it is not there yet. FOREIGN is Debian's name of
# another processor to fetch it for; the system's own apt need not have heard of that one.
fetch() {
  local package=$1 foreign=${2:-} arriving="$work/downloads/partial"
  deb=$(newest_deb "$package")
  [ -z "$deb" ] || return 0
  need apt-get apt
  need dpkg-deb dpkg
  rm -rf "$arriving"
  mkdir -p "$arriving"
  cd "$arriving"
  if [ -n "$foreign" ] || ! download system_apt "$package"; then
    say "apt knows no $package${foreign:+ for $foreign}; asking the servers"
    prepare_private_apt
    download private_apt "$package" ||
      die "cannot download the Debian package $package: is the network reachable? (or put its .deb into $work/downloads)"
  fi
  mv "$arriving"/*.deb "$work/downloads/"
  cd "$work"
  rm -rf "$arriving"
  deb=$(newest_deb "$package")
}

# fetch_tool COMMAND PACKAGE...: a build tool that is not installed is unpacked under $work/tools and used from there.
fetch_tool() {
  local command=$1 package
  shift
  command -v "$command" > /dev/null && return
  for package in "$@"; do
    fetch "$package"
    dpkg-deb -x "$deb" "$work/tools"
  done
}

use_private_tools() {
  local usr="$work/tools/usr"
  export PATH="$usr/bin:$PATH"
  export LD_LIBRARY_PATH="$usr/lib/$(gcc -print-multiarch):$work/tools/lib/$(gcc -print-multiarch)"
  [ ! -x "$usr/bin/m4" ] || export M4="$usr/bin/m4"
  [ ! -d "$usr/share/bison" ] || export BISON_PKGDATADIR="$usr/share/bison"
}

# package_of FILE: "name version", for the record that lies beside each product.
package_of() { dpkg-deb -f "$1" Package Version | awk '{ printf "%s%s", sep, $2; sep = " " } END { print "" }'; }
