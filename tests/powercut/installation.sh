#!/bin/busybox sh
# SPDX-License-Identifier: Apache-2.0
# The installation inside the guest, below /disk, and what its operator does with it: installation.sh VERB.
#   make      release 1.0.0 installed, 1.1.0 published in a feed       (once, before the power is ever cut)
#   upgrade   to 1.1.0, while the application works, and says when it is over
#   recover   what happens at boot: uprev first, then the service; prints what is there then as one line of JSON
# As the service of the site file: start | stop | status.
export PATH=/bin UPREV_SITE=/disk/uprev.yaml UPREV_STATE=/disk/state HOME=/disk
promises="/dev/vda $(cat /run/offset)"
root=/disk/app

release() { # FOLDER VERSION NUMBER SCHEMA READS
    mkdir -p "$1"
    guest fill "$1" "$3"
    printf %s "$2" >"$1/VERSION"
    echo "$5" >"$1/READS"
    cat >"$1/uprev.release.yaml" <<YAML
version: $2
application: notes
dependencies: []
migrations:
  - name: notes
    command: [/bin/guest, migrate, $root/shared/notes.db, "$4"]
    declared_compatible: $(cat /run/compatible)
services:
  web:
    version_json: /version
    health:
      - {url: "http://127.0.0.1:8080/health", json: {/ok: true}, every: 200ms, within: 120s, stable: 500ms, timeout: 20s}
schema: "$4"
reads_schema: [$5]
YAML
}

# The words of a zombie are empty: nobody may be there to reap it.
running() { pid=$(cat /run/web.pid 2>/dev/null) && [ -n "$(tr -d '\0' 2>/dev/null <"/proc/$pid/cmdline")" ]; } 2>/dev/null

case $1 in
    make)
        mkdir -p $root/shared /disk/feed
        old_reads=1
        [ "$(cat /run/compatible)" = false ] || old_reads='1, 2'  # else the declaration were a lie
        release $root/releases/20260101000000_v1.0.0 1.0.0 0 1 "$old_reads"
        ln -s releases/20260101000000_v1.0.0 $root/current
        guest migrate $root/shared/notes.db 1
        release /run/notes-1.1.1 1.1.1 1 2 2
        tar -czf /disk/feed/notes-1.1.1.tar.gz -C /run notes-1.1.1
        sum=$(sha256sum /disk/feed/notes-1.1.1.tar.gz)
        size=$(wc -c </disk/feed/notes-1.1.1.tar.gz)
        printf '{"releases": [{"version": "1.1.1", "channel": "stable", "artifact": {"url": "notes-1.1.1.tar.gz", "size": %s, "sha256": "%s"}}]}' \
            "$size" "${sum%% *}" >/disk/feed/feed.json
        cat >$UPREV_SITE <<YAML
id: notes
application: notes
root: $root
source: {url: /disk/feed}
trust: {require: [sha256]}
databases:
  notes: {kind: sqlite, path: $root/shared/notes.db, schema_query: PRAGMA user_version}
services:
  kind: command
  commands:
    web: {start: [/bin/installation, start], stop: [/bin/installation, stop], status: [/bin/installation, status]}
  guard_on: [/bin/touch, /disk/guard]
  guard_off: [/bin/rm, -f, /disk/guard]
retention: {reserve_bytes: 1MiB}
YAML
        /bin/installation start
        uprev adopt --version 1.0.0
        sync
        ;;
    upgrade)
        guest promise $promises upgrade begun
        uprev upgrade --to 1.1.1
        guest promise $promises upgrade "$?"
        sleep 1
        echo upgraded
        ;;
    recover)
        uprev resume >/dev/console 2>&1
        code=$?
        [ -e /disk/guard ] || running || /bin/installation start
        uprev resume >/dev/console 2>&1
        again=$?
        # What answers, not what should; the service may need a moment.
        for _ in $(seq 600); do [ -e /run/www/health ] && break; running || break; sleep 0.1; done
        served=$(wget -q -O - http://127.0.0.1:8080/health | sed 's/"//g; s/[{}]//g')
        /bin/installation stop
        found=$(guest look $root)
        leftover=$(ls -d /disk/guard $root/releases/.[!.]* 2>/dev/null | tr '\n' ' ')
        printf '{"look": %s, "code": %s, "again": %s, "served": "%s", "leftover": "%s"}\n' "${found:-null}" "$code" "$again" "$served" "$leftover"
        ;;
    start)
        running && exit 0
        # The release that the pointer leads to when it starts, as a service manager would have it.
        cd -P $root/current || exit 1
        setsid guest serve "$PWD" $root/shared/notes.db /run/www/health $promises </dev/null >/dev/null 2>&1 &
        echo $! >/run/web.pid
        ;;
    stop)
        running && kill -9 "$pid"
        while running; do sleep 0.1; done
        rm -f /run/web.pid /run/www/health
        ;;
    status)
        running || exit 3
        echo "pid=$pid"
        ;;
esac
