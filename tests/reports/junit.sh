#!/bin/sh
# The reports of `test --format junit`, given to an XML parser: junit.sh PORTPOLICY SOURCES
. "${0%/*}/begin.sh"

valid() {
  xmllint --noout --nonet --schema "$sources/tests/reports/junit.xsd" "$1" 2>"$folder/said"
}

number() {
  xmllint --nonet --xpath "$1" "$folder/report.xml"
}

# report EXIT POLICY: the report is written, is valid, and its counts are right.
report() {
  code=0
  "$portpolicy" test --format junit --root "$folder" "$2" >"$folder/report.xml" 2>/dev/null || code=$?
  [ "$code" = "$1" ] || complain "exit $code instead of $1 for $2"
  valid "$folder/report.xml" || complain "the report of $2 is not valid: $(cat "$folder/said")"
  for level in testsuites testsuites/testsuite; do
    right=$(number "boolean(/testsuites) and not(/$level[
      @tests != count(.//testcase) or @failures != count(.//failure) or @errors != count(.//error)])")
    [ "$right" = true ] || complain "a $level of $2 counts wrong"
  done
}

# is VALUE XPATH
is() {
  seen=$(number "$2")
  [ "$seen" = "$1" ] || complain "$2 is $seen instead of $1"
}

cat >"$folder/holds.yaml" <<'END'
portpolicy: 1
inbound: [{allow: http}]
tests: {inbound: [{allow: http}, {deny: ssh}]}
END
report 0 "$folder/holds.yaml"
is 2 'count(//testcase)'
is 0 'count(//testcase/*)'
is holds.yaml 'string(//testcase[1]/@classname)'
is 3 'string(//testcase[1]/@line)'

printf 'portpolicy: 1\ninbound: [{allow: http}]\n' >"$folder/empty.yaml"
report 0 "$folder/empty.yaml"
is 0 'count(//testcase)'

# Names and texts with all that XML and terminals take for their own. A file's name may hold what no YAML may.
odd=$(printf 'a&b "<c>\001\342\200\256'"'"']]>\377.yaml')
cat >"$folder/$odd" <<'END'
portpolicy: 1
include: holds.yaml
inbound: [{name: open, allow: ssh}]
tests:
  inbound:
    - {deny: ssh, comment: "<b>&amp; ]]> <!-- 'x' \u0007 𝄞"}
    - {name: other, deny: http}
END
report 1 "$folder/$odd"
is 3 'count(//failure)'
is 'a&b "<c>\x01\u202e'"'"']]>\xff.yaml' 'string(//testsuite[1]/@name)'
is true 'contains(//failure[1], "<b>&amp; ]]> <!-- '"'x'"' \u0007 𝄞")'
is true 'contains(//failure[1]/@message, " -> ")'

cat >"$folder/errors.yaml" <<'END'
portpolicy: 1
inbound: [{allow: nosuch}]
tests: {inbound: [{allow: http}], forward: [{allow: http}]}
END
report 1 "$folder/errors.yaml"
is policy 'string(//testcase/@name)'
is PP201 'string(//error/@type)'

cat >"$folder/unmanaged.yaml" <<'END'
portpolicy: 1
inbound: [{allow: http}]
tests: {inbound: [{allow: http}], forward: [{allow: http}]}
END
report 1 "$folder/unmanaged.yaml"
is 1 'count(//testcase[not(*)])'
is PP309 'string(//testcase/error/@type)'

# The schema can refuse.
sed 's/ line="[0-9]*"//' "$folder/report.xml" >"$folder/wrong.xml"
if valid "$folder/wrong.xml"; then complain "the schema takes a testcase without its line"; fi

exit $failed
