# make demo and make test do all the set-up on a machine with Python 3.11, python3-venv and make.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
PY := .venv/bin/python
INSTALLED := .venv/installed
PYTEST := $(PY) -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile

.PHONY: demo test test-fast test-all checks typecheck format docs coverage lock benchmark clean

demo: $(INSTALLED) ## draw photos, train on them, judge the model, and cut out photos it has not seen
	rm -rf data/demo data/demo-new results/demo
	$(PY) main.py synth --output data/demo --count 120 --size 576x864 --seed 1
	$(PY) main.py train --data data/demo --preset demo --overwrite
	$(PY) main.py eval --model demo
	$(PY) main.py synth --output data/demo-new --count 6 --size 576x864 --seed 2
	$(PY) main.py predict --input data/demo-new/images --model demo --save
	@echo "look at results/demo/eval/report.html and results/demo/predict/cutouts"

test: checks ## the form and the types of the code, then every test that is not marked slow
	$(PYTEST) -m "not slow"

test-fast: $(INSTALLED) ## the tests of the inner loop: no network, no process of the whole program
	$(PYTEST) -m "not slow and not whole"

test-all: checks ## those that are marked slow as well
	$(PYTEST)

checks: $(INSTALLED)
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

typecheck: $(INSTALLED)
	$(PY) -m mypy

format: $(INSTALLED) ## put the code into its form
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

docs: $(INSTALLED) ## the page of commands anew, and the site in site/index.html; a warning is an error
	$(PY) docs/generate_reference.py
	$(PY) -m sphinx --quiet --fail-on-warning --builder html docs site

coverage: $(INSTALLED) ## which lines of the package the tests run, in site-coverage/index.html
	$(PYTEST) -m "not slow" --cov --cov-report term:skip-covered --cov-report html

benchmark: $(INSTALLED) ## ratios measured on this machine
	$(PY) benchmarks/train_step.py

lock: $(INSTALLED) ## requirements.txt anew from pyproject.toml; versions that fit stay as they are
	$(PY) -m pip install --quiet uv
	$(PY) -m uv pip compile pyproject.toml --extra dev --extra docs --python-version 3.11 \
	  --no-emit-index-url --no-header --no-annotate --quiet --output-file requirements.txt
	sed -i '1i # Every package at a known version, made from pyproject.toml by `make lock`.' requirements.txt

$(INSTALLED): requirements.txt
	$(PYTHON) -m venv .venv
	$(PY) -m pip install --quiet --disable-pip-version-check --requirement requirements.txt
	touch $(INSTALLED)

clean: ## remove what was installed and made, but no data and no models
	rm -rf .venv site site-coverage .coverage* results/demo data/demo data/demo-new models/demo logs/demo data/.drawn
