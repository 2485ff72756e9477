#!/usr/bin/env bash
# Every test but the soaks, on all cores. The journeys share displays' worth of work with everything else, so what fails
# in that crowd is run once more by itself, and both results are shown; what fails by itself fails. A crash of Python
# is never forgiven, nor are failures in more files than MAX_FILES: that is no crowding. Files are counted and not tests,
# because the tests of a journey share one household, and what breaks it breaks all that follow.
set -uo pipefail
cd "$(dirname "$0")/.."
MAX_FILES=6
py=.venv/bin/python
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# After a crash the rest of a file would wait for ever with restarted workers: end instead.
"$py" -m pytest -q -n auto --dist loadfile --max-worker-restart=0 -m 'not soak' "$@" 2>&1 | tee "$log"
code=${PIPESTATUS[0]}
failed=$(sed -nE 's/^(FAILED|ERROR) ([^:]+)::.*/\2/p' "$log" | sort -u | wc -l)
if [ "$code" -ne 1 ] || [ "$failed" -gt "$MAX_FILES" ] || grep -q 'crashed while running' "$log"; then exit "$code"; fi
echo "tests: failures in $failed files beside others; once more, by themselves:"
"$py" -m pytest -q --last-failed --last-failed-no-failures none -m 'not soak' "$@" || exit 1
echo "tests: passed by themselves what failed beside others (named above)"
