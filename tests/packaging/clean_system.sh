#!/bin/sh
# Installs the Debian package on a system that holds no more than Debian's base, uses it there, and takes it away again.
# It needs root, debootstrap and Debian's archive; without them it is skipped, with the reason and the exit code 77. With
# PORTPOLICY_NO_SKIP=1 that is a failure. Usage: clean_system.sh FOLDER, in which the package is
set -eu

here=$(cd "$(dirname "$0")" && pwd -P)
PATH=$PATH:/usr/sbin:/sbin

skip() {
  if [ "${PORTPOLICY_NO_SKIP:-}" = 1 ]; then
    echo "FAILED: $*" >&2
    exit 1
  fi
  echo "SKIPPED, nothing was tested: $*" >&2
  exit 77
}

# Runs in namespaces of its own: however it ends, no mount and no process is left.
inside() {
  package=$1
  system=$2
  suite=$3
  # Temporary folders may forbid devices and programs.
  mount --bind "$system" "$system"
  mount -o remount,bind,dev,exec,suid "$system"
  if ! debootstrap --variant=minbase "$suite" "$system" >"$system/../log" 2>&1; then
    tail -n 5 "$system/../log" >&2
    exit 77
  fi
  mountpoint -q "$system/proc" || mount -t proc proc "$system/proc"
  cp "$package" "$system/var/cache/portpolicy.deb"
  cp "$here/use_installed.sh" "$system/var/cache/use_installed.sh"
  chroot "$system" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
    DEBIAN_FRONTEND=noninteractive ${http_proxy:+http_proxy="$http_proxy"} \
    sh /var/cache/use_installed.sh /var/cache/portpolicy.deb
}

if [ "$1" = --inside ]; then
  shift
  inside "$@"
  exit
fi

[ "$(id -u)" = 0 ] || skip 'a system can be made by root only'
for program in debootstrap unshare chroot; do
  command -v "$program" >/dev/null || skip "there is no $program"
done
apart='unshare --mount --pid --fork --kill-child --propagation private'
$apart true 2>/dev/null || skip 'namespaces are not permitted here'
set -- "$1"/*.deb
[ -f "$1" ] || skip 'there is no package; ./dev package makes it'
[ $# = 1 ] || { echo "there are several packages: $*" >&2; exit 1; }

# The package depends on the libraries of the system that it was made on.
suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-bookworm}")
scratch=$(mktemp -d)
trap 'rm -rf --one-file-system "$scratch"' EXIT
mkdir "$scratch/system"
$apart sh "$0" --inside "$1" "$scratch/system" "$suite" &
child=$!
trap 'kill -KILL "$child"; wait "$child" || sleep 1; exit 130' HUP INT TERM
code=0
wait "$child" || code=$?
[ "$code" != 77 ] || skip 'no system could be made (see above)'
exit "$code"
