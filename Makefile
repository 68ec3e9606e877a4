# The commands of daily work. `make demo` and `make test` set up by themselves.
VENV := .venv/bin

.PHONY: setup demo test check bench shots

setup: .venv/.ready

.venv/.ready: pyproject.toml uv.lock
	test -x $(VENV)/uv || (python3 -m venv .venv && $(VENV)/pip install --quiet uv)
	$(VENV)/uv sync --frozen --quiet --system-certs
	touch $@

demo: setup
	$(VENV)/b24app demo

test: setup
	$(VENV)/pytest -n 2

check: setup
	$(VENV)/ruff format --check b24app tests bench
	$(VENV)/ruff check b24app tests bench
	$(VENV)/mypy
	$(VENV)/lint-imports --no-cache
	$(VENV)/pytest tests/architecture

bench: setup
	$(VENV)/uv sync --frozen --quiet --system-certs --group bench
	$(VENV)/python -m bench

shots: setup
	$(VENV)/python -m docs.shots
