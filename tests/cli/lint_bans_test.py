#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The banned calls of scripts/lint-bans.sh: each is found outside src/os, and nothing else is."""

import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def run(root: pathlib.Path) -> subprocess.CompletedProcess:
    return subprocess.run([ROOT / "scripts/lint-bans.sh", root], capture_output=True, text=True, check=False)


class Bans(unittest.TestCase):
    def made_of(self, files: dict[str, str]) -> subprocess.CompletedProcess:
        with tempfile.TemporaryDirectory() as folder:
            for name, text in files.items():
                path = pathlib.Path(folder, "src", name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            return run(pathlib.Path(folder))

    def test_the_repository_has_none(self):
        done = run(ROOT)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)

    def test_each_ban_is_found_with_file_line_and_reason(self):
        for call in ["system(x)", "std::system(x)", "popen(a, b)", "fork()", "::vfork()", "execvp(a, b)", "::execve(a, b, c)",
                     "std::filesystem::remove_all(p)", "time(nullptr)", "std::time(0)", "rand()", "srand(1)", "std::exit(1)",
                     "std::chrono::system_clock::now()", "std::random_device{}", "setenv(a, b, 1)", "posix_spawn(a)", "::unlink(p)",
                     "std::filesystem::rename(a, b)", "usleep(5)", "abort()", "::rename(a, b)", "std::rename(a, b)"]:
            done = self.made_of({"engine/a.cpp": f"void f() {{\n    {call};\n}}\n"})
            self.assertEqual(1, done.returncode, call)
            self.assertRegex(done.stdout, r"^src/engine/a\.cpp:2: banned: .* — \w", call)

    def test_what_only_looks_like_one_is_fine(self):
        text = '// never system(x)\n/* fork()\n exec() */\nauto s = "system(x)";\n'
        text += 'clock.time(5);\nwall_time(0);\nfs->rename(a, b);\noperand(1);\nrevoke_fork(2);\nrename(server, a);\nfiles_.rename(a, b);\n'
        done = self.made_of({"engine/a.cpp": text})
        self.assertEqual((0, ""), (done.returncode, done.stdout))

    def test_os_may(self):
        self.assertEqual(0, self.made_of({"os/a.cpp": "int x = fork();\n"}).returncode)

    def test_a_unit_test_may_tidy_up_but_not_read_the_clock(self):
        self.assertEqual(0, self.made_of({"engine/a_test.cpp": "std::filesystem::remove_all(p);\n"}).returncode)
        self.assertEqual(1, self.made_of({"engine/a_test.cpp": "time(nullptr);\n"}).returncode)


if __name__ == "__main__":
    unittest.main()
