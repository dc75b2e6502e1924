# SPDX-License-Identifier: Apache-2.0
"""The power of a virtual machine is cut while uprev's own journal, layout and file system work in it; then its disk is judged.

Each life ends with SIGKILL of QEMU at a random moment. From the record of its writes more cuts are made, at other moments, in which
the disk also loses what it had only in its cache, as a disk may. The next life begins on a disk that one of the cuts left.

UPREV_POWER_CUTS=N chooses how many cuts, UPREV_SEED repeats the choices (not the speed of the guest). What broke a promise is kept.
"""
import os
import shutil
import unittest

import oracle
from laboratory import FILE_SYSTEM, SEED, Laboratory

CUTS = int(os.environ.get("UPREV_POWER_CUTS", "200"))
CUTS_PER_LIFE = 20  # as many disks as one machine looks at in one boot
LIFE = (10, 150)    # promises, so that a busy machine cuts as late as an idle one


class Lives(Laboratory):
    """One disk that lives on from cut to cut."""

    def __init__(self, seed):
        super().__init__(seed, {"guest": os.environ["UPREV_GUEST"]})
        self.facts = {}

    def round(self, cuts, words=(), keep=True):
        """One life and `cuts` cuts of it, the first the one that QEMU itself died of."""
        log = self.live("live", words, f"durable {self.chance.randint(*LIFE)}")
        plans = list(self.choose(log, cuts - 1))
        disks = [shutil.copy(self.disk, self.folder / "cut-0.img")]
        disks += [self.cut_disk(log, plan, f"cut-{number}.img") for number, plan in enumerate(plans, 1)]
        following = self.chance.randrange(len(disks))
        shutil.copy(disks[following], self.disk)
        # QEMU may have died between a write and its record; such a write belongs to the call that was under way.
        names, moments = ["SIGKILL", *map(str, plans)], [len(log.entries), *(plan.moment for plan in plans)]
        reports = self.report("observe", disks)
        for name, moment, seen, disk in zip(names, moments, reports, disks):
            self.judged(name, oracle.Expected(self.facts, log, FILE_SYSTEM, moment).violations(seen), disk, keep)
        self.facts = reports[following]["facts"]
        return log


class PowerCut(unittest.TestCase):
    def test_every_promise_holds(self):
        lives = Lives(SEED)
        self.addCleanup(lives.close)
        count = promised = writes = 0
        while lives.cuts < CUTS:
            log = lives.round(min(CUTS_PER_LIFE, CUTS - lives.cuts))
            given = len(oracle.promises(log, FILE_SYSTEM)) // 2
            count, promised, writes = count + 1, promised + given, writes + len(log.entries)
            print(f"power cut: life {count}: {given} promises, {len(log.entries)} writes; so far {lives.cuts} cuts, "
                  f"{len(lives.violations)} violations", flush=True)
        print(f"power cut: {lives.cuts} cuts, {len(lives.violations)} violations "
              f"({count} lives, {promised} promises, {writes} writes, {lives.lost} pages lost; UPREV_SEED={SEED})", flush=True)
        self.assertEqual(lives.violations, [])

    # Else the test above would prove nothing.
    def test_each_kind_of_flush_is_missed_when_it_is_left_out(self):
        for left_out in ("uprev.leave_out=fsync", "uprev.leave_out=fdatasync", "uprev.leave_out=syncfs", "uprev.mount=nobarrier"):
            with self.subTest(left_out):
                lives = Lives(f"{SEED} {left_out}")
                self.addCleanup(lives.close)
                lives.round(CUTS_PER_LIFE, [left_out], keep=False)
                broken = len(lives.violations)
                first = lives.violations[0][1][0] if broken else "nothing"
                print(f"power cut, careless ({left_out}): {lives.cuts} cuts, {broken} violations, the first: {first}", flush=True)
                self.assertGreater(broken, 0)


if __name__ == "__main__":
    print(f"power cut: UPREV_SEED={SEED}", flush=True)
    unittest.main(verbosity=2)
