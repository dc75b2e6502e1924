#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Commands that change something without being an upgrade: snapshot, gc, ack, auto."""
import fcntl
import json
import sqlite3
import time
from datetime import datetime, timedelta, timezone

import notebook
from notebook import uprev


class Snapshots(notebook.NotebookTest):
    running = True

    def setUp(self):
        super().setUp()
        for number in range(5):
            self.notebook.write(f"early {number}")

    def dumps(self):
        return [file for file in (self.notebook.state / "notes" / "snapshots").rglob("*") if file.is_file()]

    def test_none_was_taken(self):
        self.assertEqual([], self.ok("snapshot", "list").json["snapshots"])
        self.refused(7, "no snapshot set was taken", "snapshot", "verify")
        self.refused(7, "nope", "snapshot", "restore", "nope")

    def test_a_set_is_taken_proven_listed_and_verified_again(self):
        made = self.ok("snapshot", "create").json
        self.assertTrue(made["proven"])
        self.assertEqual({"note": 5}, {key: made["databases"][0]["tables"][key] for key in ("note",)})
        listed = self.ok("snapshot", "list").json["snapshots"]
        self.assertEqual([made["id"]], [row["id"] for row in listed])
        self.assertEqual(("1.0.0", True), (listed[0]["version"], listed[0]["proven"]))
        self.assertRegex(self.ok("snapshot", "list", as_json=False).out, rf"{made['id']}  1\.0\.0 .*proven")
        for _ in range(2):
            again = self.ok("snapshot", "verify", made["id"]).json
            self.assertRegex(again["databases"][0]["proof"], r"^verified again on \S+: read back and compared")
        self.assertEqual("1.0.0", self.notebook.served())

    def test_damage_is_found_recorded_and_restored_from_never(self):
        made = self.ok("snapshot", "create").json
        for file in self.dumps():
            content = bytearray(file.read_bytes())
            content[len(content) // 2] ^= 0xFF
            file.write_bytes(content)
        self.assertFalse(self.exits(uprev.CORRUPT, "snapshot", "verify").json["proven"])
        self.assertRegex(self.ok("snapshot", "list", as_json=False).out, "UNVERIFIED")
        self.assertRegex(self.exits(uprev.CORRUPT, "snapshot", "restore", made["id"], "--yes").text, "digest|differ|sha256|SHA-256")
        for file in self.dumps():
            file.unlink()
        self.assertRegex(self.ok("snapshot", "list", as_json=False).out, "MISSING")
        self.exits(uprev.CORRUPT, "snapshot", "verify")
        self.assertEqual("1.0.0", self.notebook.served())

    def test_a_restore_first_says_what_it_loses(self):
        made = self.ok("snapshot", "create").json
        for number in range(3):
            self.notebook.write(f"late {number}")
        answer = self.exits(uprev.REFUSED, "snapshot", "restore", made["id"])
        loss = answer.json["databases"][0]
        self.assertEqual("yes", loss["written_since"])
        self.assertEqual([("note", 8, 5, -3)], [(row["table"], row["now"], row["snapshot"], row["change"]) for row in loss["tables"] if row["table"] == "note"])
        self.assertRegex(self.exits(uprev.REFUSED, "snapshot", "restore", made["id"], as_json=False).out, r"(?s)note +8 rows now, +5 in the snapshot \(-3\).*--yes")
        self.assertEqual(8, len(self.notebook.texts()), "nothing was changed")
        report = self.ok("snapshot", "restore", made["id"], "--yes").json
        self.assertEqual(("restore", "succeeded"), (report["kind"], report["result"]))
        self.assertEqual([f"early {n}" for n in range(5)], self.notebook.texts())
        kept = list(self.notebook.shared.glob("notes.db.failed-*"))
        self.assertEqual(1, len([file for file in kept if not file.name.endswith(("-wal", "-shm"))]), kept)

    def test_nothing_written_is_nothing_lost(self):
        made = self.ok("snapshot", "create").json
        self.assertEqual("no", self.exits(3, "snapshot", "restore", made["id"]).json["databases"][0]["written_since"])

    def test_a_restore_brings_the_release_back_too(self):
        self.ok("upgrade", "--to", "1.1.0")
        taken = self.ok("snapshot", "list").json["snapshots"][0]
        self.assertEqual("1.0.0", taken["version"])
        self.ok("snapshot", "restore", taken["id"], "--yes")
        self.assertEqual("1.0.0", self.notebook.served())

    def test_without_a_database(self):
        text = self.notebook.site.read_text()
        start, end = text.index("databases:"), text.index("services:")
        self.notebook.site.write_text(text[:start] + text[end:])
        self.refused(3, "names no database", "snapshot", "create")


class NotAdopted(notebook.NotebookTest):
    adopted = False

    def test_what_uprev_does_not_look_after_is_left_alone(self):
        for words in (["snapshot", "list"], ["snapshot", "create"], ["gc"], ["ack"], ["auto"], ["auto", "set", "patch"], ["auto", "show"], ["logs"]):
            self.refused(uprev.NOT_FOUND, "adopt", *words)
        self.assertFalse((self.notebook.state / "notes" / "journal.db").exists())


class Gc(notebook.NotebookTest):
    running = True
    options = {"releases": ["1.0.0", "1.0.1", "1.1.0"]}

    def names(self, *folder):
        path = self.notebook.state.joinpath("notes", *folder)
        return sorted(entry.name for entry in path.iterdir()) if path.exists() else []

    def releases(self):
        return sorted(folder.name.split("_v")[1] for folder in (self.notebook.root / "releases").iterdir() if "_v" in folder.name)

    def test_a_dry_run_says_what_a_run_does(self):
        self.ok("upgrade", "--to", "1.0.1")
        self.ok("upgrade", "--to", "1.1.0")
        for _ in range(3):
            self.ok("snapshot", "create")
        (self.notebook.root / "releases" / ".staging.dead").mkdir()
        (self.notebook.state / "notes" / "snapshots" / "orphan").mkdir()
        (self.notebook.state / "notes" / "artifacts" / "0.9.0").mkdir()
        before = (self.releases(), self.names("snapshots"), self.names("artifacts"))
        planned = self.ok("gc", "--keep", "1", "--dry-run").json
        self.assertTrue(planned["dry_run"])
        self.assertEqual(before, (self.releases(), self.names("snapshots"), self.names("artifacts")))
        done = self.ok("gc", "--keep", "1").json
        self.assertEqual([row["path"] for row in planned["removed"]], [row["path"] for row in done["removed"]])
        self.assertTrue(all(row["reason"] for row in done["removed"] + done["kept"]))
        self.assertEqual(["1.0.1", "1.1.0"], self.releases())
        self.assertEqual(["1.0.1", "1.1.0"], self.names("artifacts"))
        self.assertEqual(2, len(self.ok("snapshot", "list").json["snapshots"]), "the newest, and the one that leads back to 1.0.1")
        self.assertEqual(2, len(self.names("snapshots")))
        self.assertFalse((self.notebook.root / "releases" / ".staging.dead").exists())
        self.assertEqual([], self.ok("gc", "--keep", "1").json["removed"], "a second run finds nothing")
        self.assertEqual("1.1.0", self.notebook.served())

    def test_nightly_sets_do_not_push_out_the_one_that_leads_back(self):
        self.ok("upgrade", "--to", "1.1.0")
        taken = self.ok("snapshot", "list").json["snapshots"][0]["id"]
        for _ in range(4):
            self.ok("snapshot", "create")
        self.ok("gc")
        kept = {row["name"]: row["reason"] for row in self.ok("gc", "--dry-run").json["kept"] if row["what"] == "snapshot set"}
        self.assertEqual("leads back to 1.0.0", kept[taken])
        self.assertEqual(4, len(kept))
        self.ok("snapshot", "restore", taken, "--yes")
        self.assertEqual("1.0.0", self.notebook.served())

    def test_the_active_and_the_last_good_one_stay_whatever_is_asked(self):
        self.ok("upgrade", "--to", "1.0.1")
        self.ok("upgrade", "--to", "1.1.0")
        self.ok("gc", "--keep", "0")
        self.assertEqual(["1.0.1", "1.1.0"], self.releases())
        self.ok("rollback")
        self.assertEqual("1.0.1", self.notebook.served())

    def test_a_dropped_release_is_no_place_to_go_back_to(self):
        self.ok("upgrade", "--to", "1.0.1")
        self.ok("upgrade", "--to", "1.1.0")
        self.ok("gc", "--keep", "1")
        self.refused(uprev.NOT_FOUND, "retention dropped it", "rollback", "--to", "1.0.0")
        self.assertEqual("1.1.0", self.notebook.served())

    def test_the_set_that_a_stopped_operation_may_need_stays(self):
        operation = self.ok("upgrade", "--to", "1.1.0").json["operation"]
        wanted = operation.split("-")[0]
        self.assertEqual([wanted], [row["id"] for row in self.ok("snapshot", "list").json["snapshots"]])
        journal = sqlite3.connect(self.notebook.state / "notes" / "journal.db")
        with journal:
            journal.execute("update operations set result = 'needs_operator' where id = ?", (operation,))
        journal.close()
        self.ok("snapshot", "create")
        kept = {row["name"]: row["reason"] for row in self.ok("gc", "--keep", "1").json["kept"] if row["what"] == "snapshot set"}
        self.assertRegex(kept[wanted], "needs a decision")
        self.ok("auto", "set", "patch")
        self.refused(uprev.NEEDS_OPERATOR, "decision", "auto")
        self.refused(uprev.REFUSED, "a decision, not an acknowledgement", "ack", operation)

    def test_a_release_that_a_process_still_uses_stays(self):
        self.ok("upgrade", "--to", "1.0.1")
        self.ok("upgrade", "--to", "1.1.0")
        old = next(folder for folder in (self.notebook.root / "releases").iterdir() if folder.name.endswith("_v1.0.0"))
        with open(old / "notes.py", encoding="utf-8"):
            kept = self.ok("gc", "--keep", "1").json["kept"]
        self.assertRegex(next(row["reason"] for row in kept if row["path"] == str(old)), r"in use by pid \d+")
        self.assertTrue(old.exists())

    def test_one_at_a_time(self):
        with Locked(self):
            self.refused(uprev.CONFLICT, "pid", "gc")

    def test_logs_of_the_newest_operations_stay(self):
        for _ in range(22):
            self.exits(uprev.NOT_FOUND, "upgrade", "--to", "9.9.9")
        self.assertEqual(22, len(self.names("ops")))
        self.ok("gc")
        self.assertEqual(20, len(self.names("ops")))


class Locked:
    """Holds the installation's lock, as another uprev does."""

    def __init__(self, test):
        self.file = test.notebook.state / "notes" / "lock"

    def __enter__(self):
        self.handle = open(self.file, "a", encoding="utf-8")
        fcntl.flock(self.handle, fcntl.LOCK_EX)

    def __exit__(self, *_):
        self.handle.close()


class Ack(notebook.NotebookTest):
    running = True

    def test_nothing_waits(self):
        self.assertFalse(self.ok("ack").json["acknowledged"])
        self.refused(uprev.NOT_FOUND, "nope", "ack", "nope")

    def test_a_releases_notes_are_listed_and_acknowledged_once(self):
        operation = self.ok("upgrade", "--to", "1.0.1").json["operation"]
        answer = self.ok("ack", "--reason", "told them", environment={"SUDO_USER": "alice"}).json
        self.assertEqual((operation, ["tell your readers", "the old colours are gone"], "alice (sudo)", "told them", False),
                         tuple(answer[key] for key in ("operation", "notes", "by", "reason", "before")))
        again = self.ok("ack", operation).json
        self.assertEqual(("alice (sudo)", "told them", True), tuple(again[key] for key in ("by", "reason", "before")))
        self.assertFalse(self.ok("ack").json["acknowledged"])

    def test_what_has_nothing_to_say_needs_no_acknowledgement(self):
        operation = self.ok("upgrade", "--to", "1.1.0").json["operation"]
        self.refused(uprev.REFUSED, "nothing to acknowledge", "ack", operation)

    def test_a_degraded_generation_becomes_good(self):
        operation = self.ok("upgrade", "--to", "1.1.0").json["operation"]
        with sqlite3.connect(self.notebook.state / "notes" / "journal.db") as journal:
            report = json.loads(journal.execute("select report from operations where id = ?", (operation,)).fetchone()[0])
            report.update(result="degraded", remarks=["'retention' failed: it did"])
            journal.execute("update operations set result = 'degraded', report = ? where id = ?", (json.dumps(report), operation))
            journal.execute("update generations set state = 'degraded' where operation = ?", (operation,))
        journal.close()
        self.assertEqual("degraded", self.ok("status").json["active"]["state"])
        self.ok("auto", "set", "patch")
        self.refused(uprev.REFUSED, "nobody has looked yet", "auto")
        self.exits(uprev.NOT_FOUND, "upgrade", "--to", "9.9.9")  # refused: it settles nothing
        self.refused(uprev.REFUSED, f"{operation} ended degraded", "auto")
        answer = self.ok("ack").json
        self.assertEqual((operation, ["'retention' failed: it did"]), (answer["operation"], answer["remarks"]))
        self.assertEqual("good", self.ok("status").json["active"]["state"])
        self.ok("auto")


class Auto(notebook.NotebookTest):
    running = True

    def test_it_is_off_until_somebody_turns_it_on(self):
        self.assertEqual("off", self.ok("auto").json["result"])
        self.assertEqual(("off", "site file"), tuple(self.ok("auto", "show").json[key] for key in ("allow", "set_by")))
        self.assertEqual("1.0.0", self.notebook.served())

    def test_the_setting_wins_over_the_site_file_and_says_whose_it_is(self):
        before = self.notebook.site.read_text()
        self.ok("auto", "set", "minor", environment={"SUDO_USER": "alice"})
        shown = self.ok("auto", "show").json
        self.assertEqual(("minor", "alice (sudo)", "off"), (shown["allow"], shown["set_by"], shown["site_file"]))
        self.assertRegex(self.ok("auto", "show", as_json=False).out, r"auto: minor \(set by alice \(sudo\) on \S+\)\nsite file: off")
        self.assertEqual(before, self.notebook.site.read_text())
        self.ok("auto", "--set", "off")
        self.assertEqual("off", self.ok("auto").json["result"])

    def test_a_patch_is_taken_and_a_minor_is_not(self):
        self.ok("auto", "set", "patch")
        report = self.ok("auto").json
        self.assertEqual(("succeeded", "1.0.1"), (report["result"], report["to"]))
        self.assertEqual("1.0.1", self.notebook.served())
        self.assertEqual("nothing", self.ok("auto").json["result"])

    def test_never_a_breaking_one(self):
        self.notebook.offer(changed={"1.0.1": {"breaking": True}})
        self.ok("auto", "set", "patch")
        self.assertEqual("nothing", self.ok("auto").json["result"])
        self.assertEqual("1.0.0", self.notebook.served())

    def test_never_past_a_breaking_one(self):
        self.notebook.offer(["1.0.0", "1.0.1", "1.1.0"], changed={"1.0.1": {"breaking": True}})
        self.ok("auto", "set", "minor")
        self.assertEqual("nothing", self.ok("auto").json["result"])
        self.refused(uprev.REFUSED, "1.1.0 comes after 1.0.1, which is marked breaking", "upgrade", "--to", "1.1.0")
        self.assertEqual("1.0.0", self.notebook.served())
        self.ok("upgrade", "--to", "1.1.0", "--allow-breaking", "--reason", "read what changed")
        self.assertEqual("1.1.0", self.notebook.served())

    def test_never_a_failed_one_again(self):
        self.notebook.offer(["1.0.0", "1.1.0", "1.2.0"])
        self.ok("auto", "set", "minor")
        self.assertEqual("undone", self.exits(uprev.UNDONE, "auto").json["result"])
        report = self.ok("auto").json
        self.assertEqual(("succeeded", "1.1.0"), (report["result"], report["to"]))
        self.assertEqual("nothing", self.ok("auto").json["result"])

    def test_a_version_that_failed_since_it_was_chosen_is_refused(self):
        self.ok("upgrade", "--to", "1.0.1")
        self.ok("rollback")
        request = {"kind": "upgrade", "to": "1.0.1", "unattended": True, "at_most": "patch", "allow_breaking": False, "allow_downgrade": False,
                   "accept_edits": False, "reason": "automatic", "plan_hash": "", "wait_ms": 0}
        self.uprev("work", "20260101000000abcd-upgrade", "--request", json.dumps(request))
        report = json.loads((self.notebook.state / "notes" / "ops" / "20260101000000abcd-upgrade" / "result.json").read_text())
        self.assertEqual("refused", report["result"])
        self.assertRegex(report["error"]["message"], "failed here before")
        self.assertEqual("1.0.0", self.notebook.served())

    def test_a_simple_feed_may_hide_a_patch_and_that_is_said(self):
        text = self.notebook.site.read_text()
        self.notebook.site.write_text(text.replace(f"  url: {self.notebook.feed}\n", f"  url: {self.notebook.feed}\n  artifact: notes-${{version}}.tar.xz\n  signature: ${{artifact}}.minisig\n"))
        self.notebook.offer(simple="1.1.0")
        self.ok("auto", "set", "patch")
        answer = self.ok("auto").json
        self.assertEqual("nothing", answer["result"])
        self.assertRegex(answer["message"], "older patch may be hidden")


class AutoAfterACrash(notebook.NotebookTest):
    running = True

    def pointed_at(self):
        return (self.notebook.root / "current").resolve().name.split("_v")[1]

    def cut_off(self, *words):
        """Kills an upgrade as soon as the pointer has moved."""
        before = self.pointed_at()
        process = self.uprev.start(*words)
        while self.pointed_at() == before:
            self.assertIsNone(process.poll(), "it ended before the pointer moved")
        uprev.kill(self.notebook.folder, shims=True)
        self.uprev.finish(process)

    def test_what_was_cut_off_is_recovered_first_and_nothing_is_deployed_in_that_round(self):
        self.notebook.offer(["1.0.0", "1.0.1"])
        self.cut_off("upgrade", "--to", "1.0.1")
        self.notebook.offer(["1.0.0", "1.0.1", "1.1.0"])
        self.ok("auto", "set", "minor")
        report = self.ok("auto").json
        self.assertEqual(("1.0.1", "succeeded", True), tuple(report[key] for key in ("to", "result", "recovered")))
        self.assertEqual("1.0.1", self.notebook.served())
        self.assertEqual("1.1.0", self.ok("auto").json["to"])

    def test_it_is_recovered_also_where_nothing_may_be_deployed(self):
        self.cut_off("upgrade", "--to", "1.0.1")
        self.assertEqual("1.0.1", self.ok("auto").json["to"])
        self.assertEqual("off", self.ok("auto").json["result"])
        self.assertEqual("1.0.1", self.notebook.served())

    def test_what_somebody_is_at_work_on_is_left_to_them(self):
        self.cut_off("upgrade", "--to", "1.0.1")
        with Locked(self):
            self.assertEqual("off", self.ok("auto").json["result"])
        self.assertEqual("1.0.1", self.ok("auto").json["to"])


class Window(notebook.NotebookTest):
    running = True

    def test_outside_of_its_window_it_waits(self):
        then = datetime.now(timezone.utc) + timedelta(hours=3)
        window = f"\nwindows:\n  - {{from: \"{then:%H}:00\", until: \"{(then + timedelta(hours=1)):%H}:00\", zone: UTC}}\nauto: patch\n"
        self.notebook.site.write_text(self.notebook.site.read_text() + window)
        answer = self.ok("auto").json
        self.assertEqual("closed", answer["result"])
        self.assertRegex(answer["message"], r"the next one opens .*\d\d:00")
        self.assertEqual("1.0.0", self.notebook.served())

    def test_inside_of_it_it_goes_on_after_a_random_wait(self):
        now = datetime.now(timezone.utc)
        window = f"\nwindows:\n  - {{from: \"{now:%H}:00\", until: \"{(now + timedelta(hours=2)):%H}:00\", zone: UTC}}\nauto: {{allow: patch, jitter: 200ms}}\n"
        self.notebook.site.write_text(self.notebook.site.read_text() + window)
        self.assertEqual("1.0.1", self.ok("auto").json["to"])

    def forbidden_meanwhile(self):
        """What a round says when automatic upgrades are turned off while it waits, or just after where its random wait was too short."""
        self.ok("auto", "set", "patch")
        process = self.uprev.start("auto")
        time.sleep(0.3)
        self.ok("auto", "set", "off")
        return self.uprev.finish(process).json["result"]

    def test_what_is_forbidden_during_the_wait_is_not_done(self):
        self.notebook.offer(["1.0.0"])
        self.notebook.site.write_text(self.notebook.site.read_text() + "\nauto: {jitter: 3s}\n")
        results = []
        while "off" not in results and len(results) < 5:
            results.append(self.forbidden_meanwhile())
        self.assertEqual("off", results[-1], "nothing was offered, so a round that goes on finds nothing")


if __name__ == "__main__":
    notebook.main()
