#!/bin/sh
# The drawings of `graph`, given to Graphviz: graph.sh PORTPOLICY SOURCES
. "${0%/*}/begin.sh"

# draw POLICY ARGS...: DOT is written, and Graphviz has nothing to say against it.
draw() {
  code=0
  "$portpolicy" graph "$@" >"$folder/drawing.dot" 2>"$folder/said" || code=$?
  if [ $code = 1 ] && grep -aq 'error\[PP[12]' "$folder/said"; then return; fi
  if [ $code != 0 ] || [ -s "$folder/said" ]; then complain "graph $*: exit $code, $(cat "$folder/said")"; fi
  dot -Tsvg "$folder/drawing.dot" >"$folder/drawing.svg" 2>"$folder/said" || complain "dot refuses the drawing of $*"
  if [ -s "$folder/said" ]; then complain "dot about the drawing of $*: $(cat "$folder/said")"; fi
  drawn=$((drawn + 1))
}

# shows TEXT: it stands in the image as it is, save what SVG writes otherwise.
shows() {
  grep -aqF -- ">$1<" "$folder/drawing.svg" || complain "the image does not show: $1"
}

drawn=0
for policy in "$sources"/examples/*/policy.yaml "$sources"/tests/cases/*/*/policy.yaml "$sources"/tests/cases/*/*.yaml; do
  draw "$policy" --root "${policy%/*}" --library "$sources/policies/library"
done
[ $drawn -gt 100 ] || complain "only $drawn of the policies were drawn"

# All that Graphviz and SVG take for their own, in the few places that may have it.
odd='a&lt;b "<c>\N{x|y}'"$(printf '\001')"'.yaml'
cat >"$folder/$odd" <<'END'
portpolicy: 1
inbound:
  - {allow: http, log: "<b>&amp; [x|y] {z}"}
END
draw "$folder/$odd" --root "$folder"
shows 'a&amp;lt;b &quot;&lt;c&gt;\N{x|y}\x01.yaml'
shows 'ALLOW http log &lt;b&gt;&amp;amp; [x|y] {z}'

# The program runs Graphviz itself, and says so where it cannot.
policy=$sources/examples/three-teams/policy.yaml
draw "$policy"
"$portpolicy" graph "$policy" --format svg -o "$folder/own.svg" || complain "no SVG"
cmp "$folder/own.svg" "$folder/drawing.svg" || complain "its SVG is not that of dot"

# refused TEXT: exit 4 with this in the message, and the file is as it was.
refused() {
  echo before >"$folder/kept.svg"
  code=0
  PATH=$folder/bin "$portpolicy" graph "$policy" --format svg -o "$folder/kept.svg" 2>"$folder/said" || code=$?
  [ $code = 4 ] || complain "exit $code instead of 4 for: $1"
  grep -aqF -- "$1" "$folder/said" || complain "not said: $1, but: $(cat "$folder/said")"
  [ "$(cat "$folder/kept.svg")" = before ] || complain "the file was written: $1"
}
mkdir "$folder/bin"
refused 'install Graphviz'
printf '#!/bin/sh\necho half an image\necho it is broken >&2\nexit 3\n' >"$folder/bin/dot"
chmod +x "$folder/bin/dot"
refused '`dot` ended with exit code 3: it is broken'
printf '#!/bin/sh\nkill -9 $$\n' >"$folder/bin/dot"
refused '`dot` was ended by signal 9 and wrote nothing'
printf '#!/bin/sh\n' >"$folder/bin/dot"
refused '`dot` ended with exit code 0 and wrote nothing'
chmod -x "$folder/bin/dot"
refused 'cannot run `dot`'

exit $failed
