# `make` lists the targets. Each of them installs what it needs into .venv first:
# tools/install.py decides what that is, and returns at once when it is nothing.

BIN := .venv/bin
FIRST := notebooks/00_start_here.ipynb

# Any Python can start the installer, which then finds the one for .venv.
START := $(firstword $(foreach name,python3 python3.13 python3.12 python3.11 python,\
	$(shell command -v $(name) >/dev/null 2>&1 && echo $(name))))
NO_PYTHON := The course needs Python 3.11, 3.12 or 3.13, and no Python is on the PATH. \
	Install one and give the command again.

# Jupyter starts as root only when told so, and in containers one often is.
as_root = $(if $(filter 0,$(shell id -u)),--allow-root)

# In this folder, whatever folder a user's own settings of Jupyter name; as $$PWD, or the
# shell would read a $ in its name. Not by pip's scripts: a $ stops those. -P: whatever
# random.py a student has here.
JUPYTER = $(BIN)/python -P -m
LAB = $(JUPYTER) jupyterlab $(as_root) --ServerApp.root_dir="$$PWD" \
	--ServerApp.preferred_dir="$$PWD"

export PYTHON TORCH

# Threads that wait by spinning make a small net eight times slower as soon as another
# program wants a core: on a student's laptop one always does.
export OMP_WAIT_POLICY := PASSIVE

.DEFAULT_GOAL := help
.PHONY: help lab study lecture test execute starters grade handout audit sabotage slides site bench lock clean core test-tools site-tools

help:  ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /  make \1	/p' Makefile | expand -t 16
	@echo
	@echo "  TORCH=cpu          the smaller torch, first choice on Linux without an NVIDIA GPU"
	@echo "  PYTHON=python3.12  the Python that makes a new .venv"

# No question about news, no look for updates: a lecture hall may have no network. The
# path begins here: in a whole one Jupyter would expand $.
lab study lecture: export JUPYTER_CONFIG_PATH := tools/jupyter$(if $(JUPYTER_CONFIG_PATH),:$(JUPYTER_CONFIG_PATH))
lab: core  ## open the course in JupyterLab
	@$(trust)
	$(LAB) --LabApp.default_url=/lab/tree/$(FIRST)

study: core  ## work in copies of your own, under mine/, made once and never overwritten
	$(BIN)/python -m tools.study
	$(LAB) --LabApp.default_url=/lab/tree/mine/00_start_here.ipynb

lecture: core  ## give the lecture with a kernel: one document, nothing around it
	@$(trust)
	$(LAB) --LabApp.default_url=/doc/tree/notebooks/lecture.ipynb

# With NB, what reads that notebook: its cells, the tests of which it is a parameter, and
# the file of tests that names it.
NOTEBOOK = $(wildcard notebooks/$(NB)_*.ipynb)
OWN = $(shell grep -l '"$(notdir $(NOTEBOOK))"' tests/test_*.py)
READERS = $(NOTEBOOK) $(shell grep -l ipynb tests/test_*.py) \
	-k '$(basename $(notdir $(NOTEBOOK))) $(OWN:tests/%.py=or %)'

test: test-tools  ## prove the collection: format, lint, tests, every notebook, or NB=00
	@$(if $(NB),$(if $(NOTEBOOK),,echo "there is no notebook $(NB)" >&2; exit 1))
	$(BIN)/ruff format --check $(or $(NOTEBOOK),.)
	$(BIN)/ruff check $(or $(NOTEBOOK),.)
	$(BIN)/python -m pytest -n $(if $(NB),2,3) --dist loadfile $(if $(NB),$(READERS))

execute: test-tools  ## write the notebooks' outputs: those that changed, NB=00, or ALL=1
	$(BIN)/python -m tools.execute $(if $(ALL),--all) $(NB)

starters: test-tools  ## write the homework's starters from their sources: all, or HW=homework_2
	$(BIN)/python -m tools.homework.starters $(HW)

grade: test-tools  ## grade all that was handed in for HW=homework_2; FROM=a zip or folder
	@$(if $(HW),,echo "Which homework? make grade HW=homework_2" >&2; exit 1)
	$(BIN)/python -m tools.homework.grade $(HW) $(if $(FROM),--take "$(FROM)") \
		$(if $(PATTERN),--pattern '$(PATTERN)') $(if $(LIST),--list) \
		$(if $(AGAIN),--again)

handout: core  ## pack dist/course.zip for students: no sources, no hidden tests
	$(BIN)/python -m tools.handout

audit: test-tools  ## run the notebooks on many seeds: SEEDS=20, NB=00 for one; resumable
	$(BIN)/python -m tools.audit $(NB) --seeds $(or $(SEEDS),20)

sabotage: test-tools  ## break what each claim checks and see it fall: all, or NB=00
	$(BIN)/python -m tools.sabotage $(NB)

slides: test-tools  ## write the decks to site/_build/slides: all, NB=00, or NB=lecture; needs npm once; PDF=1 for paper
	$(BIN)/python -m tools.web.slides $(NB) $(if $(PDF),--pdf)

site: test-tools site-tools  ## build the site into site/_build/html, decks and all; needs npm once
	$(BIN)/python -m tools.web.site

bench: test-tools  ## measure speed against peers and limits: all, or B="training graphs"
	$(BIN)/python -m benchmarks $(B)

lock: test-tools  ## write requirements.txt and environment.yml; UPGRADE=1 for newer versions
	$(BIN)/python -m tools.lock $(if $(UPGRADE),--upgrade)

clean:  ## remove .venv and whatever else the tools made, never your work
	rm -rf .venv .pytest_cache .ruff_cache .hypothesis site/_build *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

core test-tools site-tools:
	@$(if $(START),$(START) tools/install.py $(@:-tools=),\
		echo "$(NO_PYTHON)" >&2; exit 1)

# In an untrusted notebook an explorer does not move before it has run. Trusting takes two
# seconds, so only what is new since the last time; a read-only folder keeps no mark.
define trust
new=$$([ ! -e .venv/.trusted ] || echo "-newer .venv/.trusted"); \
find notebooks -name '*.ipynb' $$new ! -path '*/.ipynb_checkpoints/*' \
	-exec $(JUPYTER) nbformat.sign {} + && touch .venv/.trusted 2>/dev/null || true
endef
