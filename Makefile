# Evertoken: the command list. `make` alone shows it.

PYTHON ?= python3
PREFIX ?= /usr/local
STEPS = $(PYTHON) scripts/steps.py
export PYTHON

.DEFAULT_GOAL := help
.PHONY: help demo bench test check build install uninstall header format clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo '  V=1 shows what the steps print; make PYTHON=python3.12 picks an interpreter'

demo: ## Watch 200 requests in three languages cross two expiries and a revocation, on each provider (ARGS=--json: the table as JSON)
	@scripts/prerequisites.sh demo
	@$(PYTHON) demo/demo.py $(ARGS)

bench: ## Measure ours beside the peers in four languages: tables and plots in bench/results (ARGS=full: the long version)
	@bench/run.sh $(ARGS)

test: ## Everything, from a clean checkout: prerequisites, builds, checks, tests of every language, packages
	@scripts/prerequisites.sh
	@$(STEPS) test

check: ## Formatting, lints, types, documentation, header, architecture: what needs no test run
	@scripts/prerequisites.sh
	@$(STEPS) check

build: ## Release builds of the library, the command and the bindings, in target/release
	cargo build --release --workspace --exclude evertoken-examples --exclude evertoken-fuzz --exclude evertoken-c-rlib

install: ## Install the C library, header, pkg-config and CMake files, and the command (PREFIX=/usr/local, DESTDIR=)
	PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' bindings-c/install.sh

uninstall: ## Remove what install put there (same PREFIX and DESTDIR)
	PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' bindings-c/install.sh uninstall

header: ## Write include/evertoken.h from the Rust code
	cargo run --quiet -p evertoken-c --example header

format: ## Format the Rust and the Python sources
	cargo fmt
	.venv/bin/ruff format

clean: ## Remove what was built and installed here: target, build, .venv, node_modules
	rm -rf target build .venv bindings-node/node_modules tests/node/node_modules tests/servers/node/node_modules demo/node_modules
