# One runner for everything; CI calls these same targets. `make help` lists them.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
T ?= tests
# Workers of pytest-xdist; 0 for one test after the other.
N ?= auto
# The platform is a dozen processes: without cached bytecode each would compile all it imports at every start.
unexport PYTHONDONTWRITEBYTECODE
PACKAGES := shared operation-server analysis-server

.DEFAULT_GOAL := help
.PHONY: help setup run test coverage check lint types format lock bench bench-memory bench-peers load simulate chaos migrate clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

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

test: setup ## run all tests on real parts, side by side (T=path for some, N=0 for one after the other)
	@$(BIN)/pytest -n $(N) $(T)

coverage: setup ## what unit and integration tests run of the code, subprocesses included; at least 80 %
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest -n $(N) tests/unit tests/integration
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report

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

LOCKED := requirements tests/performance/peers/requirements tests/performance/load/requirements

lock: setup ## pin each requirements.in into its requirements.lock
	@for name in $(LOCKED); do \
		$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
			--no-emit-index-url --no-emit-find-links --quiet $$name.in -o $$name.lock || exit 1; done

bench: setup ## measure every figure against its floor in the same run
	@$(BIN)/python -m tests.performance

bench-memory: setup ## run 50,000 jobs and see whether any process grows (5 minutes)
	@$(BIN)/python -m tests.performance memory

bench-peers: setup build/peers/.ready ## do the same no-op work with others and with Satellite
	@$(BIN)/python -m tests.performance.peers

load: setup build/load/.ready ## many users at once for a minute, on a stack of its own or SATELLITE_URL
	@$(BIN)/python -m tests.performance.load

# Environments of their own: what is measured against, and what measures, must not decide our versions.
build/%/.ready: tests/performance/%/requirements.lock $(VENV)/.ready
	@$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python build/$*/env
	@$(BIN)/uv pip sync --quiet --python build/$*/env/bin/python --require-hashes $<
	@touch $@

simulate: setup ## how far the platform goes, simulated from measured costs
	@$(BIN)/python -m tests.performance.scaling

chaos: setup ## kill parts at random under load and count lost and doubled jobs
	@$(BIN)/python -m tests.chaos

migrate: setup ## bring SATELLITE_DATABASE_URL to the newest schema
	@$(BIN)/operation-server migrate

clean: ## remove the environment and the local stack's data
	@rm -rf $(VENV) .satellite build
