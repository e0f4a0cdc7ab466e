# Two commands do everything on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# One more than there are processors: some tests wait for a process or a browser, the others never do.
WORKERS ?= $(shell expr $$(nproc 2> /dev/null || echo 2) + 1)
PYTEST := $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: demo test test-all rest bench soak property mutants lint types floors clean help
.DEFAULT_GOAL := help

help:  ## show the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

$(VENV)/.run: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP_INSTALL) -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.run
	$(PIP_INSTALL) -e '.[dev]'
	$(PIP_INSTALL) --no-deps axe-playwright-python  # wanted for the axe.min.js in it; Playwright is not
	@touch $@

demo: $(VENV)/.run  ## install, then run the whole job on the embedded tenant (ends with 3: NO-GO with named people)
	@$(BIN)/reseat demo --directory demo-run; code=$$?; \
	if [ $$code -eq 3 ]; then echo "make demo: reseat ended with 3 (NO-GO, as the sample tenant deserves)"; \
	else echo "make demo: expected exit code 3, got $$code"; exit 1; fi

lint: $(VENV)/.dev  ## ruff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev  ## mypy, strict
	$(BIN)/mypy

floors: $(VENV)/.dev  ## who may import whom
	$(BIN)/lint-imports

test rest: export PYTHONDONTWRITEBYTECODE :=
test: lint types floors  ## lint, types, import floors, and the quick set of tests: every room, in minutes
	$(PYTEST)

test-all: test rest  ## everything

rest: $(VENV)/.dev  ## what test leaves to test-all: 2,000 worlds, whole tables, image, office programs, mutants
	$(PYTEST) --rest
	PYTHONPATH=tests $(BIN)/python -m simulation.mutants

property: $(VENV)/.dev  ## nothing is refused in 200 undisturbed tenants
	PYTHONPATH=tests $(BIN)/python -m property.every_tenant

mutants: $(VENV)/.dev  ## the check of the check: every deliberate bug is caught by the simulation
	PYTHONPATH=tests $(BIN)/python -m simulation.mutants

soak: $(VENV)/.dev  ## ten minutes of apply against a real socket with every fault at once, killed twenty times
	PYTHONPATH=tests $(BIN)/python -m soak.soak

SECTIONS = $(filter plan command apply quota groups memory verify,$(MAKECMDGOALS))
bench: $(VENV)/.dev  ## speed, as ratios against a raw loop in the same run; one part of it: make bench quota
	PYTHONPATH=tests $(BIN)/python -m bench.bench $(SECTIONS)

ifneq (,$(SECTIONS))
.PHONY: $(SECTIONS)
$(SECTIONS): bench ; @:
endif

.PHONY: messages
messages: $(VENV)/.dev  ## bring the catalogs of every language up to what the code says
	PYTHONPATH=tests $(BIN)/python -m report.messages

.PHONY: docs
docs: $(VENV)/.run  ## the tables of docs/ that are made from the code
	$(BIN)/python docs/make/reference.py

.PHONY: catalog
catalog: $(VENV)/.run  ## bring names and service plans up to Microsoft's list: make catalog FILE=list.csv [EDITION="August 2026"]
	$(BIN)/python docs/make/catalog.py "$(FILE)" $(EDITION)

clean:  ## remove what make made
	rm -rf $(VENV) demo-run build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
