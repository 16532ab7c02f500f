# One runner for everything; CI calls these same targets. `make help` lists them.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
T ?= tests
# The platform is a dozen processes: without cached bytecode each would compile all it imports at every start.
unexport PYTHONDONTWRITEBYTECODE
PACKAGES := shared operation-server analysis-server

.DEFAULT_GOAL := help
.PHONY: help setup run test check lint types format lock bench chaos migrate clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.ready ## make the environment in .venv from requirements.lock

# A pip outside the environment saves installing one into it, which takes longer than all the rest.
# uv itself comes from the lock, so that the installer is pinned by hash like everything it installs.
$(VENV)/.ready: requirements.lock $(PACKAGES:%=%/pyproject.toml)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "Satellite needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1). Run: make setup PYTHON=python3.12" >&2; exit 1; }
	@test -x $(BIN)/python || { $(PYTHON) -m pip --version >/dev/null 2>&1 && $(PYTHON) -m venv --without-pip $(VENV); } || \
		$(PYTHON) -m venv $(VENV) || { echo "Could not make a virtual environment; on Debian: apt-get install python3-venv" >&2; exit 1; }
	@awk '/^uv==/{on=1} on{print} on&&!/\\$$/{exit}' requirements.lock > $(VENV)/uv.lock
	@test -x $(BIN)/uv || { test -x $(BIN)/pip && pip="$(BIN)/python -m pip" || pip="$(PYTHON) -m pip --python $(BIN)/python"; \
		$$pip install --quiet --disable-pip-version-check --require-hashes -r $(VENV)/uv.lock; }
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation $(PACKAGES:%=-e ./%)
	@touch $@

run: setup ## start the whole platform, run a real job, stay up until Ctrl-C
	@$(BIN)/satellite up

test: setup ## run all tests on real parts (T=path for some)
	@$(BIN)/pytest $(T)

check: lint types ## everything that needs no running part

lint: setup ## ruff and the import borders
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports --no-cache

types: setup ## mypy strict
	@$(BIN)/mypy

format: setup ## let ruff format and fix
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lock: setup ## pin requirements.in into requirements.lock
	@$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--no-emit-index-url --no-emit-find-links --quiet requirements.in -o requirements.lock

bench: setup ## measure every figure against its floor in the same run
	@$(BIN)/python -m tests.performance

chaos: setup ## kill parts at random under load and count lost and doubled jobs
	@$(BIN)/python -m tests.chaos

migrate: setup ## bring SATELLITE_DATABASE_URL to the newest schema
	@$(BIN)/operation-server migrate

clean: ## remove the environment and the local stack's data
	@rm -rf $(VENV) .satellite build
