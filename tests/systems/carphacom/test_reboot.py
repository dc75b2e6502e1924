# SPDX-License-Identifier: Apache-2.0
"""The machine loses power in the middle of a migration and boots again: everything that ran is gone, the boot id is another one.
Whichever comes first, PM2's resurrection or uprev's recovery, old code never starts on the new schema and no order is lost."""
import os
import signal
import time
import uuid

import scenario
from test_crash import steps_seen


class Reboot(scenario.ShopTest):
    shop_options = {"releases": ("1.4.0", "1.5.0", "1.6.1")}

    def lose_power_during(self, version, step, pause=0.5):
        """Upgrades under load until `step` runs; then nothing runs any more. Returns what was acknowledged."""
        with scenario.client.Client(self.shop, pause=0.05) as customer:
            while len(customer.acknowledged) < 10:
                customer.stopping.wait(0.02)
            process = self.uprev.start("upgrade", "--to", version)
            while process.poll() is None and not any(one.startswith(step) for one in steps_seen(self.shop)):
                time.sleep(0.003)
            time.sleep(pause)
            self.assertIsNone(process.poll(), "the upgrade was over before the power went")
            scenario.uprev.kill(self.shop.folder, shims=True)
            for pid in scenario.installation.workplace.descendants(self.shop.pm2.daemon()):
                os.kill(pid, signal.SIGKILL)
            self.shop.database.stop("immediate")
            process.communicate()
        return customer.acknowledged

    def boot(self):
        """PostgreSQL is up, and uprev sees a boot id that it never saw before."""
        if scenario.installation.workplace.is_root():
            boot_id = self.shop.folder / "boot_id"
            boot_id.write_text(f"{uuid.uuid4()}\n")
            mount = f"mount --bind {boot_id} /proc/sys/kernel/random/boot_id && exec \"$@\""
            self.uprev.prefix = ["unshare", "--mount", "--propagation", "private", "sh", "-c", mount, "sh"]
        self.shop.database.start()

    def resurrect(self):
        self.shop.pm2.run("resurrect", check=False)
        self.shop.foreign = self.shop.foreign_state()

    def recover(self, *codes):
        answer = self.uprev("resume", "--boot")
        self.assertIn(answer.code, codes, str(answer))
        return answer

    def test_recovery_before_pm2(self):
        acknowledged = self.lose_power_during("1.6.1", "migrate")
        self.boot()
        self.recover(10)
        self.resurrect()
        self.assert_well("1.4.0", acknowledged)
        self.assert_exit(self.uprev("upgrade", "--to", "1.6.1"), 0)
        self.assert_well("1.6.1", acknowledged)

    def test_pm2_before_recovery_starts_nothing_that_is_guarded(self):
        acknowledged = self.lose_power_during("1.6.1", "migrate")
        self.boot()
        self.resurrect()
        time.sleep(2)
        apps = self.shop.pm2.apps()
        self.assertEqual([name for name in scenario.installation.SERVICES if name in apps], [], "old code was started on a half-migrated schema")
        self.assertIn("blog", apps, "the foreign application starts as ever")
        self.recover(10)
        self.assert_well("1.4.0", acknowledged)

    def test_power_lost_after_the_new_release_was_started(self):
        acknowledged = self.lose_power_during("1.6.1", "gate", pause=0.1)
        self.boot()
        self.recover(0, 10)
        self.resurrect()
        self.assert_well(scenario.oracle.pointed_version(self.shop), acknowledged)

    def test_power_lost_during_a_compatible_upgrade(self):
        acknowledged = self.lose_power_during("1.5.0", "prepare")
        self.boot()
        self.recover(13)
        self.resurrect()
        self.assert_well("1.4.0", acknowledged)


if __name__ == "__main__":
    scenario.main()
