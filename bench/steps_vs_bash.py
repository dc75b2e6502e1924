# SPDX-License-Identifier: Apache-2.0
"""Twenty trivial commands through the engine, each step durable, against `bash -e` over the same commands (steps.cpp)."""
import json
import re
import statistics
import subprocess
import tempfile

import rounds
from rounds import Row

COMMANDS = 20
AIM = 1.5        # of plain `bash -e`, which makes nothing durable
SYNCS_AIM = 1.0  # for each step


def engine(*options):
    with tempfile.TemporaryDirectory(dir=rounds.folder()) as scratch:
        argv = [rounds.built("uprev-bench-steps"), scratch, "--commands", COMMANDS, *options]
        out = subprocess.run([str(word) for word in argv], check=True, capture_output=True, text=True).stdout
    return [json.loads(line) for line in out.splitlines()]


def count_syncs(commands, parallel):
    """Every fsync and its like, shims included."""
    with tempfile.TemporaryDirectory(dir=rounds.folder()) as scratch:
        argv = ["strace", "-f", "-e", "trace=fsync,fdatasync,sync,syncfs,sync_file_range,msync", "-o", f"{scratch}/trace",
                rounds.built("uprev-bench-steps"), scratch, "--engine-only", "--commands", commands, "--parallel", parallel]
        subprocess.run([str(word) for word in argv], check=True, capture_output=True)
        with open(f"{scratch}/trace", encoding="utf-8") as file:
            return len(re.findall(r"^\d+ +(?:f?(?:data)?sync|syncfs|sync_file_range|msync)\(", file.read(), re.MULTILINE))


def measure(quick):
    rows = []
    for parallel in (1, 2):
        seen = engine("--rounds", 5 if quick else 30, "--parallel", parallel)
        took = {name: [one[name] for one in seen] for name in ("engine", "bash", "synced")}
        detail = {name: round(statistics.median(values), 2) for name, values in took.items()}
        what = f"{COMMANDS} trivial commands, durable, parallel: {parallel}"
        rows.append(Row(what, "bash -e", rounds.ratio(took["engine"], took["bash"]), AIM, detail=detail))
        rows.append(Row(what, "bash -e with `sync -d` after each", rounds.ratio(took["engine"], took["synced"]), detail=detail))
        # What the journal costs by being opened and closed is no step's.
        syncs = (count_syncs(2 * COMMANDS, parallel) - count_syncs(COMMANDS, parallel)) / COMMANDS
        rows.append(Row(f"syncs for each step, parallel: {parallel}", "", round(syncs, 2), SYNCS_AIM, unit="syncs"))
    return rows
