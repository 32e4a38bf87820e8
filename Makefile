# Vedette: everything a person needs to run, test and check the project.
# Each target sets up what it needs; nothing is installed outside this folder.

PYTHON ?= python3
RUN := .venv/bin/python
# Three workers at least, as tests wait more than they compute; four at most, as each starts servers.
JOBS ?= $(shell n=$$(nproc 2>/dev/null || echo 2); echo $$((n < 3 ? 3 : n > 4 ? 4 : n)))
ARGS ?=
# Which benchmarks to run, and how long to fuzz each parser, in seconds.
BENCH ?=
FUZZ := $(patsubst tests/fuzz/%.py,%,$(wildcard tests/fuzz/fuzz_*.py))
FOR ?= 60
# How many histories to simulate, and the seed of the first.
SEEDS ?= 500
FIRST ?= 1
# How often to kill the service, by which plan, and where its state is; an empty seed draws one.
KILLS ?= 10000
SEED ?=
STORE ?= sqlite

# Sets iterate in an order of each run's own, but the same one in all workers, as some tests are
# named after a set. To repeat a run: make test PYTHONHASHSEED=1234
ifndef PYTHONHASHSEED
PYTHONHASHSEED := $(shell shuf -i 0-4294967295 -n 1)
endif

# The tests start the service hundreds of times: what is compiled is kept, wherever this is set.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup demo test check sim bench fuzz chaos clean

help: ## Show this list
	@sed -n 's/^\([a-z]*\): .*## \(.*\)/  make \1	\2/p' Makefile | expand -t 16

setup: ## Make .venv from uv.lock, with uv fetched if there is none
	@$(PYTHON) scripts/bootstrap.py

demo: setup ## Run the main job against a small IMAP server of its own, about 25 seconds
	@$(RUN) -m vedette demo $(ARGS)

test: setup ## Run all tests; ARGS="-k name" chooses
	@echo "PYTHONHASHSEED=$(PYTHONHASHSEED)"
	@PYTHONHASHSEED=$(PYTHONHASHSEED) $(RUN) -m pytest --numprocesses $(JOBS) --dist worksteal $(ARGS)

check: setup ## Format, lint, types, import contracts, spelling, lock file
	@$(RUN) -m ruff format --check .
	@$(RUN) -m ruff check .
	@$(RUN) -m mypy
	@.venv/bin/lint-imports
	@.venv/bin/typos
	@$(PYTHON) scripts/bootstrap.py uv lock --check --quiet

sim: setup ## Simulate 500 histories and every planted defect; SEEDS=100000 FIRST=1 for a night
	@$(RUN) -m tests.sim --seeds $(SEEDS) --first $(FIRST) $(ARGS)

bench: setup ## Run all benchmarks beside their peers, 45 minutes; BENCH=mime chooses one, ARGS=--quick
	@$(RUN) -m bench $(ARGS) $(BENCH)

fuzz: setup ## Throw hostile input at each parser for a minute; FOR=600 for ten
	@$(PYTHON) scripts/bootstrap.py uv sync --locked --inexact --group fuzz --quiet
	@for name in $(FUZZ); do echo "== $$name"; \
	  $(RUN) -m tests.fuzz.$$name --seconds $(FOR) $(ARGS) || exit 1; done

chaos: setup ## Kill the service 10,000 times on real servers; KILLS=500 SEED=7 STORE=postgres chooses
	@$(RUN) -m tests.chaos run --kills $(KILLS) --store $(STORE) $(if $(SEED),--seed $(SEED))

clean: ## Remove the environment, the unpacked servers and every cache
	@find /tmp -maxdepth 1 -type l -name 'vd-*' -lname "$(CURDIR)/*" -delete
	@rm -rf .venv .cache .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	@find . -name .git -prune -o -name __pycache__ -prune -exec rm -rf {} +
