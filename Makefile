# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Any Python from 3.11 on makes the development environment: make PYTHON=python3.12 test
PYTHON ?= python3
VENV := .venv
STAMP := $(VENV)/.stamp
BIN := $(VENV)/bin
# As many as CI has cores: a third one only takes time from the fleet, which runs beside them.
WORKERS ?= 2
TREE := .build/ansible_collections/vya/backupdb

# The tests import the collection by its full name, and the modules they run find it the same way.
export PYTHONPATH := $(CURDIR)/.build
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/.build

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help venv deps vectors lint format sanity unit unit-pythons integration fleet test test-quick bench bench-fleet demo build clean

help:  ## show what can be made
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

venv: $(STAMP) $(TREE)  ## the development environment in .venv

$(STAMP): tests/requirements.txt tests/requirements-lint.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -r tests/requirements.txt -r tests/requirements-lint.txt
	@touch $@

$(TREE):
	mkdir -p $(dir $@)
	ln -sfn ../../.. $@

deps: venv  ## install the servers and tools that the tests talk to (Debian, root)
	$(BIN)/python tests/tools/install_deps.py
	$(BIN)/python tests/tools/fetch_schemas.py

vectors: venv  ## fetch the official age test vectors
	$(BIN)/python tests/tools/fetch_age_vectors.py

lint: venv  ## format, code, typing, documentation, licences and artifact checks
	$(BIN)/python tests/tools/lint.py

format: venv  ## rewrite the sources in the project's format
	$(BIN)/ruff check --fix-only --quiet --unsafe-fixes --select I,RUF021,RUF022,RUF100,UP .
	$(BIN)/ruff format .

sanity: venv  ## ansible-test sanity with ansible-core 2.16, 2.19 and 2.21
	$(BIN)/python tests/tools/sanity.py

unit: venv vectors  ## unit tests
	$(BIN)/python -m pytest --durations=10 --durations-min=1 tests/unit

unit-pythons: venv vectors  ## unit tests on the oldest and the newest Python of managed hosts
	$(BIN)/python tests/tools/unit_pythons.py

integration: venv vectors deps  ## tests against real servers
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadscope --no-loadscope-reorder --durations=10 tests/integration

test:  ## everything, quick checks first, and a table of where the time went
	@$(PYTHON) tests/tools/steps.py $(MAKE)

# Names in molecule's own cache are those of the folder, "main" in every clone; this one is the clone's.
fleet: venv deps  ## a fleet of Debian hosts in podman: client, backup, restore elsewhere, faults (root)
	PATH=$(CURDIR)/$(BIN):$$PATH MOLECULE_EPHEMERAL_DIRECTORY=$(CURDIR)/.build/fleet/molecule $(BIN)/molecule test --scenario-name fleet

test-quick: venv vectors  ## the inner loop: format, code, typing and unit tests
	$(BIN)/python tests/tools/check_sources.py
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/unit

bench: venv deps  ## speed and memory beside the bare tools and the peers
	$(BIN)/python tests/bench/bench.py

bench-fleet: venv deps  ## what 1, 20 and 100 hosts cost the control node
	$(BIN)/python tests/bench/fleet.py

demo:  ## back up, list, restore and compare on a private server; needs no root
	bash demo/run.sh

build: venv  ## the collection's artifact in .build
	$(BIN)/ansible-galaxy collection build --force --output-path .build

clean:  ## remove everything that was made here
	rm -rf .build .venv .mypy_cache .pytest_cache .ruff_cache .nox .ansible tests/output
