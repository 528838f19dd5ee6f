#!/bin/sh
# Runs inside the clean system: installs the package, uses it as its reader would, and takes it away. Any command that
# fails is the failure of the test. Usage: use_installed.sh PACKAGE
set -eu

package=$1
trap 'code=$?; [ "$code" = 0 ] || echo "FAILED while $step" >&2' EXIT

step='listing what is there before'
# Caches, logs and the package manager's own notes change with any package.
all_files() {
  find / -xdev -path /proc -prune -o -path /sys -prune -o -path /dev -prune -o -path /tmp -prune \
    -o -path /var/cache -prune -o -path /var/log -prune -o -path /var/lib/apt -prune -o -path /var/lib/dpkg -prune \
    -o -print | LC_ALL=C sort
}
apt-get -q update
all_files >/tmp/before

step='installing the package with what it depends on'
apt-get -q -o Dpkg::Use-Pty=0 install -y --no-install-recommends "$package"
dpkg --verify portpolicy

step='asking for the version'
version=$(dpkg-query -W -f '${Version}' portpolicy)
[ "$(portpolicy --version)" = "portpolicy $version" ]

step='looking for what belongs to the package'
for file in man/man1/portpolicy.1.gz man/man1/portpolicy-check.1.gz man/man5/portpolicy-policy.5.gz \
  bash-completion/completions/portpolicy zsh/vendor-completions/_portpolicy fish/vendor_completions.d/portpolicy.fish \
  doc/portpolicy/README.md doc/portpolicy/docs/language.md doc/portpolicy/copyright \
  doc/portpolicy/copyright.registry doc/portpolicy/changelog.gz \
  doc/portpolicy/examples/web-and-database/policy.yaml portpolicy/library/baseline/server.yaml; do
  [ -s "/usr/share/$file" ] || { echo "/usr/share/$file is missing" >&2; exit 1; }
done
gzip -t /usr/share/man/man1/portpolicy*.1.gz /usr/share/man/man5/portpolicy*.5.gz
bash -c 'source /usr/share/bash-completion/completions/portpolicy && complete -p portpolicy'

step='reading the files of the package as nobody'
dpkg -L portpolicy | while IFS= read -r file; do
  setpriv --reuid=65534 --regid=65534 --clear-groups test -r "$file" || { echo "$file cannot be read" >&2; exit 1; }
done

step='writing, checking and compiling a policy of every role'
mkdir /tmp/policies
cd /tmp/policies
roles=$(portpolicy init --list | cut -d ' ' -f 1)
[ -n "$roles" ]
for role in $roles; do
  portpolicy init "$role" -o "$role.yaml"
  portpolicy check "$role.yaml"
  portpolicy compile "$role.yaml" --target nftables -o "$role.nft"
  grep -q '^table inet portpolicy' "$role.nft"
done
portpolicy init "$role"
if portpolicy init "$role"; then
  echo 'init has replaced a policy' >&2
  exit 1
fi
portpolicy explain policy.yaml inbound --from 198.51.100.7 --to 192.0.2.1 --service ssh

step='compiling the examples'
for policy in /usr/share/doc/portpolicy/examples/*/policy.yaml; do
  portpolicy compile "$policy" --target nftables -o example.nft
done

step='taking the package away'
cd /
rm -rf /tmp/policies
apt-get -q -o Dpkg::Use-Pty=0 purge -y --autoremove portpolicy
if dpkg-query -W portpolicy; then exit 1; fi
all_files >/tmp/after
left=$(LC_ALL=C comm -13 /tmp/before /tmp/after)
[ -z "$left" ] || { printf 'left behind:\n%s\n' "$left" >&2; exit 1; }
