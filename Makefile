# The commands of this repository; `make` alone lists them. Each sets up .venv first, if need be.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# With an NVIDIA GPU the set-up takes the CUDA builds, without one the CPU builds.
BACKENDS ?= $(if $(shell command -v nvidia-smi 2>/dev/null),cuda,cpu,jax)
comma := ,
READY := $(VENV)/.ready-$(subst $(comma),-,$(BACKENDS))

# How many processes run the tests; each takes a core and up to 2 GB of memory.
TESTERS ?= 2

NOTEBOOKS := $(sort $(wildcard notebooks/*.ipynb))
export TF_CPP_MIN_LOG_LEVEL ?= 3

.PHONY: help notebooks test coverage test-versions lab lint figures coursework site clean

help:
	@echo "make notebooks   run all notebooks, top to bottom, into build/notebooks/"
	@echo "make test        run every test, the notebooks among them (TESTERS=4: by four processes)"
	@echo "make coverage    run them, and say which lines none of them reaches"
	@echo "make test-versions   run tests on the oldest versions allowed, and the notebooks on Colab's"
	@echo "make lab         open JupyterLab on the notebooks"
	@echo "make lint        check the code's style and its types"
	@echo "make figures     make the pictures in figures/ again"
	@echo "make coursework  make assignments, solutions and an answer key in build/coursework/"
	@echo "make site        build the course as a site, with pages that enhance photos, in build/site/"
	@echo "make clean       remove .venv and build/"

$(READY): pyproject.toml constraints.txt
	@echo "Setting up $(VENV) (extras: $(BACKENDS)). The first time takes some minutes."
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14) and "Python 3.11, 3.12 or 3.13 is needed, but this is " + sys.version.split()[0] + ": name another with make PYTHON=...")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[$(BACKENDS),notebooks,tuning,web,raw,export,site,dev]'
	@touch $@

notebooks: $(READY)
	@echo "Running $(words $(NOTEBOOKS)) notebooks into build/notebooks/"
	$(BIN)/python tools/notebooks.py run

test: $(READY)
	rm -rf build/test-runs
	LOWLIGHT_RUNS=../build/test-runs $(BIN)/python -m pytest -n $(TESTERS) --dist loadfile --nbval-lax --nbval-current-env --nbval-kernel-startup-timeout 600 --doctest-modules --ignore=notebooks/coursework --ignore=lowlight_utils/coursework/exercises $(MORE) lowlight_utils tests notebooks

# Not part of make test, because it takes longer; what runs in other processes does not count.
coverage:
	$(MAKE) test MORE="--cov=lowlight_utils --cov-report=term:skip-covered"

# Takes ten minutes more than the tests and the notebooks do, and 4 GB in build/versions/.
test-versions: $(READY)
	$(BIN)/python tools/try_versions.py

# Tornado closes the connection over a message of more than 10 MiB: photos, given to a widget.
lab: $(READY)
	$(BIN)/jupyter lab --ServerApp.tornado_settings="{'websocket_max_message_size': 110_000_000}" --notebook-dir=. notebooks/01_data_assembly.ipynb

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

figures: $(READY)
	$(BIN)/python tools/make_figures.py

# Cases of the hidden tests; a number of your own is one that no student can look up.
SEED ?= 1

coursework: $(READY)
	$(BIN)/python tools/coursework.py build --seed $(SEED)

site: $(READY)
	$(BIN)/python tools/book.py

clean:
	rm -rf $(VENV) build
