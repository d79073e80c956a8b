# `make book` and `make check` are for every day, `make test` before a change is handed in, `make test-slow`
# before it lands. Each makes what it needs, .venv included, on a fresh machine too.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
OLDEST := 3.11.5
TESTS  := $(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder
LINT   := _build/lint

.DEFAULT_GOAL := book
.PHONY: book check quick scripts test test-slow lint types serve bench lock hashes clean help

help:            ## list these commands
	@grep -hE '^[a-z-]+: .*##|^[a-z-]+:  +##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 12

book: $(VENV)/installed            ## run every chapter and build the website into _build/html
	@$(BIN)/lindiff-nb build

check: $(VENV)/installed            ## lint, types and every quick test without kernel, browser or socket
	@$(MAKE) --no-print-directory --jobs 2 lint types quick

quick: $(VENV)/installed
	$(TESTS) -m "not kernel and not browser and not network and not long and not slow"

# The book comes first: the browser tests read the finished site, and no build runs beside them.
test: lint types book            ## lint, types and all tests but the slow ones, in a real browser too
	$(TESTS) -m "not slow"

test-slow: book            ## the slow tests alone: chapters at the ends of their parameters, long runs
	$(BIN)/pytest -n 2 --dist worksteal -m slow

# The chapters as scripts, written once where lint and types run side by side.
scripts: $(VENV)/installed
	@$(BIN)/python tests/chapters_as_scripts.py $(LINT)

lint: scripts            ## ruff over package and chapters, and the direction of the imports
	$(BIN)/ruff check --quiet lindiff_nb tests benchmarks $(LINT)
	$(BIN)/ruff format --check --quiet lindiff_nb tests benchmarks
	$(BIN)/lint-imports --no-cache > $(LINT)/imports.txt || { cat $(LINT)/imports.txt; exit 1; }

types: scripts            ## mypy over the package and the chapters
	$(BIN)/mypy --no-error-summary
	$(BIN)/mypy --no-error-summary $(LINT)

serve: book            ## read the website at a local address
	@$(BIN)/lindiff-nb serve

bench: $(VENV)/installed            ## what the program costs, as ratios within one run
	@$(BIN)/python -m benchmarks

lock:            ## write requirements.lock and requirements.hashes anew from pyproject.toml
	$(PYTHON) -m venv --clear _build/lock
	_build/lock/bin/pip install --quiet --upgrade 'torch==2.13.0' setuptools wheel '.[all,test]'
	@{ sed '/^[^#]/,$$d' requirements.lock; \
	   _build/lock/bin/pip freeze --all --exclude pip --exclude lindiff-nb | sed 's/+cpu$$//'; } \
	   > _build/requirements.lock
	@mv _build/requirements.lock requirements.lock
	@$(MAKE) --no-print-directory hashes

# The same versions once more, for every platform, with the index's checksums of all their files.
# Without torch, which has other files at other addresses, and without what only torch needs.
hashes:            ## write requirements.hashes anew from requirements.lock
	$(PYTHON) -m venv --clear _build/uv
	_build/uv/bin/pip install --quiet 'uv>=0.9'
	@echo "torch; python_version < '0'" > _build/no-torch.txt
	@index=$$(_build/uv/bin/pip config get global.index-url 2> /dev/null); \
	   UV_DEFAULT_INDEX=$${PIP_INDEX_URL:-$$index}; export UV_DEFAULT_INDEX; \
	   [ -n "$$UV_DEFAULT_INDEX" ] || unset UV_DEFAULT_INDEX; \
	   _build/uv/bin/uv pip compile pyproject.toml --quiet --no-config --universal --no-annotate --no-header \
	   --extra all --extra test --override _build/no-torch.txt --constraint requirements.lock \
	   --python-version $(OLDEST) --generate-hashes --output-file _build/requirements.hashes
	@{ sed '/^[^#]/,$$d' requirements.hashes; cat _build/requirements.hashes; } > _build/with-head
	@mv _build/with-head requirements.hashes

clean:            ## remove everything that make made, .venv included
	rm -rf $(VENV) _build

# The lock decides what is in .venv; the project itself is linked into it. What has a checksum is
# installed by its checksum; requirements.lock then adds torch and what only torch needs.
PIP := $(BIN)/pip --quiet --disable-pip-version-check

$(VENV)/packages: requirements.lock requirements.hashes
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:3] < tuple(map(int, "$(OLDEST)".split("."))) and "Python $(OLDEST) or later is needed: make PYTHON=python3.12 book")'
	@echo "installing into $(VENV): about 2 GB, once"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(PIP) install --require-hashes -r requirements.hashes
	@$(PIP) install -r requirements.lock
	@touch $@

$(VENV)/installed: $(VENV)/packages pyproject.toml
	@$(PIP) install --no-deps --no-build-isolation -e '.[all]'
	@$(PIP) check
	@touch $@
