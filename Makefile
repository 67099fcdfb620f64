# Every target sets up what it needs, once, in a virtual environment of its own.
PYTHON ?= python3
VENV ?= .venv
# processes the tests are spread over; each uses one thread
WORKERS ?= 2
# more for pytest, as in: make test ARGS="tests/nn -m slow"
ARGS ?=

BIN = $(VENV)/bin
READY = $(VENV)/.ready
BENCHMARKS = $(sort $(wildcard benchmarks/[a-z]*.py))

.DEFAULT_GOAL = help
.PHONY: help demo test lint format types doc benchmark clean
.DELETE_ON_ERROR:

help:
	@echo "make demo       run examples/demo.py; its picture is in demo_output/"
	@echo "make test       run the tests and the examples of the docstrings"
	@echo "make lint       check the style;  make format  mends what it can"
	@echo "make types      check the annotations"
	@echo "make doc        build the documentation into doc/_build/html"
	@echo "make benchmark  run the scripts of benchmarks/, one after the other"
	@echo "make clean      remove the environment and everything that was built"

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "skmtl needs Python 3.11 or later; '$(PYTHON)' is" \
	    "$$($(PYTHON) --version 2>&1). Name another one:" \
	    "make PYTHON=python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "setting up $(VENV): a minute or two, longer where PyTorch comes with CUDA"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --no-input -c constraints.txt -e ".[dev]"
	@touch $@

demo: export OMP_NUM_THREADS = 1
demo: $(READY)
	MPLBACKEND=Agg $(BIN)/python examples/demo.py

test: export OMP_NUM_THREADS = 1
test: $(READY)
	MPLBACKEND=Agg $(BIN)/python -m pytest -n $(WORKERS) $(ARGS)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(READY)
	$(BIN)/mypy skmtl

doc: export OMP_NUM_THREADS = 1
doc: $(READY)
	MPLBACKEND=Agg $(BIN)/python -m sphinx -W --keep-going -b html doc doc/_build/html

benchmark: $(READY)
	@test -n "$(BENCHMARKS)" || { echo "no benchmarks here" >&2; exit 1; }
	set -e; for script in $(BENCHMARKS); do \
	  echo "== $$script"; $(BIN)/python "$$script"; done

clean:
	rm -rf $(VENV) build dist skmtl.egg-info demo_output
	rm -rf doc/_build doc/auto_examples doc/generated
	rm -f doc/_api_tables.rst doc/sg_execution_times.rst
	rm -rf .pytest_cache .ruff_cache .mypy_cache
