#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Help, completions and the man page: what a command says of itself. UPREV_ACCEPT=1 accepts changed help."""
import os
import re
import shutil
import subprocess
import unittest

import notebook
from notebook import uprev

GOLDEN = notebook.REPOSITORY / "tests" / "golden" / "help"
COMMANDS = ("init adopt config check plan upgrade rollback resume status history logs snapshot gc doctor plugins verify ack auto alias completion").split()
BELOW = {"snapshot": "list create verify restore", "plugins": "list check", "verify": "minisign sha256", "auto": "set show", "alias": "install list remove"}


def run(*words, **options):
    return subprocess.run([uprev.executable(), *words], capture_output=True, text=True, check=False, timeout=60, **options)


class Help(unittest.TestCase):
    def golden(self, name, text):
        file = GOLDEN / f"{name}.txt"
        if os.environ.get("UPREV_ACCEPT") == "1":
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        self.assertTrue(file.exists(), f"{file} is missing; UPREV_ACCEPT=1 writes it")
        self.assertEqual(file.read_text(), text, f"{name}: UPREV_ACCEPT=1 accepts the new help")

    def test_the_program_lists_its_commands_in_order(self):
        done = run("--help")
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        self.assertEqual(COMMANDS, re.findall(r"^  ([a-z]+)  +\w", done.stdout.partition("Subcommands:")[2].partition("Exit codes:")[0], re.M))
        self.golden("uprev", done.stdout)

    def test_every_command_explains_itself(self):
        for command in COMMANDS:
            for words in [[command], *([command, below] for below in BELOW.get(command, "").split())]:
                with self.subTest(words):
                    done = run(*words, "--help")
                    self.assertEqual((0, ""), (done.returncode, done.stderr))
                    self.golden("-".join(words), done.stdout)

    def test_the_hidden_command_is_hidden_and_there(self):
        self.assertNotRegex(run("--help").stdout, r"(?m)^  work\b")
        self.assertEqual(0, run("work", "--help").returncode)

    def test_a_wrong_command_line_is_exit_code_2(self):
        for words in [[], ["upgarde"], ["upgrade", "--nope"], ["snapshot"], ["snapshot", "restore"], ["auto", "set", "major"], ["completion", "tcsh"],
                      ["verify", "sha256"], ["config", "--origin", "--check"], ["gc", "--keep", "x"]]:
            with self.subTest(words):
                done = run(*words)
                self.assertEqual(2, done.returncode, done.stdout + done.stderr)
                self.assertTrue(done.stderr)

    def test_its_version(self):
        self.assertRegex(run("--version").stdout, r"^uprev \d+\.\d+\.\d+\n$")


class Completion(unittest.TestCase):
    def bash(self, *words):
        """What bash offers for the last of the words."""
        script = 'source <("$UPREV" completion bash); COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _uprev; printf "%s\\n" "${COMPREPLY[@]}"'
        done = subprocess.run(["bash", "-c", script, "bash", *words], capture_output=True, text=True, check=True, cwd="/", env={**os.environ, "UPREV": str(uprev.executable())})
        self.assertEqual("", done.stderr)
        return done.stdout.split()

    def test_bash_offers_what_stands_at_that_place(self):
        self.assertEqual(COMMANDS, self.bash("uprev", ""))
        self.assertEqual(["upgrade"], self.bash("uprev", "up"))
        self.assertEqual("list create verify restore".split(), self.bash("uprev", "snapshot", ""))
        self.assertEqual(["restore"], self.bash("uprev", "--json", "snapshot", "r"))
        self.assertEqual(["off", "patch", "minor"], self.bash("uprev", "auto", "set", ""))
        self.assertEqual("bash zsh fish man".split(), self.bash("uprev", "completion", ""))
        self.assertIn("--plan-hash", self.bash("uprev", "upgrade", "--"))
        self.assertIn("--site", self.bash("uprev", "upgrade", "--"))
        self.assertEqual(["--yes"], self.bash("uprev", "snapshot", "restore", "x", "--y"))
        self.assertEqual(["site", "release"], self.bash("uprev", "config", "--schema", ""))

    def test_a_value_is_never_taken_for_a_command(self):
        self.assertEqual(COMMANDS, self.bash("uprev", "--site", "snapshot", ""))

    def test_files_and_folders_are_offered_where_they_belong(self):
        self.assertIn("/etc", self.bash("uprev", "--site", "/et"))
        self.assertIn("/usr/local", self.bash("uprev", "alias", "install", "--dir", "/usr/loc"))

    def test_every_flag_is_in_every_script(self):
        scripts = {shell: run("completion", shell).stdout for shell in ("bash", "zsh", "fish")}
        for command in COMMANDS:
            for words in [[command], *([command, below] for below in BELOW.get(command, "").split())]:
                for flag in re.findall(r"^  (?:-\w,)?(--[a-z-]+)", run(*words, "--help").stdout, re.M):
                    self.assertIn(flag, scripts["bash"], words)
                    self.assertIn(flag, scripts["zsh"], words)
                    self.assertIn(f"-l {flag[2:]}", scripts["fish"], words)

    def test_the_other_shells_accept_theirs(self):
        for shell, check in (("zsh", ["zsh", "-n"]), ("fish", ["fish", "--no-execute"]), ("bash", ["bash", "-n"])):
            script = run("completion", shell)
            self.assertEqual(0, script.returncode)
            if shutil.which(shell):  # only bash is sure to be there
                done = subprocess.run([*check, "/dev/stdin"], input=script.stdout, capture_output=True, text=True, check=False)
                self.assertEqual((0, ""), (done.returncode, done.stderr), shell)
            self.assertEqual(script.stdout.count("{") - script.stdout.count("${"), script.stdout.count("}") - script.stdout.count("${"))

    def test_the_man_page_names_everything(self):
        page = run("completion", "man").stdout
        for command in COMMANDS:
            self.assertRegex(page, rf"(?m)^\.It Cm {command}\b", command)
        self.assertTrue(page.startswith(".\\\" SPDX"))
        self.assertEqual(page.count(".Bl "), page.count(".El\n"))
        self.assertEqual(page.count(".Bd "), page.count(".Ed\n"))
        if shutil.which("groff"):
            done = subprocess.run(["groff", "-mdoc", "-Tutf8", "-ww"], input=page, capture_output=True, text=True, check=False)
            self.assertEqual((0, ""), (done.returncode, done.stderr))
            self.assertIn("--plan-hash", re.sub("\x1b\\[[0-9;]*m", "", done.stdout).replace("−", "-"))


if __name__ == "__main__":
    notebook.main()
