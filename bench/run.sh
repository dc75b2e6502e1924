#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# run.sh [--quick] [--only NAME …]: the measurements of docs/benchmarks.md on build/release, as a table; the numbers go to
# build/bench/results.json. --quick: fewer rounds and a smaller artifact, to see whether all of it works.
set -euo pipefail
cd "$(dirname "$0")/.."
export UPREV_BIN=${UPREV_BIN:-$PWD/build/release/bin/uprev}
[[ -x $UPREV_BIN ]] || { echo "run.sh: no $UPREV_BIN; run 'make bench'" >&2; exit 1; }
exec python3 bench/run.py "$@"
