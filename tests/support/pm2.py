# SPDX-License-Identifier: Apache-2.0
"""PM2 with a home of its own, run by the application's user."""
import contextlib
import json
import os
import signal
import time
from pathlib import Path

import workplace


class Pm2:
    def __init__(self, home, user):
        self.home, self.user = Path(home), user
        self.bin = workplace.npm_folder("pm2", user) / "node_modules" / ".bin" / "pm2"
        self.home.mkdir(parents=True, exist_ok=True)
        workplace.give(self.home, user)

    def run(self, *words, cwd="/", check=True, environment=None):
        return workplace.run_as(self.user, [self.bin, *words],
                                {"PM2_HOME": str(self.home), "PM2_DISABLE_VERSION_CHECK": "true", **(environment or {})}, cwd, check)

    def apps(self):
        """Rows of jlist by application name; a cluster has several under one name."""
        output = self.run("--silent", "jlist").stdout
        apps = {}
        for row in json.loads(output[output.index("["):]):
            apps.setdefault(row["name"], []).append(row)
        return apps

    def saved(self):
        """Names of the applications that a reboot would start."""
        dump = self.home / "dump.pm2"
        return sorted({row["name"] for row in json.loads(dump.read_text())}) if dump.exists() else []

    def daemon(self):
        """Pid of the daemon; nothing when none runs."""
        try:
            pid = int((self.home / "pm2.pid").read_text())
            os.kill(pid, 0)
            return pid
        except (OSError, ValueError):
            return None

    def kill(self):
        pid = self.daemon()
        self.run("kill", check=False)
        for _ in range(100):
            if not pid or not Path(f"/proc/{pid}").exists():
                return
            time.sleep(0.05)
        os.kill(pid, signal.SIGKILL)

    def destroy(self):
        """At once and with all that it runs: for the end of a test."""
        pid = self.daemon()
        doomed = sorted(workplace.descendants(pid)) if pid else []
        for one in doomed:
            with contextlib.suppress(OSError):
                os.kill(one, signal.SIGKILL)
        while any(workplace.alive(one) for one in doomed):
            time.sleep(0.005)
