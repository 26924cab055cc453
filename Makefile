# Two commands: `make demo` and `make test`. Both make .venv and install what they need.
# On Windows, or without make, see README.md.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

DEMO_DATA := data/avatars-64
DEMO_RUN := runs/demo

# The labs: a part of their names chooses among them, `make labs LAB=2`.
LAB :=
LABS_RUN := build/labs$(if $(KAOGAN_LAB_QUICK),-quick)
SITE := build/site

.PHONY: help demo test check attack labs docs format clean

help:
	@echo "make demo    draw avatars, train a small GAN on them, see new faces (5 minutes)"
	@echo "make test    run the tests"
	@echo "make check   run the linters and the type checker"
	@echo "make attack  try 10,000 hostile files, kills and faults (half an hour)"
	@echo "make labs    build the course's notebooks and run them, into $(LABS_RUN)"
	@echo "make docs    build the documentation as a site, into $(SITE)"
	@echo "make format  format the code"
	@echo "make clean   remove .venv"

$(VENV)/kaogan.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "error: kaogan needs Python 3.11 or newer; run: make PYTHON=python3.12"; exit 1; }
	@echo "Installing kaogan into $(VENV) ..."
	$(PYTHON) -m venv $(VENV)
	@# torch first and by its exact version: a range may bring gigabytes of another build.
	$(PIP) $$($(PYTHON) tools/torch_index.py) torch==$$(sed -n 's/^torch==//p' constraints.txt)
	$(PIP) -e .
	@$(BIN)/python tools/page_runtime.py || true
	@touch $@

$(VENV)/dev.installed: $(VENV)/kaogan.installed
	@echo "Installing the development tools ..."
	$(PIP) -e '.[dev]'
	@touch $@

demo: $(VENV)/kaogan.installed
	@echo
	@echo "The demo: 1. draw 6,144 anime avatars  2. train a GAN on them, 3.5 minutes"
	@if [ ! -e $(DEMO_DATA) ]; then \
	  echo && echo "1. Drawing the avatars into $(DEMO_DATA)"; \
	  $(BIN)/kaogan data avatars --count 6144 --out $(DEMO_DATA); fi
	@echo && echo "2. Training in $(DEMO_RUN); Ctrl-C stops and saves, make demo goes on"
	@$(BIN)/kaogan train $(DEMO_DATA) --out $(DEMO_RUN) --minutes 3.5
	@echo "Train it longer:  $(BIN)/kaogan train $(DEMO_DATA) --out $(DEMO_RUN) --minutes 20"
	@echo "Your own pictures: $(BIN)/kaogan train FOLDER"

test: $(VENV)/dev.installed
	$(BIN)/python -m pytest -n auto --dist worksteal -q

check: $(VENV)/dev.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The table goes into docs/reliability.md. As root, disks that fill up are tried as well.
attack: $(VENV)/dev.installed
	OMP_NUM_THREADS=1 $(BIN)/python tests/attack/whole.py --write

# A cell may take an hour; what the labs do quickly if KAOGAN_LAB_QUICK is 1 stands in labs/README.md.
labs: $(VENV)/dev.installed
	$(BIN)/python tools/labs.py
	@mkdir -p $(LABS_RUN)
	@cp labs/notebooks/$(LAB)*.ipynb $(LABS_RUN)
	$(BIN)/python -m pytest --nbmake --overwrite --nbmake-timeout=3600 --timeout=7200 -q \
	  $(if $(KAOGAN_LAB_QUICK),-n auto) --durations=0 $(LABS_RUN)/$(LAB)*.ipynb

# A warning (a broken link, a page that nobody leads to) is an error; with --quiet it would not be.
docs: $(VENV)/dev.installed
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --site-dir $(SITE)

format: $(VENV)/dev.installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV)
