# `make demo` and `make test` set up whatever they need; `make help` lists the rest.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PY := .venv/bin/python
DEMO_OUT ?= demo-out
DISPLAY_MODE ?= virtual
BENCH_OUT ?= bench-out

.PHONY: help setup demo demo-scale test soak bench deb sbom dist check fmt schemas lifecycle model mutants journeys clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: ## Prepare system packages and .venv/ in this checkout
	@bash scripts/setup.sh

demo: setup ## Play the main job for real and check every claim (DISPLAY_MODE=real to take part)
	@$(PY) -m scripts.demo --display $(DISPLAY_MODE) --out $(DEMO_OUT)

demo-scale: setup ## A deployment of several parts, 200 devices, and parts that die meanwhile (needs nginx)
	@$(PY) -m scripts.demo_scale --out $(DEMO_OUT)

test: setup ## Run every check and every test
	@$(MAKE) --no-print-directory check
	@bash scripts/test.sh

journeys: setup ## Only the journeys on a real display
	@$(PY) -m pytest -q -m journey

soak: setup ## The journeys that take minutes
	@$(PY) -m pytest -q -m soak

bench: setup ## Run every benchmark, and leave its figures in bench-out/
	@mkdir -p $(BENCH_OUT)
	@failed=; for name in $$(grep -l '__main__' benchmarks/*.py | xargs -n1 basename -s .py); do \
	  $(PY) -m benchmarks.$$name --json $(BENCH_OUT)/$$name.json || failed="$$failed $$name"; done; \
	  test -z "$$failed" || { echo "not met:$$failed"; exit 1; }

deb: setup ## Build the agent's Debian package into dist/ (Debian 12, amd64)
	@$(PY) -m scripts.deb

sbom: setup ## Write the agent's bill of materials (CycloneDX) to dist/sbom.cdx.json
	@bash scripts/sbom.sh dist/sbom.cdx.json

dist: setup ## Build all that a release consists of into dist/, the same bytes each time
	@bash scripts/dist.sh

check: setup ## Lint, types on three platforms, floors, schema drift
	@bash scripts/check.sh

fmt: setup ## Format the code
	@.venv/bin/ruff format . && .venv/bin/ruff check --fix .

schemas: setup ## Write the published JSON Schemas
	@$(PY) -m schemas.publish

lifecycle: setup ## Write docs/lifecycle.md from the tables of the agent's core
	@$(PY) -m scripts.lifecycle_doc

model: setup ## Train policies/redaction/names.bin anew, bit for bit as it is here
	@$(PY) -m scripts.names.train

mutants: setup ## Break gate, lifecycle and scope in every small way; each break must fail a test
	@$(PY) -m scripts.mutants

clean: ## Remove what was made here
	@rm -rf .venv node_modules dist build $(DEMO_OUT) $(BENCH_OUT) .bench-peers .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
