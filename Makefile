# make up      start everything in the foreground (Ctrl-C or `make down` stops it)
# make test    run the tests
# make check   everything a change must pass
# make bench   measure, print a table, write bench/results.json
# make faults  play every exchange fault against the real programs, write proof/faults.json
# make crash   kill the trader N=200 times and compare, write proof/crash.json
# make replay-proof  run a session of N=2000 cycles with faults and kills, decide it again, write proof/replay.json
# make check-mcp  try the MCP server with the Inspector, the conformance suite and fastmcp
# make check-axe  look for accessibility faults on every page of the dashboard with axe
# make screenshots  take pictures of every page of a running demo, for docs/images
# make freqtrade  let freqtrade, in an environment of its own, trade on the simulator
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/bash

# The first of these that is a supported Python; set PYTHON to choose another.
SUPPORTED := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do $$p -c '$(SUPPORTED)' 2>/dev/null && { echo $$p; break; }; done)
UV ?= uv
BIN := .venv/bin
READY := .venv/ready
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: help up down test check bench faults crash replay-proof check-mcp axe check-axe screenshots freqtrade format docs lock clean

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

# Rebuilt when the lock or the project's metadata changes. The project itself is installed from
# this folder with the locked setuptools, so that nothing unpinned is ever downloaded.
$(READY): requirements-dev.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed; set PYTHON to one"; exit 1; }
	@echo "1 of 3: making .venv with $(PYTHON) (all of it once, some minutes)"
	@$(PYTHON) -m venv .venv
	@echo "2 of 3: downloading and installing what requirements-dev.lock names (the longest step, without a word meanwhile)"
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@echo "3 of 3: installing this project"
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $(READY)
	@echo "done: \`source .venv/bin/activate\` puts binance-trade-agent on the PATH of a shell"

up: $(READY)
	@exec $(BIN)/binance-trade-agent supervise

down: $(READY)
	@exec $(BIN)/binance-trade-agent supervise --stop

# A file's tests stay together and in their order. They wait more than they work: so one worker more than two cores have.
PYTEST := $(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

test: $(READY)
	$(PYTEST)

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(PYTEST)

bench: $(READY)
	$(BIN)/python -m bench

faults: $(READY)
	$(BIN)/python -m proof faults

N ?= 200
SEED ?=
crash: $(READY)
	$(BIN)/python -m proof crash --kills $(N) $(if $(SEED),--seed $(SEED))

replay-proof: $(READY)
	$(BIN)/python -m proof replay $(if $(filter command line,$(origin N)),--cycles $(N))

# Downloaded only here, and kept apart from the locked packages of .venv.
FREQTRADE_READY := .freqtrade-venv/ready-2026.9
$(FREQTRADE_READY):
	$(PYTHON) -m venv .freqtrade-venv
	.freqtrade-venv/bin/python -m pip --disable-pip-version-check --quiet install freqtrade==2026.9 ccxt==4.5.90
	@touch $@

freqtrade: $(READY) $(FREQTRADE_READY)
	FREQTRADE=$(CURDIR)/.freqtrade-venv/bin/freqtrade $(BIN)/python -m pytest tests/scenario/test_freqtrade.py

# Downloaded only here, as for freqtrade; `node` comes with them, since the Inspector needs 22.19 or newer.
MCP_READY := .mcp-check/ready-2.12.0
$(MCP_READY):
	@command -v npm > /dev/null || { echo "npm is needed: it comes with Node.js"; exit 1; }
	$(PYTHON) -m venv .mcp-check/fastmcp
	.mcp-check/fastmcp/bin/python -m pip --disable-pip-version-check --quiet install fastmcp==4.1.2
	npm install --no-fund --no-audit --no-save --loglevel=error --prefix .mcp-check node@22.23.3 \
	  @modelcontextprotocol/inspector@2.12.0 @modelcontextprotocol/conformance@0.2.0-alpha.12
	@touch $@

check-mcp: $(READY) $(MCP_READY)
	MCP_CLIENTS=$(CURDIR)/.mcp-check $(BIN)/python -m pytest tests/scenario/test_mcp_clients.py

# Downloaded only here, as for freqtrade.
AXE_READY := .axe-check/ready-4.10.3
$(AXE_READY):
	@command -v npm > /dev/null || { echo "npm is needed: it comes with Node.js"; exit 1; }
	npm install --no-fund --no-audit --no-save --loglevel=error --prefix .axe-check axe-core@4.10.3
	@touch $@

axe: $(AXE_READY)

check-axe: $(READY) $(AXE_READY)
	$(BIN)/python -m pytest tests/browser/test_dashboard_pages.py tests/browser/test_dashboard_access.py -k 'axe or right_in_every_state or login'

screenshots: $(READY)
	$(BIN)/python -m tests.browser.screenshots docs/images

format: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# The settings tables of README.md.
docs: $(READY)
	$(BIN)/python -m binance_trade_agent.interfaces.cli.settings_tables

lock:
	$(UV) pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url \
	  --no-emit-find-links --extra dev pyproject.toml -o requirements-dev.lock
	$(UV) pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url \
	  --no-emit-find-links pyproject.toml -c requirements-dev.lock -o requirements.lock

clean:
	rm -rf .venv .freqtrade-venv .mcp-check .axe-check build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
