# SPDX-License-Identifier: Apache-2.0
"""What users of other tools beg for, each as a scenario that names the wish."""
import os
import signal
import sqlite3
import time

import scenario
from test_crash import steps_seen


class Wanted(scenario.ShopTest):
    shop_options = {"releases": ("1.4.0", "1.4.2", "1.4.5", "1.5.0", "1.5.1", "1.6.1")}

    def upgrade_until(self, version, step_prefix, limit=60):
        """A running upgrade that has begun a step whose id begins so."""
        process = self.uprev.start("upgrade", "--to", version)
        end = time.monotonic() + limit
        while time.monotonic() < end and process.poll() is None:
            if any(step.startswith(step_prefix) for step in steps_seen(self.shop)):
                return process
            time.sleep(0.005)
        self.fail(f"no step {step_prefix} was begun: {steps_seen(self.shop)}\n{process.communicate()}")

    def test_a_lock_dies_with_its_owner(self):
        process = self.upgrade_until("1.4.2", "stage")
        scenario.uprev.kill(self.shop.folder, shims=True)
        process.communicate()
        end = time.monotonic() + 5  # the kernel closes what a killed process held a moment after it is no longer seen
        while scenario.oracle.lock(self.shop) and time.monotonic() < end:
            time.sleep(0.01)
        self.assertEqual(scenario.oracle.lock(self.shop), [])
        self.assert_exit(self.uprev("upgrade", "--to", "1.4.2"), 0)  # recovers first, by itself
        self.assert_well("1.4.2")

    def test_in_progress_is_never_the_word_of_a_dead_client(self):
        process = self.upgrade_until("1.4.2", "prepare")
        scenario.uprev.kill(self.shop.folder, shims=True)
        process.communicate()
        self.assertFalse(self.uprev("status").json["running"]["alive"])
        self.assertRegex(self.uprev("status", as_json=False).text, "cut off.*uprev resume")
        self.assert_exit(self.uprev("resume", "--wait", "2m"), 13)  # abandoned: nothing had changed yet
        self.assertIsNone(self.uprev("status").json["running"])
        self.assert_well("1.4.0")

    def test_an_interrupted_migration_is_diagnosed_and_put_back(self):
        process = self.upgrade_until("1.6.1", "migrate")
        time.sleep(0.5)
        scenario.uprev.kill(self.shop.folder, shims=True)
        process.communicate()
        answer = self.uprev("resume", "--wait", "2m")
        self.assert_exit(answer, 10)
        self.assertRegex(answer.text, "(?i)migrat")
        self.assert_well("1.4.0")
        self.assert_exit(self.uprev("upgrade", "--to", "1.6.1"), 0)  # no migration lock outlived its session
        self.assert_well("1.6.1")

    def test_the_version_is_recorded_only_after_success(self):
        process = self.upgrade_until("1.5.1", "gate")
        self.assertEqual(self.uprev("status").json["active"]["version"], "1.4.0")
        self.assert_exit(self.uprev.finish(process), 10)
        self.assertEqual(self.uprev("status").json["active"]["version"], "1.4.0")

    def test_the_new_release_is_made_aside_before_the_old_one_stops(self):
        process = self.upgrade_until("1.6.1", "prepare")
        self.assertEqual(scenario.oracle.served(self.shop, "1.4.0"), [])
        self.assertEqual(scenario.oracle.pointed_version(self.shop), "1.4.0")
        self.assert_exit(self.uprev.finish(process), 0)

    def test_backup_time_is_downtime(self):
        self.shop.database.sql("insert into orders (key, total) select 'bulk-' || n, n from generate_series(1, 300000) n", "shop")
        answer = self.uprev("upgrade", "--to", "1.6.1")
        report = self.assert_report(answer, "succeeded")
        took = {step["id"]: step["took_ms"] for step in report["steps"]}
        self.assertLess(report["downtime"]["total_ms"], 15_000, took)
        self.assert_well("1.6.1")

    def test_automatic_upgrades_are_patch_only_and_truly_unattended(self):
        self.assertNotEqual(self.uprev("auto").json.get("result"), "succeeded", "off by default")
        self.assert_well("1.4.0")
        self.assert_exit(self.uprev("auto", "set", "patch"), 0)
        answer = self.uprev("auto")
        self.assert_exit(answer, 0)
        self.assert_well("1.4.5")  # the newest patch, not 1.5.0

    def test_what_an_operator_did_by_hand_stays_untouched(self):
        """Only what uprev stopped is started again: an application that was stopped before stays stopped."""
        self.shop.pm2.run("stop", "blog")
        self.shop.foreign = self.shop.foreign_state()
        self.assert_exit(self.uprev("upgrade", "--to", "1.6.1"), 0)
        self.assertEqual(self.shop.foreign_state(), self.shop.foreign)

    def test_a_cloned_state_folder_on_another_machine_refuses(self):
        journal = self.shop.state / "carphacom" / "journal.db"
        with sqlite3.connect(journal) as db:
            db.execute("update meta set value = 'another-machine' where key = 'machine'")
        self.assert_exit(self.uprev("upgrade", "--to", "1.4.2"), 3)
        self.assertRegex(self.uprev("upgrade", "--to", "1.4.2").text, "adopt")
        self.assert_exit(self.uprev("adopt", "--version", "1.4.0"), 0)
        self.assert_exit(self.uprev("upgrade", "--to", "1.4.2"), 0)
        self.assert_well("1.4.2")

    def test_a_clock_that_was_set_back_confuses_nothing(self):
        self.assert_exit(self.uprev("upgrade", "--to", "1.4.2"), 0)
        journal = self.shop.state / "carphacom" / "journal.db"
        with sqlite3.connect(journal) as db:  # as if what is on record had been done under a clock that ran a year ahead
            year = 365 * 86_400_000
            db.execute("update operations set created_ms = created_ms + ?, ended_ms = ended_ms + ?", (year, year))
            db.execute("update generations set at_ms = at_ms + ?", (year,))
        self.assertEqual(self.uprev("status").json["active"]["version"], "1.4.2")
        self.assert_exit(self.uprev("upgrade", "--to", "1.5.0"), 0)
        self.assertEqual(self.uprev("history").json["operations"][0]["to"], "1.5.0", "the newest is the last one begun")
        self.assert_exit(self.uprev("rollback"), 0)
        self.assert_well("1.4.2")

    def test_the_pm2_daemon_dies_in_the_middle(self):
        process = self.upgrade_until("1.5.0", "prepare")
        daemon = self.shop.pm2.daemon()
        os.kill(daemon, signal.SIGKILL)
        answer = self.uprev.finish(process)
        self.assertIn(answer.code, (0, 10, 11, 13), str(answer))
        self.assertEqual(scenario.oracle.pointer(self.shop), [])


if __name__ == "__main__":
    scenario.main()
