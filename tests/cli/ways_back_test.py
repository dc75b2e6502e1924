#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Ways back and ways out: whichever is taken, no release starts on a schema that it can't read, and nothing that was left comes back by itself."""
import sqlite3
import threading

import notebook
from notebook import uprev


class Rollbacks(notebook.NotebookTest):
    running = True
    options = {"releases": ["1.0.0", "1.0.1", "1.1.0"]}

    def test_what_was_left_is_passed_over_until_it_is_named(self):
        self.notebook.offer(["1.0.0", "1.0.1"])
        self.ok("upgrade", "--to", "1.0.1")
        self.ok("rollback", "--reason", "the colours")
        self.assertEqual("1.0.0", self.notebook.served())
        self.assertRegex(self.ok("upgrade").json["message"], r"(?s)1\.0\.1 is passed over \(rolled back by .*--to 1\.0\.1")
        self.ok("auto", "set", "patch")
        self.ok("auto")
        self.assertEqual("1.0.0", self.notebook.served())
        self.ok("upgrade", "--to", "1.0.1")
        self.assertEqual("1.0.1", self.notebook.served())

    def test_gc_keeps_the_release_that_a_second_rollback_goes_to(self):
        self.ok("upgrade", "--to", "1.0.1")
        self.ok("upgrade", "--to", "1.1.0")
        self.ok("rollback")
        self.ok("gc", "--keep", "1")
        self.ok("rollback")
        self.assertEqual("1.0.0", self.notebook.served())

    def test_a_rollbacks_own_retention_keeps_it_too(self):
        with open(self.notebook.site, "a", encoding="utf-8") as site:
            site.write("\nretention: {releases: 1}\n")
        self.ok("upgrade", "--to", "1.1.0")
        self.ok("rollback")
        self.ok("upgrade", "--to", "1.0.1")
        self.ok("rollback", "--to", "1.1.0")
        self.ok("rollback")
        self.assertEqual("1.0.0", self.notebook.served())

    def test_a_folder_that_was_edited_or_damaged_is_not_gone_back_to_unasked(self):
        placed = self.notebook.root / "releases" / "20260101000000_v1.0.0"
        self.ok("upgrade", "--to", "1.0.1")
        (placed / "notes.py").write_text((placed / "notes.py").read_text() + "# by hand\n")
        (placed / "migrate.py").unlink()
        self.refused(uprev.REFUSED, r"(?s)1\.0\.0 was edited or damaged by hand: migrate\.py, notes\.py.*--accept-edits", "rollback")
        self.assertEqual("1.0.1", self.notebook.served())
        self.ok("rollback", "--accept-edits")
        self.assertEqual("1.0.0", self.notebook.served())

    def test_the_facts_are_told_before_it_starts_and_in_the_report(self):
        self.ok("upgrade", "--to", "1.1.0")
        self.notebook.write("later")
        taken = self.ok("snapshot", "list").json["snapshots"][0]["id"]
        way = rf"uprev snapshot restore {taken} --yes: it goes back to 1\.0\.0 .*note 1 rows now, 0 then"
        shown = self.ok("rollback", as_json=False).out
        before, report = shown.split("note which services run", 1)
        for text in (before, report):
            self.assertIn("migration ran since: 1.1.0: notes", text)
            self.assertIn("1.0.0 declares that it reads schema 2", text)
            self.assertRegex(text, way)
        self.ok("upgrade", "--to", "1.1.0")
        rows = {row["id"]: row for row in self.ok("rollback").json["findings"]}
        self.assertEqual("no migration ran since 1.0.0", rows["migrations"]["message"])
        self.assertEqual({"migrations", "schema.notes"}, set(rows))

    def test_a_second_rollback_goes_further_back(self):
        self.ok("upgrade", "--to", "1.0.1")
        self.ok("upgrade", "--to", "1.1.0")
        self.ok("rollback")
        self.assertEqual("1.0.1", self.notebook.served())
        self.ok("rollback")
        self.assertEqual("1.0.0", self.notebook.served())
        self.refused(uprev.NOT_FOUND, "no earlier good release", "rollback")


class Strangers(notebook.NotebookTest):
    running = True
    adopted = False
    options = {"releases": ["1.0.0", "1.0.1"]}

    def test_release_folders_that_uprev_did_not_place_stay(self):
        self.refused(uprev.REFUSED, "uprev adopt", "upgrade", "--to", "1.0.1")
        older = self.notebook.root / "releases" / "20250101000000_v0.9.0"
        older.mkdir()
        self.ok("adopt", "--version", "1.0.0")
        self.ok("upgrade", "--to", "1.0.1")
        self.ok("gc", "--keep", "0")
        self.assertTrue(older.exists())
        kept = [row for row in self.ok("gc", "--dry-run").json["kept"] if row["path"] == str(older)]
        self.assertEqual(["not placed by uprev"], [row["reason"] for row in kept])


class Schemas(notebook.NotebookTest):
    running = True
    options = {"releases": ["1.0.0", "1.3.0", "1.4.0"], "strict": True}

    def schema(self):
        db = sqlite3.connect(self.notebook.database)
        try:
            return db.execute("PRAGMA user_version").fetchone()[0]
        finally:
            db.close()

    def sets(self):
        return [row["id"] for row in self.ok("snapshot", "list").json["snapshots"]]

    def test_the_same_set_can_be_restored_twice(self):
        self.notebook.write("early")
        self.ok("upgrade", "--to", "1.3.0")
        first = self.sets()[0]
        for _ in range(2):
            self.assertEqual(2, self.schema())
            self.refused(uprev.REFUSED, f"snapshot restore {self.sets()[0]} --yes", "rollback")
            self.ok("snapshot", "restore", first, "--yes")
            self.assertEqual(("1.0.0", 1), (self.notebook.served(), self.schema()))
            self.assertEqual(["early"], self.notebook.texts())
            self.ok("upgrade", "--to", "1.3.0")

    def test_a_set_whose_release_is_gone_is_not_swapped_in(self):
        self.ok("upgrade", "--to", "1.3.0")
        notebook.workplace.remove(self.notebook.root / "releases" / "20260101000000_v1.0.0")
        self.refused(uprev.NOT_FOUND, "release folder", "snapshot", "restore", self.sets()[0], "--yes")
        self.assertEqual(("1.3.0", 2), (self.notebook.served(), self.schema()))

    def test_a_set_that_the_disk_has_no_room_for_is_not_laid_aside(self):
        self.ok("upgrade", "--to", "1.3.0")
        self.notebook.write_site("\nretention:\n  reserve_bytes: 8000TiB\n", ())
        self.refused(uprev.EXHAUSTED, "copy of 'notes' laid aside", "snapshot", "restore", self.sets()[0], "--yes")
        self.assertEqual(("1.3.0", 2), (self.notebook.served(), self.schema()))
        self.notebook.write_site("", ())
        self.ok("snapshot", "restore", self.sets()[0], "--yes")

    def write_all_the_time(self, stop):
        while not stop.wait(0.01):
            try:
                self.notebook.write("meanwhile")
            except OSError:
                pass

    def stopped_upgrade(self):
        """An upgrade whose gate fails after somebody wrote to the new schema."""
        self.notebook.write("early")
        stop = threading.Event()
        writer = threading.Thread(target=self.write_all_the_time, args=(stop,))
        writer.start()
        try:
            return self.exits(uprev.NEEDS_OPERATOR, "upgrade", "--to", "1.4.0")
        finally:
            stop.set()
            writer.join()

    def test_gc_leaves_every_way_out_of_an_open_decision(self):
        commands = [choice["command"] for choice in self.stopped_upgrade().json["choices"]]
        wanted = self.sets()[0]
        folders = {str(folder) for folder in (self.notebook.root / "releases").iterdir() if "_v" in folder.name}
        self.assertEqual(2, len(folders))
        # A way out that was tried and stopped too bears another id, but the mark, and so the set, of the first.
        self.exits(uprev.NEEDS_OPERATOR, "resume", "--accept")
        for _ in range(2):
            self.ok("snapshot", "create")
        kept = {row["path"] if row["what"] == "release" else row["name"]: row["reason"] for row in self.ok("gc", "--keep", "1").json["kept"]}
        self.assertEqual(folders, {path for path in folders if path in kept})
        self.assertRegex(kept[wanted], "needs a decision")
        self.assertEqual(folders, {str(folder) for folder in (self.notebook.root / "releases").iterdir() if "_v" in folder.name})
        status = self.exits(uprev.NEEDS_OPERATOR, "status").json
        self.assertEqual(commands, [choice["command"] for choice in status["needs_operator"]["choices"]])
        self.ok("snapshot", "restore", wanted, "--yes")
        self.assertEqual(("1.0.0", 1), (self.notebook.served(), self.schema()))

    def test_after_needs_operator_only_what_reads_the_schema_is_offered_and_a_failed_way_out_changes_nothing(self):
        commands = [choice["command"] for choice in self.stopped_upgrade().json["choices"]]
        restore = f"uprev snapshot restore {self.sets()[0]} --yes"
        self.assertEqual(["uprev resume --accept", restore], commands)
        self.assertIsNone(self.notebook.served(), "stopped: neither release is known to be good here")
        self.refused(uprev.REFUSED, "not known to read schema 2", "resume", "--keep-old")
        holder = sqlite3.connect(self.notebook.database)
        holder.execute("SELECT count(*) FROM note").fetchone()
        answer = self.uprev("snapshot", "restore", self.sets()[0], "--yes")
        self.assertNotEqual(0, answer.code, str(answer))
        holder.close()
        self.assertIsNone(self.notebook.served(), "what was stopped for safety stays stopped")
        status = self.exits(uprev.NEEDS_OPERATOR, "status").json
        self.assertEqual(commands, [choice["command"] for choice in status["needs_operator"]["choices"]])
        self.exits(uprev.NEEDS_OPERATOR, "upgrade", "--to", "1.3.0")
        self.ok("snapshot", "restore", self.sets()[0], "--yes")
        self.assertEqual(("1.0.0", 1), (self.notebook.served(), self.schema()))
        self.assertIn("early", self.notebook.texts())
        self.ok("status")


if __name__ == "__main__":
    notebook.main()
