# SPDX-License-Identifier: Apache-2.0
"""kill -9 of everything that uprev runs, at some thirty points of real upgrades; then `uprev resume`, the oracle, and
`resume` once more, which must change nothing. Each second step is visited; UPREV_DEPTH=deep visits each with and without its
shims, and many more moments; UPREV_CRASH_ONLY names one point, as printed by a failure."""
import json
import os
import sqlite3
import time
import unittest

import scenario
from scenario import oracle

DEEP = os.environ.get("UPREV_DEPTH") == "deep"
TARGETS = ("1.4.2", "1.5.0", "1.6.1", "1.5.2", "1.6.2")
# Only here may customers have written to the new schema when the gate fails, so only here may uprev stop and ask.
NEEDS_OPERATOR_IS_LEGAL = {"1.6.2"}


def steps_seen(shop):
    """{step: status} of the newest operation, read from the journal beside uprev."""
    journal = shop.state / "carphacom" / "journal.db"
    try:
        with sqlite3.connect(f"file:{journal}?mode=ro", uri=True, timeout=1) as db:
            return dict(db.execute("select id, status from steps where operation = (select id from operations order by seq desc limit 1)"))
    except sqlite3.Error:
        return {}


class CrashMatrix(unittest.TestCase):
    points = violations = 0

    @classmethod
    def tearDownClass(cls):
        print(f"\ncrash matrix on real parts: {cls.points} points, {cls.violations} violations", flush=True)

    def one(self, version, point, shims, interrupt):
        """Starts an upgrade, waits for `interrupt(shop, process)` to say now, kills, recovers, judges."""
        name = f"{version}/{point}/{'all' if shims else 'worker'}"
        if os.environ.get("UPREV_CRASH_ONLY", name) != name:
            return
        with self.subTest(point=name):
            shop = scenario.installation.Installation(releases=("1.4.0", *TARGETS), stable="300ms")
            try:
                shop.adopt()
                CrashMatrix.points += 1
                self.judge(shop, version, name, shims, interrupt)
            except AssertionError:
                CrashMatrix.violations += 1
                raise
            finally:
                shop.close()

    def judge(self, shop, version, name, shims, interrupt):
        customer = scenario.client.Client(shop, pause=0.05)
        with customer:
            process = shop.uprev.start("upgrade", "--to", version)
            reached = interrupt(shop, process)
            scenario.uprev.kill(shop.folder, shims)
            process.communicate()
            first = shop.uprev("resume", "--wait", "2m")  # a command that outlived uprev holds the lock until it ends
            time.sleep(0.3)
        legal = [0, 10, 13] + [11] * (version in NEEDS_OPERATOR_IS_LEGAL) + [12] * ("/retention" in name or "/gate.plugins" in name)  # skipped, and said so
        self.assertIn(first.code, legal, f"{name} (reached: {reached}): {first}")
        asked = {"needs_operator": first.code == 11, "said": first.text}
        self.assertEqual(oracle.violations(shop, customer.acknowledged, **asked), [], f"{name} (reached: {reached})\n{first}")
        self.assertIn(oracle.pointed_version(shop), ("1.4.0", version))
        before = (oracle.pointed_version(shop), sorted(shop.database.databases()), shop.foreign_state())
        again = shop.uprev("resume")
        self.assertIn(again.code, (0, 7, *([11] if first.code == 11 else [])), f"{name}: resuming again\n{again}")
        self.assertEqual((oracle.pointed_version(shop), sorted(shop.database.databases()), shop.foreign_state()), before, name)
        self.assertEqual(oracle.violations(shop, customer.acknowledged, **asked), [], f"{name}: after resuming again")

    def step_names(self, version):
        """The steps of an upgrade to `version`, in order, learnt from one that nobody disturbs."""
        shop = scenario.installation.Installation(releases=("1.4.0", *TARGETS), stable="300ms")
        try:
            shop.adopt()
            answer = shop.uprev("upgrade", "--to", version)
            self.assertIn(answer.code, (0, 10), str(answer))
            took = json.loads(answer.out)["steps"]
            return [step["id"] for step in took]
        finally:
            shop.close()

    def at_step(self, step):
        def interrupt(shop, process):
            while process.poll() is None:
                seen = steps_seen(shop)
                if step in seen:
                    return f"{step}: {seen[step]}"
                time.sleep(0.002)
            return "the end"
        return interrupt

    def after(self, seconds):
        def interrupt(shop, process):
            try:
                process.wait(seconds)
            except Exception:  # noqa: BLE001 - still running is what we want
                pass
            return f"{seconds:.2f} s, {steps_seen(shop)}"
        return interrupt

    def each_step(self, version, first_shims):
        for number, step in enumerate(self.step_names(version)):
            if not DEEP and number % 2 != first_shims:
                continue
            for shims in (False, True) if DEEP else (number % 4 < 2,):
                self.one(version, step, shims, self.at_step(step))

    def test_each_step_of_a_compatible_upgrade(self):
        self.each_step("1.5.0", True)

    def test_each_step_of_a_frozen_upgrade(self):
        self.each_step("1.6.1", False)

    def test_moments_of_releases_that_fail(self):
        count = 40 if DEEP else 4
        for version in ("1.5.2", "1.6.2"):
            for number in range(count):
                self.one(version, f"{number}of{count}", number % 2 == 0, self.after(1.5 + 6.0 * number / count))


if __name__ == "__main__":
    scenario.main()
