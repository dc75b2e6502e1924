#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Brings the notebook's schema to what this release expects. With --pending it only names what is missing.

`PRAGMA user_version` counts the migrations that ran; each one commits together with its number.
"""
import json
import sqlite3
import sys
from pathlib import Path

import settings

MIGRATIONS = [
    ("create the notes", "CREATE TABLE note (id INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT NOT NULL)"),
    ("give notes a colour", "ALTER TABLE note ADD COLUMN colour TEXT"),
]


def main():
    wanted = json.loads((Path(__file__).resolve().parent / "features.json").read_text())["schema"]
    pending_only = "--pending" in sys.argv[1:]
    path = settings.database()
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True) if pending_only else sqlite3.connect(path, timeout=10, isolation_level=None)
    done = db.execute("PRAGMA user_version").fetchone()[0]
    for number, (title, statement) in enumerate(MIGRATIONS[:wanted], start=1):
        if number <= done:
            continue
        print(f"{number} {title}", flush=True)
        if pending_only:
            continue
        db.execute("BEGIN IMMEDIATE")
        db.execute(statement)
        db.execute(f"PRAGMA user_version = {number}")
        db.execute("COMMIT")
    db.close()


if __name__ == "__main__":
    main()
