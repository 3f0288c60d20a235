# Every target works as the first command on a machine with Python 3.11+ and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PEERS := .venv-peers
TASK ?= classification
PYTEST := $(BIN)/pytest --numprocesses 2 --dist loadfile --durations 20

.PHONY: help demo test test-slow check lint bench golden clean

help:  ## Say what the targets do
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.demo  ## Train, judge, refuse and promote models (5 to 8 minutes); TASK=detection, TASK=segmentation
	$(BIN)/seatrial demo --task $(TASK)

test: $(VENV)/.dev  ## Run the tests, but the slow ones (about 10 minutes on two cores)
	$(PYTEST) -m "not slow"

test-slow: $(VENV)/.dev  ## Run the slow tests: the demos, real data, programs that are killed (about 25 minutes on two cores)
	$(PYTEST) -m slow

test-images: $(VENV)/.dev  ## Build the images and run every component in them (about 30 minutes; needs podman, buildah, runc, debootstrap, kubectl; as root)
	SEATRIAL_TEST_IMAGES=1 $(BIN)/pytest -m images tests/images

check: lint test  ## Lint, types, import contracts, tests: what CI runs

lint: $(VENV)/.dev  ## Lint, types and import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.bench $(PEERS)/.done  ## Run the benchmarks and write benchmarks/RESULTS.md (about an hour on two idle cores; it says what each took)
	$(BIN)/python -m benchmarks

golden: $(VENV)/.dev  ## Write pipelines/compiled, which is published and which tests compare with
	env -u SEATRIAL_IMAGE -u SEATRIAL_EVALUATION_IMAGE $(BIN)/seatrial compile --out pipelines/compiled

images:  ## Build the container images; BASE=, TAG=, PREFIX=, PIP_CONF=: see components/images.sh
	@BASE="$(BASE)" TAG="$(TAG)" PREFIX="$(PREFIX)" PIP_CONF="$(PIP_CONF)" CA_BUNDLE="$(CA_BUNDLE)" ONLY="$(ONLY)" components/images.sh

clean:  ## Remove the virtual environment and what the demo left
	rm -rf $(VENV) $(PEERS) seatrial-demo seatrial-demo-* seatrial-out

$(VENV)/.dev: extra = dev
$(VENV)/.demo: extra = demo
$(VENV)/.bench: extra = bench
$(VENV)/.dev $(VENV)/.demo $(VENV)/.bench: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Seatrial needs Python 3.11 or newer: make PYTHON=python3.11 …")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing seatrial[$(extra)] into $(VENV) (PyTorch included: some 6 GB, a few minutes)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[$(extra)]'
	@touch $@

$(PEERS)/.done: benchmarks/peers/requirements.txt
	@test -x $(PEERS)/bin/python || $(PYTHON) -m venv $(PEERS)
	@echo "installing the benchmarks' peers into $(PEERS)"
	@$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@
