# SPDX-License-Identifier: Apache-2.0
"""One shop at 1.4.0 on a server of its own: PostgreSQL, PM2 with a foreign application beside, a vendor's HTTPS feed,
the operator's files, the site file. `close` stops and removes all of it."""
import json
import secrets
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "support")]

import build_releases  # noqa: E402
import feed_server  # noqa: E402
import pm2  # noqa: E402
import postgres  # noqa: E402
import uprev  # noqa: E402
import workplace  # noqa: E402

SERVICES = ("backend", "admin", "storefront")
FIRST_STAMP = "20260101000000"


def published():
    """Folder with every release, built once."""
    folder = workplace.cache() / "carphacom-releases"
    with workplace.locked("carphacom-releases"):
        build_releases.build(folder)
    return folder


def built_release(version, user):
    """A release as it lies on disk after `npm ci` and the builds, made once and copied from then on."""
    releases, folder = published(), workplace.cache() / f"carphacom-built-{version}-{user}"
    with workplace.locked(folder.name):
        stamp = folder.with_suffix(".stamp")
        if stamp.exists() and stamp.read_text() == build_releases.fingerprint():
            return folder
        workplace.remove(folder)
        folder.mkdir()
        subprocess.run(["tar", "-xJf", releases / f"carphacom-{version}.tar.xz", "-C", folder, "--strip-components=1"], check=True)
        workplace.give(folder, user)
        for name in SERVICES:
            workplace.run_as(user, ["npm", "ci"], workplace.npm_environment(user), cwd=folder / name, timeout=300)
        for name in ("admin", "storefront"):
            workplace.run_as(user, ["npm", "run", "build"], workplace.npm_environment(user), cwd=folder / name)
        stamp.write_text(build_releases.fingerprint())
    return folder


def ask(port, path="/health", timeout=2):
    """(status, document) or (0, reason): never raises for an answer that is merely bad."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=timeout) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors="replace")
    except (OSError, ValueError) as error:
        return 0, str(error)


class Installation:
    def __init__(self, version="1.4.0", releases=("1.4.0", "1.4.2", "1.5.0"), writes="auto", extra="", stable="500ms",
                 within="12s", instances=2, folder=None, feed_folder=None):
        self.user = workplace.application_user()
        self.folder = folder or workplace.temporary_folder("shop")
        self.root, self.shared = self.folder / "carphacom", self.folder / "carphacom" / "shared"
        self.state = self.folder / "state"
        self.site = self.folder / "uprev.yaml"
        self.releases, self.first_version = feed_folder or published(), version
        self.writes, self.extra, self.stable, self.within, self.instances = writes, extra, stable, within, instances
        self.canary = "c4nary" + secrets.token_hex(8)  # the database's password; it must appear nowhere
        self.ports = {name: workplace.free_port() for name in (*SERVICES, "blog")}
        self.database = self.pm2 = self.feed = None
        try:
            self._lay_out()
            self.offer(*releases)
        except BaseException:
            self.close()
            raise

    def _lay_out(self):
        self.database = postgres.Postgres(self.folder / "postgres")
        self.database.make("shop", "shop", self.canary)
        self.feed = feed_server.FeedServer(self.releases)
        self._place_release()
        self._write_operator_files()
        workplace.give(self.root, self.user)
        self._migrate()
        self.pm2 = pm2.Pm2(self.folder / "pm2", self.user)
        self._start_services()
        self.write_site()
        self.uprev = uprev.Uprev(self.site, self.state)
        self.root_entries = sorted(entry.name for entry in self.root.iterdir())

    @property
    def active(self):
        return (self.root / "current").resolve()

    def _place_release(self):
        built = built_release(self.first_version, self.user)
        release = self.root / "releases" / f"{FIRST_STAMP}_v{self.first_version}"
        release.parent.mkdir(parents=True)
        subprocess.run(["cp", "-a", "--reflink=auto", built, release], check=True)
        (self.root / "current").symlink_to(Path("releases") / release.name)
        for name in (".env", "uploads", "plugins"):
            (release / name).symlink_to(Path("../../shared") / name)

    def _write_operator_files(self):
        for name in ("uploads", "plugins/reviews"):
            (self.shared / name).mkdir(parents=True)
        self.database_url = self.database.url("shop", "shop", self.canary)
        self.write_env({})
        (self.shared / "uploads" / "car.txt").write_text("a car\n")
        self.install_plugin("reviews", minimum="1.0.0")
        apps = [{"name": name, "script": "server.js", "cwd": str(self.root / "current" / name), "exec_mode": "cluster",
                 "instances": self.instances if name == "backend" else 1, "wait_ready": True, "listen_timeout": 8000, "kill_timeout": 5000,
                 "min_uptime": 1000, "max_restarts": 5, "env": {"PORT": self.ports[name], "NODE_ENV": "production"}} for name in SERVICES]
        (self.shared / "ecosystem.config.js").write_text(f"module.exports = {json.dumps({'apps': apps}, indent=2)};\n")
        blog = self.folder / "blog"
        blog.mkdir()
        (blog / "app.js").write_text((HERE / "foreign.js").read_text())
        (blog / "ecosystem.config.js").write_text("module.exports = " + json.dumps(
            {"apps": [{"name": "blog", "script": "app.js", "cwd": str(blog), "env": {"PORT": self.ports["blog"]}}]}) + ";\n")

    def write_env(self, more):
        values = {"DATABASE_URL": self.database_url, "JWT_SECRET": self.canary + "-jwt", **more}
        path = self.shared / ".env"
        path.write_text("".join(f"{key}={value}\n" for key, value in values.items()))
        path.chmod(0o600)
        workplace.give(path, self.user)

    def install_plugin(self, name, minimum=None, maximum=None):
        folder = self.shared / "plugins" / name
        folder.mkdir(exist_ok=True)
        manifest = {"name": name, "version": "1.0.0"}
        if minimum:
            manifest["carphacom_min_version"] = minimum
        if maximum:
            manifest["carphacom_max_version"] = maximum
        (folder / "plugin.json").write_text(json.dumps(manifest))
        workplace.give(folder, self.user)

    def _migrate(self):
        workplace.run_as(self.user, ["npx", "medusa", "db:migrate"],
                         {**workplace.npm_environment(self.user), "DATABASE_URL": self.database_url}, cwd=self.active / "backend")

    def _start_services(self):
        self.pm2.run("start", self.folder / "blog" / "ecosystem.config.js")
        self.pm2.run("start", self.shared / "ecosystem.config.js")
        self.pm2.run("save")
        self.wait_served(self.first_version)
        self.saved, self.foreign = self.pm2.saved(), self.foreign_state()

    def foreign_state(self):
        rows = self.pm2.apps().get("blog", [])
        return [(row["pid"], row["pm2_env"]["restart_time"], row["pm2_env"]["status"]) for row in rows]

    def wait_served(self, version, limit=20):
        end = time.monotonic() + limit
        while time.monotonic() < end:
            if all(self.served(name) == version for name in SERVICES):
                return
            time.sleep(0.05)
        raise AssertionError(f"{version} is not served: {[(name, ask(self.ports[name])) for name in SERVICES]}\n{self.pm2.run('list', check=False).stdout}")

    def served(self, service):
        status, document = ask(self.ports[service])
        return document.get("version") if status == 200 else None

    def offer(self, *versions, simple=None):
        """What the vendor's feed lists; `simple=(current, latest)` gives the page's object instead."""
        document = build_releases.feed_simple(*simple) if simple else build_releases.feed_list(self.releases, versions)
        self.feed.documents["/feed.json"] = json.dumps(document).encode()

    def write_site(self, change=lambda text: text):
        text = (HERE / "uprev.yaml").read_text()
        values = {
            "ROOT": self.root, "USER": self.user, "WRITES": self.writes, "NPM_CACHE": workplace.npm_environment(self.user)["npm_config_cache"],
            "FEED": self.feed.url + "/feed.json", "CA": self.feed.ca_file, "KEY": (self.releases / "minisign.pub").read_text().split("\n")[1],
            "DATABASE": self.database.admin_url("shop"), "AS": f"    as: {self.database.owner}\n" if workplace.is_root() else "", "PM2": self.pm2.bin,
            "PM2_HOME": self.pm2.home, "EXTRA": self.extra, "STABLE": self.stable, "WITHIN": self.within,
            **{f"{name.upper()}_PORT": self.ports[name] for name in SERVICES},
        }
        for key, value in values.items():
            text = text.replace(f"@{key}@", str(value))
        self.site.write_text(change(text))

    def adopt(self):
        answer = self.uprev("adopt", "--version", self.first_version)
        if answer.code != 0:
            raise AssertionError(str(answer))
        return answer

    def close(self):
        uprev.kill(self.folder, shims=True)  # one that was interrupted would start again what is stopped here
        if self.pm2:
            self.pm2.destroy()
        if self.database:
            self.database.stop("immediate")
        if self.feed:
            self.feed.close()
        workplace.remove(self.folder)
