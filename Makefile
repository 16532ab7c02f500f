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
.PHONY: help setup run test test-compose test-kubernetes kubernetes-manifests coverage audit check lint types format lock bench bench-memory bench-peers load simulate chaos drill-adoption drill-deployment drill-rabbitmq drill-recovery migrate clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-20s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

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

test-compose: setup ## the deployment alone: images, Compose, nginx and Prometheus as they are configured
	@$(BIN)/pytest -n 0 tests/deployment

test-kubernetes: setup ## the platform on a real Kubernetes of one node, which is built from Debian's source the first time
	@tests/kubernetes/cluster/binaries >/dev/null
	@SATELLITE_TEST_KUBERNETES=1 $(BIN)/pytest -s -n 0 tests/kubernetes

kubernetes-manifests: setup ## render k8s/ in all its variants, and hold it to schemas and rules
	@$(BIN)/pytest -n 0 -m "not docker" tests/deployment/test_kubernetes_*.py

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

LOCKED := requirements requirements-build tests/performance/peers/requirements tests/performance/load/requirements tests/audit/requirements
COMPILE := $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	--no-emit-index-url --no-emit-find-links --quiet

lock: setup ## pin each requirements.in into its requirements.lock, and each server's part for its image
	@for name in $(LOCKED); do $(COMPILE) $$name.in -o $$name.lock || exit 1; done
	@for server in operation-server analysis-server; do \
		$(COMPILE) $$server/pyproject.toml --all-extras --constraint requirements.lock \
			--no-emit-package satellite -o $$server/requirements.lock || exit 1; done

bench: setup ## measure every figure against its floor in the same run
	@$(BIN)/python -m tests.performance

bench-memory: setup ## run 50,000 jobs and see whether any process grows (5 minutes)
	@$(BIN)/python -m tests.performance memory

bench-peers: setup build/peers/.ready ## do the same no-op work with others and with Satellite
	@$(BIN)/python -m tests.performance.peers

load: setup build/load/.ready ## many users at once for a minute, on a stack of its own or SATELLITE_URL
	@$(BIN)/python -m tests.performance.load

audit: setup build/audit/.ready ## ask for known vulnerabilities of all that is locked; says so where no database answers
	@$(BIN)/python -m tests.audit

# Environments of their own: what is measured against, and what measures, must not decide our versions.
build/audit/.ready: tests/audit/requirements.lock
build/peers/.ready: tests/performance/peers/requirements.lock
build/load/.ready: tests/performance/load/requirements.lock
build/%/.ready: $(VENV)/.ready
	@$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python build/$*/env
	@$(BIN)/uv pip sync --quiet --python build/$*/env/bin/python --require-hashes $(filter %.lock,$^)
	@touch $@

simulate: setup ## how far the platform goes, simulated from measured costs
	@$(BIN)/python -m tests.performance.scaling

chaos: setup ## kill parts at random under load and count lost and doubled jobs
	@$(BIN)/python -m tests.chaos

drill-adoption: setup ## kill parts under 50 running containers, whose jobs must go on where they were
	@$(BIN)/python -m tests.drills.adoption

drill-deployment: setup ## deploy with Compose, replace and scale its parts under load, put RabbitMQ in, and count
	@.ci/base-images python postgres redis nginx rabbitmq
	@SATELLITE_DEPLOYMENT_DRILL=1 $(BIN)/pytest -q -s -n 0 tests/deployment/test_drill.py

drill-rabbitmq: setup ## kill RabbitMQ five times under load and count lost and doubled jobs
	@$(BIN)/python -m tests.drills.rabbitmq

drill-recovery: setup ## back a platform up, go on, bring it back, and look for what should be gone
	@$(BIN)/python -m tests.drills.recovery
	@SATELLITE_RECOVERY_DRILL=1 $(BIN)/pytest -q -n 0 tests/deployment/test_backup.py

migrate: setup ## bring SATELLITE_DATABASE_URL to the newest schema
	@$(BIN)/operation-server migrate

clean: ## remove the environment and the local stack's data
	@rm -rf $(VENV) .satellite build
