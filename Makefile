# Every task is one target here, and each sets up what it needs: `make` alone lists them.
MODEL ?= efficientmod_s
THREADS ?= 4
PYTHON ?= python3
# What pip installs as PyTorch: the default index has CUDA builds for some machines (several GB; they work too).
# A CPU build instead (torchvision, which timm imports, then lacks its compiled half, which timm never calls):
# TORCH='torch==2.13.0+cpu --extra-index-url <the address of its index>'
TORCH ?= torch==2.13.0
# Versions of TensorRT whose Python side the tests look at (docs/contracts.md); none of it runs without a GPU.
TENSORRT ?= 10.16.1.11 11.4.0.106
# Processes that run tests at the same time.
JOBS ?= 2
# More arguments for the tool behind a target: make quick ARGS='-k stats -x'
ARGS ?=

VENV := .venv
RUN := $(VENV)/bin/python -m
READY := $(VENV)/ready
UNFINISHED := $(VENV)/unfinished
CHECK := 'import sys; sys.version_info < (3, 11) and sys.exit(1)'

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup run doctor test quick lint types coverage bench-overhead bench-export bench-parc bench-tried bench-involution bench-rerun bench-regimes bench-evidence bench-aa bench-gpu wheel clean

help: ## List the targets
	@echo "make <target> [MODEL=$(MODEL)] [THREADS=$(THREADS)]"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1|\2/p' Makefile | while IFS='|' read -r target told; do \
		printf '%-17s %s\n' "$$target" "$$told"; done

setup: $(READY) ## Make .venv with latbench, its runtimes and the tools (every target does)
	@echo "$(VENV) is ready"

run: $(READY) ## Export MODEL, time it 4000 times with THREADS threads on each runtime, show the table, leave a CSV
	@$(RUN) latbench run $(MODEL) --device cpu --threads $(THREADS) $(ARGS)

doctor: $(READY) ## Say what this machine offers and what would disturb a measurement
	@$(RUN) latbench doctor $(ARGS)

test: $(READY) ## Run all tests, the slow ones on real models and runtimes too
	@$(RUN) pytest -n $(JOBS) $(ARGS)

quick: $(READY) ## Run the tests but the slow ones
	@$(RUN) pytest -n $(JOBS) -m "not slow" $(ARGS)

lint: $(READY) ## Check style and format
	@$(RUN) ruff check --quiet . && $(RUN) ruff format --quiet --check . && echo "lint: clean"

types: $(READY) ## Check types
	@$(RUN) mypy $(ARGS)

coverage: $(READY) ## Run all tests and print which lines and branches they miss
	@$(RUN) pytest --cov --cov-report=term $(ARGS)

bench-overhead: $(READY) ## Print what the harness itself costs per inference, beside a bare loop
	@$(VENV)/bin/python bench/overhead.py $(ARGS)

bench-export: $(READY) ## Print how much faster our exported graphs run than a plain export
	@$(VENV)/bin/python bench/export.py $(ARGS)

bench-parc: $(READY) ## Print how much faster ParC's lowerings run than its spatial form: ARGS='isolated --runtime openvino'
	@$(VENV)/bin/python bench/parc.py $(ARGS)

bench-tried: $(READY) ## Print what forms of ParC that latbench does not write would gain
	@$(VENV)/bin/python bench/tried.py $(ARGS)

bench-involution: $(READY) ## Print how much faster RedNet's exports run than a plain export of the unfold form
	@$(VENV)/bin/python bench/involution.py $(ARGS)

bench-rerun: $(READY) ## Measure everything twice and print what agrees: ARGS='take DIR', later ARGS='show DIR DIR'
	@$(VENV)/bin/python bench/rerun.py $(ARGS)

bench-regimes: $(READY) ## Print what goes with this machine's levels: speed of the CPUs, waiting, pauses, halt polling
	@$(VENV)/bin/python bench/regimes.py --csv results/regimes.csv $(ARGS)

bench-evidence: $(READY) ## Print how often intervals, verdicts and flags are right where the truth is known
	@$(VENV)/bin/python bench/evidence.py --csv results/evidence.csv $(ARGS)

bench-aa: $(READY) ## Compare one model with itself 30 times and print how often the verdict is false (an hour)
	@$(VENV)/bin/python bench/aa.py --csv results/aa.csv $(ARGS)

bench-gpu: $(READY) ## Run the tests, tables and crossovers that need a GPU, 500 s a call, until all is done
	@$(VENV)/bin/python bench/gpu.py $(ARGS)

wheel: $(READY) ## Build the wheel into dist/
	@rm -rf build
	@$(RUN) pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist . && ls dist/*.whl

clean: ## Remove .venv and all that was built or cached; never results
	@rm -rf $(VENV) build dist *.egg-info .coverage* .hypothesis .mypy_cache .pytest_cache .ruff_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamp is written last and `unfinished` stands while packages are installed, so a set-up that was cut
# short is begun again from nothing (pip's cache keeps the downloads).
$(READY): pyproject.toml
	@$(PYTHON) -c $(CHECK) 2>/dev/null || { \
		echo "latbench needs Python 3.11 or newer, but $(PYTHON) is" \
			"$$($(PYTHON) --version 2>/dev/null || echo missing). Name another: make PYTHON=python3.12 ..." >&2; \
		exit 2; }
	@echo "Setting up $(VENV) (a few minutes the first time)"
	@if [ -e $(UNFINISHED) ] || ! $(VENV)/bin/python -c $(CHECK)'; import pip' 2>/dev/null; then \
		echo "  1/4 environment"; $(PYTHON) -m venv --clear $(VENV); fi
	@touch $(UNFINISHED)
	@echo "  2/4 PyTorch ($(TORCH))"
	@$(RUN) pip install -qq --disable-pip-version-check $(TORCH)
	@echo "  3/4 latbench, runtimes and tools"
	@$(RUN) pip install -qq --disable-pip-version-check --editable '.[dev]'
	@echo "  4/4 signatures of TensorRT, for tests"
	@for version in $(TENSORRT); do folder=$(VENV)/contracts/tensorrt-$${version%%.*}; \
		[ -d $$folder/tensorrt_cu13_bindings-$$version.dist-info ] || { rm -rf $$folder; \
			$(RUN) pip install -qq --disable-pip-version-check --no-deps --only-binary :all: --target $$folder \
				tensorrt-cu13-bindings==$$version 2>/dev/null; } || \
			echo "      no wheel of TensorRT $$version for this machine: tests of its signatures are skipped"; done
	@rm -f $(UNFINISHED)
	@touch $@
