# make demo and make test need nothing but Python 3.11 with venv; both make .venv when it is missing or out of date.
PYTHON ?= python3.11
VENV   ?= .venv
BIN    := $(VENV)/bin
OUT    ?= out/demo
STAMP  := $(VENV)/.installed

.PHONY: help demo test lint bench map map-run clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

$(STAMP): pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "make: $(PYTHON) not found; install it (apt-get install python3.11 python3.11-venv) or name yours with PYTHON=..."; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "make: python3.11-venv is missing: apt-get install python3.11-venv"; exit 2; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check torch==2.13.0
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

demo: $(STAMP) ## a digital patient's study, analysed: what it wrote is listed at the end
	$(BIN)/perf-app demo $(OUT)

# Two workers that take all threads each would wait for one another.
test: $(STAMP) ## the whole test suite
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadgroup

lint: $(STAMP) ## style, types, import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(STAMP) ## accuracy and time of the chain, its steps and the network, beside other programs; an hour or so
	$(BIN)/python -m benchmarks.chain
	$(BIN)/python -m benchmarks.motion
	$(BIN)/python -m benchmarks.flow
	$(BIN)/python -m benchmarks.models
	$(BIN)/python -m benchmarks.segmentation

map: ## the application's container image, with docker, podman or buildah
	bash deploy/build_map.sh

map-run: ## run the image: make map-run IN=... OUT=...
	@test -n "$(IN)" || { echo "make: name the study: make map-run IN=folder OUT=folder"; exit 2; }
	bash deploy/run_map.sh "$(IN)" "$(OUT)"

clean: ## remove everything the targets made
	rm -rf $(VENV) out build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
