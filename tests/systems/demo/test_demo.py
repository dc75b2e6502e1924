# SPDX-License-Identifier: Apache-2.0
"""`make demo` works, for root and for an ordinary user, says what it should, and leaves nothing behind."""
import os
import subprocess
import sys
import unittest
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(REPOSITORY / "tests" / "support")]

import uprev  # noqa: E402
import workplace  # noqa: E402


class Demo(unittest.TestCase):
    def run_demo(self, user):
        temporary = workplace.temporary_folder("demo")
        self.addCleanup(workplace.remove, temporary)
        workplace.give(temporary, user)
        environment = {"UPREV_BIN": str(uprev.executable()), "TMPDIR": str(temporary)}
        result = workplace.run_as(user, ["bash", REPOSITORY / "scripts" / "demo.sh"], environment, cwd=temporary, check=False, timeout=150)
        self.assertEqual(result.returncode, 0, result.stdout[-6000:] + result.stderr[-3000:])
        self.assertEqual(list(temporary.iterdir()), [], "the demo leaves nothing behind")
        left = [entry for entry in Path("/proc").glob("[0-9]*/cmdline") if str(temporary).encode() in read(entry)]
        self.assertEqual(left, [])
        return result.stdout

    def test_as_we_are(self):
        text = self.run_demo(workplace.application_user() if not workplace.is_root() else "root")
        self.assertRegex(text, r"succeeded: 1\.0\.0 -> 1\.1\.0")
        self.assertRegex(text, r"undone: 1\.1\.0 -> 1\.2\.0")
        self.assertRegex(text, r"Measured downtime: \d+ ms")
        self.assertRegex(text, r"all \d+ notes that were acknowledged are still there")

    @unittest.skipIf(os.geteuid() != 0, "needs root to become somebody else")
    def test_as_an_ordinary_user(self):
        if not workplace.reachable(uprev.executable().parent):
            self.skipTest(f"{uprev.executable()} is not readable for others")
        self.assertRegex(self.run_demo(workplace.application_user()), r"undone: 1\.1\.0 -> 1\.2\.0")


def read(path):
    try:
        return path.read_bytes()
    except OSError:
        return b""


if __name__ == "__main__":
    unittest.main(verbosity=2)
