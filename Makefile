# make demo   installs the light core into .venv, builds the sample documents, asks, shows answers
# make test   installs what the tests need into .venv, runs lint, types and every test
VENV ?= .venv
BIN := $(VENV)/bin
PIP_FLAGS ?= --quiet --disable-pip-version-check

.PHONY: demo test lint types check examples clean

demo: $(VENV)/core.stamp
	$(BIN)/python examples/make_examples.py examples/build
	$(BIN)/python examples/demo.py

test: $(VENV)/dev.stamp lint types check

lint: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/dev.stamp
	$(BIN)/mypy

check: $(VENV)/dev.stamp
	$(BIN)/python -m pytest

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

clean:
	rm -rf $(VENV) demo examples/build .mypy_cache .ruff_cache .pytest_cache .hypothesis
