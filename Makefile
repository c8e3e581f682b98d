# What people and CI run. `make demo` and `make test` need Python 3.11+, git and make, and nothing else.
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(firstword $(foreach p,python3.13 python3.12 python3.11 python3,\
	$(shell $(p) -c 'import sys; sys.version_info >= (3, 11) and print("$(p)")' 2>/dev/null)))

.PHONY: help demo test lint types pytest format benchmark nightly clean

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

pytest: $(VENV)/dev
	$(BIN)/pytest -n 2 --cov --cov-report=term

nightly: $(VENV)/dev ## the slow proofs at their larger setting
	COGVID_NIGHTLY=1 $(BIN)/pytest -n 2

format: $(VENV)/dev ## put the code into its house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

benchmark: $(VENV)/dev ## measure, and print the table of the README
	$(BIN)/python benchmarks/run.py

clean: ## remove what these targets made
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .coverage* examples/*/renders examples/*/previews

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "cogvid-pipeline needs Python 3.11 or newer"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/demo: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/dev: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ $(VENV)/demo
