# Everything from a bare clone: `make demo`, `make test`. Both make their own .venv.
# `make reader DATA=FOLDER` and `make encoder DATA=FOLDER` train the shipped models anew; FOLDER holds ccp/ and clothing/
# (docs/reader.md, docs/encoder.md).
PYTHON ?= python3
DATA ?=
OUT ?= demo
RUNS ?= runs

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt

.PHONY: demo test lint reader encoder clean

demo: .venv/.serving
	$(BIN)/streetshop demo $(if $(DATA),"$(DATA)") --out "$(OUT)"

test: .venv/.all lint
	$(BIN)/python -m pytest --numprocesses 2 --dist loadgroup

lint: .venv/.all
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The reader: what a teacher sees in the photos, training, the bundle in RUNS/reader/bundle, names of single articles, its
# card. Run again to resume.
TEACHER := $(RUNS)/teacher/bin/python src/streetshop/lab/reader/teacher.py

reader: .venv/.all $(RUNS)/keypoints.json $(RUNS)/clothing-keypoints.json $(RUNS)/cutouts/.done
	$(BIN)/streetshop lab reader train recipes/reader.yaml --out $(RUNS)/reader --ccp "$(DATA)/ccp" \
	  --clothing "$(DATA)/clothing" --keypoints $(RUNS)/keypoints.json \
	  --clothing-keypoints $(RUNS)/clothing-keypoints.json --cutouts $(RUNS)/cutouts
	$(BIN)/streetshop lab reader export $(RUNS)/reader recipes/reader.yaml --out $(RUNS)/reader/bundle \
	  --ccp "$(DATA)/ccp"
	$(BIN)/streetshop lab reader name $(RUNS)/reader/bundle --ccp "$(DATA)/ccp" --clothing "$(DATA)/clothing" \
	  --cutouts $(RUNS)/cutouts
	$(BIN)/streetshop lab reader report $(RUNS)/reader/bundle recipes/reader.yaml --ccp "$(DATA)/ccp" \
	  --keypoints $(RUNS)/keypoints.json --clothing "$(DATA)/clothing" --cutouts $(RUNS)/cutouts \
	  --overlays $(RUNS)/reader/overlays

# The encoder: made pairs, features of the frozen trunk, heads, then its report beside the untrained encoder's, and its card;
# the bundle is RUNS/encoder/bundle. Run again to resume.
encoder: .venv/.all $(RUNS)/cutouts/.done
	$(BIN)/streetshop lab encoder train recipes/encoder.yaml --out $(RUNS)/encoder --ccp "$(DATA)/ccp" \
	  --clothing "$(DATA)/clothing" --cutouts $(RUNS)/cutouts --pairs $(RUNS)/pairs
	test -f $(RUNS)/start/bundle.json || $(BIN)/streetshop lab starting-encoder "$(DATA)/ccp/photos" --out $(RUNS)/start
	$(BIN)/streetshop lab encoder report recipes/encoder.yaml --ccp "$(DATA)/ccp" --clothing "$(DATA)/clothing" \
	  --cutouts $(RUNS)/cutouts --pairs $(RUNS)/pairs --bundle $(RUNS)/encoder/bundle --bundle $(RUNS)/start \
	  --distractors 1500 --card --out $(RUNS)/encoder/report.json

$(RUNS)/teacher/.done:
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip --disable-pip-version-check install --quiet mediapipe==0.10.21
	touch $@

$(RUNS)/keypoints.json: $(RUNS)/teacher/.done
	$(TEACHER) keypoints "$(DATA)/ccp/photos" --out $@

$(RUNS)/clothing-keypoints.json: $(RUNS)/teacher/.done
	$(TEACHER) keypoints "$(DATA)/clothing/images" --out $@

$(RUNS)/cutouts/.done: $(RUNS)/teacher/.done
	$(TEACHER) cutouts "$(DATA)/clothing/images" --out $(@D)
	touch $@

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
