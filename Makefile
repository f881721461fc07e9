# make demo   everything once, on generated pictures          make test   the whole test suite
# make check  format, lint, types, floors, tests              make bench  the benchmarks
# Each target does its own set-up in .venv. PYTHON names the interpreter to make it with.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LIGHT := .venv-light
PIP := install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo test test-light check format bench clean

demo: $(VENV)/.installed
	$(BIN)/sightline demo

test: $(VENV)/.installed test-light
	$(BIN)/pytest

# The same tests where torch is not installed: those of training are left out, the rest must pass.
test-light: $(LIGHT)/.installed
	$(LIGHT)/bin/pytest

check: $(VENV)/.installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest

format: $(VENV)/.installed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.installed
	$(BIN)/python -m benchmarks

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV): PyTorch is large, this takes a minute or two."
	$(BIN)/pip $(PIP) --editable '.[serve,data,optimize,dev]'
	touch $@

$(LIGHT)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(LIGHT)
	$(LIGHT)/bin/pip $(PIP) --editable '.[serve,data,openvino]' httpx hypothesis onnx pytest scikit-learn
	touch $@

clean:
	rm -rf $(VENV) $(LIGHT) build dist demo-output
