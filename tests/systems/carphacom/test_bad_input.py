# SPDX-License-Identifier: Apache-2.0
"""An installation that is not as it should be: found before anything is touched, named, with its exit code."""
import os
import shutil

import scenario


class SiteFile(scenario.SharedShopTest):
    def refused(self, change, pattern, codes=(2,)):
        self.shop.write_site(change)
        self.addCleanup(self.shop.write_site)
        answer = self.uprev("upgrade", "--to", "1.4.2")
        self.assertIn(answer.code, codes, str(answer))
        self.assertRegex(answer.text, pattern)
        return answer

    def test_an_unknown_key_is_named_with_its_place_and_the_nearest(self):
        answer = self.refused(lambda text: text.replace("\ndatabases:", "\ndatabase:"), "database")
        self.assertIn("databases", answer.text)
        self.assertRegex(answer.text, r"uprev\.yaml:\d+")

    def test_a_key_that_is_there_twice(self):
        self.refused(lambda text: text + "\nid: other\n", "(?i)duplicate|twice")

    def test_a_wrong_type(self):
        self.refused(lambda text: text.replace("keep: [.env, uploads, plugins]", "keep: {a: b}"), "keep")

    def test_a_wrong_password(self):
        env = self.shop.shared / ".env"
        good = env.read_text()
        self.addCleanup(env.write_text, good)
        env.write_text(good.replace(self.shop.canary + "@", "wrong@"))
        answer = self.uprev("upgrade", "--to", "1.4.2")
        self.assertNotEqual(answer.code, 0)
        self.assertRegex(answer.text.lower(), "password")

    def test_a_migration_address_that_is_not_the_snapshots(self):
        self.shop.database.sql("create database elsewhere owner shop")
        self.addCleanup(self.shop.database.sql, "drop database elsewhere")
        env = self.shop.shared / ".env"
        good = env.read_text()
        self.addCleanup(env.write_text, good)
        env.write_text(good.replace("/shop\n", "/elsewhere\n"))
        answer = self.uprev("upgrade", "--to", "1.5.0")
        self.assertIn(answer.code, (2, 3), str(answer))
        self.assertIn("elsewhere", answer.text)

    def tearDown(self):
        self.doCleanups()
        super().tearDown()


class Machine(scenario.ShopTest):
    def refused(self, pattern, codes):
        answer = self.uprev("upgrade", "--to", "1.4.2")
        self.assertIn(answer.code, codes, str(answer))
        self.assertRegex(answer.text, pattern)
        return answer

    def test_a_pointer_that_is_a_folder(self):
        current, target = self.shop.root / "current", self.shop.active
        current.unlink()
        shutil.copytree(target, current, symlinks=True)
        self.refused("current", (2, 3, 14))
        shutil.rmtree(current)
        self.point(current, target)

    def point(self, current, target):
        current.symlink_to(target)
        scenario.installation.workplace.give(current, self.shop.user)
        self.assert_well("1.4.0")

    def test_a_pointer_that_is_missing(self):
        current, target = self.shop.root / "current", os.readlink(self.shop.root / "current")
        current.unlink()
        self.refused("current", (3, 7))
        self.point(current, target)

    def test_a_release_folder_that_was_edited_by_hand(self):
        self.assert_exit(self.uprev("upgrade", "--to", "1.4.2"), 0)
        file = self.shop.active / "backend" / "server.js"
        file.write_text(file.read_text() + "// a quick fix\n")
        answer = self.uprev("upgrade", "--to", "1.5.0")
        self.assert_exit(answer, 3)
        self.assertIn("backend/server.js", answer.text)
        self.assert_well("1.4.2")
        self.assert_exit(self.uprev("upgrade", "--to", "1.5.0", "--accept-edits"), 0)
        self.assert_well("1.5.0")

    def test_pm2_is_not_running(self):
        self.shop.pm2.kill()
        self.refused("(?i)pm2", (3, 6))
        self.assertEqual(scenario.oracle.pointer(self.shop), [])

    def test_pm2_was_started_from_a_resolved_path(self):
        self.shop.pm2.run("delete", "storefront")
        self.shop.pm2.run("start", "server.js", "--name", "storefront", "-i", "1", cwd=self.shop.active / "storefront",
                          environment={"PORT": str(self.shop.ports["storefront"])})
        self.shop.pm2.run("save")
        self.shop.wait_served("1.4.0")
        answer = self.refused("storefront", (3,))
        self.assertRegex(answer.text, "current|resolved")
        self.assert_well("1.4.0")

    def test_no_database(self):
        self.shop.database.stop()
        self.refused("(?i)database|postgres", (3, 6))
        self.shop.database.start()
        self.shop.wait_served("1.4.0")
        self.assert_well("1.4.0")

    def test_no_room_on_the_disk(self):
        self.shop.write_site(lambda text: text.replace("reserve_bytes: 1MiB", "reserve_bytes: 900000TiB"))
        answer = self.refused("(?i)disk|space|room|free", (3, 9))
        self.assertRegex(answer.text, r"\d", "the need is a number")
        self.assert_well("1.4.0")


if __name__ == "__main__":
    scenario.main()
