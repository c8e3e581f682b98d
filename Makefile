# What people and CI run. `make demo` needs Python 3.11+, git and make, `make test` Node.js 20+ as well.
.DEFAULT_GOAL := help
VENV := .venv
EDITORS := tests/editors/node_modules/.package-lock.json
BROWSER := tests/browser/node_modules/.package-lock.json
BIN := $(VENV)/bin
PYTHON ?= $(firstword $(foreach p,python3.13 python3.12 python3.11 python3,\
	$(shell $(p) -c 'import sys; sys.version_info >= (3, 11) and print("$(p)")' 2>/dev/null)))

.PHONY: help demo test lint types pytest postgres editors browser chromium docs reference format benchmark size nightly clean

help: ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

demo: $(VENV)/demo ## render examples/quickstart into real clips, free of charge
	$(BIN)/cogvid -C examples/quickstart apply --yes

test: lint types pytest ## everything that has to hold: style, types, tests, coverage

lint: $(VENV)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/dev
	$(BIN)/mypy

pytest: $(VENV)/dev $(EDITORS) $(BROWSER) chromium postgres
	$(BIN)/pytest -n 2 --dist worksteal --cov --cov-report=term

postgres: ## see to it that there is a PostgreSQL server for the tests to start
	@command -v initdb > /dev/null || ls /usr/lib/postgresql/*/bin/initdb > /dev/null 2>&1 || \
		{ test "$$(id -u)" = 0 && command -v apt-get > /dev/null && apt-get update -q && \
			DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends postgresql; } || \
		{ echo "the tests need a PostgreSQL server: install it, so that initdb is there"; exit 1; }

editors: $(EDITORS) ## fetch the language server that the schema is tested in

browser: $(BROWSER) chromium ## fetch what the storyboard page is tested in and with

chromium:
	@command -v chromium > /dev/null || { \
		test "$$(id -u)" = 0 && apt-get update -q && apt-get install -yq --no-install-recommends chromium; \
	} || { echo "the tests of the storyboard page need Chromium: install Debian's package chromium"; exit 1; }

nightly: $(VENV)/dev $(EDITORS) $(BROWSER) chromium postgres ## the slow proofs at their larger setting
	COGVID_NIGHTLY=1 $(BIN)/pytest -n 2 --dist worksteal

format: $(VENV)/dev ## put the code into its house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/dev ## build the documentation as a site, into build/site
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

reference: $(VENV)/dev ## write the pages that are made from the schema and from the commands
	$(BIN)/python docs/generate/manifest_keys.py > docs/reference/manifest.md
	$(BIN)/python docs/generate/command_line.py > docs/reference/cli.md

benchmark: $(VENV)/dev ## measure, and print the table of the README
	$(BIN)/python benchmarks/run.py

size: $(VENV)/dev postgres ## measure how far it goes, and print the tables of docs/size.md
	$(BIN)/python benchmarks/growth.py
	$(BIN)/python benchmarks/long_run.py
	$(BIN)/python benchmarks/ledgers.py
	$(BIN)/python benchmarks/films.py
	$(BIN)/python benchmarks/store.py

clean: ## remove what these targets made
	rm -rf $(VENV) tests/*/node_modules .mypy_cache .pytest_cache .ruff_cache .coverage* examples/*/renders examples/*/previews

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "cogvid-pipeline needs Python 3.11 or newer"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/demo: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/dev: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ $(VENV)/demo

tests/%/node_modules/.package-lock.json: tests/%/package-lock.json
	@{ node -e 'process.exit(Number(parseInt(process.versions.node) < 20))' && npm --version; } > /dev/null 2>&1 || \
		{ echo "the tests in tests/$* need Node.js 20 or newer, with npm"; exit 1; }
	cd tests/$* && npm ci --silent
	@touch $@
