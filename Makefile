# SPDX-License-Identifier: Apache-2.0
# Every target is one line over a script or a preset, so that what runs here, in CI and by hand is the same.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := build
JOBS ?= $(shell nproc)
PREFIX ?= /usr/local
export JOBS

.PHONY: help build demo test lint format asan tsan fuzz crash bench install clean
help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 18

build: ## uprev and uprev-shim in build/dev/bin
	scripts/install-deps.sh build
	scripts/build.sh dev uprev uprev-shim

demo: ## a small application goes up a release, then survives a bad one
	scripts/install-deps.sh build demo
	scripts/build.sh dev uprev uprev-shim
	scripts/demo.sh build/dev/bin/uprev

test: ## everything that must hold, on servers of its own
	scripts/install-deps.sh build test
	scripts/build.sh dev
	ctest --preset dev

lint: ## format, file lengths, banned calls, include graph, clang-tidy
	scripts/install-deps.sh build test lint
	scripts/lint.sh

format: ## rewrites the C++ sources in house style
	scripts/install-deps.sh lint
	scripts/format.sh --write

asan: ## the unit and contract tests under AddressSanitizer and UBSan
	scripts/install-deps.sh build test
	scripts/build.sh asan
	ctest --preset asan

tsan: ## the unit and contract tests under ThreadSanitizer
	scripts/install-deps.sh build test
	scripts/build.sh tsan
	ctest --preset tsan

fuzz: ## each fuzzer for FUZZ_SECONDS (60) from its corpus
	scripts/install-deps.sh build test fuzz
	scripts/build.sh fuzz
	scripts/fuzz.sh

crash: ## every pair of crash points, many moments on real parts, power cuts: hours
	scripts/install-deps.sh build test crash
	scripts/build.sh dev
	ctest --preset crash

bench: ## the measurements of bench/, on a release build
	scripts/install-deps.sh build test bench
	scripts/build.sh release uprev uprev-shim uprev-bench-steps
	bench/run.sh

install: ## into PREFIX (/usr/local), below DESTDIR when set
	scripts/install-deps.sh build
	scripts/build.sh release uprev uprev-shim
	cmake --install build/release --prefix "$(PREFIX)"

clean: ## removes build/
	rm -rf build
