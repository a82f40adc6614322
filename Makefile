# `make` alone lists the targets. Everything made stays in .venv/, build/, install/ and log/.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

# The Python that makes .venv; after that only .venv/bin/python is used.
PYTHON ?= python3
VENV := .venv
RUN := . ./env.sh &&
# colcon picks its own number of jobs; make's flags would confuse CMake's make.
COLCON := env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL $(VENV)/bin/colcon

# With no ROS 2 sourced, ROS comes as wheels into .venv; otherwise .venv sees the sourced one. It
# stays with what it was made for.
MADE := $(shell cat $(VENV)/.made 2>/dev/null)
ROS := $(or $(MADE),$(ROS_DISTRO),wheels)
ifneq ($(filter-out $(ROS),$(ROS_DISTRO)),)
$(if $(filter-out help clean distclean,$(or $(MAKECMDGOALS),help)),$(error \
	$(VENV) was made with ROS 2 '$(ROS)', but '$(ROS_DISTRO)' is sourced: run 'make distclean' first))
endif
ifeq ($(ROS),wheels)
VENV_FLAGS :=
REQUIREMENTS := runtime numpy-2 sim hub ros-kilted build dev
else
VENV_FLAGS := --system-site-packages
REQUIREMENTS := runtime numpy-1 sim hub build dev
endif
REQUIREMENTS := $(REQUIREMENTS:%=requirements/%.txt)
# The requirement files are complete: nothing to resolve, and the same everywhere.
PIP_INSTALL_DEPS := $(VENV)/bin/python -m pip install -qq --disable-pip-version-check \
	--no-input --no-compile
PIP_INSTALL := $(PIP_INSTALL_DEPS) --no-deps

INTERFACES := $(wildcard msg/*.msg srv/*.srv action/*.action)
SHARED := $(wildcard launch/* config/* models/* models/*/* worlds/* worlds/*/*)
# What is in a module needs no build, but a new one must be linked to.
MODULES := $(sort $(shell find vlm_ros -type f ! -name '*.pyc'))

.PHONY: FORCE help setup build demo test fuzz soak lint format train-env test-train engine-env test-engines \
	clean distclean

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

setup: $(VENV)/.installed  ## make .venv with everything pinned in requirements/

build: install/.built $(VENV)/bin/vlm-ros  ## setup, then build the interfaces with colcon

demo: build  ## simulator, node, command and a picture of the answer
	@$(VENV)/bin/vlm-ros demo

test: build  ## build, then run the tests
	@$(RUN) $(VENV)/bin/python -m pytest

fuzz: $(VENV)/.installed  ## 100,000 mutated commands for the parser
	@$(RUN) nice $(VENV)/bin/python -m vlm_ros.evaluation.fuzz 100000

soak: build  ## half an hour at 30 Hz: latency, memory, frames without an answer; log/soak.json
	@mkdir -p log
	@$(VENV)/bin/vlm-ros soak --out log/soak.json

lint: $(VENV)/.installed  ## ruff and mypy
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy

format: $(VENV)/.installed  ## let ruff format the code and mend what it can
	@$(VENV)/bin/ruff format .
	@$(VENV)/bin/ruff check --fix .

train-env: $(VENV)/.installed-train  ## add torch and what training and export need to .venv

test-train: build $(VENV)/.installed-train  ## run the tests of training and export
	@$(RUN) $(VENV)/bin/python -m pytest test/training test/exporting test/hub/test_chain.py \
		test/evaluation/test_transformers_timing.py

engine-env: $(VENV)/.installed-engines  ## add TensorRT for RTX, which builds engines with no GPU

test-engines: build $(VENV)/.installed-engines  ## run the tests of engines
	@$(RUN) $(VENV)/bin/python -m pytest test/engines

clean:  ## remove what colcon built
	rm -rf build install log

distclean: clean  ## remove everything that was made
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache

$(VENV)/.made:
	@$(PYTHON) tools/check_machine.py
	$(PYTHON) -m venv --clear $(VENV_FLAGS) $(VENV)
	@echo $(ROS) > $@

$(VENV)/.installed: $(VENV)/.made $(REQUIREMENTS)
	@echo "Installing what requirements/ pins (some 200 MB, about a minute) ..."
	@$(PIP_INSTALL) $(REQUIREMENTS:%=-r %)
ifeq ($(ROS),wheels)
	@$(VENV)/bin/python tools/relocate_ros_wheels.py
	@for shell in sh bash zsh; do cp tools/local_setup.sh $(VENV)/local_setup.$$shell; done
endif
	@touch $@

$(VENV)/.installed-train: $(VENV)/.installed requirements/train.txt requirements/torch.txt
	@echo "Installing what training needs (torch is large) ..."
	@$(PIP_INSTALL) -r requirements/train.txt
	@$(PIP_INSTALL_DEPS) -r requirements/torch.txt
	@touch $@

$(VENV)/.installed-engines: $(VENV)/.installed requirements/tensorrt-rtx.txt
	@echo "Installing TensorRT for RTX (160 MB) ..."
	@$(PIP_INSTALL) -r requirements/tensorrt-rtx.txt
	@touch $@

$(VENV)/bin/vlm-ros: tools/vlm-ros $(VENV)/.installed
	@install -m 755 tools/vlm-ros $@

$(VENV)/.modules: FORCE | $(VENV)/.installed
	@echo $(MODULES) | cmp -s - $@ || echo $(MODULES) > $@

FORCE:

install/.built: CMakeLists.txt package.xml tools/node.in $(INTERFACES) $(SHARED) \
		$(VENV)/.modules $(VENV)/.installed
	@$(RUN) $(COLCON) build --symlink-install --cmake-force-configure \
		--cmake-args -DPython3_EXECUTABLE="$$VIRTUAL_ENV/bin/python" -DBUILD_TESTING=OFF
	@touch $@
