#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Setting an installation up: init, config, doctor, alias."""
import json
import os
import re
import subprocess
import unittest
from pathlib import Path

import notebook
from notebook import uprev, workplace


class Init(unittest.TestCase):
    def setUp(self):
        self.folder = workplace.temporary_folder("cli-init")
        self.addCleanup(workplace.remove, self.folder)
        self.site = self.folder / "etc" / "shop.yaml"
        self.uprev = uprev.Uprev(self.site, self.folder / "state")

    def test_what_it_writes_is_a_valid_commented_site_file(self):
        for number, words in enumerate([[], ["--id", "shop"], ["--root", "/srv/shop"],
                                        ["--id", "shop", "--root", "/opt/shop", "--services", "pm2", "--database", "postgresql", "--feed", "https://example.org/feed.json",
                                         "--application", "shop", "--user", "www-data"],
                                        ["--database", "sqlite", "--feed", "/srv/feed"]]):
            file = self.folder / f"{number}.yaml"
            answer = self.uprev("init", "--output", file, *words)
            self.assertEqual(0, answer.code, str(answer))
            self.assertEqual(str(file), answer.json["file"])
            self.assertGreater(file.read_text().count("#"), 10)
            checked = uprev.Uprev(file, self.folder / "state")("config", "--check")
            self.assertEqual(0, checked.code, str(checked))
        self.assertEqual("shop", uprev.Uprev(self.folder / "2.yaml", self.folder)("config").json["id"], "the id follows from the root")

    def test_it_writes_where_site_says_and_never_replaces_silently(self):
        self.assertEqual(0, self.uprev("init").code)
        before = self.site.read_text()
        answer = self.uprev("init", "--id", "other")
        self.assertEqual(3, answer.code, str(answer))
        self.assertRegex(answer.text, "(?s)exists already.*--force")
        self.assertEqual(before, self.site.read_text())
        self.assertTrue(self.uprev("init", "--id", "other", "--force").json["replaced"])
        self.assertIn('"other"', self.site.read_text())

    def test_standard_output(self):
        answer = self.uprev("init", "--output", "-", as_json=False)
        self.assertIn("\nid: ", answer.out)
        self.assertFalse(self.site.exists())

    def test_answers_that_no_site_file_may_hold_are_refused(self):
        for words in (["--id", "No Spaces"], ["--root", "relative"], ["--feed", "ftp://x"], ["--minisign-key", "nonsense"]):
            answer = self.uprev("init", *words)
            self.assertEqual(2, answer.code, str(answer))
            self.assertFalse(self.site.exists())


class Config(notebook.NotebookTest):
    adopted = False

    def test_it_prints_what_is_in_force_as_yaml_that_can_be_read_again(self):
        text = self.ok("config", as_json=False).out
        again = self.notebook.folder / "again.yaml"
        again.write_text(text)
        second = uprev.Uprev(again, self.notebook.state)("config", as_json=False)
        self.assertEqual((0, text), (second.code, second.out), str(second))
        self.assertEqual(self.ok("config").json, uprev.Uprev(again, self.notebook.state)("config").json)

    def test_defaults_the_site_file_and_the_active_release_come_together(self):
        config = self.ok("config").json
        self.assertEqual("notes", config["id"])
        self.assertEqual(3, config["retention"]["releases"])
        self.assertEqual("1.0.0", config["release"]["version"])
        self.assertEqual(["python3", "migrate.py"], config["release"]["migrations"]["notes"]["command"]["argv"] if isinstance(config["release"]["migrations"], dict)
                         else config["release"]["migrations"][0]["command"]["argv"])

    def test_origin_names_layer_file_and_line(self):
        rows = self.ok("config", "--origin").json
        self.assertEqual(("default", 0), (rows["retention.releases"]["layer"], rows["retention.releases"]["line"]))
        line = next(number for number, text in enumerate(self.notebook.site.read_text().splitlines(), 1) if text.startswith("root:"))
        self.assertEqual(("site", str(self.notebook.site), line), tuple(rows["root"][key] for key in ("layer", "file", "line")))
        self.assertEqual("release", rows["release.version"]["layer"])
        self.assertEqual(("site", str(self.notebook.database)), (rows["databases.notes.path"]["layer"], rows["databases.notes.path"]["value"]))
        self.assertTrue(rows["release.version"]["file"].endswith("current/uprev.release.yaml"))
        self.assertRegex(self.ok("config", "--origin", as_json=False).out, r"(?m)^root: +/\S+ +# site \S+:\d+$")

    def test_schemas_and_reference(self):
        for which in ("site", "release"):
            schema = self.ok("config", "--schema", which).json
            name = {"site": "uprev", "release": "uprev.release"}[which]
            self.assertEqual(json.loads((notebook.REPOSITORY / "schema" / f"{name}.schema.json").read_text()), schema)
        self.assertRegex(self.ok("config", "--reference", "site", as_json=False).out, "(?s)retention.*reserve_bytes")
        self.assertRegex(self.ok("config", "--reference", "all", as_json=False).out, "reads_schema")

    def test_check_says_yes_or_every_place_that_is_wrong(self):
        self.assertTrue(self.ok("config", "--check").json["valid"])
        self.notebook.site.write_text(self.notebook.site.read_text().replace("keep: [.env]", "kep: [.env]\nparallel: many"))
        answer = self.exits(2, "config", "--check")
        self.assertRegex(answer.text, r"uprev\.yaml:\d+:\d+: unknown key 'kep'; did you mean 'keep'\?")
        self.assertRegex(answer.text, r"uprev\.yaml:\d+:\d+: 'parallel'")
        self.assertEqual("invalid", answer.json["error"]["code"])

    def test_a_vendors_release_file(self):
        file = self.notebook.root / "current" / "uprev.release.yaml"
        self.assertTrue(self.ok("config", "--release", file, "--check").json["valid"])
        self.assertEqual("1.0.0", self.ok("config", "--release", file).json["version"])
        broken = self.notebook.folder / "broken.yaml"
        broken.write_text("version: 1.0.0\nmigratons: []\n")
        self.assertRegex(self.exits(2, "config", "--release", broken, "--check").text, "migratons.*migrations")

    def test_no_site_file(self):
        self.assertRegex(uprev.Uprev("/nonexistent/uprev.yaml", self.notebook.state)("config").text, "reading the site file")


class Doctor(notebook.NotebookTest):
    running = True

    def findings(self, code):
        report = self.exits(code, "doctor").json
        self.assertEqual(code == 0, report["healthy"])
        return {row["id"]: row for row in report["findings"]}

    def test_nothing_blocks_a_sound_installation(self):
        found = self.findings(0)
        for name in ("site", "tool.python3", "root", "release", "database.notes", "service.web", "disk", "feed", "trust", "state", "journal"):
            self.assertEqual("ok", found[name]["severity"], (name, found.get(name)))
        self.assertRegex(found["trust"]["message"], r"key [0-9A-F]{16}")
        self.assertRegex(self.ok("doctor", as_json=False).out, "nothing stands in the way")

    def test_it_works_before_uprev_looks_after_the_installation(self):
        self.notebook.state = self.notebook.folder / "other"
        self.uprev.state = self.notebook.state
        self.assertEqual("note", self.findings(0)["journal"]["severity"])
        self.assertFalse(self.notebook.state.exists(), "looking makes nothing")

    def test_a_site_file_that_is_wrong(self):
        self.notebook.site.write_text("id: notes\n")
        self.assertRegex(self.findings(3)["site"]["message"], "required key")

    def test_what_is_missing_is_named_with_its_fix(self):
        text = self.notebook.site.read_text()
        self.notebook.site.write_text(text.replace("[python3, ", "[no-such-tool, ", 1).replace("keep: [.env]", "keep: [.env, uploads]\nenvironment: {TOKEN: env:NO_SUCH_TOKEN}"))
        found = self.findings(3)
        self.assertEqual("blocker", found["tool.no-such-tool"]["severity"])
        self.assertEqual("blocker", found["secret.environment.TOKEN"]["severity"])
        self.assertEqual("warning", found["keep.uploads"]["severity"])
        for row in found.values():
            self.assertTrue(row["severity"] in ("ok", "note") or row["fix"], row)

    def test_a_secret_is_resolved_and_never_shown(self):
        self.notebook.site.write_text(self.notebook.site.read_text().replace("keep: [.env]", "keep: [.env]\nenvironment: {TOKEN: env:CANARY_TOKEN}"))
        answer = self.ok("doctor", environment={"CANARY_TOKEN": "kanarienvogel-42"})
        self.assertNotIn("kanarienvogel-42", answer.text)
        self.assertIn("secret.environment.TOKEN", answer.text)

    def test_files_that_others_may_read_or_write(self):
        env = self.notebook.shared / ".env"
        env.chmod(0o644)
        self.assertEqual("warning", self.findings(0)["environment.mode"]["severity"])
        env.chmod(0o666)
        self.assertEqual("blocker", self.findings(3)["environment.mode"]["severity"])
        env.chmod(0o600)
        (self.notebook.state / "notes").chmod(0o755)
        self.assertEqual("blocker", self.findings(3)["state.mode"]["severity"])

    def test_pointer_database_and_service(self):
        self.notebook.service("stop")
        self.assertEqual("warning", self.findings(0)["service.web"]["severity"])
        self.notebook.database.rename(self.notebook.folder / "away.db")
        self.assertEqual("blocker", self.findings(3)["database.notes"]["severity"])
        (self.notebook.root / "current").unlink()
        self.assertEqual("blocker", self.findings(3)["release.pointer"]["severity"])

    def test_leftovers_of_a_dead_operation(self):
        (self.notebook.root / "releases" / ".staging.dead").mkdir()
        self.assertRegex(self.findings(0)["staging"]["fix"], "uprev gc")

    def test_the_feed_is_away(self):
        (self.notebook.feed / "feed.json").unlink()
        self.assertEqual("warning", self.findings(0)["feed"]["severity"])


class Alias(notebook.NotebookTest):
    options = {"site": "\naliases:\n  notes-check: [check]\n  notes-upgrade: [upgrade]\n"}

    def setUp(self):
        super().setUp()
        self.bin = self.notebook.folder / "bin"

    def call(self, name, *words):
        return subprocess.run([self.bin / name, *words], env={**self.uprev.environment}, capture_output=True, text=True, check=False, timeout=60)

    def test_the_vendors_names_run_uprev(self):
        installed = self.ok("alias", "install", "--dir", self.bin).json["installed"]
        self.assertEqual({"notes-check", "notes-upgrade"}, {row["name"] for row in installed})
        done = self.call("notes-check", "--json")
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        self.assertEqual("1.0.0", json.loads(done.stdout)["current"])
        self.assertEqual(7, self.call("notes-upgrade", "--to", "9.9.9").returncode)
        self.ok("alias", "install", "--dir", self.bin)  # again is fine
        self.assertTrue(all(row["linked"] for row in self.ok("alias", "list").json["aliases"]))

    def test_what_is_not_uprevs_is_never_replaced(self):
        self.bin.mkdir()
        (self.bin / "notes-upgrade").write_text("#!/bin/sh\n")
        self.refused(3, "notes-upgrade exists and is not uprev's", "alias", "install", "--dir", self.bin)
        self.assertEqual("#!/bin/sh\n", (self.bin / "notes-upgrade").read_text())
        self.assertFalse((self.bin / "notes-check").is_symlink(), "all or none")
        (self.bin / "notes-upgrade").unlink()
        (self.bin / "notes-upgrade").symlink_to("/bin/true")
        self.refused(3, "not uprev's", "alias", "install", "--dir", self.bin)
        self.assertEqual("/bin/true", os.readlink(self.bin / "notes-upgrade"))

    def test_two_installations_dont_share_a_name(self):
        self.ok("alias", "install", "--dir", self.bin)
        other = self.notebook.folder / "other.yaml"
        other.write_text(self.notebook.site.read_text())
        second = uprev.Uprev(other, self.notebook.state, self.uprev.environment)
        self.assertEqual(5, second("alias", "install", "--dir", self.bin).code)

    def test_removing(self):
        self.ok("alias", "install", "--dir", self.bin)
        self.refused(7, "no alias", "alias", "remove", "nonsense")
        self.ok("alias", "remove", "notes-check")
        self.assertEqual(["notes-upgrade"], sorted(os.listdir(self.bin)))
        (self.bin / "notes-upgrade").unlink()
        Path(self.bin, "notes-upgrade").write_text("somebody else's by now")
        self.ok("alias", "remove")
        self.assertTrue((self.bin / "notes-upgrade").exists())
        self.assertEqual([], self.ok("alias", "list").json["aliases"])

    def test_an_unknown_name_says_what_to_do(self):
        self.bin.mkdir()
        (self.bin / "notes-unknown").symlink_to(uprev.executable())
        done = self.call("notes-unknown")
        self.assertEqual(7, done.returncode)
        self.assertRegex(done.stderr, "alias install")


class NoAliases(notebook.NotebookTest):
    def test_a_site_file_without_aliases(self):
        self.refused(7, "names no aliases", "alias", "install", "--dir", self.notebook.folder)
        self.assertIsNotNone(re.match(r"no alias is installed", self.ok("alias", "list", as_json=False).out))


if __name__ == "__main__":
    notebook.main()
