# make demo: the whole flow on examples/iris.yaml. make test: every check and test. Both set up what they need.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := test
.PHONY: setup lint test demo nightly coverage papers bench bench-engine bench-macro bench-pex clean

setup:
	@tools/setup.sh

lint: setup
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

test: setup  # types are checked beside the tests: mypy uses one processor
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy & types=$$!; .venv/bin/python -m pytest -q -n 2 --dist worksteal || failed=$$?; \
	wait $$types; exit $${failed:-0}

demo: setup
	.venv/bin/somaforge run examples/iris.yaml --out runs/iris

nightly: setup
	.venv/bin/python -m pytest -q -n 2 -m nightly

coverage: setup  # printed, no gate: which lines no test runs, worker processes left out
	.venv/bin/python -m coverage run --source=flow,generator,pdk -m pytest -q
	.venv/bin/python -m coverage report --skip-covered --sort=cover

papers: setup  # docs/papers.md: hours where parts were not run yet; SOMAFORGE_DATA names the data, RUN a finished run of examples/mnist.yaml
	.venv/bin/somaforge papers --out bench/results/papers --page docs/papers.md $(if $(RUN),--run $(RUN))

bench: setup
	@for file in bench/*.py; do echo "== $$file"; .venv/bin/python "$$file"; done

bench-engine: setup
	.venv/bin/python bench/engine.py

bench-macro: setup
	.venv/bin/python bench/macro.py

bench-pex: setup
	.venv/bin/python bench/pex.py

clean:
	rm -rf runs .mypy_cache .ruff_cache .pytest_cache .hypothesis
