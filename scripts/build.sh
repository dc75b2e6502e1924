#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# build.sh PRESET [TARGET …]: configures build/PRESET and builds the targets (all without any).
set -euo pipefail
cd "$(dirname "$0")/.."

preset=${1:?usage: build.sh PRESET [TARGET …]}
shift
cmake --preset "$preset" >/dev/null
if (($#)); then
    cmake --build --preset "$preset" -j "${JOBS:-$(nproc)}" --target "$@"
else
    cmake --build --preset "$preset" -j "${JOBS:-$(nproc)}"
fi
