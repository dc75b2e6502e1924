#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a worker that is killed in its migration leaves: nothing is lost in silence, the outage is told, and a copy of the machine keeps off."""
import contextlib
import os
import signal
import sqlite3
import time
from pathlib import Path

import notebook
from notebook import uprev

GUARD = """
  guard_on: {{shell: "touch {guard}"}}
  guard_off: {{shell: "rm -f {guard}"}}
"""


class CutOff(notebook.NotebookTest):
    running = True
    options = {"releases": ["1.0.0", "1.5.0"], "strict": True}

    @staticmethod
    def sql(file, statement):
        with contextlib.closing(sqlite3.connect(file)) as db, db:
            return [row[0] for row in db.execute(statement)]

    def journal(self, statement):
        return self.sql(next(self.notebook.state.glob("*/journal.db")), statement)

    def kill_in_migration(self):
        """The migration of 1.5.0 has changed the schema, and takes its time."""
        self.notebook.write("early")
        process = self.uprev.start("upgrade", "--to", "1.5.0")
        end = time.monotonic() + 30
        while time.monotonic() < end and not self.journal("SELECT id FROM steps WHERE id LIKE 'migrate.run%'"):
            time.sleep(0.05)
        while time.monotonic() < end and self.schema() != 2:  # not before: whoever holds the file keeps it from being fenced
            time.sleep(0.05)
        uprev.kill(self.notebook.folder, shims=True)
        process.communicate()
        for entry in Path("/proc").glob("[0-9]*"):  # what the power would have taken too
            with contextlib.suppress(OSError):
                if b"migrate.py" in (entry / "cmdline").read_bytes() and os.readlink(entry / "cwd").startswith(str(self.notebook.root)):
                    os.kill(int(entry.name), signal.SIGKILL)
        self.assertEqual(2, self.schema())

    def schema(self):
        return self.sql(self.notebook.database, "PRAGMA user_version")[0]

    def rows(self):
        return self.sql(self.notebook.database, "SELECT text FROM note")

    def somebody_writes(self):
        self.sql(self.notebook.database, "INSERT INTO note (text) VALUES ('late')")

    def test_where_nothing_guards_the_services_a_later_write_is_never_swapped_away(self):
        self.kill_in_migration()
        self.assertEqual(13, self.uprev("status").code)
        self.somebody_writes()
        answer = self.exits(uprev.NEEDS_OPERATOR, "resume")
        self.assertRegex(answer.text, "may have been written to since the migration")
        self.assertEqual(["early", "late"], self.rows())

    def test_the_time_without_uprev_counts_as_not_measured(self):
        self.kill_in_migration()
        time.sleep(1.2)
        report = self.uprev("resume").json
        self.assertGreater(report["downtime"]["not_measured"]["ms"], 1000)

    def test_a_copy_of_the_machine_leaves_the_operation_to_the_original(self):
        self.kill_in_migration()
        self.journal("UPDATE operations SET machine = 'the original'")
        self.refused(uprev.REFUSED, "begun on another machine", "resume")
        self.assertRegex(self.ok("adopt", as_json=False).text, "left to the machine that began it")
        self.assertEqual(2, self.schema(), "nothing was taken back")
        self.assertIsNone(self.ok("status").json["running"])
        self.assertEqual(["abandoned"], self.journal("SELECT result FROM operations WHERE machine = 'the original'"))


class Guarded(CutOff):
    """The same with guard commands: then nobody can have written, and the snapshot set is swapped in."""

    def setUp(self):
        super().setUp()
        guard = self.notebook.shared / "guard"
        text = self.notebook.site.read_text()
        self.notebook.site.write_text(text.replace("services:\n", "services:" + GUARD.format(guard=guard).rstrip() + "\n", 1))

    def test_where_nothing_guards_the_services_a_later_write_is_never_swapped_away(self):
        self.kill_in_migration()
        self.exits(uprev.UNDONE, "resume")
        self.assertEqual(1, self.schema())
        self.assertEqual(["early"], self.rows())
        self.assertEqual("1.0.0", self.notebook.served())
        self.assertFalse((self.notebook.shared / "guard").exists())


if __name__ == "__main__":
    notebook.main()
