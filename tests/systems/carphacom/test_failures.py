# SPDX-License-Identifier: Apache-2.0
"""The machine fails around uprev, in each phase: PostgreSQL stops, PM2's daemon dies, the disk is full. Whatever the
upgrade came to, once the machine is well again and uprev recovered, old or new serves and nothing is lost."""
import os
import signal
import subprocess
import time
import unittest

import scenario
from test_crash import steps_seen

DEEP = os.environ.get("UPREV_DEPTH") == "deep"
ALL = ("stage", "prepare", "snapshot.rehearse", "services.stop", "database.fence", "snapshot.take", "migrate.run", "pointer.switch",
       "services.start", "gate")
PHASES = ALL if DEEP else ("prepare", "snapshot.take", "migrate.run", "services.start")


class Failures(unittest.TestCase):
    def disturb(self, version, step, harm, heal, told_of=True, **options):
        """Upgrades, does harm as `step` begins, heals when uprev gave up, recovers and asks the oracle. `told_of`: the first word
        that the notifiers get is of the harm."""
        shop = scenario.installation.Installation(releases=("1.4.0", version), stable="300ms", **options)
        try:
            told = shop.folder / "told"
            told.touch()
            scenario.installation.workplace.give(told, shop.user)
            shop.write_site(lambda text: f"undo_limit: 3s\nnotify: [{{kind: command, command: {{shell: 'cat >> {told}'}}}}]\n" + text)
            shop.adopt()
            with scenario.client.Client(shop, pause=0.05) as customer:
                process = shop.uprev.start("upgrade", "--to", version)
                while process.poll() is None and not any(one.startswith(step) for one in steps_seen(shop)):
                    time.sleep(0.003)
                harm(shop)
                answer = shop.uprev.finish(process)
                half_way = answer.code in (6, 9) and shop.uprev("status").json["running"] is not None
                self.assertEqual(shop.uprev("status").code, 13 if half_way else 0, f"{step}\n{answer}")
                heal(shop)
                recovered = shop.uprev("resume", "--wait", "2m")
                said = f"{step}\n{answer}\n{recovered}"
                self.assertNotIn(answer.code, (70, -11, -6), said)
                self.assertIn(recovered.code, (0, 7, 10, 13), said)
                self.assertNotRegex(answer.text, "worker .* died", said)
                words = told.read_text()
                self.assertTrue(not told_of or ("half_way" if half_way else answer.json["result"]) in words, f"{said}\n{words}")
            self.assertEqual(scenario.oracle.violations(shop, customer.acknowledged), [], said)
        finally:
            shop.close()

    def test_postgresql_stops_in_each_phase(self):
        def harm(shop):
            shop.database.stop("immediate")

        def heal(shop):
            shop.database.start()

        for step in PHASES:
            with self.subTest(step=step):
                self.disturb("1.6.1", step, harm, heal)

    def test_pm2s_daemon_is_killed_in_each_phase(self):
        def harm(shop):
            for pid in scenario.installation.workplace.descendants(shop.pm2.daemon()):
                os.kill(pid, signal.SIGKILL)

        for step in PHASES:
            with self.subTest(step=step):
                self.disturb("1.6.1", step, harm, self.revive_pm2)

    @staticmethod
    def revive_pm2(shop):
        """As the machine's boot service would. What died with the daemon was ours to kill, not uprev's."""
        shop.pm2.run("resurrect", check=False)
        if "blog" not in shop.pm2.apps():
            shop.pm2.run("start", shop.folder / "blog" / "ecosystem.config.js")
        shop.foreign = shop.foreign_state()

    def test_the_disk_is_full_in_each_phase(self):
        """On a small file system of its own, which only root can mount."""
        if not scenario.installation.workplace.is_root():
            return
        def harm(shop):
            with open(shop.folder / "ballast", "wb") as file:
                try:
                    while True:
                        file.write(b"\0" * (1 << 20))
                except OSError:
                    pass

        def heal(shop):
            (shop.folder / "ballast").unlink(missing_ok=True)
            shop.database.stop("immediate")
            shop.database.start()
            if not shop.pm2.daemon():  # it writes logs, and doesn't survive that it can't
                self.revive_pm2(shop)

        for step in PHASES:
            with self.subTest(step=step), SmallDisk() as disk:
                self.disturb("1.6.1", step, harm, heal, told_of=False, folder=disk.folder)


class SmallDisk:
    """A tmpfs of 400 MiB."""

    def __enter__(self):
        self.folder = scenario.installation.workplace.temporary_folder("disk")
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400m,mode=0755", "tmpfs", self.folder], check=True)
        return self

    def __exit__(self, *_):
        subprocess.run(["umount", "-l", self.folder], check=True)
        self.folder.rmdir()


if __name__ == "__main__":
    scenario.main()
