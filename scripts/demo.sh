#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# uprev in two minutes: a small web application on SQLite is upgraded while a visitor writes to it, then offered a broken
# release, which uprev puts back by itself. Everything lives in a temporary folder and is gone afterwards.
# Usage: scripts/demo.sh [UPREV]   (default: $UPREV_BIN, then build/*/bin/uprev). UPREV_DEMO_KEEP=1 leaves the folder.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
demo=$here/examples/demo
uprev=${1:-${UPREV_BIN:-}}
if [ -z "$uprev" ]; then
  for candidate in "$here"/build/release/bin/uprev "$here"/build/dev/bin/uprev; do
    [ -x "$candidate" ] && uprev=$candidate && break
  done
fi
[ -x "${uprev:-}" ] || { echo "demo: no uprev executable; run 'make' first" >&2; exit 1; }
for tool in python3 minisign tar xz; do
  command -v $tool >/dev/null || { echo "demo: '$tool' is missing; apt-get install python3 minisign tar xz-utils" >&2; exit 1; }
done

work=$(mktemp -d "${TMPDIR:-/tmp}/uprev-demo.XXXXXX")
root=$work/notes feed=$work/feed visitor=""
export UPREV_SITE=$work/uprev.yaml UPREV_STATE=$work/state PYTHONDONTWRITEBYTECODE=1

clean_up() {
  status=$?
  [ -n "$visitor" ] && kill "$visitor" 2>/dev/null && wait "$visitor" 2>/dev/null
  [ -d "$root" ] && python3 "$demo/service.py" stop "$root" || true
  if [ "${UPREV_DEMO_KEEP:-}" = 1 ] || { [ $status -ne 0 ] && [ "${UPREV_DEMO_KEEP_FAILED:-}" = 1 ]; }; then
    echo "demo: left in $work"
  else
    rm -rf "$work"
  fi
  [ $status -eq 0 ] || echo "demo: FAILED" >&2
  exit $status
}
trap clean_up EXIT
trap 'exit 130' INT TERM

bold=$'\e[1m' plain=$'\e[0m'
[ -t 1 ] && [ -z "${NO_COLOR:-}" ] || bold="" plain=""
say() { printf '\n%s── %s%s\n' "$bold" "$*" "$plain"; }
show() { printf '%s$ uprev %s%s\n' "$bold" "$*" "$plain"; "$uprev" "$@"; }
broken() { echo "demo: $*" >&2; exit 1; }
expect() { [ "$2" = "$3" ] || broken "$1 is '$2', not '$3'"; }  # what, seen, wanted
served() { python3 -c 'import json,sys,urllib.request as u; print(json.load(u.urlopen(sys.argv[1]))["version"])' "http://127.0.0.1:$port/health"; }
# What the newest operation came to, by dotted key.
newest() { "$uprev" --json history | python3 -c 'import functools,json,sys; print(functools.reduce(lambda d, k: d[k], sys.argv[1].split("."), json.load(sys.stdin)["operations"][0]))' "$1"; }
upgrade() { set +e; show upgrade --to "$1"; code=$?; set -e; }

say "A vendor publishes three signed releases of a notebook, in a folder"
python3 "$demo/build_releases.py" "$feed"
ls "$feed"

say "An operator runs 1.0.0"
port=$(python3 -c 'import socket; s=socket.socket(); s.bind(("127.0.0.1",0)); print(s.getsockname()[1])')
release=$root/releases/20260101000000_v1.0.0
mkdir -p "$release" "$root/shared"
tar -xJf "$feed/notes-1.0.0.tar.xz" -C "$release" --strip-components=1
printf 'PORT=%s\nNOTES_DB=%s\n' "$port" "$root/shared/notes.db" >"$root/shared/.env"
ln -s ../../shared/.env "$release/.env"
ln -s releases/20260101000000_v1.0.0 "$root/current"
(cd "$release" && python3 migrate.py >/dev/null)
python3 "$demo/service.py" start "$root" >/dev/null
for _ in $(seq 100); do [ "$(served 2>/dev/null)" = 1.0.0 ] && break; sleep 0.05; done
expect "the version served" "$(served)" 1.0.0
python3 "$demo/visitor.py" "$port" "$work/acknowledged" >"$work/visitor.log" &
visitor=$!
echo "notes 1.0.0 answers on port $port, and a visitor writes ten notes a second"

say "The site file says where it lives, whom to trust and how to ask whether it is well"
key=$(tail -n 1 "$feed/minisign.pub")
sed "s|@ROOT@|$root|g; s|@FEED@|$feed|g; s|@KEY@|$key|g; s|@PORT@|$port|g; s|@HERE@|$demo|g" "$demo/uprev.yaml" >"$UPREV_SITE"
grep -v '^ *#' "$UPREV_SITE" | head -n 12
echo "…"
show adopt --version 1.0.0

say "Is there something new, and what would an upgrade do?"
show check
show plan --to 1.1.0

say "The upgrade to 1.1.0, which adds a column"
upgrade 1.1.0
expect "exit code" "$code" 0
expect "the result" "$(newest result)" succeeded
expect "the version served" "$(served)" 1.1.0
good=$(newest downtime.total_ms)

say "The upgrade to 1.2.0, which starts and then says that it is not well"
upgrade 1.2.0
expect "exit code" "$code" 10
expect "the result" "$(newest result)" undone
expect "the version served" "$(served)" 1.1.0
bad=$(newest downtime.total_ms)

say "What uprev remembers"
show status
show history

say "The visitor's notes"
kill "$visitor"; wait "$visitor" || true; visitor=""
echo "the visitor: $(cat "$work/visitor.log")"
python3 - "$port" "$work/acknowledged" <<'PYTHON'
import json, sys, urllib.request
kept = {note["text"] for note in json.load(urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[1]}/notes"))}
acknowledged = [line.strip() for line in open(sys.argv[2])]
lost = [text for text in acknowledged if text not in kept]
if lost or len(acknowledged) < 20:
    sys.exit(f"demo: {len(lost)} of {len(acknowledged)} acknowledged notes are gone")
print(f"all {len(acknowledged)} notes that were acknowledged are still there")
PYTHON

say "Measured downtime: $good ms for the upgrade, $bad ms for the release that was put back"
