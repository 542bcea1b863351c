# The commands of this project.  Each one does all the set-up it needs, in
# .uv and .venv of this folder, and does it once; `make help` lists them.

VENV := .venv
BIN := $(VENV)/bin
PYTHON := $(BIN)/python
STAMP := $(VENV)/.installed
DEMO_OUTPUT ?= demo-output
BPS_DEMO_OUTPUT ?= demo-output/bps
BENCH_OUTPUT ?= doc/benchmarks
BENCH_ARGS ?=
BPS_DEMO_ARGS ?=
PYTEST_ARGS ?=
# Packages that are left out of the environment.
WITHOUT ?=
# Not empty: the oldest dependencies that are allowed, instead of the pinned ones.
OLDEST ?=

# The uv on the PATH if it works (a shim may not), else one of our own.
UV := $(shell uv --version >/dev/null 2>&1 && command -v uv || echo .uv/bin/uv)

# Two workers on two cores: each one keeps to a single thread, and takes whole
# files, so that what the tests of a file share is made once.
WORKERS := -n 2 --dist loadfile --no-loadscope-reorder
ONE_THREAD := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 TF_NUM_INTRAOP_THREADS=1 TF_NUM_INTEROP_THREADS=1
QUIET := TF_CPP_MIN_LOG_LEVEL=3 MPLBACKEND=Agg

# Modules are compiled once, and not by each of the many processes, even where
# PYTHONDONTWRITEBYTECODE wants the folders of the source to stay as they are.
BYTECODE := PYTHONDONTWRITEBYTECODE= PYTHONPYCACHEPREFIX="$(CURDIR)/$(VENV)/bytecode"

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-bps bench test test-light test-minimum lint format doc newcomer requirements audit clean

help: ## Show this list.
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1	\2/p' $(MAKEFILE_LIST) | expand -t 22

setup: $(STAMP) ## Install the package and its pinned dependencies in .venv.
	@echo "Ready: the commands are in $(BIN) (butler, pipetask, python)."

demo: $(STAMP) ## Simulate a field, restore it, show what came out.
	@$(QUIET) $(BYTECODE) $(PYTHON) -m lsst.acn.demo "$(DEMO_OUTPUT)"

demo-bps: $(STAMP) ## Restore two patches at once with BPS, the Batch Processing Service.
	@$(QUIET) $(BYTECODE) $(PYTHON) -m lsst.acn.demo.bps "$(BPS_DEMO_OUTPUT)" $(BPS_DEMO_ARGS)

# STARRED, the optional peer, is only needed here; without it the tables say so.
# Each of the two has options of its own: see `python -m benchmarks.imperfect --help`.
bench: $(STAMP) ## Compare all methods on simulated fields (two hours; a part: BENCH_ARGS=--quick).
	@$(UV) pip install --quiet --python $(PYTHON) --constraint requirements.txt \
	    --requirement pyproject.toml --extra peers || echo "STARRED cannot be installed: going on without it." >&2
	@$(QUIET) $(BYTECODE) $(PYTHON) -m benchmarks.scoreboard "$(BENCH_OUTPUT)" $(BENCH_ARGS)
	@$(QUIET) $(BYTECODE) $(PYTHON) -m benchmarks.imperfect "$(BENCH_OUTPUT)" $(BENCH_ARGS)
	@$(QUIET) $(BYTECODE) $(PYTHON) -m benchmarks.measuring "$(BENCH_OUTPUT)" $(BENCH_ARGS)

test: $(STAMP) ## Run all tests (one folder: PYTEST_ARGS=tests/tiles).
	@$(QUIET) $(BYTECODE) $(ONE_THREAD) $(PYTHON) -m pytest $(WORKERS) $(PYTEST_ARGS)
	@echo "All tests passed.  They ran in $(BIN); make demo shows the package at work."

# Restoring needs none of these: what does has to skip, and all else to pass.
FRAMEWORKS := tensorflow|keras|jax|jaxlib|torch

test-light: ## Run demo and tests in .venv-light, which has no network framework.
	@$(MAKE) --no-print-directory VENV=.venv-light WITHOUT='$(FRAMEWORKS)' \
	    DEMO_OUTPUT='$(DEMO_OUTPUT)/light' demo test

# Only wheels: the oldest versions are not to be built here.
test-minimum: ## Run the tests in .venv-minimum, with the oldest dependencies that are allowed.
	@$(MAKE) --no-print-directory VENV=.venv-minimum OLDEST=yes test

# The docstrings of click commands are their help texts, not numpydoc.
lint: $(STAMP) ## Check style, types and docstrings.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy python/lsst/acn
	$(BIN)/numpydoc lint --config . $$(find python/lsst/acn -name "*.py" ! -name version.py ! -path "*/cli/*")
	@echo "Lint: ruff, mypy and numpydoc have nothing to say."

doc: $(STAMP) ## Build the documentation in doc/_build/html; a warning is an error.
	@rm -rf doc/_build
	@$(QUIET) $(BYTECODE) $(PYTHON) -m sphinx -q -W --keep-going -b html doc doc/_build/html
	@echo "The documentation is in doc/_build/html/index.html."

newcomer: $(STAMP) ## Do what newcomers do, from the built wheel alone, in a folder of its own.
	@$(QUIET) UV="$(UV)" bash tests/newcomer.sh

format: $(STAMP) ## Put every Python file into the project's format.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

requirements: $(UV) ## Pin the newest dependencies, with their hashes, in requirements.txt.
	$(UV) pip compile pyproject.toml --extra train --extra bps --extra postgres --extra test --extra lint --extra doc \
	    --universal --python-version 3.12 --generate-hashes \
	    --no-header --no-annotate --no-emit-index-url --upgrade --quiet --output-file requirements.txt

audit: $(UV) ## Ask the advisory database about the pinned dependencies (needs the network).
	@$(UV) tool run pip-audit --strict --disable-pip --require-hashes --requirement requirements.txt

clean: ## Remove .venv, .uv and the caches (not what the demo made).
	rm -rf $(VENV) .venv-light .venv-minimum .uv build .pytest_cache .mypy_cache .ruff_cache
	find python tests -name __pycache__ -type d -prune -exec rm -rf {} +

# An interpreter that is here already is preferred to one that uv must fetch.
# With --seed there is a pip for those who use it.
$(PYTHON): | $(UV)
	@for version in 3.13 3.12; do \
	    $(UV) venv --quiet --seed --no-python-downloads --python $$version $(VENV) 2>/dev/null && exit 0; \
	done; \
	echo "There is no Python 3.13 or 3.12 here: asking uv for one."; \
	$(UV) venv --quiet --seed --python 3.13 $(VENV)

$(STAMP): requirements.txt pyproject.toml setup.py | $(PYTHON)
	@echo "Installing the package and its dependencies in $(VENV) ..."
ifeq ($(OLDEST),)
	@awk '/^[^ ]/ { skip = /^($(WITHOUT))==/ } !skip' requirements.txt > $(VENV)/requirements.txt
	@$(UV) pip install --quiet --python $(PYTHON) --require-hashes --requirement $(VENV)/requirements.txt
else
	@$(UV) pip install --quiet --python $(PYTHON) --resolution lowest-direct --only-binary :all: \
	    --requirement pyproject.toml $(foreach extra,train bps postgres test,--extra $(extra))
endif
	@$(UV) pip install --quiet --python $(PYTHON) --no-build-isolation --no-deps --editable .
	@touch $@

# Python may come without ensurepip (Debian's does), or be a shim for a
# version that is not installed: try each that is there, then each way in.
.uv/bin/uv:
	@echo "Installing uv in .uv ..."
	@for python in python3 python3.13 python3.12 /usr/bin/python3 /usr/local/bin/python3; do \
	    $$python --version >/dev/null 2>&1 || continue; \
	    rm -rf .uv; \
	    $$python -m venv .uv >/dev/null 2>&1 && .uv/bin/python -m pip install --quiet uv && exit 0; \
	    rm -rf .uv; \
	    $$python -m pip install --quiet --target .uv uv 2>/dev/null && exit 0; \
	done; \
	rm -rf .uv; \
	echo "No python3 here can install uv: install uv, or python3 with its venv module." >&2; exit 1
