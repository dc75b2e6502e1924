#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Commands that look: logs, plugins, verify. They work without a lock and change nothing."""
import hashlib
import json
import subprocess
import threading
import time

import notebook
from notebook import uprev


class Logs(notebook.NotebookTest):
    running = True

    def test_before_any_operation(self):
        self.refused(7, "no operation has run yet", "logs")

    def test_the_newest_operations_logs_are_listed_and_shown(self):
        operation = self.ok("upgrade", "--to", "1.1.0").json["operation"]
        listed = self.ok("logs").json
        self.assertEqual(operation, listed["operation"])
        names = [row["name"] for row in listed["logs"]]
        migration = next(name for name in names if name.startswith("migrate.run"))
        row = next(row for row in listed["logs"] if row["name"] == migration)
        self.assertEqual("done", row["status"])
        shown = self.ok("logs", "migrate").json["logs"]
        self.assertEqual([migration], [row["name"] for row in shown])
        with open(row["file"], encoding="utf-8") as file:
            self.assertEqual(file.read(), shown[0]["output"])
        self.assertEqual(shown[0]["output"], self.ok("logs", migration, as_json=False).out)
        self.assertIn(migration, self.ok("logs", as_json=False).out)
        self.assertEqual(listed["logs"], self.ok("logs", "--operation", operation).json["logs"])

    def test_what_does_not_exist_is_said_with_what_does(self):
        self.ok("upgrade", "--to", "1.1.0")
        self.refused(7, r"no step 'nonsense'(?s:.*)migrate\.run", "logs", "nonsense")
        self.refused(7, "nope", "logs", "--operation", "nope")

    def test_following_ends_with_the_operation(self):
        process = self.uprev.start("upgrade", "--to", "1.1.0")
        deadline = time.monotonic() + 60
        while "migrate" not in (seen := self.uprev("logs", "--follow", as_json=False).out) and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertEqual(0, self.uprev.finish(process).code)
        self.assertIn("==> migrate.run", seen)
        self.assertIn("==> migrate.run", self.ok("logs", "--follow", as_json=False).out, "an ended operation is shown whole")

    def test_following_sees_the_lines_as_they_come(self):
        script = 'printf "first\\n"; sleep 2; printf "second\\n"'
        text = self.notebook.site.read_text()
        self.notebook.site.write_text(text.replace("release:\n", f"release:\n  builds:\n    slow: {{command: {{shell: '{script}'}}}}\n"))
        process = self.uprev.start("upgrade", "--to", "1.1.0")
        lines = []

        def read():
            deadline = time.monotonic() + 60
            while not any("second" in line for _, line in lines) and time.monotonic() < deadline:
                with self.uprev.start("logs", "prepare.build", "--follow", as_json=False) as follower:
                    for line in follower.stdout:
                        lines.append((time.monotonic(), line))
                time.sleep(0.02)

        reader = threading.Thread(target=read)
        reader.start()
        self.assertEqual(0, self.uprev.finish(process).code)
        reader.join()
        first = next(at for at, line in lines if "first" in line)
        second = next(at for at, line in lines if "second" in line)
        self.assertGreater(second - first, 1, lines)


class Plugins(notebook.NotebookTest):
    options = {"site": "\nplugins:\n  folder: plugins\n  min_key: notes_min\n  max_key: notes_max\n", "replace": [("keep: [.env]", "keep: [.env, plugins]")]}

    def setUp(self):
        super().setUp()
        (self.notebook.root / "current" / "plugins").symlink_to(self.notebook.shared / "plugins")
        self.put("spelling", notes_min="1.0.0", notes_max="1.0")
        self.put("export", notes_min="1.0.0")

    def put(self, name, **manifest):
        folder = self.notebook.shared / "plugins" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "plugin.json").write_text(json.dumps({"name": name, "version": "0.1.0", **manifest}))

    def test_they_are_listed_with_their_ranges(self):
        rows = {row["name"]: row for row in self.ok("plugins", "list").json["plugins"]}
        self.assertEqual({"spelling", "export"}, set(rows))
        self.assertEqual(("1.0.0", "1.0"), (rows["spelling"]["min"], rows["spelling"]["max"]))
        self.assertRegex(self.ok("plugins", "list", as_json=False).out, r"spelling +0\.1\.0 +from 1\.0\.0 up to 1\.0 +fits")

    def test_each_offender_is_named(self):
        self.ok("plugins", "check", "--for", "1.0.1")
        answer = self.refused(3, "spelling", "plugins", "check", "--for", "1.1.0")
        self.assertEqual(1, answer.json["offenders"])
        self.assertRegex(self.exits(3, "plugins", "check", "--for", "1.1.0", as_json=False).out, r"spelling.*DOES NOT FIT: works up to 1\.0 only")
        self.assertEqual("2.0.0", self.exits(3, "plugins", "check").json["for"], "without --for the release that an upgrade would choose")
        self.refused(2, "version", "plugins", "check", "--for", "new")

    def test_a_broken_manifest_is_an_offender(self):
        (self.notebook.shared / "plugins" / "export" / "plugin.json").write_text("{")
        rows = {row["name"]: row for row in self.exits(3, "plugins", "check", "--for", "1.0.0").json["plugins"]}
        self.assertFalse(rows["export"]["fits"])

    def test_the_upgrade_refuses_what_the_check_refuses(self):
        self.assertRegex(self.exits(3, "upgrade", "--to", "1.1.0").text, "spelling")


class PluginsInTheRelease(notebook.NotebookTest):
    """Put into the release folder by hand, and not listed under keep."""
    running = True
    options = {"site": "\nplugins:\n  folder: plugins\n"}

    def test_one_that_stays_behind_is_remarked(self):
        folder = self.notebook.root / "current" / "plugins" / "export"
        folder.mkdir(parents=True)
        (folder / "plugin.json").write_text(json.dumps({"name": "export", "version": "0.1.0"}))
        answer = self.exits(uprev.DEGRADED, "upgrade", "--to", "1.0.1")
        self.assertRegex(" ".join(answer.json["remarks"]), r"1\.0\.1 lacks plugins that 1\.0\.0 has: export 0\.1\.0;")
        self.assertEqual("1.0.1", self.notebook.served())
        self.ok("ack")
        self.ok("rollback")


class NoPlugins(notebook.NotebookTest):
    def test_a_site_file_without_plugins(self):
        self.refused(7, "no 'plugins' section", "plugins", "list")


class Verify(notebook.NotebookTest):
    running = True

    def setUp(self):
        super().setUp()
        self.file = self.notebook.feed / "notes-1.1.0.tar.xz"
        self.signature = self.notebook.feed / "notes-1.1.0.tar.xz.minisig"
        self.key = (self.notebook.feed / "minisign.pub").read_text().splitlines()[1]

    def minisign(self, code, *more, key=None, signature=None, file=None):
        return self.exits(code, "verify", "minisign", "--key", key or self.key, "--signature", signature or self.signature, *more, file or self.file)

    def test_a_good_signature(self):
        answer = self.minisign(0).json
        self.assertTrue(answer["verified"])
        self.assertRegex(answer["checks"][0], "minisign: key [0-9A-F]{16}, prehashed")
        self.minisign(0, "--trusted-comment", "version:1.1.0")
        self.assertRegex(self.exits(0, "verify", "minisign", "--key", self.key, "--signature", self.signature, self.file, as_json=False).out, "^ok ")

    def test_each_thing_that_is_wrong_with_one(self):
        other = self.notebook.folder / "other"
        subprocess.run(["minisign", "-G", "-W", "-p", f"{other}.pub", "-s", f"{other}.key"], check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        empty = self.notebook.folder / "empty"
        empty.write_text("")
        for options in ({"key": other.with_suffix(".pub").read_text().splitlines()[1]}, {"signature": self.notebook.feed / "notes-1.0.0.tar.xz.minisig"}, {"signature": empty},
                        {"file": self.notebook.feed / "notes-1.0.0.tar.xz"}):
            answer = self.minisign(4, **options)
            self.assertFalse(answer.json["verified"])
            self.assertTrue(answer.json["failed"])
        self.minisign(4, "--trusted-comment", "version:1.0.0")
        changed = bytearray(self.file.read_bytes())
        changed[-1] ^= 1
        self.file.write_bytes(changed)
        self.minisign(4)

    def test_what_can_not_be_read_is_no_verdict(self):
        self.minisign(7, file="/nonexistent")
        self.minisign(7, signature="/nonexistent")
        self.minisign(2, key="nonsense")

    def test_digests(self):
        digest = hashlib.sha256(self.file.read_bytes()).hexdigest()
        self.ok("verify", "sha256", "--digest", digest, self.file)
        self.exits(4, "verify", "sha256", "--digest", digest[:-1] + ("0" if digest[-1] != "0" else "1"), self.file)
        self.exits(4, "verify", "sha256", "--digest", "abc", self.file)
        self.exits(4, "verify", "sha256", "--digest", "", self.file)

    def test_the_active_release_against_what_was_placed(self):
        self.assertTrue(self.ok("verify").json["verified"], "as it was adopted")
        self.ok("upgrade", "--to", "1.1.0")
        self.assertTrue(self.ok("verify").json["verified"])
        with open(self.notebook.root / "current" / "notes.py", "a", encoding="utf-8") as file:
            file.write("# mended by hand\n")
        self.assertRegex(self.exits(uprev.UNTRUSTED, "verify").json["failed"], r"changed since it was placed: notes\.py")


if __name__ == "__main__":
    notebook.main()
