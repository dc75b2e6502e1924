#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Documentation is held against the program: exit codes, links, commands and flags, YAML examples.

docs_test.py [UPREV]: without an executable only what needs none is checked.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
UPREV = None
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/*/README.md")])
COMMAND = re.compile(r"(?:^\$ (?:sudo )?|`(?:sudo )?)uprev ((?:--?[a-z-]+ )*)([a-z]+)([^`#\n]*)", re.M)


def uprev(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([UPREV, *arguments], capture_output=True, text=True, check=False, timeout=60)


def anchors(page: pathlib.Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


class Pages(unittest.TestCase):
    def test_links_lead_somewhere(self):
        for page in PAGES:
            text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S)
            for target in re.findall(r"\]\(([^)]+)\)", text):
                if target.startswith("http"):
                    continue
                path, _, anchor = target.partition("#")
                file = (page.parent / path) if path else page
                self.assertTrue(file.exists(), f"{page.relative_to(ROOT)}: {target}")
                if anchor:
                    self.assertIn(anchor, anchors(file), f"{page.relative_to(ROOT)}: {target}")

    def test_exit_codes_are_the_programs(self):
        rows = re.findall(r'ExitRow\{(\d+), "(\w+)", "([^"]+)"', (ROOT / "src/base/exit_codes.hpp").read_text(encoding="utf-8"))
        page = re.findall(r"^\| (\d+) \| (\w+) \| (.*?) \|", (ROOT / "docs/exit-codes.md").read_text(encoding="utf-8"), re.M)
        self.assertGreater(len(rows), 10)
        self.assertEqual(rows, page)
        man = re.findall(r"^\.It (\d+)$", (ROOT / "docs/man/uprev.1").read_text(encoding="utf-8"), re.M)
        self.assertEqual(sorted({int(number) for number, _, _ in rows}), [int(number) for number in man])

    def test_every_decision_is_listed(self):
        listed = set(re.findall(r"\]\((\d{4}-[\w-]+\.md)\)", (ROOT / "docs/decisions/README.md").read_text(encoding="utf-8")))
        self.assertEqual({path.name for path in (ROOT / "docs/decisions").glob("0*.md")}, listed)


class Program(unittest.TestCase):
    def setUp(self):
        if UPREV is None:
            self.fail("the executable is missing")

    def commands(self) -> set[str]:
        listed = re.search(r"^(?:Subc|C)ommands:\n((?:  .*\n)+)", uprev("--help").stdout, re.M)
        self.assertIsNotNone(listed)
        return set(re.findall(r"^  ([a-z]+)\s", listed.group(1), re.M)) - {"help"}

    def test_commands_and_flags_are_real(self):
        helps = {}
        commands = self.commands()
        for page in PAGES:
            for _, command, rest in COMMAND.findall(page.read_text(encoding="utf-8")):
                words = [command]
                sub = re.match(r" ([a-z]+)\b", rest)
                if command in ("snapshot", "plugins", "alias", "auto") and sub:
                    words.append(sub.group(1))
                key = " ".join(words)
                if key not in helps:
                    helps[key] = uprev(*words, "--help")
                where = f"{page.relative_to(ROOT)}: uprev {key}{rest}"
                self.assertIn(command, commands | {"work", "shim"}, where)
                self.assertEqual(0, helps[key].returncode, where + helps[key].stderr)
                for flag in re.findall(r"(--[a-z][a-z-]+)", rest):
                    self.assertIn(flag, helps[key].stdout, where)
        self.assertGreater(len(helps), 12)

    def test_commands_of_the_units_are_real(self):
        for unit in (ROOT / "contrib/systemd").glob("*.service.in"):
            command, flags = re.search(r"^ExecStart=.*%i\.yaml (\w+)(.*)$", unit.read_text(encoding="utf-8"), re.M).groups()
            self.assertIn(command, self.commands(), unit.name)
            for flag in flags.split():
                self.assertIn(flag, uprev(command, "--help").stdout, unit.name)

    def test_every_command_is_documented(self):
        commands = self.commands()
        self.assertGreater(len(commands), 12)
        page = (ROOT / "docs/cli.md").read_text(encoding="utf-8")
        man = (ROOT / "docs/man/uprev.1").read_text(encoding="utf-8")
        for command in commands:
            self.assertRegex(page, rf"`{command}\b", f"docs/cli.md lacks '{command}'")
            self.assertRegex(man, rf"(?m)^\.It Cm {command}\b", f"the man page lacks '{command}'")

    def test_site_files_in_the_documentation_are_valid(self):
        examples = []
        for page in PAGES:
            examples += [(page, block) for block in re.findall(r"```yaml\n(id: .*?)```", page.read_text(encoding="utf-8"), re.S)]
        examples += [(path, path.read_text(encoding="utf-8")) for path in [ROOT / "examples/carphacom/uprev.yaml"]]
        self.assertGreater(len(examples), 1)
        for page, block in examples:
            with tempfile.TemporaryDirectory() as folder:
                site = pathlib.Path(folder, "uprev.yaml")
                site.write_text(block, encoding="utf-8")
                done = uprev("--site", str(site), "--state", folder, "--json", "config", "--check")
                self.assertEqual(0, done.returncode, f"{page.relative_to(ROOT)}: {done.stdout}{done.stderr}")
                json.loads(done.stdout)


if __name__ == "__main__":
    arguments = [a for a in sys.argv[1:] if not a.startswith("-")]
    if arguments and os.access(arguments[0], os.X_OK):
        UPREV = arguments[0]
    suite = unittest.TestSuite(map(unittest.defaultTestLoader.loadTestsFromTestCase, [Pages, Program] if arguments else [Pages]))
    sys.exit(0 if unittest.TextTestRunner().run(suite).wasSuccessful() else 1)
