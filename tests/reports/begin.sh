# How each script here begins, which sources it with its own arguments: PORTPOLICY SOURCES. What fails is told with `complain`,
# and the script ends with `exit $failed`.
set -eu
portpolicy=$1
sources=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failed=0

complain() {
  echo "FAILED: $*" >&2
  failed=1
}
