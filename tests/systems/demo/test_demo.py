# SPDX-License-Identifier: Apache-2.0
"""`make demo` works, for root and for an ordinary user, says what it should, and leaves nothing behind."""
import os
import pwd
import shutil
import sys
import unittest
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(REPOSITORY / "tests" / "support")]

import uprev  # noqa: E402
import workplace  # noqa: E402


class Demo(unittest.TestCase):
    def copy_for_everybody(self):
        """What the demo needs, where any user may read it: a checkout may lie in somebody's home."""
        copy = workplace.temporary_folder("demo-copy")
        self.addCleanup(workplace.remove, copy)
        shutil.copytree(REPOSITORY / "examples" / "demo", copy / "examples" / "demo", ignore=shutil.ignore_patterns("__pycache__"))
        (copy / "bin").mkdir()
        (copy / "scripts").mkdir()
        for program in uprev.executable().parent.glob("uprev*"):
            shutil.copy(program, copy / "bin")
        shutil.copy(REPOSITORY / "scripts" / "demo.sh", copy / "scripts")
        return copy

    def run_demo(self, user):
        copy, temporary = self.copy_for_everybody(), workplace.temporary_folder("demo")
        self.addCleanup(workplace.remove, temporary)
        workplace.give(temporary, user)
        environment = {"UPREV_BIN": str(copy / "bin" / "uprev"), "TMPDIR": str(temporary)}
        result = workplace.run_as(user, ["bash", copy / "scripts" / "demo.sh"], environment, cwd=temporary, check=False, timeout=150)
        self.assertEqual(result.returncode, 0, result.stdout[-6000:] + result.stderr[-3000:])
        self.assertEqual(list(temporary.iterdir()), [], "the demo leaves nothing behind")
        left = [entry for entry in Path("/proc").glob("[0-9]*/cmdline") if str(temporary).encode() in read(entry)]
        self.assertEqual(left, [])
        return result.stdout

    def test_as_we_are(self):
        text = self.run_demo(pwd.getpwuid(os.geteuid()).pw_name)
        self.assertRegex(text, r"upgrade 1\.0\.0 -> 1\.1\.0 succeeded")
        self.assertRegex(text, r"upgrade 1\.1\.0 -> 1\.2\.0 failed and was put back")
        self.assertRegex(text, r"Measured downtime: \d+ ms")
        self.assertRegex(text, r"all \d+ notes that were acknowledged are still there")

    def test_as_an_ordinary_user(self):
        self.assertRegex(self.run_demo(workplace.application_user()), r"upgrade 1\.1\.0 -> 1\.2\.0 failed and was put back")


def read(path):
    try:
        return path.read_bytes()
    except OSError:
        return b""


if __name__ == "__main__":
    unittest.main(verbosity=2)
