#!/usr/bin/env bash
# Every test but the soaks, on all cores. The journeys share displays' worth of work with everything else, so what fails
# in that crowd is run once more by itself, and both results are shown; what fails by itself fails. A crash of Python
# is never forgiven, nor are more failures than MAX_AGAIN: that is no crowding.
set -uo pipefail
cd "$(dirname "$0")/.."
MAX_AGAIN=8
py=.venv/bin/python
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# After a crash the rest of a file would wait for ever with restarted workers: end instead.
"$py" -m pytest -q -n auto --dist loadfile --no-loadscope-reorder --max-worker-restart=0 -m 'not soak' "$@" 2>&1 | tee "$log"
code=${PIPESTATUS[0]}
failed=$(grep -cE '^(FAILED|ERROR) ' "$log")
if [ "$code" -ne 1 ] || [ "$failed" -gt "$MAX_AGAIN" ] || grep -q 'crashed while running' "$log"; then exit "$code"; fi
echo "tests: $failed failed beside others; once more, by themselves:"
"$py" -m pytest -q --last-failed --last-failed-no-failures none -m 'not soak' "$@" || exit 1
echo "tests: passed by themselves what failed beside others (named above)"
