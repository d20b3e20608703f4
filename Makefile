# Two commands are enough: make run, make test. Everything else is here for those who change the product.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PY := .venv/bin/python
BENCH ?=
ONLY ?=
# Node may live in the virtual environment (deploy/setup.sh).
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: help setup setup-test run test test-fast test-pages check rehearse rehearse-image faults fuzz films mutants bench screenshots messages lock

help: ## Say what there is
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Install all that the product needs (.venv, Debian packages, front end)
	@deploy/setup.sh run

setup-test:
	@deploy/setup.sh test

run: setup ## Serve the whole product with demo data (PORT, VAR_DIR, DATABASE_URL, REDIS_URL, STORAGE_URL)
	@exec $(PY) -m config.run

test: setup-test ## Run every test: SQLite and memory, PostgreSQL and Redis, real Janus, real browser
	@tests/run.sh

test-fast: setup-test ## Run the tests for the desk, in minutes: SQLite, no pages, no sockets, no engine, no browser
	@tests/run.sh fast

test-pages: setup-test ## Run the tests of pages on PostgreSQL, too (make test asks them on SQLite)
	@tests/run.sh pages

check: setup-test ## Format, lint, types, import contracts, templates, migrations, translations
	@tests/check.sh

faults: setup-test ## Kill and starve real processes; one JSON line a promise, and whether it was kept
	@tests/faults/run.sh

fuzz: setup-test ## Ask every address as everybody with what nobody sends who means well, every form, 10,000 frames (make test: in short)
	@FUZZ=whole $(PY) -m pytest -q --durations=8 -n $$(($$(nproc) + 1)) -m fuzz tests/fuzz tests/realtime

films: setup-test ## Make 200 films as people's phones, recorders and editors do, and see each right or refused (make test: half of them)
	@FILMS=whole $(PY) -m pytest -q --durations=8 -n $$(nproc) -m engine tests/media/test_films.py

mutants: setup-test ## Break one line at a time and see that the named tests notice; make mutants ONLY="lease- realtime"
	@$(PY) -m tests.mutants $(ONLY)

rehearse: ## Install the committed code in a bare Debian 12 root, use it, upgrade it (root, debootstrap, 15 minutes)
	@deploy/rehearse.sh

rehearse-image: setup-test ## Do the Dockerfile's steps in bare Debian 12 roots and run the containers' processes (root, debootstrap, 15 minutes)
	@folder=$$(mktemp -d /var/tmp/fingertip-image.XXXXXX) && trap 'rm -rf "$$folder"' EXIT && \
	  $(PY) -m tests.rehearsal.image build "$$folder" && \
	  tests/netns.sh $(PY) -m tests.services $(PY) -m tests.rehearsal.image run "$$folder"

bench: setup-test ## Measure the hot paths: make bench, or make bench BENCH=watch
	@$(PY) -m bench $(BENCH)

screenshots: setup-test ## Make pictures of every page into docs/screenshots/
	@tests/netns.sh $(PY) -m tests.e2e.pages.screenshots

messages: setup-test ## Collect strings for translation into locale/
	@$(PY) manage.py makemessages --locale en --no-obsolete --ignore 'node_modules/*' --ignore '.venv/*' --ignore 'var/*' \
		--ignore 'tests/*' --ignore 'bench/*' --ignore 'frontend/*' --ignore 'static/*' --ignore 'staticfiles/*'

lock: setup-test ## Resolve requirements*.in into the hashed locks
	@deploy/lock.sh
