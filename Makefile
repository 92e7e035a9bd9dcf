# Every target says what it needs; `make` alone lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PORT ?= 8080
DIR ?= out/demo
TARGET ?= query
SECONDS ?= 60
CARGO ?= cargo
PYTHON ?= python3
RUST := 1.95.0
BINARY := target/release/windlass

.PHONY: help prerequisites vendor build demo test chromium node gates audit fuzz bench

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile
	@echo "  make demo PORT=$(PORT) DIR=$(DIR)   are the defaults of make demo"

prerequisites: ## check for Rust, a C compiler and pip, and name what is missing
	@bad=0; miss() { echo "missing: $$1; next: $$2" >&2; bad=1; }; \
	if ! command -v $(CARGO) >/dev/null; then miss "cargo (Rust $(RUST) or newer)" "install Rust as rustup.rs says"; \
	else have=$$($(CARGO) --version | cut -d' ' -f2); have=$${have%%-*}; \
	  if [ "$$(printf '%s\n' $(RUST) "$$have" | sort -V | head -n 1)" != "$(RUST)" ]; then miss "Rust $(RUST) or newer (this is $$have)" "rustup update stable"; fi; fi; \
	command -v cc >/dev/null || miss "a C compiler" "apt-get install build-essential"; \
	if ! command -v $(PYTHON) >/dev/null; then miss "Python 3" "apt-get install python3 python3-pip"; \
	elif ! $(PYTHON) -m pip --version >/dev/null 2>&1; then miss "pip for $(PYTHON)" "apt-get install python3-pip"; fi; \
	exit $$bad

vendor: prerequisites ## fetch PostgreSQL and the docs bundles (by pip, hash-pinned)
	@$(PYTHON) packaging/vendor/fetch

build: vendor ## build target/release/windlass with PostgreSQL inside
	$(CARGO) build --release --locked --package windlass

demo: build ## build, load the demo project and serve it (PORT=8080 DIR=out/demo)
	$(BINARY) demo --dir "$(DIR)" --listen 127.0.0.1:$(PORT)

chromium:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || \
	  { echo "missing: Chromium, for the tests of the docs pages; next: apt-get install chromium" >&2; exit 1; }

node:
	@command -v npm >/dev/null && node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 20 ? 0 : 1)' || \
	  { echo "missing: Node 20 or newer with npm, for the test with PostgREST's client; next: apt-get install nodejs npm" >&2; exit 1; }

test: vendor chromium node ## run every test, against a real PostgreSQL, in a headless Chromium and with PostgREST's client
	@mkdir -p target; : > target/snapshots
	INSTA_SNAPSHOT_REFERENCES_FILE=$(CURDIR)/target/snapshots $(CARGO) test --workspace --locked
	@packaging/ci/snapshots target/snapshots

gates: vendor ## run what CI refuses to merge without: format, lints, docs, unused dependencies, stray addresses
	$(CARGO) fmt --all --check
	$(CARGO) fmt --manifest-path core/fuzz/Cargo.toml --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --workspace --no-deps --locked
	@if command -v cargo-machete >/dev/null; then cargo-machete; \
	else echo "skipped: unused dependencies; next: cargo install --locked cargo-machete"; fi
	@packaging/ci/addresses

audit: ## check licences, duplicates and sources of every crate
	@command -v cargo-deny >/dev/null || { echo "missing: cargo-deny; next: cargo install --locked cargo-deny" >&2; exit 1; }
	$(CARGO) deny --all-features check licenses bans sources

fuzz: ## look for inputs that break the stages before SQL (TARGET=query|body|headers|cursor|sql_route SECONDS=60)
	@command -v cargo-fuzz >/dev/null || { echo "missing: cargo-fuzz; next: cargo install --locked cargo-fuzz" >&2; exit 1; }
	@mkdir -p core/fuzz/corpus/$(TARGET)
	@# The targets hold no unsafe code for a sanitizer to watch, and without one a stable toolchain does.
	cd core && RUSTC_BOOTSTRAP=1 cargo fuzz run --sanitizer none --target-dir ../target/fuzz $(TARGET) \
	  fuzz/corpus/$(TARGET) fuzz/seeds/$(TARGET) -- -dict=fuzz/words.dict -max_total_time=$(SECONDS) -max_len=8192 -timeout=5

bench: build ## measure starts, memory, size and validation (bench/run)
	@if [ -x bench/run ]; then bench/run; else $(CARGO) bench --workspace --locked; fi
