# Each target builds .venv from constraints.txt when it is missing or stale. Another interpreter: make test PYTHON=python3.12
PYTHON ?= python3
ARGS   ?=
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
PIP    := $(BIN)/python -m pip --disable-pip-version-check install --quiet --no-compile --constraint constraints.txt

define check_python
@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	echo "make: bilevel_dr needs Python 3.11 or newer, which $(PYTHON) is not:" \
	"apt-get install python3 python3-venv, or name another with make PYTHON=python3.12" >&2; exit 1; }
@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	echo "make: $(PYTHON) cannot make a virtual environment: apt-get install python3-venv" \
	"(python3.12-venv for a python3.12)" >&2; exit 1; }
endef

.DEFAULT_GOAL := help
.PHONY: help venv reproduce test test-long test-browser lint docs bench readme notebooks solutions constraints clean distclean

help:           ## this list
	@sed -n 's/^\([a-z-]*\): .*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 24

venv: $(READY)       ## .venv with the package and all that its tests need, versions as in constraints.txt

reproduce: $(READY)  ## the papers' tables and figures, into build/report/index.html
	$(BIN)/bilevel-dr reproduce $(ARGS)

test: $(READY)       ## the test suite; make test ARGS="-k kkt" for a part of it
	$(BIN)/python -m pytest -q $(ARGS)

test-long: $(READY)  ## only the tests that take minutes
	$(BIN)/python -m pytest -q -m long $(ARGS)

test-browser: $(READY)  ## only the tests of pages in a real browser: Debian's chromium, or Chrome
	$(BIN)/python -m pytest -q -m browser tests/browser $(ARGS)

lint: $(READY)       ## ruff
	$(BIN)/ruff check .

docs: $(READY)       ## the documentation, into build/docs/index.html
	@test $(VENV)/.docs -nt $(READY) || { $(PIP) --no-build-isolation --editable ".[docs]" && touch $(VENV)/.docs; }
	$(BIN)/sphinx-build -q -W --keep-going -b html docs build/docs $(ARGS)

bench: $(READY)      ## the measured tables: time per reformulation, solver and size
	$(BIN)/python tests/bench $(ARGS)

readme: $(READY)     ## the measured parts of README.md, written anew; make readme ARGS=--syllabus for the lessons' only
	$(BIN)/python tests/readme.py $(ARGS)

notebooks: $(READY)  ## the course, in JupyterLab
	$(PIP) --no-build-isolation --editable ".[notebooks]"
	$(BIN)/jupyter lab notebooks

solutions: $(READY)  ## the course's notebooks with solutions, for the lecturer, into build/solutions
	$(BIN)/python tests/lecturer.py $(ARGS)

constraints:    ## resolve every version anew, one set for CPython 3.11 to 3.13
	$(check_python)
	$(PYTHON) -m venv build/uv
	build/uv/bin/python -m pip --disable-pip-version-check install --quiet --upgrade uv
	build/uv/bin/uv pip compile --quiet --upgrade --universal --fork-strategy fewest --python-version 3.11 --all-extras \
		--no-annotate --custom-compile-command "make constraints" --output-file constraints.txt setup.cfg

$(READY): constraints.txt setup.cfg pyproject.toml
	$(check_python)
	$(PYTHON) -m venv $(VENV)
	$(PIP) setuptools
	$(PIP) --no-build-isolation --editable ".[test]"
	@touch $@

clean:          ## what the targets built, but not .venv
	rm -rf build dist docs/papers bilevel_dr.egg-info .pytest_cache .ruff_cache .hypothesis
	find . -path ./$(VENV) -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean     ## .venv as well
	rm -rf $(VENV)
