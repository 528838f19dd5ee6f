usage='usage: load [--dry-run]

Puts the rules of this folder into force beside those of other tools.

  --dry-run   say what would change and, where a network namespace may be made,
              load everything into an empty one; change nothing

PORTPOLICY_IPTABLES=legacy or =nft chooses the one of the two iptables of this
host; otherwise it is the one that is called iptables.

Exit codes: 0 done; 2 wrong usage; 3 a file of this folder is missing or not as
it should be; 4 the host refuses, and nothing was changed; 5 stopped on the way:
what is in force is said, and loading again completes it.'

read_words() {
  dry_run=
  for word in "$@"; do
    case $word in
      --dry-run) dry_run=yes ;;
      --help | -h)
        printf '%s\n' "$usage"
        exit 0
        ;;
      *)
        printf '%s\n' "$usage" >&2
        exit 2
        ;;
    esac
  done
}

# Says which files there are, and which families are to be done.
check_files() {
  cd -- "$(dirname -- "$0")" || exit 3
  for file in rules.v4 rules.v6; do
    [ -r "$file" ] || refuse 3 "$file: cannot be read in $(pwd)"
  done
  # A policy without large lists has no sets, and then the host needs no ipset.
  has_sets=
  [ -e ipsets ] || return 0
  [ -r ipsets ] || refuse 3 "ipsets: cannot be read in $(pwd)"
  if grep -n -v -E '^(#.*)?$|^(create|flush|add|swap|destroy) PP[46]-' ipsets >&2; then
    refuse 3 'ipsets: this is not about a set of portpolicy'
  fi
  ! grep -q '^create ' ipsets || has_sets=yes
}

check_tools() {
  has_tools 4 || refuse 4 "there is no $(tool 4 restore) here; install the package iptables"
  families='4 6'
  if [ ! -e /proc/net/if_inet6 ]; then
    families=4
    complain 'this kernel has no IPv6; rules.v6 is not loaded'
  elif ! has_tools 6; then
    families=4
    complain "warning: there is no $(tool 6 restore) here, so IPv6 is not filtered; install it and load again"
  fi
  [ -z "$has_sets" ] || command -v ipset >/dev/null 2>&1 ||
    refuse 4 'there is no ipset here, which rules.v4 or rules.v6 needs; install the package ipset'
}

# Rules of both variants are in force at the same time, and each drop is final.
warn_of_other_variant() {
  other=$(other_suffix)
  for save in "iptables$other-save" "ip6tables$other-save"; do
    command -v "$save" >/dev/null 2>&1 || continue
    "$save" 2>/dev/null | grep -q '^:PORTPOLICY-' || continue
    complain "warning: iptables$other holds rules of portpolicy too, and they stay in force; to remove them:" \
      "PORTPOLICY_IPTABLES=${other#-} ./unload"
    return
  done
}

# give_up STATUS WORDS...: new sets may be there already; those in use stay.
give_up() {
  destroy_sets
  refuse "$@"
}

load_sets() {
  [ -n "$has_sets" ] || return 0
  ipset restore <ipsets || give_up 4 'the sets of addresses are refused, as said above; nothing was changed'
}

# What is refused is found before anything is changed, as far as iptables can say it.
try_family() {
  look "$1" || give_up 4 "the rules of IPv$1 cannot be read; nothing was changed"
  plan "rules.v$1" || give_up $? "rules.v$1 cannot be loaded, as said above; nothing was changed"
  restore "$1" --test || give_up 4 "rules.v$1 is refused, as said above; nothing was changed"
}

is_finished() {
  case " $finished " in *" $1 "*) return 0 ;; esac
  return 1
}

in_force() {
  if is_finished "$1"; then
    printf 'IPv%s: the new rules' "$1"
  else
    printf 'IPv%s: what was in force before' "$1"
  fi
}

stopped() {
  complain "$1. In force now: $(in_force 4); $(in_force 6). Loading again completes it."
  exit 5
}

# What is in force of portpolicy, as far as it is in `state`.
our_part() {
  printf '%s\n' "$state" | grep -e PORTPOLICY-
}

# Others may change their rules at the same time; so it is looked again afterwards where the jumps stand.
load_family() {
  for attempt in 1 2 3; do
    { look "$1" && plan "rules.v$1"; } || stopped "rules.v$1 cannot be compared with what is in force"
    if is_finished "$1"; then
      case $changes in
        *'# jump: '*) ;;
        *) return ;;
      esac
    fi
    before=$(our_part)
    if restore "$1" || { look "$1" && [ "$(our_part)" != "$before" ]; }; then
      finished="$finished $1"
    elif [ "$attempt" = 3 ]; then
      stopped "rules.v$1 is refused, as said above"
    fi
    [ -z "$interrupted" ] || stopped interrupted
  done
  complain "warning: somebody else moves the jumps of IPv$1; $(tool "$1" save) shows where they stand"
}

say_plan() {
  look "$1" || refuse 4 "the rules of IPv$1 cannot be read"
  plan "rules.v$1" || exit $?
  printf 'IPv%s (%s):\n' "$1" "$("$(tool "$1" restore)" --version)"
  printf '%s\n' "$changes" | awk '
    /^:/ { ++chains }
    /^-A / { ++rules }
    /^-X / { --chains; print "  the chain " $2 " is removed" }
    /^-D / { print "  this rule is removed: -A" substr($0, 3) }
    /^# jump: / { print "  " substr($0, 9) }
    END { print "  " chains + 0 " chains with " rules + 0 " rules" }'
}

# All of it in a namespace where nobody else has rules. What the kernel refuses shows only there.
rehearse() {
  if ! unshare -n true 2>/dev/null; then
    complain 'not tried: no network namespace may be made here'
    return
  fi
  said=$(unshare -n sh "./${0##*/}" 2>&1 >/dev/null) || {
    printf '%s\n' "$said" >&2
    refuse 4 'this cannot be loaded here'
  }
  echo 'All of it can be loaded.'
}

main() {
  read_words "$@"
  choose_variant
  check_files
  check_tools
  warn_of_other_variant
  finished=
  if [ -n "$dry_run" ]; then
    for family in $families; do say_plan "$family"; done
    rehearse
    return
  fi
  lock
  load_sets
  for family in $families; do try_family "$family"; done
  # A signal counts between two steps, when it is known what is in force.
  interrupted=
  trap 'interrupted=yes' HUP INT TERM
  for family in $families; do load_family "$family"; done
  destroy_sets_but "$(awk '$1 == "create" { printf "%s ", $2 }' ipsets 2>/dev/null)"
  printf 'The rules of this folder are in force: IPv%s (%s).\n' "$(printf '%s' "$families" | sed 's/ / and IPv/')" \
    "$("$(tool 4 restore)" --version)"
}

main "$@"
exit
