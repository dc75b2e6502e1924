# SPDX-License-Identifier: Apache-2.0
"""The power of a virtual machine is cut while uprev's own journal, layout and file system work in it; then its disk is judged.

Each life ends with SIGKILL of QEMU at a random moment. From the record of its writes more cuts are made, at other moments, in which
the disk also loses what it had only in its cache, as a disk may. The next life begins on a disk that one of the cuts left.

UPREV_POWER_CUTS=N chooses how many cuts, UPREV_SEED repeats the choices (not the speed of the guest). A disk that broke a promise
is kept, with the record.
"""
import json
import os
import random
import shutil
import tempfile
import time
import unittest
from pathlib import Path

import machine
import oracle
from write_log import Cut, WriteLog, disk_after

HERE = Path(__file__).resolve().parent
WORK = Path(os.environ["UPREV_WORK"])
DISK, FILE_SYSTEM = 72 << 20, 64 << 20  # bytes; promises are written behind the file system
CUTS = int(os.environ.get("UPREV_POWER_CUTS", "200"))
SEED = int(os.environ.get("UPREV_SEED", str(int(time.time()))))
CUTS_PER_LIFE = 20  # as many disks as one machine looks at in one boot
LIFE = (1.0, 6.0)   # seconds


class Laboratory:
    """A folder with one disk that lives on from cut to cut."""

    def __init__(self, seed):
        machine.require_tools()
        WORK.mkdir(parents=True, exist_ok=True)
        self.folder = Path(tempfile.mkdtemp(prefix="lab-", dir=WORK))
        self.chance = random.Random(seed)
        self.kernel = machine.Kernel(os.environ["UPREV_KERNEL"])
        self.initramfs = machine.make_initramfs(self.kernel, HERE / "init", {"guest": os.environ["UPREV_GUEST"]}, self.folder / "initramfs")
        self.disk, self.facts = self.folder / "disk.img", {}
        with open(self.disk, "wb") as disk:
            disk.truncate(DISK)
        machine.run("mkfs.ext4", "-q", "-F", "-b", "4096", self.disk, str(FILE_SYSTEM // 4096))
        self.cuts, self.violations, self.lost = 0, [], 0

    def close(self):
        shutil.rmtree(self.folder)

    def boot(self, name, words, disks):
        return machine.Guest(self.kernel, self.initramfs, words, disks, self.folder / f"{name}.console")

    def live(self, words=()):
        """One life, until the plug is pulled. Returns the record of its writes; `disk` is then as QEMU left it."""
        self.before, log = self.folder / "before.img", self.folder / "writes.log"
        shutil.copy(self.disk, self.before)
        log.write_bytes(b"")
        with self.boot("live", ["uprev.do=live", f"uprev.offset={FILE_SYSTEM}", *words], machine.recorded_disk(self.disk, log)) as guest:
            guest.wait_for("durable")
            time.sleep(self.chance.uniform(*LIFE))
            guest.cut()
        if "guest:" in guest.said():
            guest.fail("stopped by itself")
        return WriteLog(log)

    def choose(self, log, count):
        """Moments for `count` cuts: any write; or just after a promise, where what was not flushed hurts most."""
        given = [at for at, promise in oracle.promises(log, FILE_SYSTEM) if promise["returned"]]
        for number in range(count):
            moment = self.chance.choice(given) if number % 2 else self.chance.randint(0, len(log.entries))
            yield Cut(moment, self.chance.choice((0.0, 0.3, 0.7, 1.0, 1.0)), self.chance.getrandbits(32))

    def observe(self, disks):
        """What the guest finds on each disk after it mounted it, as one report a disk."""
        report = self.folder / "report.img"
        with open(report, "wb") as file:
            file.truncate(64 << 20)
        with self.boot("observe", ["uprev.do=observe"], machine.plain_disks([report, *disks])) as guest:
            guest.wait()
        lines = report.read_bytes().split(b"\0", 1)[0].decode().splitlines()
        if len(lines) != len(disks) + 1 or lines[-1] != "end":
            guest.fail("reported " + repr(lines)[:2000])
        reports = dict(line.split(" ", 1) for line in lines[:-1])
        return [json.loads(reports[f"vd{chr(ord('b') + number)}"]) for number in range(len(disks))]

    def judge(self, name, expected, seen, disk):
        found = expected.violations(seen)
        try:  # the guest has mounted it and let it go: the file system itself must be sound
            machine.run("e2fsck", "-f", "-n", disk)
        except RuntimeError as error:
            found.append(str(error))
        self.cuts += 1
        if found:
            self.violations.append((name, found))
        return found

    def round(self, cuts, words=(), keep=True):
        """One life and `cuts` cuts of it, the first the one that QEMU itself died of."""
        log = self.live(words)
        # QEMU may have died between a write and its record, so that only this disk can hold a little more than the log says.
        plans = list(self.choose(log, cuts - 1))
        disks = [self.folder / f"cut-{number}.img" for number in range(len(plans) + 1)]
        shutil.copy(self.disk, disks[0])
        for plan, disk in zip(plans, disks[1:]):
            self.lost += disk_after(log, self.before, plan, random.Random(plan.seed), disk)
        following = self.chance.randrange(len(disks))
        shutil.copy(disks[following], self.disk)
        names = ["SIGKILL", *map(str, plans)]
        moments = [len(log.entries), *(plan.moment for plan in plans)]
        reports = self.observe(disks)
        for name, moment, seen, disk in zip(names, moments, reports, disks):
            found = self.judge(name, oracle.Expected(self.facts, log, FILE_SYSTEM, moment), seen, disk)
            if found and keep:
                self.keep(name, found, log)
        self.facts = reports[following]["facts"]
        return log

    def keep(self, name, found, log):
        folder = WORK / f"failed-{SEED}-{self.cuts}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        shutil.copy(self.before, folder)
        shutil.copy(log.path, folder)
        (folder / "violations.txt").write_text(f"UPREV_SEED={SEED} {name}\n" + "\n".join(found) + "\n")
        print(f"power cut: violation, {name}; kept in {folder}\n  " + "\n  ".join(found[:10]), flush=True)


class PowerCut(unittest.TestCase):
    def test_every_promise_holds(self):
        laboratory = Laboratory(SEED)
        self.addCleanup(laboratory.close)
        lives = promised = writes = 0
        while laboratory.cuts < CUTS:
            log = laboratory.round(min(CUTS_PER_LIFE, CUTS - laboratory.cuts))
            given = len(oracle.promises(log, FILE_SYSTEM)) // 2
            lives, promised, writes = lives + 1, promised + given, writes + len(log.entries)
            print(f"power cut: life {lives}: {given} promises, {len(log.entries)} writes; so far {laboratory.cuts} cuts, "
                  f"{len(laboratory.violations)} violations", flush=True)
        print(f"power cut: {laboratory.cuts} cuts, {len(laboratory.violations)} violations "
              f"({lives} lives, {promised} promises, {writes} writes, {laboratory.lost} pages lost; UPREV_SEED={SEED})", flush=True)
        self.assertEqual(laboratory.violations, [])

    # Else the test above would prove nothing.
    def test_each_kind_of_flush_is_missed_when_it_is_left_out(self):
        for left_out in ("uprev.leave_out=fsync", "uprev.leave_out=fdatasync", "uprev.leave_out=syncfs", "uprev.mount=nobarrier"):
            with self.subTest(left_out):
                laboratory = Laboratory(f"{SEED} {left_out}")
                self.addCleanup(laboratory.close)
                laboratory.round(CUTS_PER_LIFE, [left_out], keep=False)
                broken = len(laboratory.violations)
                first = laboratory.violations[0][1][0] if broken else "nothing"
                print(f"power cut, careless ({left_out}): {laboratory.cuts} cuts, {broken} violations, the first: {first}", flush=True)
                self.assertGreater(broken, 0)


if __name__ == "__main__":
    print(f"power cut: UPREV_SEED={SEED}", flush=True)
    unittest.main(verbosity=2)
