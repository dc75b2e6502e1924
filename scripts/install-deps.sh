#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# install-deps.sh PROFILE …: installs what Debian 12 lacks for build, demo, test, lint, fuzz, crash or bench.
# Touches neither network nor package lists when everything is there, so that every make target can call it.
set -euo pipefail

declare -A packages=(
    [build]="cmake ninja-build g++ ccache mold pkg-config libcli11-dev libexpected-dev libspdlog-dev libfmt-dev libyaml-cpp-dev
             nlohmann-json3-dev libcurl4-openssl-dev libarchive-dev libsodium-dev libssl-dev libsqlite3-dev libpq-dev
             liblzma-dev zlib1g-dev libzstd-dev libunistring-dev libgtest-dev libgmock-dev librapidcheck-dev python3 ca-certificates tzdata"
    [demo]="python3 minisign xz-utils sqlite3"
    [test]="python3 minisign xz-utils sqlite3 libvalijson-dev postgresql nodejs npm openssl curl jq strace tmux
            procps git"
    [lint]="clang clang-format clang-tidy clang-tools python3 git"
    [fuzz]="clang libclang-rt-14-dev"
    [crash]=""
    [bench]="libbenchmark-dev python3 xz-utils"
)

installed() {
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]] && return
    # Node may come from elsewhere than Debian, and then brings its own npm.
    case $1 in
        nodejs) command -v node >/dev/null ;;
        npm) command -v npm >/dev/null ;;
        *) return 1 ;;
    esac
}

(($#)) || { echo "usage: install-deps.sh PROFILE …   (${!packages[*]})" >&2; exit 2; }
missing=()
for profile in "$@"; do
    [[ -v packages[$profile] ]] || { echo "install-deps.sh: unknown profile '$profile'; known: ${!packages[*]}" >&2; exit 2; }
    for package in ${packages[$profile]}; do
        [[ " ${missing[*]} " == *" $package "* ]] || installed "$package" || missing+=("$package")
    done
done
((${#missing[@]})) || exit 0

as_root=()
if ((EUID != 0)); then
    command -v sudo >/dev/null || { echo "install-deps.sh: run as root or install sudo; missing: ${missing[*]}" >&2; exit 1; }
    as_root=(sudo)
fi
echo "installing: ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
quietly() { "${as_root[@]}" "$@" >"$log" 2>&1 || { tail -n 40 "$log" >&2; exit 1; }; }
quietly apt-get update
quietly env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"
