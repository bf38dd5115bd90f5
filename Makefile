# Each target sets up what it needs.
PYTHON ?= python3
UV := uv==0.13.9

.PHONY: setup demo test lint pictures judge

setup: .venv/.synced

.venv/.synced: pyproject.toml uv.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "hhctl needs Python 3.11 or newer: make PYTHON=/path/to/python3 setup" >&2; exit 2; }
	@.venv/bin/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv || { echo "python3 -m venv failed: on Debian, apt-get install python3-venv" >&2; exit 2; }
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check $(UV) && .venv/bin/uv sync --quiet --locked --all-extras --inexact \
		|| { echo "the Python packages could not be installed: is the package registry within reach? then: make setup" >&2; exit 2; }
	@touch $@

demo: setup
	@.venv/bin/hhctl demo

pictures: setup
	@.venv/bin/python docs/pictures.py

judge: setup
	@.venv/bin/python benchmarks/judge.py

lint: setup
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/pyright
	.venv/bin/lint-imports

test: lint
	.venv/bin/python -m localcloud.toolchain
	.venv/bin/pytest -n 2 --dist loadfile --no-loadscope-reorder
