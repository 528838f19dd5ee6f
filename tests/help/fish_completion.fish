#!/usr/bin/fish --no-config
# Asks fish itself what completes a command line. Usage: fish_completion.fish SHARE
source $argv[1]/fish/vendor_completions.d/portpolicy.fish; or exit 1

set -g scratch (mktemp -d); or exit 1
cd $scratch
mkdir folder
touch policy.yaml notes.txt packets.jsonl
set -g failures 0

# expect ANSWERS LINE: the answers without their descriptions, sorted, joined with commas.
function expect
    set -l answer (complete -C "$argv[2]" | string replace -r '\t.*' '' | env LC_ALL=C sort | string join ,)
    test "$answer" = "$argv[1]"; and return
    printf '%s\n  wanted: %s\n  got:    %s\n' $argv[2] $argv[1] "$answer"
    set failures (math $failures + 1)
end

expect check 'portpolicy ch'
expect explain,explain-code 'portpolicy expl'
expect --help,--version 'portpolicy --'
expect json,text 'portpolicy check --format '
expect --format=json 'portpolicy check --format=j'
expect --fail-on,--family,--format,--from 'portpolicy check policy.yaml --f'
expect policy.yaml 'portpolicy check pol'
expect policy.yaml 'portpolicy check --format json --quiet pol'
expect folder/ 'portpolicy check --root fol'
expect '' 'portpolicy check --root not'
expect nftables 'portpolicy compile policy.yaml --target nft'
expect forward,inbound,outbound 'portpolicy explain policy.yaml '
expect inbound 'portpolicy explain --from 192.0.2.1 policy.yaml in'
expect packets.jsonl 'portpolicy explain policy.yaml --packets pac'
expect PP301 'portpolicy explain-code PP301'
expect server 'portpolicy init serv'
expect notes.txt 'portpolicy init server -o not'
expect bash,fish,zsh 'portpolicy completion '
expect '' 'portpolicy frobnicate '

cd /
rm -rf $scratch
test $failures = 0
