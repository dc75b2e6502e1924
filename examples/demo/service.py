#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Starts, stops and reports the notebook of one installation: `service.py start|stop|status ROOT`.

The server runs as a daemon in a session of its own. ROOT/shared/notes.pid holds its pid and start time, so a pid that
the system has given to somebody else is never mistaken for ours. Exit codes of `status`: 0 running, 3 stopped.
"""
import os
import signal
import sys
import time
from pathlib import Path


def start_time(pid):
    """Clock ticks since boot at which `pid` started; nothing when there is no such process, or only its corpse."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[19]


def running(pid_file):
    try:
        pid, started = pid_file.read_text().split()
    except (OSError, ValueError):
        return None
    return int(pid) if start_time(pid) == started else None


def start(root, pid_file):
    if running(pid_file):
        return 0
    read_end, write_end = os.pipe()
    if os.fork() == 0:
        os.close(read_end)
        os.setsid()
        pid = os.fork()
        if pid:
            os.write(write_end, str(pid).encode())
            os._exit(0)
        os.close(write_end)
        become_server(root)
    os.close(write_end)
    pid = os.read(read_end, 32).decode()
    os.wait()
    aside = pid_file.with_suffix(".new")
    aside.write_text(f"{pid} {start_time(pid)}\n")
    aside.rename(pid_file)
    print(f"pid={pid}")
    return 0


def become_server(root):
    release = root / "current"
    log = os.open(root / "shared" / "notes.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    null = os.open("/dev/null", os.O_RDONLY)
    for target, source in ((0, null), (1, log), (2, log)):
        os.dup2(source, target)
    os.closerange(3, 1024)
    os.chdir(release.resolve())
    os.execv(sys.executable, [sys.executable, str(release.resolve() / "notes.py")])


def stop(pid_file):
    pid = running(pid_file)
    if pid:
        os.kill(pid, signal.SIGTERM)
    for number in range(200):
        if not running(pid_file):
            pid_file.unlink(missing_ok=True)
            return 0
        time.sleep(0.02 if number < 50 else 0.1)
    print(f"pid {pid} does not stop", file=sys.stderr)
    return 1


def status(pid_file):
    pid = running(pid_file)
    print(f"pid={pid}" if pid else "stopped")
    return 0 if pid else 3


def main():
    verb, root = sys.argv[1], Path(sys.argv[2])
    pid_file = root / "shared" / "notes.pid"
    return {"start": lambda: start(root, pid_file), "stop": lambda: stop(pid_file), "status": lambda: status(pid_file)}[verb]()


if __name__ == "__main__":
    sys.exit(main())
