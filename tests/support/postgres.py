# SPDX-License-Identifier: Apache-2.0
"""A scratch PostgreSQL server on a free loopback port and a socket of its own. initdb runs once; servers start from a copy."""
import glob
import os
import subprocess
import time
from pathlib import Path

import workplace


def bin_folder():
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[4]))
    if not found:
        raise RuntimeError("PostgreSQL is missing: apt-get install postgresql")
    return Path(found[-1])


class Postgres:
    """Superuser `owner` over the socket without a password (peer); everybody else over TCP with one."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.owner = "postgres" if workplace.is_root() else workplace.application_user()
        self.data, self.log = self.folder / "data", self.folder / "log"
        self.bin = bin_folder()
        self.port = workplace.free_port()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o755)
        workplace.give(self.folder, self.owner)
        self._copy_template()
        self.start()

    def _copy_template(self):
        template = workplace.cache() / f"postgres-{self.bin.parent.name}-{self.owner}"
        with workplace.locked("postgres"):
            if not (template / "ready").exists():
                workplace.remove(template)
                template.mkdir()
                workplace.give(template, self.owner)
                self._as_owner([self.bin / "initdb", "-D", template / "data", "-U", self.owner, "-E", "UTF8", "--locale=C.UTF-8",
                                "--no-sync", "--auth-local=peer", "--auth-host=scram-sha-256"])
                (template / "ready").touch()
        self._as_owner(["cp", "-a", "--reflink=auto", template / "data", self.data])

    def _as_owner(self, argv, check=True):
        return workplace.run_as(self.owner, argv, cwd="/", check=check)

    def start(self):
        options = f"-c listen_addresses=127.0.0.1 -p {self.port} -k {self.folder} -c fsync=off -c max_connections=60"
        self._as_owner([self.bin / "pg_ctl", "-D", self.data, "-w", "-l", self.log, "-o", options, "start"])

    def stop(self, mode="fast"):
        self._as_owner([self.bin / "pg_ctl", "-D", self.data, "-m", mode, "-w", "stop"], check=False)

    def sql(self, statement, database="postgres"):
        """Rows as lists of strings; asked over the socket as the superuser."""
        result = self._as_owner(["psql", "-XAtq", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-h", self.folder, "-p", str(self.port),
                                 "-U", self.owner, "-d", database, "-c", statement])
        return [line.split("\t") for line in result.stdout.splitlines()]

    def databases(self):
        return {row[0] for row in self.sql("select datname from pg_database where not datistemplate")}

    def make(self, database, role, password):
        self.sql(f"create role {role} login password '{password}'")
        self.sql(f"create database {database} owner {role}")

    def url(self, database, role, password):
        return f"postgresql://{role}:{password}@127.0.0.1:{self.port}/{database}"

    def admin_url(self, database):
        return f"postgresql://{self.owner}@/{database}?host={self.folder}&port={self.port}"

    def wait_until_ready(self, limit=10):
        end = time.monotonic() + limit
        while time.monotonic() < end:
            if subprocess.run([self.bin / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)], check=False, env=os.environ).returncode == 0:
                return
            time.sleep(0.05)
        raise RuntimeError(f"PostgreSQL did not come up: {self.log.read_text()[-2000:]}")
