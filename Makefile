# Every target sets up what it needs: Python >= 3.11 with venv, and make, are enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test bench shots manual check lint types contracts format constraints clean
.DEFAULT_GOAL := help

help:
	@echo "make demo    a simulated site on loopback, an engine on it, and the terminal program"
	@echo "make test    the tests"
	@echo "make bench   looks, discovery and installs beside other programs; docs/bench.md tells how to read it"
	@echo "make shots   the pictures in screenshots/, from the simulated site"
	@echo "make manual  docs/camtrust.1, from the commands"
	@echo "make check   what CI runs: lint, types, contracts, tests, the demo without a screen"

$(READY): constraints.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r constraints.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $(READY)

demo: $(READY)
	$(BIN)/camtrust demo

test: $(READY)
	$(BIN)/python -m tests

# The pictures in screenshots/, from the simulated site.
shots: $(READY)
	$(BIN)/python -m tests.screenshots

# The man page, after a command or an option changed.
manual: $(READY)
	$(BIN)/camtrust man > docs/camtrust.1

bench: $(READY)
	$(BIN)/python -m tests.bench

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

contracts: $(READY)
	$(BIN)/lint-imports
	$(BIN)/deptry core tui

check: lint types contracts test
	$(BIN)/camtrust demo --headless

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Writes the pinned set anew; run after a dependency in pyproject.toml changed.
constraints: $(READY)
	$(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --extra dev \
	  --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-header \
	  --output-file constraints.txt pyproject.toml

clean:
	rm -rf $(VENV)
