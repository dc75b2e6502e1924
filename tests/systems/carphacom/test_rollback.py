# SPDX-License-Identifier: Apache-2.0
"""Going back by choice, what it would cost, and what is kept to go back to."""
import scenario


class Rollback(scenario.ShopTest):
    shop_options = {"releases": ("1.4.0", "1.4.2", "1.5.0", "1.6.0")}

    def upgrade(self, version):
        answer = self.uprev("upgrade", "--to", version)
        self.assert_exit(answer, 0)

    def test_without_arguments_it_goes_to_the_last_good_release(self):
        self.upgrade("1.4.2")
        answer, customer = self.run_under_load("rollback")
        self.assert_exit(answer, 0)
        self.assert_report(answer, "succeeded", **{"kind": "rollback", "from": "1.4.2", "to": "1.4.0"})
        self.assertEqual(customer.failures, [])
        self.assert_well("1.4.0", customer.acknowledged)

    def test_code_goes_back_where_it_reads_the_schema(self):
        self.upgrade("1.5.0")
        answer, customer = self.run_under_load("rollback", "--to", "1.4.0")
        self.assert_exit(answer, 0)
        self.assertEqual(customer.failures, [])
        self.assert_well("1.4.0", customer.acknowledged)
        schema = self.shop.database.sql("select max(number) from shop_migrations", "shop")
        self.assertEqual(schema, [["2"]], "the schema stays")

    def test_code_alone_does_not_go_back_to_where_it_cannot_read_the_schema(self):
        self.upgrade("1.6.0")
        answer, customer = self.run_under_load("rollback")
        self.assert_exit(answer, 3)
        taken = self.uprev("snapshot", "list").json["snapshots"][0]["id"]
        self.assertIn(f"uprev snapshot restore {taken} --yes", answer.text, "the command that restores the data is printed")
        self.assertRegex(answer.text, r"orders \d+ rows now, \d+ then", "and what it would lose")
        self.assertRegex(answer.text, "(?i)schema|migration")
        self.assert_well("1.6.0", customer.acknowledged)

    def test_a_version_that_is_not_there(self):
        answer = self.uprev("rollback", "--to", "1.3.9")
        self.assertIn(answer.code, (3, 7), str(answer))
        self.assert_well("1.4.0")

    def test_nothing_to_go_back_to(self):
        answer = self.uprev("rollback")
        self.assertIn(answer.code, (3, 7), str(answer))
        self.assert_well("1.4.0")


class Snapshots(scenario.ShopTest):
    shop_options = {"releases": ("1.4.0", "1.4.2", "1.6.0")}

    def ids(self):
        answer = self.uprev("snapshot", "list")
        self.assert_exit(answer, 0)
        return answer.json["snapshots"]

    def test_a_set_is_made_proven_and_listed(self):
        self.assert_exit(self.uprev("snapshot", "create"), 0)
        sets = self.ids()
        self.assertEqual(len(sets), 1)
        self.assert_exit(self.uprev("snapshot", "verify", sets[0]["id"]), 0)
        self.assert_well("1.4.0")

    def test_a_restore_brings_back_the_rows_of_the_snapshot_and_keeps_the_others(self):
        with scenario.client.Client(self.shop, prefix="early") as early:
            while len(early.acknowledged) < 10:
                early.stopping.wait(0.02)
        self.assert_exit(self.uprev("upgrade", "--to", "1.6.0"), 0)
        with scenario.client.Client(self.shop, prefix="late") as late:
            while len(late.acknowledged) < 10:
                late.stopping.wait(0.02)
        taken = self.ids()[0]["id"]
        answer = self.uprev("snapshot", "restore", taken)
        if answer.code == 3:  # loses rows: wants to be told so
            self.assertRegex(answer.text, "(?i)lose|lost|written")
            answer = self.uprev("snapshot", "restore", taken, "--yes")
        self.assert_exit(answer, 0)
        self.assert_well("1.4.0", early.acknowledged)
        kept = {database for database in self.shop.database.databases() if "_failed_" in database}
        self.assertTrue(any(set(late.acknowledged) <= scenario.oracle.present(self.shop, database) for database in kept)
                        or self.rows_with_amount(kept, late.acknowledged), f"the orders since are kept in one of {kept}")

        replaced = [row for row in self.uprev("gc", "--dry-run").json["kept"] if row["what"] == "replaced database"]
        self.assertEqual([row["path"] for row in replaced], sorted(kept), "it goes only when somebody says so")

    def rows_with_amount(self, databases, wanted):
        return any(set(wanted) <= scenario.oracle.present(self.shop, database) for database in databases)

    def test_a_snapshot_may_have_a_disk_of_its_own(self):
        elsewhere = self.shop.folder / "elsewhere"
        self.shop.write_site(lambda text: text.replace("    url_env: DATABASE_URL\n", f"    url_env: DATABASE_URL\n    snapshots: {elsewhere}\n"))
        self.assert_exit(self.uprev("snapshot", "create"), 0)
        self.assert_exit(self.uprev("upgrade", "--to", "1.6.0"), 0)
        for taken in self.ids():
            self.assertEqual([file for file in elsewhere.rglob("*.dump") if str(file) == taken["databases"][0]["file"]] != [], True, taken)
        (elsewhere / "somebodys").mkdir()
        self.assert_exit(self.uprev("gc"), 0)
        self.assertEqual(len([taken for taken in self.ids() if taken["proven"]]), 2, "gc leaves the dumps of the sets that it keeps")
        self.assertTrue((elsewhere / "somebodys").exists(), "and what isn't ours")
        self.assert_well("1.6.0")

    def test_a_damaged_snapshot_never_replaces_the_live_database(self):
        self.assert_exit(self.uprev("snapshot", "create"), 0)
        taken = self.ids()[0]["id"]
        dumps = [path for path in (self.shop.state / "carphacom" / "snapshots").rglob("*") if path.is_file() and path.stat().st_size > 1000]
        self.assertTrue(dumps)
        for dump in dumps:
            content = bytearray(dump.read_bytes())
            content[len(content) // 2] ^= 0xFF
            dump.write_bytes(bytes(content))
        self.assertIn(self.uprev("snapshot", "verify", taken).code, (1, 14))
        self.assertIn(self.uprev("snapshot", "restore", taken, "--yes").code, (1, 3, 14))
        self.assert_well("1.4.0")
        self.assert_exit(self.uprev("upgrade", "--to", "1.4.2"), 0)  # a bad old backup blocks nothing
        self.assert_well("1.4.2")


class Retention(scenario.ShopTest):
    shop_options = {"releases": ("1.4.0", "1.4.2", "1.4.5", "1.5.0", "1.5.1", "1.8.0")}

    def kept(self):
        return [folder.name.split("_v")[1] for folder in sorted((self.shop.root / "releases").iterdir())]

    def test_only_good_releases_count_and_the_last_good_one_stays(self):
        for version in ("1.4.2", "1.4.5", "1.5.0"):
            self.assert_exit(self.uprev("upgrade", "--to", version), 0)
        for _ in range(2):
            self.assert_exit(self.uprev("upgrade", "--to", "1.5.1"), 10)
        self.assertLessEqual({"1.4.2", "1.4.5", "1.5.0"}, set(self.kept()), "failed ones push none out")
        self.assertNotIn("1.4.0", self.kept(), "two good ones are kept beside the active one")
        self.assert_exit(self.uprev("gc", "--keep", "0", "--dry-run"), 0)
        self.assertIn("1.4.5", self.kept())
        self.assert_exit(self.uprev("gc", "--keep", "0"), 0)
        self.assertIn("1.5.0", self.kept(), "never the active one")
        self.assertIn("1.4.5", self.kept(), "never the last good one")
        self.assert_well("1.5.0")


if __name__ == "__main__":
    scenario.main()
