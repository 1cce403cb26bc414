# Everything starts here: `make demo` and `make test` need only git, make and Python 3.11 or newer.
.DEFAULT_GOAL := help
.PHONY: help setup doctor demo test unit drills proof matrix lint format pages lock clean
MAKEFLAGS += --no-print-directory

RUNTIME ?= auto
ON := $(if $(filter-out auto,$(RUNTIME)),--runtime $(RUNTIME))
JOBS ?= logical
PYTEST := .venv/bin/python -m pytest
UNIT := -m "not integration and not e2e"
PARTS := -m "integration and not e2e and not long"
# Where whole labs are: to collect all other tests, too, takes each worker a quarter of a minute.
LABS := tests/e2e tests/runtimes
DRILLS := $(LABS) -m "e2e and not long and not alone"
PROOFS := $(LABS) -m "e2e and not long and alone"
# A file's tests stay in one process: they may share a stack.
PARALLEL := -n $(JOBS) --maxprocesses 4 --dist loadfile
# Real parts are waited for most of the time, so that there may be more of them than cores. tests/conftest.py
# puts their files in order.
WAITING := -n 4 --dist loadfile --no-loadscope-reorder

help:
	@echo "make demo    set everything up and play one incident, narrated (RUNTIME=auto|local|docker)"
	@echo "make test    set everything up, lint, and run the tests"
	@echo "make unit    the tests that need no real parts: seconds"
	@echo "make drills  every drill and proof on a real stack, the long ones too"
	@echo "make proof   prove the whole library, with certificates (OUT=build/proof SHARD=1/2): the nightly job"
	@echo "make proof TIMES=3   prove what docs/proven.json lacks of three proofs each, as far as it gets"
	@echo "make matrix  try each fix in its siblings, as far as docs/fixes.json has no verdict yet"
	@echo "make lint    ruff (rules and format) and mypy"
	@echo "make format  let ruff change what it can"
	@echo "make pages   write what is made from other files: schemas/, docs/scenarios.md …"
	@echo "make setup   only the Python environment, .venv"
	@echo "make lock    renew requirements/*.txt from pyproject.toml (needs uv)"
	@echo "make clean   remove what make made here"

setup:
	@requirements/bootstrap.sh

doctor: setup
	@.venv/bin/labctl doctor --fix --runtime local

demo: setup
	@.venv/bin/labctl doctor --fix $(ON)
	@.venv/bin/labctl demo $(ON)

test: doctor lint
	@$(PYTEST) $(UNIT) $(PARALLEL) -q
	@$(PYTEST) $(PARTS) $(WAITING) -q
	@$(PYTEST) $(DRILLS) $(PARALLEL) -q --durations=10
	@$(PYTEST) $(PROOFS)

unit: setup
	@$(PYTEST) $(UNIT) $(PARALLEL) -q

lint: setup
	@.venv/bin/ruff check --quiet
	@.venv/bin/ruff format --check --quiet || { echo "next:  make format"; exit 1; }
	@.venv/bin/mypy --no-error-summary
	@echo "lint: fine" >&2

drills: doctor
	@$(PYTEST) -m "(e2e or long) and not alone" $(PARALLEL) -q
	@$(PYTEST) $(LABS) -m "e2e and alone"

OUT ?= build/proof
proof: doctor
	@.venv/bin/labctl verify --all --thorough --out $(OUT) $(if $(SHARD),--shard $(SHARD)) \
		$(if $(TIMES),--record docs/proven.json --until $(TIMES)) $(ON); code=$$?; \
		.venv/bin/python -m labctl.proving.proven && exit $$code

matrix: doctor
	@.venv/bin/labctl matrix --out docs/fixes.json $(ON); code=$$?; \
		.venv/bin/python -m labctl.proving.fixes && exit $$code

format: setup
	@.venv/bin/ruff check --fix --quiet
	@.venv/bin/ruff format --quiet

pages: setup
	@.venv/bin/python -m labctl.scenario.schema
	@.venv/bin/python -m labctl.scenario.library
	@.venv/bin/python -m labctl.proving.fixes
	@.venv/bin/python -m labctl.proving.proven

# Hashed, for every platform, and without the name of any index.
LOCK := uv pip compile pyproject.toml --universal --generate-hashes --python-version 3.11 \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" --quiet

lock:
	@uv --version >/dev/null || { echo "next:  install uv, then make lock" >&2; exit 3; }
	@$(LOCK) $(UPGRADE) -o requirements/lab.txt
	@$(LOCK) $(UPGRADE) --group dev -c requirements/lab.txt --allow-unsafe -o requirements/dev.txt

clean:
	@rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis dist build
	@find src services tests -name __pycache__ -type d -prune -exec rm -rf {} +
