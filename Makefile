# make run ARGS="..."   makes the environment, then runs the main job
# make test             makes the environment, then checks and tests everything but the slow suite
#
# The environment is .venv, made from the two lock files: with uv where that is installed, else with
# python3 -m venv and pip. PYTHON=/path/to/python3.13 picks another Python, and makes .venv anew where it holds one
# of another version.

PYTHON ?=
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
# The stamps carry this folder's name, so that an environment that was copied or moved is made anew.
HERE := $(shell printf '%s' "$(CURDIR)" | cksum | cut -d ' ' -f 1)
PACKAGES := $(VENV)/packages-$(HERE)
READY := $(VENV)/ready-$(HERE)
VERSION := -c 'import sys; print(sys.version)'
OTHER := $(if $(PYTHON),$(shell \
    test "$$("$(PYTHON)" $(VERSION) 2>&1)" = "$$($(BIN)/python $(VERSION) 2>&1)" || echo other))
INSTALL := $(if $(shell command -v uv 2>/dev/null),uv pip install --quiet --python $(BIN)/python,\
    $(BIN)/python -m pip install -qq --disable-pip-version-check)

.PHONY: help run test test-engines lint slow bench bench-all bench-compare lock environment other clean

help:
	@echo 'make run [ARGS="policy=nurture_early replicates=4"]   the main job; results in outputs/'
	@echo 'make test    every test but the slow ones      make slow    the slow verification suite'
	@echo 'make lint    style, types and import contracts make bench   time the model on this machine'
	@echo 'make bench-all   all that is timed, an hour     make bench-compare A=HEAD~1 B=HEAD   two commits in turn'
	@echo 'make lock    choose package versions anew      make clean   remove what make has made'
	@echo 'make test-engines   the launchers, on a real SLURM and a real Ray, which it installs'

run: $(READY)
	@$(BIN)/takestwo run $(ARGS)

test: $(READY)
	@$(BIN)/python -m ruff check --quiet
	@$(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

test-engines: $(READY)
	@PYTHON=$(BIN)/python tests/engines/install.sh
	@.venv-engines/bin/python -m pytest -m engines tests/engines $(ARGS)

lint: $(READY)
	@$(BIN)/python -m ruff check
	@$(BIN)/python -m mypy
	@$(BIN)/lint-imports --no-logo

slow: $(READY)
	@$(BIN)/python -m pytest -n 2 -m "slow and not engines" $(ARGS)

bench: $(READY)
	@$(BIN)/python experiments/benchmarks/run.py $(ARGS)

bench-all: $(READY)
	@$(BIN)/python experiments/benchmarks/run.py --all $(ARGS)

# Revisions as git names them; . is this folder as it stands.
A ?= HEAD
B ?= .
bench-compare: $(READY)
	@$(BIN)/python experiments/benchmarks/between.py $(A) $(B) $(ARGS)

environment: $(READY)

# What the lock files name. Without its stamp an environment is half made, and goes.
$(PACKAGES): requirements.lock requirements-build.lock $(OTHER)
	@set -e; \
	for python in $(if $(PYTHON),"$(PYTHON)",python3 python3.13 python3.12 python3.11) none; do \
	    "$$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && break; \
	done; \
	if test "$$python" = none && { test -n "$(PYTHON)" || ! command -v uv >/dev/null 2>&1; }; then \
	    found=$$("$(or $(PYTHON),python3)" --version 2>&1) || found=none; \
	    echo "Takes Two needs Python 3.11, 3.12 or 3.13; found: $$found." >&2; \
	    echo "Install one of them and name it: make run PYTHON=/path/to/python3.12" >&2; exit 2; \
	fi; \
	echo "Making the environment (once, about a minute)..."; \
	rm -rf $(VENV); \
	if command -v uv >/dev/null 2>&1; then \
	    test "$$python" != none || python='>=3.11,<3.14'; \
	    uv venv --quiet --python "$$python" $(VENV); \
	else \
	    "$$python" -m venv $(VENV); \
	fi; \
	$(INSTALL) --require-hashes -r requirements-build.lock; \
	$(INSTALL) --require-hashes --no-build-isolation --no-deps -r requirements.lock
	@touch $(PACKAGES)

# Takes Two itself, in place: an edit to sim/ needs nothing, an edit to pyproject.toml this.
$(READY): $(PACKAGES) pyproject.toml
	@$(INSTALL) --no-deps --no-build-isolation -e .
	@touch $(READY)

LOCK := uv pip compile --quiet --upgrade --universal --python-version 3.11 --fork-strategy fewest \
    --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate
# Of axe-playwright-python the tests use the one file that it brings: the lock names the package without its own needs.
UNUSED := --no-emit-package playwright --no-emit-package pyee --no-emit-package greenlet

lock:
	@command -v uv >/dev/null 2>&1 || { echo "make lock needs uv: pip install uv" >&2; exit 2; }
	@$(LOCK) pyproject.toml --extra dev $(UNUSED) --output-file requirements.lock
	@$(LOCK) pyproject.toml --extra dev --extra slurm --extra ray $(UNUSED) --constraint requirements.lock \
	    --output-file requirements-engines.lock
	@echo setuptools | $(LOCK) - --output-file requirements-build.lock

clean:
	@rm -rf $(VENV) .venv-engines build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .benchmarks
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
