#!/bin/bash
# Completes command lines with the script for bash, as bash does: the words in COMP_WORDS, the answer in COMPREPLY.
# Usage: bash_completion.sh SHARE
set -u
source "$1/bash-completion/completions/portpolicy" || exit 1
complete -p portpolicy || exit 1

scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
mkdir folder
touch policy.yaml other.yml 'two words.yaml' notes.txt packets.jsonl

failures=0
# expect "ANSWERS" WORDS... : the last of the words is the one at the cursor; the answers are sorted, joined with commas.
expect() {
  local wanted=$1 answer
  shift
  COMP_WORDS=("$@")
  COMP_CWORD=$(($# - 1))
  COMPREPLY=()
  _portpolicy
  answer=$(printf '%s\n' "${COMPREPLY[@]}" | LC_ALL=C sort | paste -s -d,)
  [[ $answer == "$wanted" ]] && return
  printf 'portpolicy %s\n  wanted: %s\n  got:    %s\n' "${*:2}" "$wanted" "$answer"
  failures=$((failures + 1))
}

expect check portpolicy ch
expect explain,explain-code portpolicy expl
expect --help,--version portpolicy --
expect json,text portpolicy check --format ''
expect json portpolicy check --format j
expect json,text portpolicy check --format =
expect json portpolicy check --format = j
expect --fail-on,--family,--format,--from portpolicy check policy.yaml --f
expect error,warning portpolicy compile policy.yaml --fail-on ''
expect iptables,nftables,windows portpolicy check rules.v4 --from ''
expect filter portpolicy compile --print = f
expect nftables portpolicy compile policy.yaml --target nft
expect 'folder,other.yml,policy.yaml,two words.yaml' portpolicy check ''
expect policy.yaml portpolicy check --format json --quiet p
expect policy.yaml portpolicy check --format = json pol
expect packets.jsonl portpolicy explain policy.yaml --packets pa
expect folder portpolicy check --root ''
expect forward,inbound,outbound portpolicy explain policy.yaml ''
expect inbound portpolicy explain --from 192.0.2.1 policy.yaml in
expect '' portpolicy explain policy.yaml inbound --from ''
expect rsync portpolicy explain policy.yaml inbound --service rsy
expect PP301 portpolicy explain-code PP301
expect server portpolicy init serv
expect notes.txt portpolicy init server -o no
expect bash,fish,zsh portpolicy completion ''
expect '' portpolicy frobnicate ''
exit $((failures != 0))
