#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# lint.sh [--fast]: format, file lengths, licence lines, banned calls, include graph and clang-tidy (not with --fast).
# Runs every check before it fails, so that one run shows everything.
set -uo pipefail
cd "$(dirname "$0")/.."

failed=()
check() {
    local name=$1
    shift
    echo "== $name"
    "$@" || failed+=("$name")
}

file_lengths() {
    local bad=0 file lines limit
    while read -r file; do
        limit=500
        [[ $file == *_test.cpp || $file == tests/* ]] && limit=800
        lines=$(wc -l <"$file")
        if ((lines > limit)); then echo "$file: $lines lines, over $limit: split it by behaviour"; bad=1; fi
    done < <(git ls-files -co --exclude-standard -- '*.cpp' '*.hpp' '*.py' '*.sh' | xargs -r ls -d 2>/dev/null)
    return $bad
}

licence_lines() {
    local bad=0 file
    while read -r file; do
        head -3 "$file" | grep -q 'SPDX-License-Identifier: Apache-2.0' || { echo "$file: no SPDX line"; bad=1; }
    done < <(git ls-files -co --exclude-standard -- 'src/*.cpp' 'src/*.hpp' 'tests/*.cpp' 'tests/*.hpp' 'scripts/*' 'bench/*.cpp' | xargs -r ls -d 2>/dev/null)
    return $bad
}

vague_names() {
    local found
    found=$(git ls-files -co --exclude-standard -- src | grep -iE '(util|helper|manager|common|misc)[^/]*$')
    [[ -z $found ]] || { echo "$found"; echo "say what it does instead"; return 1; }
}

tidy() {
    cmake --preset tidy >/dev/null || return 1
    run-clang-tidy -quiet -p build/tidy -j "${JOBS:-$(nproc)}" "$PWD/(src|tests|bench)/.*\.cpp$" 2>/dev/null >build/tidy/report.txt
    local code=$?
    grep -E '(warning|error):' build/tidy/report.txt | sort -u
    return $code
}

check format scripts/format.sh --check
check 'file lengths' file_lengths
check 'licence lines' licence_lines
check 'vague names' vague_names
check 'banned calls' scripts/lint-bans.sh
check 'include graph' python3 tests/cli/include_graph_test.py
[[ ${1:-} == --fast ]] || check clang-tidy tidy

if ((${#failed[@]})); then printf 'lint: failed: %s\n' "${failed[*]}" >&2; exit 1; fi
echo 'lint: clean'
