# Every word does its own set-up. `make` alone lists them.
SHELL := bash
.DEFAULT_GOAL := help
BIN := .venv/bin
PEERS := $(patsubst requirements/peers-%.txt,%,$(wildcard requirements/peers-*.txt))
SOURCES := src tests bench tools fuzz

.PHONY: help run test check bench fuzz trace docs peers lock clean debian

help: ## list these words
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: .venv/ready ## a small street on this machine: meters, hubs, carrier, head end, counter, console
	$(BIN)/meterhouse up

test: .venv/ready debian peers ## everything that proves the house (under 15 minutes)
	@mkdir -p build
	$(BIN)/pytest -n auto --requirements build/trace.json tests

check: .venv/ready ## format, lint, house laws, types, quick tests (under a minute)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/lint-imports --no-logo
	$(BIN)/mypy
	$(BIN)/deptry src
	$(BIN)/pytest -n auto -q tests/unit tests/house tests/vectors

bench: .venv/ready peers ## every figure, beside its peer's where it has one
	$(BIN)/python -m bench

fuzz: .venv-fuzz/ready ## feed every decoder what nobody would send (RUNS=100000 each; findings in build/fuzz)
	fuzz/run

trace: build/trace.json ## which rows of the requirements have a passing test
	@$(BIN)/python -m tools.trace build/trace.json

docs: .venv/ready ## the pages, into build/site
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "docs: build/site/index.html"

peers: ## environments of the outside referees (never imported by the product)
	@$(foreach peer,$(PEERS),tools/setup peer $(peer) &&) true

lock: .venv/ready ## pin what pyproject.toml and requirements/lock.in ask for, with hashes
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--no-emit-index-url --extra street --output-file requirements/lock.txt pyproject.toml requirements/lock.in

clean: ## forget everything that was built or installed here (meterhouse-data stays)
	rm -rf .venv .venv-peers .venv-fuzz build dist site .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find src tests bench tools -name __pycache__ -type d -prune -exec rm -rf {} +

debian:
	@tools/setup debian

.venv/ready: requirements/lock.txt pyproject.toml tools/setup
	@tools/setup python

.venv-fuzz/ready: requirements/fuzz.txt
	python3.11 -m venv .venv-fuzz
	.venv-fuzz/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/fuzz.txt
	@touch $@

build/trace.json:
	@$(MAKE) --no-print-directory test
