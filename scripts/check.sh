#!/usr/bin/env bash
# Lint, types on three platforms, floors between folders, schema drift. Fast; `make test` runs it first.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=.venv/bin
step() { printf '%-28s' "$1"; shift; if out=$("$@" 2>&1); then echo ok; else echo failed; printf '%s\n' "$out"; exit 1; fi; }
step "ruff check" "$bin/ruff" check --quiet .
step "ruff format" "$bin/ruff" format --quiet --check .
for platform in linux darwin win32; do
  step "mypy on $platform" "$bin/mypy" --platform "$platform"
done
step "mypy on tests" "$bin/mypy" --explicit-package-bases tests scripts
step "floors (import-linter)" "$bin/lint-imports"
step "schema drift" "$bin/python" -m schemas.publish --check
