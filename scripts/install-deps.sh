#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# install-deps.sh PROFILE …: installs what Debian 12 lacks for build, demo, test, lint, fuzz, crash or bench.
# For crash it also unpacks Debian's kernel below build/kernel, for the virtual machine of tests/powercut; that one isn't installed.
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
    [crash]="qemu-system-x86 busybox-static e2fsprogs kmod cpio binutils"
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
kernel=$(dirname "$0")/../build/kernel
kernel_wanted() { [[ " $* " == *" crash "* && ! -d $kernel ]]; }
if ! ((${#missing[@]})) && ! kernel_wanted "$@"; then exit 0; fi

as_root=()
if ((EUID != 0)); then
    command -v sudo >/dev/null || { echo "install-deps.sh: run as root or install sudo; missing: ${missing[*]:-a package list}" >&2; exit 1; }
    as_root=(sudo)
fi
log=$(mktemp)
trap 'rm -rf "$log" "$kernel.part"' EXIT
quietly() { "$@" >"$log" 2>&1 || { tail -n 40 "$log" >&2; exit 1; }; }
quietly "${as_root[@]}" apt-get update
if ((${#missing[@]})); then
    echo "installing: ${missing[*]}"
    quietly "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"
fi
if kernel_wanted "$@"; then
    package=$(apt-cache depends linux-image-amd64 | awk '/Depends: linux-image-/ { print $2; exit }')
    echo "unpacking: $package into build/kernel"
    rm -rf "$kernel.part"
    mkdir -p "$kernel.part"
    (cd "$kernel.part" && quietly apt-get download "$package")
    quietly dpkg-deb -x "$kernel.part"/linux-image-*.deb "$kernel.part/unpacked"
    mv "$kernel.part/unpacked" "$kernel"  # last, so that half a kernel is never taken for one
fi
