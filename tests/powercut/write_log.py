# SPDX-License-Identifier: Apache-2.0
"""What reached the disk of a virtual machine, in order, as QEMU's driver `blklogwrites` records it; and the disk as a power cut
at any moment of it could have left it.

Format: that of Linux's dm-log-writes (Documentation/admin-guide/device-mapper/log-writes.rst). A request is recorded before the guest
learns that it is done, so whatever the guest acted upon is in the log, before what it did then.
"""
import shutil
import struct
from typing import NamedTuple

MAGIC = 0x6A736677736872
SECTOR = 512
FLUSH, FUA, DISCARD = 1, 2, 4
# The unit that a disk writes whole or not at all: a page, as the physical sector of today's disks.
PAGE = 4096


class Entry(NamedTuple):
    offset: int  # on the disk
    size: int
    flags: int
    data: int    # where its bytes begin in the log


class WriteLog:
    def __init__(self, path):
        self.path = path
        with open(path, "rb") as log:
            self.bytes = log.read()
        magic, version, _, sector = struct.unpack_from("<QQQI", self.bytes)
        # QEMU writes the header with the first flush; a guest that never flushes leaves it empty.
        if (magic, version, sector) not in ((MAGIC, 1, SECTOR), (0, 0, 0)):
            raise RuntimeError(f"{path} is not a log of writes in {SECTOR} byte sectors")
        self.entries = list(self._entries())

    def _entries(self):
        # The count in the header lags behind when the power goes; the first hole is the end.
        at = SECTOR
        while at + SECTOR <= len(self.bytes):
            sector, count, flags, extra = struct.unpack_from("<QQQQ", self.bytes, at)
            if not (sector or count or flags):
                return
            size = count * SECTOR
            if flags & DISCARD:
                size = 0
            entry = Entry(sector * SECTOR, size, flags, at + SECTOR)
            at += SECTOR + size + (extra + SECTOR - 1) // SECTOR * SECTOR
            if at > len(self.bytes):
                return
            yield entry

    def data(self, entry):
        return self.bytes[entry.data:entry.data + entry.size]

    def last_flush(self, count):
        """How many of the first `count` entries had reached the platter for certain."""
        return next((i + 1 for i in range(count - 1, -1, -1) if self.entries[i].flags & FLUSH), 0)


class Cut(NamedTuple):
    moment: int   # entries of the log that had happened
    lost: float   # the share of what was not flushed that the cut takes with it
    seed: int

    def __str__(self):
        return f"after write {self.moment}, {self.lost:.0%} of the unflushed lost, seed {self.seed}"


def disk_after(log, before, cut, chance, target):
    """Writes to `target` what the cut leaves of the disk `before`. Returns how many pages were lost.

    All up to the last flush is there. Of what came after it, the disk may have written any pages, in any order, the later of
    two writes to one place included or not.
    """
    shutil.copy(before, target)
    safe = log.last_flush(cut.moment)
    lost = 0
    with open(target, "r+b") as disk:
        for entry in log.entries[:safe]:
            disk.seek(entry.offset)
            disk.write(log.data(entry))
        for entry in log.entries[safe:cut.moment]:
            data = log.data(entry)
            start = 0
            while start < len(data):
                # Pages of the disk, not of the request.
                end = min(len(data), start + PAGE - (entry.offset + start) % PAGE)
                if entry.flags & FUA or chance.random() >= cut.lost:
                    disk.seek(entry.offset + start)
                    disk.write(data[start:end])
                else:
                    lost += 1
                start = end
    return lost
