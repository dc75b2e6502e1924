# SPDX-License-Identifier: Apache-2.0
"""A folder with one disk, the machine that lives on it until its power is cut, and the machine that looks at what is left."""
import json
import os
import random
import shutil
import tempfile
import time
from pathlib import Path

import machine
import oracle
from write_log import Cut, WriteLog, disk_after

HERE = Path(__file__).resolve().parent
WORK = Path(os.environ["UPREV_WORK"])
DISK, FILE_SYSTEM = 72 << 20, 64 << 20  # bytes; promises are written behind the file system
SEED = int(os.environ.get("UPREV_SEED", str(int(time.time()))))


class Laboratory:
    """`programs`: what the guest has in /bin besides busybox, by name."""

    def __init__(self, seed, programs):
        machine.require_tools()
        WORK.mkdir(parents=True, exist_ok=True)
        self.folder = Path(tempfile.mkdtemp(prefix="lab-", dir=WORK))
        self.chance = random.Random(seed)
        self.kernel = machine.Kernel(os.environ["UPREV_KERNEL"])
        self.initramfs = machine.make_initramfs(self.kernel, HERE / "init", programs, self.folder / "initramfs")
        self.disk, self.before, self.log = (self.folder / name for name in ("disk.img", "before.img", "writes.log"))
        with open(self.disk, "wb") as disk:
            disk.truncate(DISK)
        machine.run("mkfs.ext4", "-q", "-F", "-b", "4096", self.disk, str(FILE_SYSTEM // 4096))
        self.cuts, self.violations, self.lost = 0, [], 0

    def close(self):
        shutil.rmtree(self.folder)

    def boot(self, name, words, disks):
        words = [f"uprev.do={name}", f"uprev.offset={FILE_SYSTEM}", *words]
        return machine.Guest(self.kernel, self.initramfs, words, disks, self.folder / f"{name}.console")

    def live(self, name, words, until):
        """One life, until the plug is pulled. Returns the record of its writes; `disk` is then as QEMU left it."""
        shutil.copy(self.disk, self.before)
        self.log.write_bytes(b"")
        with self.boot(name, words, machine.recorded_disk(self.disk, self.log)) as guest:
            guest.wait_for_line(until)
            time.sleep(self.chance.uniform(0, 0.1))
            guest.cut()
        if "guest:" in guest.said():
            guest.fail("stopped by itself")
        return WriteLog(self.log)

    def choose(self, log, count, first=0):
        """Moments for `count` cuts: any write; or just after a promise, where what was not flushed hurts most."""
        given = [at for at, promise in oracle.promises(log, FILE_SYSTEM) if promise["returned"] and at >= first]
        for number in range(count):
            moment = self.chance.choice(given) if number % 2 else self.chance.randint(first, len(log.entries))
            yield Cut(moment, self.chance.choice((0.0, 0.3, 0.7, 1.0, 1.0)), self.chance.getrandbits(32))

    def cut_disk(self, log, cut, name):
        """The disk as `cut` leaves it, as a file of that name."""
        self.lost += disk_after(log, self.before, cut, random.Random(cut.seed), self.folder / name)
        return self.folder / name

    def report(self, name, disks):
        """What the guest says of each disk after it mounted it."""
        report = self.folder / "report.img"
        with open(report, "wb") as file:
            file.truncate(DISK)
        with self.boot(name, [], machine.plain_disks([report, *disks])) as guest:
            guest.wait()
        lines = report.read_bytes().split(b"\0", 1)[0].decode().splitlines()
        if len(lines) != len(disks) + 1 or lines[-1] != "end":
            guest.fail("reported " + repr(lines)[:2000])
        reports = dict(line.split(" ", 1) for line in lines[:-1])
        return [json.loads(reports[f"vd{chr(ord('b') + number)}"]) for number in range(len(disks))]

    def judged(self, name, found, disk, keep=True):
        """Counts a cut, with what was `found` wrong after it. The guest has mounted the disk and let it go: it must be sound."""
        try:
            machine.run("e2fsck", "-f", "-n", disk)
        except RuntimeError as error:
            found = [*found, str(error)]
        self.cuts += 1
        if not found:
            return
        self.violations.append((name, found))
        if keep:
            folder = WORK / f"failed-{SEED}-{type(self).__name__}-{self.cuts}"
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            for file in (self.before, self.log, *self.folder.glob("*.console")):
                shutil.copy(file, folder)
            (folder / "violations.txt").write_text(f"UPREV_SEED={SEED} {name}\n" + "\n".join(found) + "\n")
            print(f"power cut: violation, {name}; kept in {folder}\n  " + "\n  ".join(found[:10]), flush=True)
