#!/bin/sh
# Runs a test that needs a program which may be missing: need.sh PROGRAM COMMAND... Without it the test is skipped, with
# the reason and the exit code 77; with PORTPOLICY_NO_SKIP=1 that is a failure.
program=$1
shift
if command -v "$program" >/dev/null; then
  exec "$@"
fi
if [ "${PORTPOLICY_NO_SKIP:-}" = 1 ]; then
  echo "FAILED: there is no $program" >&2
  exit 1
fi
echo "SKIPPED, nothing was tested: there is no $program" >&2
exit 77
