# SPDX-License-Identifier: Apache-2.0
"""The notebook of examples/demo as an installation to run commands on: its feed, its site file, and uprev over both.

The vendor's releases are built once for each test program. The notebook itself is started only where a test asks for it.
"""
import importlib.util
import json
import shutil
import subprocess
import sys
import time
import unittest
import urllib.request
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
DEMO = REPOSITORY / "examples" / "demo"
sys.path[:0] = [str(REPOSITORY / "tests" / "support")]
sys.dont_write_bytecode = True

import uprev  # noqa: E402
import workplace  # noqa: E402

RELEASES = {
    "1.0.0": {"schema": 1, "fields": ["text"]},
    "1.0.1": {"schema": 1, "fields": ["text"], "release": 'notes: ["tell your readers", "the old colours are gone"]\n'},
    "1.1.0": {"schema": 2, "fields": ["text", "colour"]},
    "1.2.0": {"schema": 2, "fields": ["text", "colour"], "search_index": "/nonexistent/search.idx"},
    "2.0.0": {"schema": 2, "fields": ["text", "colour"], "breaking": True},
}


# Offered only where a test names them: their schema is one that 1.0.0, as `strict` places it, can't read.
STRICT = {
    "1.3.0": {"schema": 2, "fields": ["text", "colour"], "strict": True},
    "1.4.0": {"schema": 2, "fields": ["text", "colour"], "strict": True, "search_index": "/nonexistent/search.idx"},
    "1.5.0": {"schema": 2, "fields": ["text", "colour"], "strict": True, "slow": True},
}


def make_strict(release_file, schema):
    text = release_file.read_text().replace('reads_schema: ["1", "2"]', f'reads_schema: ["{schema}"]')
    release_file.write_text(text.replace("declared_compatible: true", "declared_compatible: false"))


def build_feed(folder):
    spec = importlib.util.spec_from_file_location("build_releases", DEMO / "build_releases.py")
    builder = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(builder)
    plain = builder.write_release

    def write_release(version, features, target):
        features = dict(features)
        more = features.pop("release", "")
        features.pop("breaking", None)
        strict = features.pop("strict", False)
        slow = features.pop("slow", False)
        plain(version, features, target)
        if strict:
            make_strict(target / "uprev.release.yaml", features["schema"])
        if slow:  # its migration ends long after it has changed the schema
            with open(target / "migrate.py", "a", encoding="utf-8") as file:
                file.write('    if "--pending" not in sys.argv[1:]:\n        import time\n        time.sleep(30)\n')
        with open(target / "uprev.release.yaml", "a", encoding="utf-8") as file:
            file.write(more)

    builder.write_release = write_release
    folder.mkdir(parents=True)
    key = folder.parent / "minisign.key"
    subprocess.run(["minisign", "-G", "-W", "-p", folder / "minisign.pub", "-s", key], check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    rows = []
    for version, features in {**RELEASES, **STRICT}.items():
        row = builder.publish(version, features, folder, key)
        row["breaking"] = features.get("breaking", False)
        rows.append(row)
    (folder / "all.json").write_text(json.dumps({"releases": rows[::-1]}, indent=2))
    (folder / "feed.json").write_text(json.dumps({"releases": [row for row in rows[::-1] if row["version"] in RELEASES]}, indent=2))


class Notebook:
    """One installation. `site` is appended to its site file; `replace` pairs are applied to it."""

    def __init__(self, feed, site="", replace=(), releases=None, strict=False):
        self.folder = workplace.temporary_folder("cli")
        self.root, self.feed, self.state = self.folder / "notes", self.folder / "feed", self.folder / "state"
        shutil.copytree(feed, self.feed)
        if releases is not None:
            self.offer(releases)
        self.port = workplace.free_port()
        self.shared = self.root / "shared"
        self.database = self.shared / "notes.db"
        self.strict = strict
        self.place_first_release()
        self.site = self.folder / "uprev.yaml"
        self.write_site(site, replace)
        self.uprev = uprev.Uprev(self.site, self.state, {"UPREV_STATE": str(self.state)})
        self.started = False

    def place_first_release(self):
        release = self.root / "releases" / "20260101000000_v1.0.0"
        release.mkdir(parents=True)
        self.shared.mkdir()
        subprocess.run(["tar", "-xJf", self.feed / "notes-1.0.0.tar.xz", "-C", release, "--strip-components=1"], check=True)
        if self.strict:
            make_strict(release / "uprev.release.yaml", 1)
        (self.shared / ".env").write_text(f"PORT={self.port}\nNOTES_DB={self.database}\n")
        (self.shared / ".env").chmod(0o640)
        (release / ".env").symlink_to("../../shared/.env")
        (self.root / "current").symlink_to("releases/20260101000000_v1.0.0")
        subprocess.run([sys.executable, "migrate.py"], cwd=release, check=True, stdout=subprocess.DEVNULL)

    def write_site(self, more, replace):
        text = (DEMO / "uprev.yaml").read_text()
        key = (self.feed / "minisign.pub").read_text().splitlines()[1]
        for name, value in {"@ROOT@": self.root, "@FEED@": self.feed, "@KEY@": key, "@PORT@": self.port, "@HERE@": DEMO}.items():
            text = text.replace(name, str(value))
        for old, new in replace:
            assert old in text, old
            text = text.replace(old, new)
        self.site.write_text(text + more)

    def offer(self, versions=None, simple=None, changed=None):
        """What the feed says from now on: some of the releases, or the simple object that names one."""
        rows = json.loads((self.feed / ("feed.json" if versions is None else "all.json")).read_text())["releases"]
        if simple:
            (self.feed / "feed.json").write_text(json.dumps({"latest": simple, "changelog": "", "breaking": False}))
            return
        rows = [{**row, **(changed or {}).get(row["version"], {})} for row in rows if versions is None or row["version"] in versions]
        (self.feed / "feed.json").write_text(json.dumps({"releases": rows}))

    def service(self, verb):
        return subprocess.run([sys.executable, DEMO / "service.py", verb, self.root], check=False, capture_output=True, text=True)

    def start(self):
        self.service("start")
        self.started = True
        for _ in range(200):
            if self.served() is not None:
                return self
            time.sleep(0.05)
        raise AssertionError("the notebook does not start")

    def ask(self, path, body=None):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", data=body, timeout=5) as answer:
            return json.load(answer)

    def served(self):
        try:
            return self.ask("/health")["version"]
        except (OSError, ValueError):
            return None

    def write(self, text):
        return self.ask("/notes", json.dumps({"text": text}).encode())

    def texts(self):
        return [note["text"] for note in self.ask("/notes")]

    def close(self):
        self.service("stop")
        workplace.remove(self.folder)


class NotebookTest(unittest.TestCase):
    """Each test has an installation of its own: self.notebook, self.uprev."""
    options = {}
    adopted = True
    running = False
    feed = None

    @classmethod
    def setUpClass(cls):
        if NotebookTest.feed is None:
            folder = workplace.temporary_folder("cli-feed")
            build_feed(folder / "feed")
            NotebookTest.feed = folder / "feed"
            unittest.addModuleCleanup(cls.forget_feed, folder)

    @staticmethod
    def forget_feed(folder):
        NotebookTest.feed = None
        workplace.remove(folder)

    def setUp(self):
        self.notebook = Notebook(self.feed, **self.options)
        self.addCleanup(self.notebook.close)
        self.uprev = self.notebook.uprev
        if self.running:
            self.notebook.start()
        if self.adopted:
            self.ok("adopt", "--version", "1.0.0")

    def exits(self, code, *words, **options):
        answer = self.uprev(*words, **options)
        self.assertEqual(answer.code, code, str(answer))
        return answer

    def ok(self, *words, **options):
        return self.exits(uprev.SUCCEEDED, *words, **options)

    def refused(self, code, pattern, *words, **options):
        """It fails with that code and says why, on standard error and, with --json, as an object."""
        answer = self.exits(code, *words, **options)
        self.assertRegex(answer.text, pattern)
        return answer


def main():
    unittest.main(verbosity=1)
