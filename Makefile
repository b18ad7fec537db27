# One command each. Without make: python3 -m launch run | test | bench | check | assets | flask
PYTHON ?= python3
LAUNCH = $(PYTHON) -m launch

.PHONY: help run test bench check assets flask clean

help:            ## this list
	@sed -n 's/^\([a-z]*\):  *## /  make \1\t/p' $(MAKEFILE_LIST)

run:             ## set up and start the shop with everything it needs (Ctrl-C stops it)
	@$(LAUNCH) run

test:            ## the whole suite; ARGS="-k checkout -x" goes to pytest
	@$(LAUNCH) test $(ARGS)

bench:           ## the measurements, as ratios to a bare Flask "hello"; ARGS go to benchmarks/
	@$(LAUNCH) bench $(ARGS)

check:           ## ruff, mypy and the import rules
	@$(LAUNCH) check

assets:          ## fetch the browser assets into static/vendor/
	@$(LAUNCH) assets

flask:           ## a flask command against the running shop; ARGS="users list"
	@$(LAUNCH) flask $(ARGS)

clean:           ## remove what was generated, but never the data in var/
	rm -rf .venv node_modules static/vendor .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@echo "var/ (the database, pictures, secrets) is kept; remove it yourself to start anew."
