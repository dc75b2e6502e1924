# SPDX-License-Identifier: Apache-2.0
"""Runs the measurements one after the other and prints one table. See run.sh."""
import argparse
import json
import os
import sys
from pathlib import Path

import rounds
import status_vs_bash
import steps_vs_bash
import unpack_vs_tar
import upgrade_vs_page

MEASUREMENTS = {"status": status_vs_bash, "steps": steps_vs_bash, "unpack": unpack_vs_tar, "upgrade": upgrade_vs_page}
VERDICTS = {True: "met", False: "MISSED", None: ""}


def number(value, unit):
    return f"{value:g} {unit}" if unit else f"{value:.2f} times"


def table(rows):
    cells = [("what", "against", "measured", "aim", "")]
    for row in rows:
        aim = "" if row.aim is None else f"at most {number(row.aim, row.unit)}"
        cells.append((row.what, row.against, number(row.value, row.unit), aim, VERDICTS[row.met]))
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
    lines = ["  ".join(text.ljust(width) for text, width in zip(line, widths)).rstrip() for line in cells]
    return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", nargs="+", choices=MEASUREMENTS, default=list(MEASUREMENTS))
    options = parser.parse_args()
    rows = []
    for name in options.only:
        rounds.say(f"measuring: {name}")
        rows += MEASUREMENTS[name].measure(options.quick)
    out = rounds.folder() / "results.json"
    machine = {"cores": os.cpu_count(), "quick": options.quick, "uprev": str(Path(os.environ["UPREV_BIN"]))}
    out.write_text(json.dumps({"machine": machine, "rows": [row.document() for row in rows]}, indent=2) + "\n")
    print(table(rows))
    print(f"\nRatios of the same rounds on one machine; no absolute time is a result. All numbers: {out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
