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
.PHONY: help setup run test test-airflow test-compose test-kubernetes kubernetes-manifests coverage audit check lint types format lock bench bench-memory bench-clusters bench-peers bench-peers-inference bench-peers-workflows load simulate chaos drill-adoption drill-clusters drill-deployment drill-rabbitmq drill-recovery migrate clean test-slurm docs console console-check

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-20s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.ready ## make the environment in .venv from requirements.lock, and build the console
	@$(BIN)/python frontend/build.py

console: $(VENV)/.ready ## build the console, and say why if that cannot be
	@$(BIN)/python frontend/build.py --strict

# A pip outside the environment saves installing one into it, which takes longer than all the rest.
# uv itself comes from the lock, so that the installer is pinned by hash like everything it installs.
$(VENV)/.ready: requirements.lock $(PACKAGES:%=%/pyproject.toml)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "Satellite needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1). Run: make setup PYTHON=python3.12" >&2; exit 1; }
	@echo "Bringing the environment in $(VENV) to requirements.lock"
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

docs: setup build/docs/.ready ## the site of the documentation into build/docs/sources/site, in English and Korean; a dead link ends it
	@$(BIN)/python -m docs.generator build/docs/sources
	@for language in en ko; do build/docs/env/bin/zensical build --strict --clean -f build/docs/sources/zensical.$$language.toml || exit 1; done

test: setup ## run all tests on real parts, side by side (T=path for some, N=0 for one after the other)
	@$(BIN)/pytest -n $(N) $(T)

test-compose: setup ## the deployment alone: images, Compose, nginx and Prometheus as they are configured
	@$(BIN)/pytest -n 0 tests/deployment

test-kubernetes: setup ## the platform on a real Kubernetes of one node, which is built from Debian's source the first time
	@tests/kubernetes/cluster/binaries >/dev/null
	@SATELLITE_TEST_KUBERNETES=1 $(BIN)/pytest -s -n 0 tests/kubernetes

test-slurm: setup ## jobs by a real Slurm of one node, which is installed from Debian's packages
	@command -v slurmctld slurmd munged sbatch >/dev/null || \
		apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=120 slurmctld slurmd slurm-client munge </dev/null
	@SATELLITE_TEST_SLURM=1 $(BIN)/pytest -n 0 tests/integration/connector/remote/test_slurm.py

kubernetes-manifests: setup ## render k8s/ in all its variants, and hold it to schemas and rules
	@$(BIN)/pytest -n 0 -m "not docker" tests/deployment/test_kubernetes_*.py

test-airflow: setup build/airflow2/.ready build/airflow3/.ready ## exported DAGs in real Airflows, 2 and 3, from end to end
	@SATELLITE_TEST_AIRFLOW=1 SATELLITE_REQUIRE_AIRFLOW=1 $(BIN)/pytest -n 0 tests/airflow

coverage: setup ## what unit and integration tests run of the code, subprocesses included; at least 80 %
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest -n $(N) tests/unit tests/integration
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report

check: lint types console-check ## everything that needs no running part

lint: setup ## ruff and the import borders
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports --no-cache

types: setup ## mypy strict
	@$(BIN)/mypy

console-check: setup ## type check, lint and unit tests of the console
	@$(BIN)/python frontend/build.py check

format: setup ## let ruff format and fix
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

LOCKED := requirements requirements-build tests/performance/peers/requirements tests/performance/load/requirements tests/performance/inference_peers/requirements tests/performance/inference_peers/mlserver tests/performance/workflow_peers/requirements tests/audit/requirements tests/airflow/airflow2 tests/airflow/airflow3 docs/requirements frontend/requirements
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

bench-clusters: setup ## send files to a cluster and fetch them, in turn with scp, near and 100 ms away (5 minutes; root)
	@$(BIN)/python -m tests.performance clusters
	@$(BIN)/python -m tests.performance.cluster_jobs

bench-peers: setup build/peers/.ready ## do the same no-op work with others and with Satellite
	@$(BIN)/python -m tests.performance.peers

bench-peers-inference: setup build/inference-peers/.ready build/mlserver-peer/.ready ## serve the same small model with others and with the direct lane
	@$(BIN)/python -m tests.performance.inference_peers

bench-peers-workflows: setup build/workflow-peers/.ready build/airflow3/.ready ## the same workflows that do nothing, by others and by Satellite
	@$(BIN)/python -m tests.performance.workflow_peers

load: setup build/load/.ready ## many users at once for a minute, on a stack of its own or SATELLITE_URL
	@$(BIN)/python -m tests.performance.load

audit: setup build/audit/.ready ## ask for known vulnerabilities of all that is locked; says so where no database answers
	@$(BIN)/python -m tests.audit

# Environments of their own: what is measured against, and what measures, must not decide our versions.
build/audit/.ready: tests/audit/requirements.lock
build/docs/.ready: docs/requirements.lock
build/airflow2/.ready: tests/airflow/airflow2.lock
build/airflow3/.ready: tests/airflow/airflow3.lock
build/peers/.ready: tests/performance/peers/requirements.lock
build/inference-peers/.ready: tests/performance/inference_peers/requirements.lock
build/mlserver-peer/.ready: tests/performance/inference_peers/mlserver.lock
build/workflow-peers/.ready: tests/performance/workflow_peers/requirements.lock
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

drill-clusters: setup ## 1,000 jobs on a cluster while line, host and connector are struck, and count lost and doubled ones
	@$(BIN)/python -m tests.drills.clusters

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
