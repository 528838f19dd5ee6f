#!/bin/sh
# Each starter, copied into an empty folder as its user would have it: `check` says nothing, and it compiles. Each role of
# the library has a starter.
#
#     check_starters.sh PROGRAM SOURCE_ROOT
set -u

program=$1
policies=$2/policies
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
failed=0
complain() {
  echo "$1"
  failed=1
}

checked=0
for starter in "$policies"/starters/*.yaml; do
  cp "$starter" "$folder/policy.yaml" || exit 1
  said=$("$program" check "$folder/policy.yaml" --fail-on warning 2>&1) || complain "$starter: check failed"
  [ -z "$said" ] || complain "$said"
  "$program" compile "$folder/policy.yaml" --target nftables -o "$folder/firewall.nft" ||
    complain "$starter: compile failed"
  checked=$((checked + 1))
done

for role in "$policies"/library/role/*.yaml; do
  [ -f "$policies/starters/${role##*/}" ] || complain "$role: no starter"
done

echo "$checked starters"
[ "$checked" -gt 0 ] || failed=1
exit $failed
