#!/bin/sh
# Formats every page of the manual as `man` does; whatever the formatter complains of is a failure.
# Usage: man_pages.sh SHARE
set -u
failed=0
count=0
for page in "$1"/man/man*/*; do
  count=$((count + 1))
  said=$(LC_ALL=C.UTF-8 MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 -Z "$page" 2>&1 >/dev/null)
  [ -z "$said" ] || { printf '%s\n%s\n' "$page" "$said"; failed=1; }
  # What a formatter cannot read of the heading and the line of the name, an index of the manual cannot either.
  name=$(basename "$page")
  said=$(lexgrog "$page" 2>&1)
  case $said in
    *": \"${name%.*} - "*) ;;
    *) printf '%s: no name in it: %s\n' "$page" "$said"; failed=1 ;;
  esac
done
[ "$count" -ge 2 ] || { echo "there are no pages in $1/man"; failed=1; }
exit "$failed"
