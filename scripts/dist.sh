#!/usr/bin/env bash
# What a release consists of, into dist/: wheel, sdist, Debian package, bill of materials, sums. The same bytes each time.
#
# usage: scripts/dist.sh [--no-deb]
set -euo pipefail
cd "$(dirname "$0")/.."
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH
mkdir -p dist
.venv/bin/python -m hatchling build -d dist >/dev/null
if [[ ${1:-} != --no-deb ]]; then .venv/bin/python -m scripts.deb --out dist >/dev/null; fi
bash scripts/sbom.sh dist/sbom.cdx.json
cd dist
find . -maxdepth 1 -type f ! -name 'SHA256SUMS*' -printf '%P\n' | LC_ALL=C sort | xargs sha256sum >SHA256SUMS
cat SHA256SUMS
