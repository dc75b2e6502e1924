# SPDX-License-Identifier: Apache-2.0
"""Releases that fail, each in its own way, and are put back: what was acknowledged stays, the old release serves."""
import scenario


class Undone(scenario.ShopTest):
    shop_options = {"releases": ("1.4.0", "1.5.1", "1.5.2", "1.5.3", "1.6.2")}

    def assert_undone(self, version, words_in_error):
        answer, customer = self.run_under_load("upgrade", "--to", version)
        self.assert_exit(answer, 10)
        report = self.assert_report(answer, "undone", **{"from": "1.4.0", "to": version})
        self.assertRegex(report["error"]["message"].lower(), words_in_error)
        self.assert_well("1.4.0", customer.acknowledged)
        return report, customer

    def test_a_service_that_is_not_well_is_put_back(self):
        _, customer = self.assert_undone("1.5.1", "storefront")
        self.assertEqual([failure for failure in customer.failures if failure[1] == "backend"], [])

    def test_a_migration_that_fails_half_way_is_restored(self):
        self.assert_undone("1.5.2", "order_lines|migrat|medusa")

    def test_a_release_that_throws_at_boot_is_put_back(self):
        self.assert_undone("1.5.3", "backend")

    def test_an_incompatible_migration_is_restored_when_the_gate_fails(self):
        with scenario.client.Client(self.shop) as customer:
            while len(customer.acknowledged) < 10:
                customer.stopping.wait(0.02)
        answer = self.uprev("upgrade", "--to", "1.6.2")
        self.assert_exit(answer, 10)
        self.assertIn("storefront", self.assert_report(answer, "undone")["error"]["message"])
        self.assert_well("1.4.0", customer.acknowledged)

    def test_orders_that_reached_the_new_schema_before_the_gate_failed_are_never_lost(self):
        """PM2's applications answer on their own ports, so customers may write while the gate is asked. Then nothing is restored over them."""
        answer, customer = self.run_under_load("upgrade", "--to", "1.6.2")
        self.assertIn(answer.code, (10, 11), str(answer))
        if answer.code == 11:
            self.assertRegex(answer.text, r"uprev snapshot restore \S+", "the choices are printed")
            self.assertEqual(scenario.oracle.violations(self.shop, customer.acknowledged, needs_operator=True, said=answer.text), [])
        else:
            self.assert_well("1.4.0", customer.acknowledged)
        self.assertFalse([failure for failure in customer.failures if "column" in failure[4]], "old code met the new schema, or new the old")

    def test_a_failed_version_is_not_chosen_again_by_itself(self):
        self.shop.offer("1.4.0", "1.4.2", "1.5.1")
        self.assert_undone("1.5.1", "storefront")
        answer = self.uprev("upgrade")
        self.assert_exit(answer, 0)
        self.assert_well("1.4.2")

    def test_an_upgrade_that_was_undone_is_never_called_complete(self):
        answer = self.uprev("upgrade", "--to", "1.5.1", as_json=False)
        self.assert_exit(answer, 10)
        self.assertNotRegex(answer.text.lower(), "upgrade complete|succeeded")
        status = self.uprev("status")
        self.assertIn("1.4.0", str(status.json))
        self.assert_well("1.4.0")


if __name__ == "__main__":
    scenario.main()
