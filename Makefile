# make demo and make test need nothing but Python 3.11 with venv; both make .venv when it is missing or out of date.
PYTHON ?= python3.11
VENV   ?= .venv
BIN    := $(VENV)/bin
OUT    ?= out/demo
MONAILABEL ?= .venv-monailabel
STAMP  := $(VENV)/.installed
# The viewer that the tests show results in; 48 MB, kept in build/.
OHIF_VERSION := 3.12.10
OHIF := build/ohif/$(OHIF_VERSION)/index.html
# In a folder of its own: MONAI imports MLflow where there is one, which costs every run of the application a second.
MLFLOW := build/mlflow
# The archive, validators and browser that the tests use: command:Debian package.
TOOLS := dsrdump:dcmtk dcmsend:dcmtk Orthanc:orthanc chromium:chromium npm:npm ip:iproute2 nsenter:util-linux

.PHONY: help demo pictures test tools lint bench monailabel-test map map-run clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

$(STAMP): pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "make: $(PYTHON) not found; install it (apt-get install python3.11 python3.11-venv) or name yours with PYTHON=..."; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "make: python3.11-venv is missing: apt-get install python3.11-venv"; exit 2; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check torch==2.13.0
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

demo: $(STAMP) ## a digital patient's study, analysed: what it wrote is listed at the end
	$(BIN)/perf-app demo $(OUT)

pictures: demo tools ## the pictures in the documentation, of the demo's digital patient
	$(BIN)/python -m benchmarks.pictures $(OUT)
	$(BIN)/python -m benchmarks.viewer_picture $(OUT)

# Two workers that take all threads each would wait for one another.
test: $(STAMP) tools ## the whole test suite
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadgroup

# Tests that need one of these skip, and say so, where it can't be installed.
tools: ## install what some tests need beside Python packages: dcmtk, Orthanc, Chromium, the OHIF viewer, MLflow
	@missing=; for tool in $(TOOLS); do command -v $${tool%%:*} >/dev/null || missing="$$missing $${tool##*:}"; done; \
	ls /usr/share/orthanc/plugins/libOrthancDicomWeb.so >/dev/null 2>&1 || missing="$$missing orthanc-dicomweb"; \
	if [ -z "$$missing" ]; then :; \
	elif command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then apt-get update -qq && \
	    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	else echo "make: not installed, and only root can with apt-get:$$missing; the tests that need them are skipped"; fi
	@$(MAKE) --no-print-directory $(MLFLOW)/.installed || echo "make: MLflow couldn't be fetched; its tests are skipped"
	@$(MAKE) --no-print-directory $(OHIF) || echo "make: the OHIF viewer couldn't be fetched; its test is skipped"

$(MLFLOW)/.installed: $(STAMP)
	rm -rf $(MLFLOW)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --target $(MLFLOW) 'mlflow-skinny>=3.17,<4' 'packaging<26'
	@touch $@

$(OHIF):
	@mkdir -p $(@D)
	npm pack --silent --pack-destination $(@D) @ohif/app@$(OHIF_VERSION) >/dev/null
	tar -xzf $(@D)/ohif-app-$(OHIF_VERSION).tgz -C $(@D) --strip-components=2 --exclude='*.map' package/dist
	@rm $(@D)/ohif-app-$(OHIF_VERSION).tgz && touch $@

lint: $(STAMP) ## style, types, import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(STAMP) ## accuracy and time of the chain, its steps and the network, beside other programs; two hours or so
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[bench]'
	@# Its own requirements, a viewer and a GPU's run time, aren't needed for its network.
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps myopari==0.1.6
	@command -v mia-2dmyoica-nonrigid >/dev/null || echo "make: mia-tools isn't installed (apt-get install mia-tools): that program is left out"
	for one in speed chain late_territory coverage error_budget motion flow models gadolinium arterial_input sectors \
	    segmentation paper_protocol confidence inference_speed test_time ablation; do \
	    $(BIN)/python -m benchmarks.$$one || exit 1; done

$(MONAILABEL)/.installed: tests/monailabel/environment.sh tests/monailabel/constraints.txt
	PYTHON=$(PYTHON) bash tests/monailabel/environment.sh $(MONAILABEL)
	@touch $@

monailabel-test: $(STAMP) $(MONAILABEL)/.installed ## the bundle in a MONAI Label server, in an environment of its own
	rm -rf out/monailabel
	$(BIN)/python tests/monailabel/make_cases.py out/monailabel
	$(MONAILABEL)/bin/python tests/monailabel/check_server.py bundle out/monailabel

map: ## the application's container image, with docker, podman or buildah
	bash deploy/build_map.sh

map-run: ## run the image: make map-run IN=... OUT=...
	@test -n "$(IN)" || { echo "make: name the study: make map-run IN=folder OUT=folder"; exit 2; }
	bash deploy/run_map.sh "$(IN)" "$(OUT)"

clean: ## remove everything the targets made
	rm -rf $(VENV) $(MONAILABEL) out build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
