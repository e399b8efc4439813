# Everything from a bare clone: `make demo`, `make test`. Both make their own .venv.
PYTHON ?= python3
DATA ?=
OUT ?= demo

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt

.PHONY: demo test lint clean

demo: .venv/.serving
	$(BIN)/streetshop demo $(if $(DATA),"$(DATA)") --out "$(OUT)"

test: .venv/.all lint
	$(BIN)/python -m pytest --numprocesses 2 --dist loadgroup

lint: .venv/.all
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

clean:
	rm -rf .venv demo build dist .pytest_cache .mypy_cache .ruff_cache

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/.serving: .venv/bin/python pyproject.toml constraints.txt
	$(PIP) --editable .
	touch $@

.venv/.all: .venv/bin/python pyproject.toml constraints.txt
	$(PIP) --editable '.[lab,dev]'
	touch $@ .venv/.serving
