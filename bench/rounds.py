# SPDX-License-Identifier: Apache-2.0
"""What the measurements share: rivals take turns, each round gives one ratio, and the median of those is the result.
A round's rivals run within seconds of each other, so that what slows the machine down slows both."""
import os
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(REPOSITORY / "tests" / "support"), str(REPOSITORY / "tests" / "systems" / "carphacom")]
sys.dont_write_bytecode = True


@dataclass
class Row:
    """One line of the table. `value` is a ratio of uprev to its rival unless `unit` says otherwise; no aim: for information."""
    what: str
    against: str
    value: float
    aim: float | None = None
    unit: str = ""
    detail: dict = field(default_factory=dict)

    @property
    def met(self):
        return None if self.aim is None else self.value <= self.aim

    def document(self):
        return {**asdict(self), "met": self.met}


def folder():
    """Where the measurements keep what they make: on the disk of the build, since syncs are part of what is measured."""
    place = REPOSITORY / "build" / "bench"
    place.mkdir(parents=True, exist_ok=True)
    return place


def interleaved(rivals, rounds):
    """{name: [result of each round]}; `rivals` is {name: callable}. The order turns around from round to round."""
    results = {name: [] for name in rivals}
    for number in range(rounds):
        names = list(rivals) if number % 2 == 0 else list(reversed(rivals))
        for name in names:
            results[name].append(rivals[name]())
    return results


def ratio(ours, theirs):
    """Median of the rounds' ratios."""
    return round(statistics.median(a / b for a, b in zip(ours, theirs)), 3)


def timed(argv, **options):
    """Seconds that a command takes; it must succeed."""
    began = time.perf_counter()
    subprocess.run([str(word) for word in argv], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, **options)
    return time.perf_counter() - began


def built(name):
    """An executable of the build that is measured, beside $UPREV_BIN."""
    return Path(os.environ["UPREV_BIN"]).parent / name


def say(text):
    print(text, file=sys.stderr, flush=True)
