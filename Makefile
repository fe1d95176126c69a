# make run: ticktree on this machine.  make test: every check.  Both call make setup, which builds the screen, too, where it can.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

ANOTHER ?= python3.13
SMOKE := tests/config tests/runtime tests/web/protocol tests/web/client/test_following.py tests/web/client/test_returning.py \
  tests/web/test_sockets.py

.PHONY: run setup screen test smoke check fuzz benchmark calendars lock

run: setup
	@exec $(BIN)/ticktree run

setup: $(READY) screen

screen: $(READY)
	@$(BIN)/python scripts/screen.py build

$(READY): requirements/bootstrap.txt requirements/development.txt pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "ticktree: needs Python 3.11 or newer, found no $(PYTHON)"; exit 1; }
	@$(PYTHON) scripts/check_python.py
	@echo "ticktree: installing into .venv (once; some 650 MB on disk)"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements/development.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

# With the calendar libraries, in their own environment: a test derives the calendars anew. Some ten seconds, once.
# Two processes, as most of the time is waiting. Whole files, in their order: what a file's tests share is made once, and the
# slow ones of tests/engine are not left to the end, where one process would wait for the other.
test: check .venv/.calendars/ready
	@$(BIN)/python scripts/screen.py test
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

# On another Python, from the same locks: the kernel, the settings, the protocols and a whole web process; not the suite, which
# would double the time of a build.
smoke: .venv/.another/ready .venv/.calendars/ready
	@.venv/.another/bin/python -m pytest -q -n 2 $(SMOKE)

.venv/.another/ready: requirements/development.txt $(READY)
	@$(ANOTHER) -m venv --clear .venv/.another
	@$(BIN)/uv pip sync --quiet --python .venv/.another/bin/python --require-hashes requirements/development.txt
	@touch $@

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	@$(BIN)/python scripts/screen.py check

# Everything that reads bytes of a provider, a minute each, by a fuzzer that follows coverage; what fails is left in .fuzz.
fuzz: .venv/.fuzz/ready
	@.venv/.fuzz/bin/python -m tests.fuzz --seconds $(or $(SECONDS_EACH),60)

.venv/.fuzz/ready: requirements/runtime.txt requirements/fuzz.txt $(READY)
	@$(PYTHON) -m venv .venv/.fuzz
	@$(BIN)/uv pip sync --quiet --python .venv/.fuzz/bin/python --require-hashes requirements/runtime.txt requirements/fuzz.txt
	@touch $@

# The benchmarks compare with other stacks; what only they need is installed on first use.
benchmark: setup .venv/.benchmarks
	@$(BIN)/python -m benchmarks kernel
	@$(BIN)/python -m benchmarks pipeline
	@$(BIN)/python -m benchmarks ingest
	@$(BIN)/python -m benchmarks latency
	@$(BIN)/python -m benchmarks fanout
	@$(BIN)/python -m benchmarks memory

.venv/.benchmarks: requirements/benchmarks.txt $(READY)
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/benchmarks.txt
	@touch $@

# The exchanges' calendars from scripts/calendars.toml and the calendar libraries, which only this needs.
calendars: .venv/.calendars/ready
	@.venv/.calendars/bin/python -W ignore scripts/make_calendars.py

.venv/.calendars/ready: requirements/calendars.txt $(READY)
	@$(PYTHON) -m venv .venv/.calendars
	@$(BIN)/uv pip sync --quiet --python .venv/.calendars/bin/python --require-hashes requirements/calendars.txt
	@touch $@

# After a change to requirements/*.in. The files carry hashes and no index's address.
lock: setup
	@cd requirements && for name in bootstrap runtime development benchmarks calendars fuzz vendors/dhan vendors/kite vendors/yahoo vendors/databento vendors/vollib; do \
	  ../$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	    --no-emit-index-url --no-emit-find-links $$name.in -o $$name.txt || exit 1; \
	done
