#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# start|stop|status of the test application as a daemon: command_service.sh VERB PIDFILE FOLDER. Needs PORT.
file=$2
pid=$(cat "$file" 2>/dev/null)
alive() { [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null && ! grep -q '^State:.Z' "/proc/$pid/status"; }
case $1 in
start)
  alive && exit 0
  cd "$3" || exit 1
  # Output stays open on purpose: a careless daemon must not die when its starter has gone.
  setsid node app.js &
  echo $! >"$file"
  ;;
stop)
  alive && kill -TERM "$pid"
  while alive; do sleep 0.05; done
  rm -f "$file"
  ;;
status)
  if alive; then echo "pid=$pid"; else exit 3; fi
  ;;
esac
