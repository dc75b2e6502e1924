# SPDX-License-Identifier: Apache-2.0
"""The power is cut while `uprev upgrade` works in a virtual machine, at moments from before its first write to after its last. At the next boot
`uprev resume` runs first, as uprev-recover@.service has it, then the service; then the installation is judged.

UPREV_UPGRADE_CUTS=N chooses how many cuts, for each of two upgrades: writes frozen, and live.
"""
import collections
import os
import unittest
from pathlib import Path

import oracle
from laboratory import FILE_SYSTEM, HERE, SEED, Laboratory

CUTS = int(os.environ.get("UPREV_UPGRADE_CUTS", "12"))
DISKS_PER_BOOT = 6
OLD, NEW = "1.0.0", "1.1.1"
SCHEMA = {OLD: "1", NEW: "2"}


class Upgrades(Laboratory):
    def __init__(self, seed):
        uprev = Path(os.environ["UPREV_BIN"])
        super().__init__(seed, {"guest": os.environ["UPREV_GUEST"], "installation": HERE / "installation.sh", "uprev": uprev,
                                "uprev-shim": uprev.with_name("uprev-shim")})
        self.active = []  # after each cut and its recovery

    def run(self, compatible, cuts, words=(), keep=True):
        log = self.live("upgrade", [f"uprev.compatible={compatible}", *words], "upgraded")
        promised = oracle.promises(log, FILE_SYSTEM)
        code = [promise["change"]["upgrade"] for _, promise in promised if "upgrade" in promise["change"]][-1]
        if code != "0":
            raise RuntimeError(f"without a power cut the upgrade ended with {code}:\n{(self.folder / 'upgrade.console').read_text()[-4000:]}")
        begun = next(at for at, promise in promised if "upgrade" in promise["change"])
        plans = list(self.choose(log, cuts, begun))
        for first in range(0, len(plans), DISKS_PER_BOOT):
            group = plans[first:first + DISKS_PER_BOOT]
            disks = [self.cut_disk(log, plan, f"cut-{number}.img") for number, plan in enumerate(group)]
            for plan, disk, seen in zip(group, disks, self.report("recover", disks)):
                facts = oracle.Expected({}, log, FILE_SYSTEM, plan.moment).facts
                found = wrong(facts, seen)
                self.judged(f"{plan}, compatible: {compatible}", found, disk, keep)
                self.active.append(((seen.get("look") or {}).get("facts") or {}).get("version") or "none")
        return len(log.entries) - begun


def wrong(promised, seen):
    """What must not be after recovery."""
    if not seen.get("look"):
        return seen.get("problems", ["nothing could be seen"])
    facts = seen["look"]["facts"]
    found = list(seen["look"]["problems"])
    version = facts["version"]
    if version not in SCHEMA or promised.get("upgrade") == "0" and version != NEW:
        found.append(f"'{version}' is active; of the upgrade was promised '{promised.get('upgrade', '')}'")
    if f"version: {version}" not in seen["served"]:
        found.append(f"served is '{seen['served']}', not {version}")
    lost = [key for key, value in promised.items() if key.startswith("row/") and facts.get(key) != value]
    if lost:
        found.append(f"rows that were acknowledged are gone: {', '.join(lost)}")
    if seen["leftover"].strip():
        found.append(f"left behind: {seen['leftover']}")
    return [*found, f"resume ended with {seen['code']}, and once more with {seen['again']}"] if found else []


class UpgradeCut(unittest.TestCase):
    def cuts(self, compatible, *words, keep=True):
        upgrades = Upgrades(f"{SEED} {compatible}")
        self.addCleanup(upgrades.close)
        writes = upgrades.run(compatible, CUTS, words, keep)
        print(f"power cut, upgrade (compatible: {compatible}{' '.join(['', *words])}): {upgrades.cuts} cuts, {len(upgrades.violations)} violations "
              f"({writes} writes, {upgrades.lost} pages lost, then active: {dict(collections.Counter(upgrades.active))}; UPREV_SEED={SEED})", flush=True)
        return upgrades

    def one(self, compatible):
        self.assertEqual(self.cuts(compatible).violations, [])

    def test_writes_frozen(self):
        self.one("false")

    def test_writes_live(self):
        self.one("true")

    def test_flushes_that_do_nothing_are_noticed(self):
        self.assertNotEqual(self.cuts("false", "uprev.mount=nobarrier", keep=False).violations, [])


if __name__ == "__main__":
    print(f"power cut: UPREV_SEED={SEED}", flush=True)
    unittest.main(verbosity=2)
