# SPDX-License-Identifier: Apache-2.0
"""The oracle itself: each of its rules is broken once by hand and must be named. Needs no uprev."""
import contextlib
import fcntl
import os
import subprocess
import unittest

import scenario
from scenario import oracle


class Oracle(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.shop = scenario.installation.Installation()
        cls.addClassCleanup(cls.shop.close)

    def tearDown(self):
        self.doCleanups()
        self.assertEqual(oracle.violations(self.shop), [], "the sabotage was not undone")

    def assert_seen(self, pattern, **options):
        self.assertRegex("\n".join(oracle.violations(self.shop, **options)), pattern)

    def swap(self, target):
        current = self.shop.root / "current"
        before = os.readlink(current)
        self.addCleanup(self.point, current, before)
        self.point(current, target)

    def point(self, current, target):
        current.unlink()
        current.symlink_to(target)
        scenario.installation.workplace.give(current, self.shop.user)

    def sql(self, there, back, database="shop"):
        self.shop.database.sql(there, database)
        self.addCleanup(self.shop.database.sql, back, database)

    def test_all_is_well(self):
        self.assertEqual(oracle.violations(self.shop), [])

    def test_pointer_that_dangles(self):
        self.swap("releases/20260101000001_v1.4.2")
        self.assert_seen("dangles")

    def test_pointer_to_a_release_that_nobody_serves(self):
        other = self.shop.root / "releases" / "20260101000001_v1.4.2"
        subprocess.run(["cp", "-a", self.shop.active, other], check=True)
        (other / "VERSION").write_text("1.4.2\n")
        self.addCleanup(scenario.installation.workplace.remove, other)
        self.swap(f"releases/{other.name}")
        self.assert_seen("serves 1.4.0 but the pointer says 1.4.2")
        self.assert_seen("runs in ")

    def test_folder_with_another_version_inside(self):
        version = self.shop.active / "VERSION"
        version.write_text("1.4.1\n")
        self.addCleanup(version.write_text, "1.4.0\n")
        self.assert_seen("holds 1.4.1")

    def test_schema_that_the_code_cannot_read(self):
        self.sql("insert into shop_migrations values (3, 'x')", "delete from shop_migrations where number = 3")
        self.assert_seen("schema 3 under 1.4.0")

    def test_column_that_is_missing(self):
        self.sql("alter table orders rename column total to gross", "alter table orders rename column gross to total")
        self.assert_seen("needs orders.total")
        self.assert_seen("backend is not well")

    def test_row_that_is_gone(self):
        self.assert_seen("1 of 1 acknowledged orders are gone", acknowledged=["never-written"])

    def test_row_that_only_a_kept_database_has(self):
        self.sql("create database shop_failed_x template template0", "drop database shop_failed_x", "postgres")
        self.shop.database.sql("create table orders (key text); insert into orders values ('kept')", "shop_failed_x")
        self.assert_seen("orders are gone", acknowledged=["kept"])
        self.assert_seen("orders are gone", acknowledged=["kept"], needs_operator=True, said="ask somebody")
        self.assertEqual(oracle.violations(self.shop, ["kept"], needs_operator=True, said="kept as shop_failed_x"), [])

    def test_fence(self):
        self.sql("alter database shop connection limit 0", "alter database shop connection limit -1", "postgres")
        self.assert_seen("still fenced")

    def test_database_left_behind(self):
        self.sql("create database shop_scratch", "drop database shop_scratch", "postgres")
        self.assert_seen("databases left behind")

    def test_role_and_settings(self):
        self.sql("alter role shop set default_transaction_read_only = on", "alter role shop reset default_transaction_read_only")
        self.assert_seen("settings left behind")

    def test_guard(self):
        dump = self.shop.pm2.home / "dump.pm2"
        saved = dump.read_text()
        self.addCleanup(dump.write_text, saved)
        dump.write_text("[]")
        self.assert_seen("a reboot would start")

    def test_staging(self):
        folder = self.shop.root / "releases" / ".staging.abc"
        folder.mkdir()
        self.addCleanup(folder.rmdir)
        self.assert_seen("staging left behind")

    def test_child_process(self):
        child = subprocess.Popen(["sleep", "60"], cwd=self.shop.active)
        self.addCleanup(lambda: (child.kill(), child.wait()))
        self.assert_seen("is left: sleep")

    def test_lock(self):
        folder = self.shop.state / "carphacom"
        folder.mkdir(parents=True)
        stack = contextlib.ExitStack()
        file = stack.enter_context(open(folder / "lock", "w", encoding="utf-8"))
        self.addCleanup(stack.close)
        fcntl.flock(file, fcntl.LOCK_EX)
        self.assert_seen("lock is still held")

    def test_file_of_roots(self):
        if not scenario.installation.workplace.is_root():
            self.assertEqual(oracle.owners(self.shop), [])
            return
        file = self.shop.active / "admin" / "root-was-here"
        file.touch()
        self.addCleanup(file.unlink)
        self.assert_seen("root owns 1 files")

    def test_worker_that_is_down(self):
        self.shop.pm2.run("stop", "admin")
        self.addCleanup(lambda: (self.shop.pm2.run("start", "admin"), self.shop.wait_served("1.4.0")))
        self.assert_seen("admin is not well")
        self.assert_seen("pm2 runs admin")

    def test_zz_foreign_application(self):
        self.shop.pm2.run("restart", "blog")
        self.addCleanup(lambda: setattr(self.shop, "foreign", self.shop.foreign_state()))
        self.assert_seen("foreign application noticed")


if __name__ == "__main__":
    scenario.main()
