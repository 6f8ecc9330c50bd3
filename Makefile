# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Everything sets itself up under .build/, with nothing but git, make and Python 3.10 or newer.
PYTHON ?= python3
TOOLS := PYTHONPATH=tests PYTHONDONTWRITEBYTECODE=1 $(PYTHON) -m tools
ARGS ?=
SEEDS ?= 1000
FIRST_SEED ?= 0

LINT := ruff mypy yamllint reuse ansible-lint antsibull-docs changelog action-group ee-metadata

.DEFAULT_GOAL := help
.PHONY: help demo test bare lint unit browser system sanity integration package ee awx docs tables simulate bench clean

help:
	@echo "make demo         see the collection at work, against a fake tenant on this machine"
	@echo "make test         run every check, on the oldest and the newest ansible-core that this machine can run"
	@echo "make bare         run every check with nothing but git, make and Python (ARGS=--debian: in a Debian of its own, as root)"
	@echo "make lint         only: formatting, types, YAML, licences, ansible-lint, documentation, changelog"
	@echo "make unit         only: unit tests, on the newest ansible-core"
	@echo "make browser      only: the report in a real browser (chromium)"
	@echo "make system       only: playbooks against the fake tenant"
	@echo "make sanity       only: ansible-test sanity"
	@echo "make integration  only: ansible-test integration"
	@echo "make package      only: build the collection into .build/dist/, check it as Galaxy does, install it and run it"
	@echo "make awx          only: the example for AWX, its objects made and its jobs run"
	@echo "make ee           only: build the execution environment and run a job in it (root, podman, buildah, debootstrap)"
	@echo "make docs         only: build the documentation site"
	@echo "make tables       write the tables of docs/effective_state.md and docs/messages.md anew, from the code"
	@echo "make simulate     run the engine through SEEDS=1000 bad nights from FIRST_SEED=0 on, or tell SEED=n as a story"
	@echo "make bench        measure speed (ARGS=... is passed on)"
	@echo "make clean        remove all that was made"
	@echo
	@echo "PYTHON=python3.12 chooses the Python that starts it all. Full logs are in .build/logs/."

demo:
	@$(TOOLS) demo $(ARGS)

test:
	@$(TOOLS) test $(ARGS)

bare:
	@$(TOOLS) bare $(ARGS)

lint:
	@$(TOOLS) test --only $(LINT)

unit:
	@$(TOOLS) test --newest --only $@

sanity integration:
	@$(TOOLS) test --only $@

system:
	@$(TOOLS) test --only system playbooks

package:
	@$(TOOLS) test --only build importer install

awx browser ee:
	@$(TOOLS) test --only $@

docs:
	@$(TOOLS) test --only docs-site

tables:
	@PYTHONPATH=tests PYTHONDONTWRITEBYTECODE=1 $(PYTHON) -m tools.effective_table
	@PYTHONPATH=tests PYTHONDONTWRITEBYTECODE=1 $(PYTHON) -m tools.messages

simulate:
	@$(TOOLS) simulate $(if $(SEED),--seed $(SEED),--seeds $(SEEDS) --first-seed $(FIRST_SEED)) $(ARGS)

bench:
	@$(TOOLS) bench $(ARGS)

clean:
	rm -rf .build
