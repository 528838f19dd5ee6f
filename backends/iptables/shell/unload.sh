usage='usage: unload

Removes all that load has put into force, of any policy: the jumps, the chains
PORTPOLICY-* and the sets PP4-* and PP6-*. Rules of others stay as they are.

PORTPOLICY_IPTABLES=legacy or =nft removes it from that one of the two iptables
of this host; otherwise from both.

Exit codes: 0 nothing is left; 2 wrong usage; 4 the host refuses, and what is
left is said.'

# Sets `suffixes` to the variants that are to be searched.
choose_variants() {
  choose_variant
  if ! has_tools 4; then
    [ -z "$suffix" ] || refuse 4 "there is no $(tool 4 restore) here"
    for suffix in -nft -legacy; do has_tools 4 && break; done
    has_tools 4 || refuse 4 'there is no iptables here, so nothing can be removed'
  fi
  suffixes="=$suffix"
  [ -n "${PORTPOLICY_IPTABLES:-}" ] || suffixes="$suffixes =$(other_suffix)"
}

remove() {
  has_tools "$1" || return 0
  [ "$1" = 4 ] || [ -e /proc/net/if_inet6 ] || return 0
  for _ in 1 2 3; do
    { look "$1" && plan /dev/null; } || return 1
    [ -n "$changes" ] || return 0
    restore "$1" && return 0
  done
  return 1
}

main() {
  case $#:${1:-} in
    0:) ;;
    1:--help | 1:-h)
      printf '%s\n' "$usage"
      exit 0
      ;;
    *)
      printf '%s\n' "$usage" >&2
      exit 2
      ;;
  esac
  choose_variants
  lock
  left=
  for suffix in $suffixes; do
    suffix=${suffix#=}
    for family in 4 6; do
      remove "$family" || left="$left IPv$family ($(tool "$family" save))"
    done
  done
  [ -z "$left" ] || refuse 4 "not all could be removed, as said above; still in force:$left"
  destroy_sets_but ''
  [ -z "$undestroyed" ] || refuse 4 "these sets are still there, because other rules refer to them:$undestroyed"
}

main "$@"
exit
