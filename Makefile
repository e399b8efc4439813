# Everything from a bare clone: `make demo`, `make test` (with `make lint`), `make wheel`. The first two make their own .venv.
# `make reader DATA=FOLDER` and `make encoder DATA=FOLDER` train the shipped models again; FOLDER holds ccp/ and clothing/
# (docs/reader.md, docs/encoder.md).
PYTHON ?= python3
DATA ?=
OUT ?= demo
RUNS ?= runs
SET ?=

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt

.PHONY: demo test lint wheel reader encoder clean

demo: .venv/.serving
	$(BIN)/streetshop demo $(if $(DATA),"$(DATA)") --out "$(OUT)"

test: .venv/.all lint
	$(BIN)/python -m pytest --numprocesses 2 --dist loadgroup

lint: .venv/.all
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo
	$(BIN)/mypy --num-workers 2
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

# Builds the wheel, installs it in an empty environment, and runs the demo and a search there.
wheel:
	$(PYTHON) .ci/wheel.py

# The reader: what a teacher sees in the photos, training, the bundle in RUNS/reader/bundle, names of single articles, its
# card. Run again to resume. SET='stages.0.minutes=5 ...' changes the recipe.
reader: .venv/.all
	$(BIN)/streetshop lab train recipes/reader.yaml --data "$(DATA)" --out $(RUNS)/reader $(SET)

# The encoder: made pairs, features of the frozen backbone, heads, then its report beside the untrained encoder's, and its card;
# the bundle is RUNS/encoder/bundle. Run again to resume.
encoder: .venv/.all
	$(BIN)/streetshop lab train recipes/encoder.yaml --data "$(DATA)" --out $(RUNS)/encoder $(SET)

clean:
	rm -rf .venv demo build dist site .pytest_cache .mypy_cache .ruff_cache

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/.serving: .venv/bin/python pyproject.toml constraints.txt
	$(PIP) --editable .
	touch $@

.venv/.all: .venv/bin/python pyproject.toml constraints.txt
	$(PIP) --editable '.[lab,dev,docs]'
	touch $@ .venv/.serving
