#!/usr/bin/env bash
# Lint, types on three platforms, floors between folders, drift of schemas and lifecycle page; `make test` runs it first.
# The slow steps, mypy's, run beside the others, each with a cache of its own: it throws away what another platform left.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=.venv/bin
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$work"' EXIT
told() { printf '%-28s' "$1"; if [ "$2" -eq 0 ]; then echo ok; else echo failed; cat "$3"; exit 1; fi; }
step() { local name=$1 code=0; shift; "$@" >"$work/out" 2>&1 || code=$?; told "$name" "$code" "$work/out"; }
types() { local name=$1; shift; "$bin/mypy" --cache-dir ".mypy_cache/$name" "$@" >"$work/$name" 2>&1 & pids[$name]=$!; }
ended() { local code=0; wait "${pids[$2]}" || code=$?; told "$1" "$code" "$work/$2"; }
declare -A pids
# The tests import all there is; with the programs named too, one run tells what is wrong in any of them.
types linux --platform linux --explicit-package-bases agent collector research admin schemas tests scripts benchmarks
types darwin --platform darwin
step "ruff check" "$bin/ruff" check --quiet .
step "ruff format" "$bin/ruff" format --quiet --check .
step "floors (import-linter)" "$bin/lint-imports"
step "schema drift" "$bin/python" -m schemas.publish --check
step "lifecycle page" "$bin/python" -m scripts.lifecycle_doc --check
ended "mypy on darwin" darwin
# Collector and research desk are for POSIX systems: they lock files and refuse links by flags that Windows lacks.
types win32 --platform win32 -p agent -p schemas -p admin -p policies
ended "mypy on linux, with tests" linux
ended "mypy on win32" win32
