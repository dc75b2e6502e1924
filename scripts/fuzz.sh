#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# fuzz.sh [NAME …]: runs the fuzzers of build/fuzz for FUZZ_SECONDS each. New inputs go to build/fuzz/corpus; a crash is kept in
# build/fuzz/crashes and fails the run. Move what is worth keeping to tests/fuzz/corpus/NAME, where the ordinary test run replays it.
set -euo pipefail
cd "$(dirname "$0")/.."

if (($#)); then names=("$@"); else mapfile -t names < <(find build/fuzz/bin -maxdepth 1 -name 'fuzz_*' -printf '%f\n' | sort); fi
((${#names[@]})) || { echo "fuzz.sh: no fuzzers in build/fuzz/bin; run make fuzz" >&2; exit 1; }
mkdir -p build/fuzz/crashes
for name in "${names[@]}"; do
    mkdir -p "build/fuzz/corpus/$name"
    seeds=()
    [[ -d tests/fuzz/corpus/${name#fuzz_} ]] && seeds=("tests/fuzz/corpus/${name#fuzz_}")
    echo "== $name"
    "build/fuzz/bin/$name" -max_total_time="${FUZZ_SECONDS:-60}" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix=build/fuzz/crashes/ "build/fuzz/corpus/$name" "${seeds[@]}" 2>&1 | tail -n 12
done
