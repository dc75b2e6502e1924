#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# format.sh [--check | --write] [FILE …]: clang-format over the given C++ files, or over all of the repository's.
set -euo pipefail
cd "$(dirname "$0")/.."

mode=(--dry-run -Werror)
case ${1:-} in
    --write) mode=(-i); shift ;;
    --check) shift ;;
esac
if (($#)); then files=("$@"); else mapfile -t files < <(git ls-files -co --exclude-standard -- '*.cpp' '*.hpp' | while read -r f; do [[ -f $f ]] && echo "$f"; done); fi
((${#files[@]})) || { echo "format.sh: no C++ files" >&2; exit 1; }
clang-format --style=file "${mode[@]}" "${files[@]}"
