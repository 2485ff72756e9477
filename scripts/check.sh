#!/usr/bin/env bash
# Lint, types on three platforms, floors between folders, drift of schemas and lifecycle page. Fast; `make test` runs it first.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=.venv/bin
step() { printf '%-28s' "$1"; shift; if out=$("$@" 2>&1); then echo ok; else echo failed; printf '%s\n' "$out"; exit 1; fi; }
step "ruff check" "$bin/ruff" check --quiet .
step "ruff format" "$bin/ruff" format --quiet --check .
step "mypy on linux" "$bin/mypy" --platform linux
step "mypy on darwin" "$bin/mypy" --platform darwin
# Collector and research desk are for POSIX systems: they lock files and refuse links by flags that Windows lacks.
step "mypy on win32" "$bin/mypy" --platform win32 -p agent -p schemas -p admin -p policies
step "mypy on tests, benchmarks" "$bin/mypy" --explicit-package-bases tests scripts benchmarks
step "floors (import-linter)" "$bin/lint-imports"
step "schema drift" "$bin/python" -m schemas.publish --check
step "lifecycle page" "$bin/python" -m scripts.lifecycle_doc --check
