# `make` alone explains itself. PYTHON=… chooses the Python that .venv is made with.
PYTHON ?=
URL ?= ws://127.0.0.1:$(or $(YELLOWCART_PORT),8080)/live
VIEWERS ?= 1000
BUYERS ?= 100
SECONDS ?= 20
MORE ?=
SEEDS ?= 20000
RUNS ?= 200

python = .venv/bin/python
# One worker more than there are cores: many tests wait for a clock.
pytest = $(python) -m pytest -q --dist worksteal -n "$$(expr $$(getconf _NPROCESSORS_ONLN) + 1)"
modules = server.py affiliate base bots cart checkout live sandbox shop store web
tests = $(wildcard tests/unit tests/contract tests/integration tests/end_to_end) \
	tests/simulation/test_purchase.py

.DEFAULT_GOAL := help
.PHONY: help install run test test-postgres simulate mutants faults fuzz conformance check imports format \
	bench bench-checkout bench-hub bench-pages load lock clean

help:  ## What can be done here
	@echo "Yellowcart: pin a product, and everybody who watches can buy it."
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-18s %s\n", $$1, $$2 }'

install: .venv/.installed  ## The environment in .venv, what pages take from npm, and Redis
	@scripts/install.sh redis
	@scripts/install.sh browser-packages
	@$(python) -m compileall -q $(modules)

.venv/.installed: requirements-dev.txt
	@scripts/install.sh environment "$(PYTHON)"
	@touch $@

run: install  ## A demo LIVE on http://127.0.0.1:8080
	@exec $(python) server.py serve --demo

test: install  ## All tests, with 500 seeds of the simulation
	@scripts/install.sh services
	@scripts/install.sh chromium
	@$(pytest) $(tests)

test-postgres: install  ## The book and the stories of it on a PostgreSQL that lives as long as they run
	@scripts/install.sh postgres
	@$(pytest) -p scripts.must_run -m postgres tests/contract tests/integration

simulate: install  ## Stock against a model, then purchases under every fault, SEEDS of them
	@$(pytest) tests/simulation/test_gate.py
	@$(python) -m tests.simulation --seeds $(SEEDS)

mutants: install  ## Take each guard of the purchase away, and see who notices
	@$(python) -m tests.mutation

faults: install  ## Kill server, Redis and provider while people buy (RUNS, 45 minutes at most): nothing lost, nothing twice
	@$(python) -m tests.faults --runs $(RUNS)

fuzz: install  ## A million inputs that nobody would send, instead of the 20,000 of the tests
	@FUZZ_INPUTS=1000000 $(pytest) -n 0 --timeout 3600 tests/integration/live/test_fuzz.py

conformance: install  ## RFC 6455 by the Autobahn testsuite, where there is a Python 2.7 or PyPy 2.7
	@$(python) -m tests.conformance

check: install  ## Format, lint, types and the direction of imports
	@$(python) -m ruff format --quiet --check .
	@$(python) -m ruff check --quiet .
	@$(python) -m mypy --no-error-summary
	@$(python) -m scripts.check_browser
	@$(MAKE) --silent imports

imports:
	@report=$$($(python) -c 'from importlinter.cli import lint_imports_command as lint; lint()') \
		|| { echo "$$report"; exit 1; }

format: install  ## Format, and mend what can be mended
	@$(python) -m ruff format --quiet .
	@$(python) -m ruff check --quiet --fix .

bench: install  ## How long from start to ready
	@$(python) bench/ready.py

bench-hub: install  ## How fast the hub tells a crowd, beside a C loop of send() and other servers
	@$(python) -m bench.hub

bench-pages: install  ## What pages weigh and how quick they are, beside their budgets
	@scripts/install.sh chromium
	@$(python) -m bench.pages

bench-checkout: install  ## How many can buy a second, beside the bare script and the bare commit
	@$(python) -m bench.checkout

load: install  ## Bots against a running server (URL, VIEWERS, BUYERS, SECONDS, MORE="--processes 4 …")
	@$(python) -m bots --url "$(URL)" --show demo --viewers $(VIEWERS) --buyers $(BUYERS) --seconds $(SECONDS) $(MORE)

lock:  ## Write the locked requirements anew (needs uv)
	@scripts/lock.sh

clean:  ## Everything that was made here, but for the server's data
	@rm -rf .venv web/node_modules build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
