# Each target sets up what it needs; Python >= 3.11 is all that has to be there.
# Another interpreter:  make test PYTHON=/path/to/python3

PYTHONS := $(or $(PYTHON),python3.13 python3.12 python3.11 python3)
BIN     := .venv/bin
READY   := .venv/.ready
BENCH   := .venv-bench
ARGS    ?=

.DEFAULT_GOAL := help
.PHONY: help demo test lint bench bench-compare simulate soak clean
.DELETE_ON_ERROR:

help:  ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 22

demo: $(READY)  ## check, plan and send the example campaign through the sandbox, and leave a report
	$(BIN)/gewe-runner validate campaigns/fruit-delivery.yaml --profile sandbox
	$(BIN)/gewe-runner plan campaigns/fruit-delivery.yaml --profile sandbox
	$(BIN)/gewe-runner send campaigns/fruit-delivery.yaml --profile sandbox --fresh --yes

# Half of the acceptance tests' time is waiting, so there are more workers than cores; the files stay in their order,
# since those with the fewest tests take the longest and would otherwise come last.
test: $(READY)  ## run all tests; ARGS="-k plan" passes options to pytest
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

lint: $(READY)  ## check format, style and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: $(BENCH)/.ready  ## measure beside what you would pick instead; ARGS="--quick", ARGS="--help"
	$(BENCH)/bin/python -m tests.benchmarks $(ARGS)

bench-compare: $(BENCH)/.ready  ## what got slower between two runs kept with --json: OLD=FILE NEW=FILE
	$(BENCH)/bin/python -m tests.benchmarks.compare $(OLD) $(NEW)

simulate: $(READY)  ## where PostgreSQL becomes the limit of 50 hosts and 100,000 devices; ARGS="--help"
	$(BIN)/python -m tests.benchmarks.simulation $(ARGS)

soak: $(READY)  ## kill, starve and pace sends and workers for long; ARGS="--kills 100 --only kill" for less
	$(BIN)/python -m tests.soak $(ARGS)

clean:  ## remove everything that make, the tools and the demo have made
	rm -rf .venv $(BENCH) .gewe reports campaigns/.gewe campaigns/reports build dist .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# $(call set-up,FOLDER,EXTRA): a virtual environment with this checkout and the versions of constraints.txt.
# A name on the PATH proves little: a version manager's shim may stand for nothing, and Debian splits venv off.
define set-up
	@set -e; \
	for python in $(PYTHONS); do \
	  "$$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; \
	  python=; \
	done; \
	if [ -z "$$python" ]; then \
	  echo "make: no working Python >= 3.11 with venv among: $(PYTHONS)" >&2; \
	  echo "Install one (Debian: apt-get install python3-venv), or name it: make PYTHON=/path/to/python3" >&2; \
	  exit 1; \
	fi; \
	echo "Setting up $(1) with $$("$$python" --version); this takes a minute, once."; \
	"$$python" -m venv --clear $(1); \
	$(1)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[$(2)]'; \
	touch $(1)/.ready
endef

$(READY): pyproject.toml constraints.txt
	$(call set-up,.venv,dev)

# The peers and the program, and nothing else, so that both start as they would at a user's.
$(BENCH)/.ready: pyproject.toml constraints.txt
	$(call set-up,$(BENCH),bench)
