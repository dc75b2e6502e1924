# SPDX-License-Identifier: Apache-2.0
"""The database's password is a canary. It is looked for in everything that uprev writes, prints, or passes on."""
import os
import threading
from pathlib import Path

import scenario


class ArgvWatch:
    """Reads every process's command line, as fast as it can."""

    def __init__(self, canary):
        self.canary, self.seen, self.stopping = canary.encode(), [], threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.thread.join()

    def _watch(self):
        while not self.stopping.is_set():
            for name in os.listdir("/proc"):
                try:
                    words = Path("/proc", name, "cmdline").read_bytes() if name.isdigit() else b""
                except OSError:
                    continue
                if self.canary in words:
                    self.seen.append(words)


class Canary(scenario.ShopTest):
    shop_options = {"releases": ("1.4.0", "1.5.0", "1.5.2", "1.6.0", "1.6.2")}

    def test_the_canary_is_nowhere(self):
        said = []
        with ArgvWatch(self.shop.canary) as watch:
            for words in (["plan", "--to", "1.6.0"], ["upgrade", "--to", "1.5.2"], ["upgrade", "--to", "1.6.2"], ["upgrade", "--to", "1.6.0"],
                          ["rollback"], ["status"], ["history"], ["logs"], ["doctor"], ["config", "--origin"], ["snapshot", "list"]):
                for as_json in (True, False):
                    if not as_json and words[0] in ("upgrade", "rollback"):
                        continue
                    answer = self.uprev(*words, as_json=as_json)
                    said.append((words, answer.text))
        for words, text in said:
            self.assertNotIn(self.shop.canary, text, words)
        self.assertEqual(watch.seen, [])
        self.assert_not_in_files(self.shop.state)
        self.assert_not_in_pm2()

    def test_a_wrong_password_is_not_printed(self):
        env = self.shop.shared / ".env"
        env.write_text(env.read_text().replace(self.shop.canary + "@", self.shop.canary + "x@"))
        answer = self.uprev("upgrade", "--to", "1.5.0", as_json=False)
        self.assertNotEqual(answer.code, 0)
        self.assertNotIn(self.shop.canary, answer.text)
        self.assert_not_in_files(self.shop.state)

    def assert_not_in_files(self, folder):
        snapshots = folder / "carphacom" / "snapshots"  # data may hold anything
        for path in folder.rglob("*"):
            if path.is_file() and snapshots not in path.parents:
                self.assertNotIn(self.shop.canary.encode(), path.read_bytes(), path)
                self.assertEqual(path.stat().st_mode & 0o077, 0, f"{path} is for its owner only")

    def assert_not_in_pm2(self):
        for rows in self.shop.pm2.apps().values():
            self.assertNotIn(self.shop.canary, str(rows), "uprev must not hand the address to PM2")


if __name__ == "__main__":
    scenario.main()
