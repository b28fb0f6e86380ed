# directca: the two commands are `make serve` and `make test`. Everything sets itself up; see `make help`.
#
# Needs only make and Python 3.11 or later with its venv module. May be given on the command line or in the environment:
#   PORT=8700     port of `make serve`                    DATA=/srv/directca   data folder of `make serve` (default var)
#   VENV=.venv    where the virtual environment is        PYTHON=python3.12    which interpreter makes it
#   ARGS=         further arguments of the command behind a target, as in `make test ARGS="-k renew"`

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help serve test engines check demo bench faults lock clean
# Targets share one environment and one server port; make's own parallelism has nothing to win here.
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory

VENV ?= .venv
python = $(VENV)/bin/python
export VENV
ifdef PYTHON
export PYTHON
endif
ifdef PORT
export PORT
endif
ifdef DATA
export DIRECTCA_DATA := $(DATA)
endif

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{printf "%-14s %s\n", $$1, $$2}'

# `exec`, so that Ctrl-C meets the server itself and nothing stands between it and the terminal.
serve: ## start the authority on 127.0.0.1:8600, with a sandbox on first start
	@tools/set-up serve
	@exec "$(python)" -m directca serve $(ARGS)

test: ## every test and gate, one summary
	@tools/set-up test
	@exec "$(python)" -m pytest -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

engines: ## the same, with every test of the database on PostgreSQL too: twenty minutes and more
	@tools/set-up test
	@DIRECTCA_ENGINES=all exec "$(python)" -m pytest -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

check: ## the gates alone: format, lint, types, imports, sizes, texts
	@tools/set-up test
	@exec "$(python)" -m pytest -q tests/house $(ARGS)

demo: ## a first certificate, from sign-in to revocation, unattended
	@tools/set-up serve
	@exec "$(python)" demo/first_certificate.py $(ARGS)

bench: ## how fast, as ratios; prints tables, writes bench/out
	@tools/set-up serve
	@exec "$(python)" -m bench $(ARGS)

faults: ## nodes and databases killed, cut off and filled under load, then checked; some minutes
	@tools/set-up test
	@exec "$(python)" -m faults $(ARGS)

# The lock files name versions and hashes and no place to take them from. uv is only a tool here and is kept apart.
# What is pinned stays pinned as long as it fits; ARGS=--upgrade moves everything to the newest.
lock: ## resolve requirements/*.in into the lock files anew
	@tools/set-up serve
	@"$(python)" -m venv .setup/uv && .setup/uv/bin/python -m pip install --quiet --disable-pip-version-check uv
	@cd requirements && for set in serve test; do \
	  ../.setup/uv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	    --no-emit-index-url $(ARGS) $$set.in -o $$set.lock || exit 1; done

clean: ## remove what was built; var/ and its keys stay
	@rm -rf .setup .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache bench/out dist tests/interop/node/node_modules
	@[ ! -e "$(VENV)/pyvenv.cfg" ] || rm -rf "$(VENV)"
	@find src tests bench demo faults -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
