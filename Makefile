# `make demo` and `make test` do all the set-up. PYTHON chooses the interpreter, VENV the folder
# of the virtual environment, EXTRAS what is installed beside the test dependencies, FAULTS what is
# asked of the fault campaign, WORKERS how many tests run at once, ARM64 which Debian releases
# `test-arm64` runs the agent on.
VENV ?= .venv
PYTHON ?= $(shell command -v $(VENV)/bin/python || for v in 3.11 3.12 3.13 3.10; do \
	command -v python$$v && break; done || command -v python3)
EXTRAS ?= test
PYTEST_ARGS ?=
# One more than there are cores: many tests wait for other processes.
WORKERS ?= $(shell $(PYTHON) -c 'import os; print(min(4, os.cpu_count() + 1))')
ARM64 ?= bookworm trixie
FAULTS ?= --seed 1 --faults 210
FUZZ_ARGS ?=
SOAK_ARGS ?=

py := $(VENV)/bin/python
comma := ,
version := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
stamp := $(VENV)/.installed-$(version)-$(subst $(comma),-,$(EXTRAS))

.PHONY: demo test test-arm64 faults soak fuzz check format clean install

demo: install ## The whole thing on one machine: about a minute after the install
	$(VENV)/bin/fieldproof demo

test: install ## All tests
	$(py) -m pytest -n $(WORKERS) --dist worksteal $(PYTEST_ARGS)

test-arm64: install ## The agent on Debian's arm64 Python under qemu: 2 to 5 minutes a release
	$(py) -m tests.arm64.userland $(ARM64)
	ARM64="$(ARM64)" $(py) -m pytest tests/arm64 $(PYTEST_ARGS)

faults: install ## The long fault campaign of telemetry: about 15 minutes, a table at the end
	$(py) -m tests.faults $(FAULTS)

soak: install ## An hour of two agents on live cameras while the broker restarts
	$(py) -m tests.soak $(SOAK_ARGS)

fuzz: ## Hostile bytes for every parser, guided by coverage: 1.5 million inputs, ten to twenty minutes
	$(MAKE) install EXTRAS=test,fuzz
	$(py) tests/fuzz/fuzz.py $(FUZZ_ARGS)

check: install ## ruff and mypy --strict
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

format: install ## Mend what ruff can mend by itself
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

install: $(stamp)

$(stamp): pyproject.toml tools/deploy/install
	tools/deploy/install "$(PYTHON)" "$(VENV)" "$(EXTRAS)"
	touch "$@"

clean: ## Remove what the other targets made
	rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis fieldproof-out
