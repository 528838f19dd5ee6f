set -uf
unset CDPATH
LC_ALL=C
PATH=$PATH:/usr/sbin:/sbin
export LC_ALL PATH

complain() {
  printf 'portpolicy: %s\n' "$*" >&2
}

# refuse STATUS WORDS...
refuse() {
  refusal=$1
  shift
  complain "$@"
  exit "$refusal"
}

# Which of a host's two iptables: empty for the one that is called iptables, `-legacy` or `-nft`.
choose_variant() {
  case ${PORTPOLICY_IPTABLES:-} in
    '') suffix= ;;
    legacy | nft) suffix=-$PORTPOLICY_IPTABLES ;;
    *) refuse 2 "PORTPOLICY_IPTABLES is \`$PORTPOLICY_IPTABLES\`; it may be \`legacy\` or \`nft\`" ;;
  esac
}

# tool FAMILY VERB: the name of iptables-save and its like.
tool() {
  case $1 in
    4) printf 'iptables%s-%s' "$suffix" "$2" ;;
    6) printf 'ip6tables%s-%s' "$suffix" "$2" ;;
  esac
}

has_tools() {
  command -v "$(tool "$1" save)" >/dev/null 2>&1 && command -v "$(tool "$1" restore)" >/dev/null 2>&1
}

# The suffix of the variant that is not in use; nothing is known of it before has_tools 4.
other_suffix() {
  case $("$(tool 4 restore)" --version 2>/dev/null) in
    *nf_tables*) echo -legacy ;;
    *) echo -nft ;;
  esac
}

# Sets `state` to what is in force in one family, as `iptables-save` says it.
look() {
  if ! state=$("$(tool "$1" save)" 2>/dev/null); then
    "$(tool "$1" save)" >/dev/null
    return 1
  fi
  # shellcheck disable=SC2016 # the quotes are those of iptables
  case $state in
    *'# Table `filter'\'' is incompatible'*)
      complain "the table filter holds rules that nft made, which iptables cannot show: load portpolicy's script for nftables instead"
      return 1
      ;;
  esac
}

# plan FILE: reads `state` and the rules that are wanted, and sets `changes` to what makes the one of the other, as one
# transaction for iptables-restore. Its comments say what becomes of the jumps. It is empty if nothing is to be done.
# Everything that is read stays data: lines are copied or left out, and no part of one is ever run.
plan() {
  # shellcheck disable=SC2016 # the $ are those of awk
  changes=$(printf '%s\n' "$state" | awk '
    function ours(chain) { return index(chain, "PORTPOLICY-") == 1 }

    function wrong(text) {
      print "portpolicy: " text | "cat >&2"
      failed = 1
      exit
    }

    # Where a rule leads: a chain or a verdict. What stands in quotes is text.
    function target(rule,    words, count, i) {
      gsub(/"([^"\\]|\\.)*"/, "\"\"", rule)
      count = split(rule, words, " ")
      for (i = 3; i < count; ++i) {
        if (words[i] ~ /^--(comment|log-prefix|nflog-prefix|string|name)$/) ++i
        else if (words[i] == "-j" || words[i] == "-g") return words[i + 1]
      }
      return ""
    }

    # 2: packets may be stopped there and never accepted; 1: neither; 0: they may be accepted, or who knows.
    function kind(chain,    i, leads, worst, result) {
      if (chain in kinds) return kinds[chain]
      result = 1
      for (i = 1; i <= rules[chain] && result > 0; ++i) {
        leads = to[chain, i]
        if (leads == "DROP" || leads == "REJECT" || leads == "TARPIT") result = 2
        else if (leads in known) {
          worst = kind(leads)
          if (worst != 1) result = worst
        } else if (leads != "" && leads !~ /^(RETURN|LOG|NFLOG)$/) result = 0
      }
      return kinds[chain] = result
    }

    # Whether a rule is a list of who is banned: it stays before our jump, so that bans hold.
    function bans(chain, i,    leads) {
      leads = to[chain, i]
      if (leads ~ /^(f2b-|fail2ban-|sshguard|CROWDSEC)/) return 1
      if (leads == "DROP" || leads == "REJECT") return text[chain, i] ~ / --match-set /
      return leads in known && kind(leads) == 2
    }

    # The chain in which our jump stands. Docker puts the one to DOCKER-USER before its own rules whenever it starts.
    function home(chain,    i) {
      if (chain != "FORWARD") return chain
      for (i = 1; i <= rules[chain]; ++i) {
        if (text[chain, i] == "-A FORWARD -j DOCKER-USER") return "DOCKER-USER"
        if (!ours(to[chain, i]) && !bans(chain, i)) break
      }
      return chain
    }

    # How many of its rules stay before our jump.
    function ahead(chain,    i, count) {
      for (i = 1; i <= rules[chain]; ++i) {
        if (ours(to[chain, i])) continue
        if (!bans(chain, i)) break
        ++count
      }
      return count + 0
    }

    part == "now" && /^[*]/ { filter = $0 == "*filter"; open = filter; next }
    part == "now" && /^COMMIT$/ { open = 0; next }
    part == "now" && filter && /^:/ {
      chain = substr($1, 2)
      known[chain] = 1
      policy[chain] = $2
      if (ours(chain)) old[++olds] = chain
      next
    }
    part == "now" && filter && /^-A / && !ours($2) {
      i = ++rules[$2]
      text[$2, i] = $0
      to[$2, i] = target($0)
      if (ours(to[$2, i])) { jump_chain[++jumps] = $2; jump_place[jumps] = i; ++jumps_in[$2] }
    }
    part == "now" { next }

    { ++line }
    /^#/ || /^$/ || /^:(INPUT|FORWARD|OUTPUT) / { next }
    /^[*]filter$/ && !open && !done { open = 1; next }
    /^COMMIT$/ && open { open = 0; done = 1; next }
    open && /^:PORTPOLICY-[^ ]+ - \[0:0\]$/ { chain = substr($1, 2); defined[chain] = 1; new[++news] = chain; next }
    open && /^-A (INPUT|FORWARD|OUTPUT) -j PORTPOLICY-[^ ]+$/ && !($2 in hook) { hook[$2] = $4; next }
    open && /^-A PORTPOLICY-/ { rule[++wanted] = $0; next }
    {
      wrong(FILENAME ":" line ": this line is neither of a chain of portpolicy nor a jump to one; add your own rules with" \
            " iptables itself, after loading")
    }

    # A chain that has a jump to us now and will have none must not be closed by its policy, which stays: that is the one of a
    # whole table of ours, or rules are missing there.
    function leaves_closed(chain,    i) {
      if ((chain in hook) || !jumps_in[chain] || policy[chain] != "DROP") return 0
      for (i = 1; i <= rules[chain]; ++i) if (!ours(to[chain, i]) && !bans(chain, i)) return 0
      print "portpolicy: " chain " has the policy DROP and no rules of others: it would let nothing through. Change that" \
            " policy first, with -P " chain " ACCEPT, or give iptables-restore what was in force before" | "cat >&2"
      return 1
    }

    function place_hooks(    n, i, names, chain, at, position, kept) {
      n = split("INPUT FORWARD OUTPUT", names, " ")
      for (i = 1; i <= n; ++i) {
        chain = names[i]
        if (!(chain in hook)) continue
        at = home(chain)
        position = ahead(at) + 1
        if (jumps_in[at] == 1 && text[at, position] == "-A " at " -j " hook[chain]) {
          kept = kept " " at
          continue
        }
        insert[++inserts] = "# jump: " hook[chain] " is reached from place " position " of " at \
                            (position > 1 ? ", behind who is banned" : "")
        insert[++inserts] = "-I " at " " position " -j " hook[chain]
      }
      for (i = 1; i <= jumps; ++i) {
        if (index(kept " ", " " jump_chain[i] " ")) continue
        out[++outs] = "-D" substr(text[jump_chain[i], jump_place[i]], 3)
      }
      for (i = 1; i <= inserts; ++i) out[++outs] = insert[i]
    }

    END {
      if (failed) exit 3
      if (open) { print "portpolicy: " (part == "now" ? "what iptables-save says" : FILENAME) " ends too early" | "cat >&2"; exit 3 }
      if (leaves_closed("INPUT") + leaves_closed("FORWARD") + leaves_closed("OUTPUT")) exit 4
      place_hooks()
      if (!news && !olds && !outs) exit 0
      print "*filter"
      for (i = 1; i <= news; ++i) print ":" new[i] " - [0:0]"
      for (i = 1; i <= olds; ++i) if (!(old[i] in defined)) print ":" old[i] " - [0:0]"
      for (i = 1; i <= outs; ++i) print out[i]
      for (i = 1; i <= wanted; ++i) print rule[i]
      for (i = 1; i <= olds; ++i) if (!(old[i] in defined)) print "-X " old[i]
      print "COMMIT"
    }' part=now - part=wanted "$1")
}

# restore FAMILY WORDS...: gives `changes` to iptables-restore.
restore() {
  program=$(tool "$1" restore)
  shift
  [ -n "$changes" ] || return 0
  printf '%s\n' "$changes" | "$program" --noflush -w 60 "$@"
}

# The sets that portpolicy made and that are there, a name a line.
our_sets() {
  ipset list -n 2>/dev/null | grep -E '^PP[46]-.*-[0-9a-f]{8}~?$'
}

# Destroys the sets that no rule refers to, and sets `undestroyed` to the others.
destroy_sets() {
  undestroyed=
  command -v ipset >/dev/null 2>&1 || return 0
  for set in $(our_sets); do
    ipset destroy "$set" 2>/dev/null || undestroyed="$undestroyed $set"
  done
}

# destroy_sets_but NAMES: the kernel lets go of a rule's sets a little after the rule is gone, so it waits for those that
# are not among NAMES.
destroy_sets_but() {
  for wait in 0.1 0.5 1; do
    destroy_sets
    gone=yes
    for set in $undestroyed; do
      case " $1 " in *" $set "*) ;; *) gone= ;; esac
    done
    [ -z "$gone" ] || return 0
    sleep "$wait" 2>/dev/null || sleep 1
  done
}

# One at a time: another one's sets would be taken for sets that nothing uses.
lock() {
  command -v flock >/dev/null 2>&1 || return 0
  # A shell ends at once when exec cannot open a file.
  (: >>/run/portpolicy-iptables.lock) 2>/dev/null || return 0
  exec 9>>/run/portpolicy-iptables.lock
  flock -w 60 9 || refuse 4 'another load or unload has been at work for a minute; nothing was changed'
}
