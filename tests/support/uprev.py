# SPDX-License-Identifier: Apache-2.0
"""Drives the real `uprev` executable ($UPREV_BIN) through its command line."""
import contextlib
import json
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import workplace

SUCCEEDED, FAILED, USAGE, REFUSED, UNTRUSTED, CONFLICT, UNAVAILABLE, NOT_FOUND, PERMISSION, EXHAUSTED, UNDONE, NEEDS_OPERATOR, \
    DEGRADED, INTERRUPTED, CORRUPT = range(15)


def executable():
    path = Path(os.environ.get("UPREV_BIN") or workplace.REPOSITORY / "build" / "dev" / "bin" / "uprev")
    if not path.exists():
        raise RuntimeError(f"no uprev at {path}; set UPREV_BIN")
    return path


def processes_of(folder):
    """Pids of uprev's own processes (client, worker, shims) that have to do with `folder`."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and executable_of(entry.name).startswith("uprev"):
                opened = [os.readlink(link) for link in (entry / "fd").iterdir()]  # a shim's words and environment say nothing
                words = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
                if str(folder).encode() in words or any(path.startswith(str(folder)) for path in opened):
                    found.append(int(entry.name))
        except OSError:
            continue
    return found


def executable_of(pid):
    """File name of what `pid` runs; empty when it is gone."""
    try:
        return os.readlink(f"/proc/{pid}/exe").split(" ")[0].rsplit("/", 1)[-1]
    except OSError:
        return ""


def kill(folder, shims):
    """SIGKILL to client and worker; with `shims` to those too, as when the machine's memory ran out. Again until none is left,
    since one may just be starting another."""
    while doomed := [pid for pid in processes_of(folder) if shims or "shim" not in executable_of(pid)]:
        for pid in doomed:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.005)


@dataclass
class Answer:
    argv: list
    code: int
    out: str
    err: str

    @property
    def json(self):
        try:
            return json.loads(self.out)
        except ValueError as error:
            raise AssertionError(f"{self}\nis not JSON: {error}") from error

    @property
    def text(self):
        return self.out + self.err

    def __str__(self):
        return f"$ {' '.join(map(str, self.argv))}\nexit code {self.code}\n{self.out[-6000:]}\n{self.err[-6000:]}"


class Uprev:
    """One site file and one state folder."""

    def __init__(self, site, state, environment=None):
        self.site, self.state = Path(site), Path(state)
        self.prefix = []  # words before uprev's own, for example to run it in namespaces of its own
        self.environment = {"PATH": workplace.PATH, "HOME": os.environ.get("HOME", "/"), "LANG": "C.UTF-8", **(environment or {})}

    def argv(self, *words, as_json=True):
        return [*self.prefix, str(executable()), "--site", str(self.site), "--state", str(self.state), *(["--json"] if as_json else []), *map(str, words)]

    def start(self, *words, as_json=True, **options):
        """The process itself, for those who kill or signal it."""
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL, "text": True, "cwd": "/", **options}
        environment = {**self.environment, **options.pop("environment", {})}
        return subprocess.Popen(self.argv(*words, as_json=as_json), env=environment, **options)

    def finish(self, process, timeout=240):
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            raise AssertionError(f"uprev did not end within {timeout} s\n{out[-3000:]}\n{err[-3000:]}") from None
        return Answer(process.args, process.returncode, out, err)

    def __call__(self, *words, as_json=True, timeout=240, **options):
        return self.finish(self.start(*words, as_json=as_json, **options), timeout)
