# SPDX-License-Identifier: Apache-2.0
"""One operation at a time, locks that die with their owners, and operators who change their mind."""
import os
import signal
import time

import scenario


class Together(scenario.ShopTest):
    shop_options = {"releases": ("1.4.0", "1.4.2", "1.5.0", "1.6.1")}

    def busy(self, limit=20):
        """Waits until the running operation holds the lock."""
        end = time.monotonic() + limit
        while time.monotonic() < end:
            if scenario.oracle.lock(self.shop):
                return
            time.sleep(0.01)
        self.fail("nobody took the lock")

    def test_the_second_is_told_who_since_when_and_which_pid(self):
        first = self.uprev.start("upgrade", "--to", "1.5.0")
        self.busy()
        second = self.uprev("upgrade", "--to", "1.4.2", timeout=60)
        self.assert_exit(second, 5)
        self.assertRegex(second.text, "pid")
        self.assertRegex(second.text, "1\\.5\\.0")
        self.assertRegex(second.text, r"since|\d{4}-\d\d-\d\d| ago")
        self.assert_exit(self.uprev.finish(first), 0)
        self.assert_well("1.5.0")

    def test_the_second_may_wait(self):
        first = self.uprev.start("upgrade", "--to", "1.4.2")
        self.busy()
        second = self.uprev("upgrade", "--to", "1.5.0", "--wait", "2m", timeout=200)
        self.assert_exit(self.uprev.finish(first), 0)
        self.assert_exit(second, 0)
        self.assert_well("1.5.0")

    def test_status_answers_while_an_upgrade_runs(self):
        first = self.uprev.start("upgrade", "--to", "1.5.0")
        self.busy()
        answer = self.uprev("status", timeout=20)
        self.assert_exit(answer, 0)
        self.assertIn("1.5.0", answer.text)
        self.assertIsNone(first.poll(), "status waits for nobody")
        self.assert_exit(self.uprev.finish(first), 0)

    def test_a_closed_terminal_changes_nothing(self):
        first = self.uprev.start("upgrade", "--to", "1.5.0", start_new_session=True)
        self.busy()
        os.killpg(first.pid, signal.SIGHUP)
        first.wait(60)
        self.wait_for_end()
        self.assert_well("1.5.0")

    def test_the_first_interrupt_puts_it_back(self):
        first = self.uprev.start("upgrade", "--to", "1.6.1")
        self.busy()
        time.sleep(1.0)
        first.send_signal(signal.SIGINT)
        answer = self.uprev.finish(first)
        self.assertIn(answer.code, (0, 10, 13), str(answer))
        self.wait_for_end()
        self.assert_well({0: "1.6.1"}.get(answer.code, "1.4.0"))

    def wait_for_end(self, limit=120):
        end = time.monotonic() + limit
        while scenario.oracle.lock(self.shop):
            self.assertLess(time.monotonic(), end, "the operation does not end")
            time.sleep(0.1)


if __name__ == "__main__":
    scenario.main()
