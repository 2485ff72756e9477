#!/usr/bin/env bash
# The bill of materials of what the agent installs, from the lock: CycloneDX, the same bytes each time.
#
# usage: scripts/sbom.sh FILE
set -euo pipefail
cd "$(dirname "$0")/.."
lock=$(mktemp)
trap 'rm -f "$lock"' EXIT
.venv/bin/python -c 'from scripts.deb.locked import lock_of_agent; print(lock_of_agent(), end="")' >"$lock"
mkdir -p "$(dirname "$1")"
.venv/bin/cyclonedx-py requirements --pyproject pyproject.toml --mc-type application --output-reproducible \
  --spec-version 1.6 --output-format JSON --output-file "$1" "$lock"
