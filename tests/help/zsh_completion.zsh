#!/usr/bin/zsh -f
# Types command lines and the tabulator into a zsh of its own, and looks at what then stands there.
# Usage: zsh_completion.zsh SHARE
zmodload zsh/zpty || exit 1
share=${1:A}
scratch=$(mktemp -d) || exit 1
trap 'zpty -d shell 2>/dev/null; rm -rf $scratch' EXIT
cd $scratch
mkdir folder
touch policy.yaml notes.txt answers

# The line is taken over as it stands when ^X is pressed.
cat >setup <<END
PS1= TERM=dumb
fpath=($share/zsh/vendor-completions \$fpath)
autoload -Uz compinit
compinit -D -u
portpolicy() { : }
take() { print -r -- "\$BUFFER" >>answers; BUFFER= }
zle -N take
bindkey '^X' take
bindkey '^I' complete-word
setopt no_beep
print >ready
END
zpty shell "TERM=dumb zsh -f -i"
zpty -w shell "source ./setup"

wait_for() {
  integer tries
  for ((tries = 0; tries < 300; tries++)); do
    eval "$1" && return
    zpty -r -t shell >/dev/null # what it shows is not to fill its pipe
    sleep 0.1
  done
  print -r -- "zsh did not answer in 30 seconds: $1"
  exit 1
}
wait_for '[[ -e ready ]]'

integer failures=0 asked=0
expect() {
  local wanted=$1 typed=$2 answer
  asked+=1
  zpty -w -n shell "$typed"$'\t\x18'
  wait_for '(( $(wc -l <answers) >= asked ))'
  answer=$(tail -n 1 answers)
  [[ $answer == $wanted ]] && return
  print -r -- "$typed"$'\n'"  wanted: $wanted"$'\n'"  got:    $answer"
  failures+=1
}

expect 'portpolicy check ' 'portpolicy ch'
expect 'portpolicy explain' 'portpolicy expl'
expect 'portpolicy check --fail-on=' 'portpolicy check --fai'
expect 'portpolicy check --format json ' 'portpolicy check --format j'
expect 'portpolicy check --format=json ' 'portpolicy check --format=j'
expect 'portpolicy check policy.yaml ' 'portpolicy check p'
expect 'portpolicy check --root folder/' 'portpolicy check --root '
expect 'portpolicy compile policy.yaml --target nftables ' 'portpolicy compile policy.yaml --target nf'
expect 'portpolicy explain policy.yaml inbound ' 'portpolicy explain policy.yaml in'
expect 'portpolicy explain-code PP301 ' 'portpolicy explain-code PP301'
expect 'portpolicy init server ' 'portpolicy init serv'
expect 'portpolicy init server -o notes.txt ' 'portpolicy init server -o n'
expect 'portpolicy completion fish ' 'portpolicy completion f'
exit $((failures != 0))
