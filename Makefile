# Two doors for a fresh machine: `make book` and `make test`. Each makes what it needs, .venv included.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
LINT   := _build/lint

.DEFAULT_GOAL := book
.PHONY: book test lint types unit serve bench lock clean help

help:            ## list these commands
	@grep -hE '^[a-z]+: .*##|^[a-z]+:  +##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 12

book: $(VENV)/installed            ## run every chapter and build the website into _build/html
	@$(BIN)/lindiff-nb build

test: lint types unit            ## lint, types and all tests, in a real browser too

lint: $(VENV)/installed            ## ruff over package and chapters, and the direction of the imports
	@$(BIN)/python tests/chapters_as_scripts.py $(LINT)
	$(BIN)/ruff check --quiet lindiff_nb tests benchmarks $(LINT)
	$(BIN)/ruff format --check --quiet lindiff_nb tests benchmarks
	$(BIN)/lint-imports --no-cache > $(LINT)/imports.txt || { cat $(LINT)/imports.txt; exit 1; }

types: $(VENV)/installed            ## mypy over the package and the chapters
	@$(BIN)/python tests/chapters_as_scripts.py $(LINT)
	$(BIN)/mypy --no-error-summary
	$(BIN)/mypy --no-error-summary $(LINT)

unit: $(VENV)/installed            ## all tests
	$(BIN)/pytest -n 2 --dist loadfile

serve: book            ## read the website at a local address
	@$(BIN)/lindiff-nb serve

bench: $(VENV)/installed            ## what the program costs, as ratios within one run
	@$(BIN)/python -m benchmarks

lock:            ## write requirements.lock anew from pyproject.toml
	$(PYTHON) -m venv --clear _build/lock
	_build/lock/bin/pip install --quiet 'torch==2.13.0' editables hatchling '.[book,test]'
	@{ sed '/^[^#]/,$$d' requirements.lock; \
	   _build/lock/bin/pip freeze --exclude lindiff-nb | sed 's/+cpu$$//'; } > _build/requirements.lock
	@mv _build/requirements.lock requirements.lock

clean:            ## remove everything that make made, .venv included
	rm -rf $(VENV) _build

# The lock decides what is in .venv; the project itself is linked into it.
$(VENV)/packages: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=python3.12 book")'
	@echo "installing into $(VENV): about 2 GB, once"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.lock
	@touch $@

$(VENV)/installed: $(VENV)/packages pyproject.toml
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
