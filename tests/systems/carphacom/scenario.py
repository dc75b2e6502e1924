# SPDX-License-Identifier: Apache-2.0
"""What the scenarios share: a shop that was adopted, upgrades under a customer's load, and the oracle at the end."""
import sys
import unittest
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[2] / "support")]

import client  # noqa: E402
import installation  # noqa: E402
import oracle  # noqa: E402
import uprev  # noqa: E402


class ShopTest(unittest.TestCase):
    """One adopted shop for each test. `shop_options` are Installation's."""

    maxDiff = None
    shop_options: dict = {}

    def setUp(self):
        self.shop = installation.Installation(**self.shop_options)
        self.addCleanup(self.shop.close)
        self.shop.adopt()
        self.uprev = self.shop.uprev

    def run_under_load(self, *words, **options):
        """(answer, customer): the customer was there before and stays until after."""
        customer = client.Client(self.shop)
        with customer:
            while len(customer.acknowledged) < 10:
                customer.stopping.wait(0.02)
            answer = self.uprev(*words, **options)
            seen = len(customer.acknowledged)
            for _ in range(200):
                if len(customer.acknowledged) >= seen + 3 or answer.code == 11:
                    break
                customer.stopping.wait(0.05)
        if answer.code != 11:  # then the shop may be down until somebody decides
            self.assertGreaterEqual(len(customer.acknowledged), seen + 3, f"orders are not taken after\n{answer}")
        return answer, customer

    def assert_exit(self, answer, code):
        self.assertEqual(answer.code, code, str(answer))

    def assert_well(self, version, acknowledged=(), **options):
        self.assertEqual(oracle.violations(self.shop, acknowledged, **options), [])
        self.assertEqual(oracle.pointed_version(self.shop), version)

    def assert_report(self, answer, result, **values):
        report = answer.json
        self.assertEqual(report["result"], result, str(answer))
        for key, value in values.items():
            self.assertEqual(report[key], value, key)
        return report


class SharedShopTest(ShopTest):
    """One shop for the whole class: for questions that must change nothing. Each test ends with the oracle at 1.4.0."""

    @classmethod
    def setUpClass(cls):
        cls.shared = installation.Installation(**cls.shop_options)
        cls.addClassCleanup(cls.shared.close)
        cls.shared.adopt()

    def setUp(self):
        self.shop, self.uprev = self.shared, self.shared.uprev
        self.entries = sorted((self.shop.root / "releases").iterdir())

    def tearDown(self):
        if self._outcome.success:
            self.assertEqual(sorted((self.shop.root / "releases").iterdir()), self.entries, "a release folder was left")
            self.assert_well("1.4.0")


def main():
    unittest.main(verbosity=2)
