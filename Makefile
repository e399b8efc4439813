# Everything from a bare clone: `make demo`, `make test` (with `make lint`), `make wheel`. The first two make their own .venv.
# For maintainers: `make requirements`, `make audit`, `make sbom` (CONTRIBUTING.md).
# `make reader DATA=FOLDER` and `make encoder DATA=FOLDER` train the shipped models again; FOLDER holds ccp/ and clothing/
# (docs/reader.md, docs/encoder.md).
PYTHON ?= python3
DATA ?=
OUT ?= demo
RUNS ?= runs
MINUTES ?= 2
SET ?=
UPGRADE ?=
KILLS ?= 100
FAILURES ?= 40
SEED ?= 1
REPORT ?= docs/experiments/chaos.md
AREA ?=
BUDGET ?= 30
SEED ?= 0

BIN := .venv/bin
PIP := -m pip --disable-pip-version-check install --quiet
# Only wheels whose SHA-256 is in requirements/; then the package itself, with the build tools that are listed there too.
PINNED := $(PIP) --require-hashes --only-binary :all: --requirement requirements/
EDITABLE := $(PIP) --no-deps --no-build-isolation --editable .
# What makes requirements/ and releases has an environment of its own.
RELEASE := build/release

.PHONY: demo test lint mutants fuzz wheel reader encoder chaos requirements audit sbom clean

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

# Changes the code in one place at a time, for BUDGET minutes, and prints what no test notices; AREA='looks search' chooses.
mutants: .venv/.all
	$(BIN)/python .ci/mutants.py --minutes $(BUDGET) --seed $(SEED) $(AREA)

# Runs each fuzz target (tests/fuzz/targets.py) for MINUTES: readers of feeds, photos, filters, weights, settings.
fuzz: .venv/.all
	$(BIN)/python $(PIP) --constraint constraints.txt 'atheris>=3,<4'
	set -e; for name in photo csv jsonl json filter weights box catalog bundle; do \
	  $(BIN)/python -m tests.fuzz $$name $$(( $(MINUTES) * 60 )); done

# Builds the wheel, installs it in an empty environment, and runs the demo and a search there.
wheel:
	$(PYTHON) .ci/wheel.py

# The reader: what a teacher sees in the photos, training, the bundle in RUNS/reader/bundle, names of single articles, its
# card. Run again to resume. SET='stages.0.minutes=5 ...' changes the recipe.
reader: .venv/.all
	$(BIN)/streetshop lab train recipes/reader.yaml --data "$(DATA)" --out $(RUNS)/reader $(SET)

# The encoder: features of the frozen backbone, components and heads, then its report beside the untrained encoder's, and its card;
# the bundle is RUNS/encoder/bundle. Run again to resume.
encoder: .venv/.all
	$(BIN)/streetshop lab train recipes/encoder.yaml --data "$(DATA)" --out $(RUNS)/encoder $(SET)

# Kills and failing disks under every operation that writes to a catalog; the report is a page of the docs.
chaos: .venv/.all
	$(BIN)/python -m tests.chaos --kills $(KILLS) --failures $(FAILURES) --seed $(SEED) --report $(REPORT)

# Pins every package in requirements/ from pyproject.toml and constraints.txt; UPGRADE=--upgrade takes newer versions.
requirements: $(RELEASE)/.done
	$(PYTHON) .ci/requirements.py --uv $(RELEASE)/bin/uv $(UPGRADE)

# Looks every pinned package up in the advisory database of the package index; exit code 2 where it cannot be reached.
audit: $(RELEASE)/.done
	$(PYTHON) .ci/audit.py --pip-audit $(RELEASE)/bin/pip-audit

# The wheel, its bill of materials (CycloneDX) and their SHA-256 in dist/.
sbom: $(RELEASE)/.done
	$(PYTHON) .ci/release.py --cyclonedx $(CURDIR)/$(RELEASE)/bin/cyclonedx-py

clean:
	rm -rf .venv demo build dist site .pytest_cache .mypy_cache .ruff_cache

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/.serving: .venv/bin/python pyproject.toml requirements/build.txt requirements/serving.txt
	$(BIN)/python $(PINNED)build.txt
	$(BIN)/python $(PINNED)serving.txt
	$(BIN)/python $(EDITABLE)
	touch $@

.venv/.all: .venv/bin/python pyproject.toml requirements/build.txt requirements/all.txt
	$(BIN)/python $(PINNED)build.txt
	$(BIN)/python $(PINNED)all.txt
	$(BIN)/python $(EDITABLE)
	touch $@ .venv/.serving

$(RELEASE)/.done: requirements/release.txt
	$(PYTHON) -m venv $(RELEASE)
	$(RELEASE)/bin/python $(PINNED)release.txt
	touch $@
