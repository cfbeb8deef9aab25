# Every target sets up what it needs: a .venv with the versions of constraints.txt.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: demo test check lab bench soak pins wheel clean

demo: $(VENV)/.demo
	$(BIN)/evkit demo

test: $(VENV)/.dev
	$(BIN)/python -m pytest -n 2

check: $(VENV)/.dev
	$(BIN)/ruff format --check evkit tests scripts
	$(BIN)/ruff check evkit tests scripts
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n 2 -m "not slow"

lab: $(VENV)/.demo
	$(BIN)/jupyter lab --ServerApp.root_dir=notebooks --ip=127.0.0.1

bench: $(VENV)/.dev
	$(BIN)/python -m tests.benchmarks

soak: $(VENV)/.dev
	EVKIT_SOAK=1 $(BIN)/python -m pytest -n 2 $(PART)

pins: $(VENV)/.dev
	$(BIN)/python scripts/pins.py

wheel: $(VENV)/.dev
	$(BIN)/python -m build --wheel --outdir dist .

clean:
	rm -rf build dist $(VENV)

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) install --quiet -c constraints.txt -e '.[lab,report,collect]'
	touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) install --quiet -c constraints.txt -e '.[dev]'
	touch $@
