# make demo and make test do all the set-up on a machine with Python 3.11, python3-venv and make.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
PY := .venv/bin/python
INSTALLED := .venv/installed
PYTEST := $(PY) -m pytest -rs --numprocesses auto --maxprocesses 4 --dist loadfile --max-worker-restart 0

.PHONY: demo test announcement test-fast test-all test-jax checks typecheck format docs coverage lock benchmark clean

demo: $(INSTALLED) ## the bundled model cuts out drawn photos; then a small model is trained and judged
	@rm -rf data/demo data/demo-new results/demo
	@echo
	@echo "1 of 3: the model that comes with the program cuts out ten drawn photos (half a minute)"
	@$(PY) main.py synth --output data/demo-new --count 10 --views Front --size 576x864 --seed 8
	@$(PY) main.py predict --input data/demo-new/images --save --output results/demo/predict
	@echo
	@echo "2 of 3: a small model learns from 306 drawn photos; Dice is 1 for a perfect mask (about six minutes)"
	@$(PY) main.py synth --output data/demo --count 120 --size 576x864 --seed 1
	@$(PY) main.py train --data data/demo --preset demo --overwrite
	@echo
	@echo "3 of 3: it is judged on 54 photos of garments that it has not seen"
	@$(PY) main.py eval --model demo
	@echo
	@echo "Done. Now open"
	@echo "  results/demo/predict/review.html   the ten photos, their outlines and their cutouts"
	@echo "  results/demo/predict/cutouts       the cutouts themselves, ready for Photoshop"
	@echo "  models/demo/curves.png             how the small model learned"
	@echo "  results/demo/eval/report.html      how good it is, with its worst photos"
	@echo "Your own photos: $(PY) main.py predict --input FOLDER --save"

test: announcement checks ## the form and the types of the code, then every test that is not marked slow
	@$(PYTEST) -m "not slow"

announcement:
	@echo "Form, types, then every test that is not marked slow: about nine minutes on two cores."
	@echo "Tests that cannot run here are skipped; the last lines say which, and why."

test-fast: $(INSTALLED) ## the tests of the inner loop: no network, no process of the whole program
	$(PYTEST) -m "not slow and not whole"

test-all: checks ## those that are marked slow as well
	$(PYTEST)

test-jax: $(INSTALLED) ## the training by several processes, for which it installs JAX (88 MB; TensorFlow then imports it too)
	@$(PY) -m pip install --quiet --disable-pip-version-check jax==0.10.2
	@$(PYTEST) tests/test_training_processes.py

checks: $(INSTALLED)
	@$(PY) -m ruff check --quiet .
	@$(PY) -m ruff format --check --quiet .
	@$(PY) -m mypy --no-error-summary

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
	@echo "Installing into .venv: 3 GB, a minute or two."
	$(PYTHON) -m venv .venv
	@$(PY) -m pip install --quiet --disable-pip-version-check --requirement requirements.txt
	@touch $(INSTALLED)

clean: ## remove what was installed and made, but no data and no models
	rm -rf .venv site site-coverage .coverage* results/demo data/demo data/demo-new models/demo logs/demo data/.drawn
