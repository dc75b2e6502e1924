# SPDX-License-Identifier: Apache-2.0
"""Judges what is on the disk after a cut by what had been promised until then. Shares no code with uprev."""
import json


def promises(log, offset):
    """[(entries of the log so far, promise)]: each is {number, returned, change}. They lie at `offset` of the disk."""
    found = []
    for count, entry in enumerate(log.entries, 1):
        if entry.offset <= offset < entry.offset + entry.size:
            text = log.data(entry)[offset - entry.offset:].split(b"\0", 1)[0]
            found.append((count, json.loads(text)))
    return found


class Expected:
    """What must be there: everything promised, and of the call that was under way all or nothing."""

    def __init__(self, facts, log, offset, moment):
        self.facts, self.under_way = dict(facts), {}
        for count, promise in promises(log, offset):
            if count > moment:
                break
            if promise["returned"]:
                self.facts.update(promise["change"])
            self.under_way = {} if promise["returned"] else promise["change"]

    def violations(self, observed):
        """One line for each thing that is wrong; none when all promises held."""
        found, seen = list(observed["problems"]), observed["facts"]
        for key in sorted({*self.facts, *seen} - {*self.under_way}):
            if self.facts.get(key, "") != seen.get(key, ""):
                found.append(f"{key}: promised '{self.facts.get(key, '')}', found '{seen.get(key, '')}'")
        for state in (self.facts, self.under_way):
            if all(state.get(key, "") == seen.get(key, "") for key in self.under_way):
                return found
        for key, new in self.under_way.items():
            found.append(f"{key}: on its way from '{self.facts.get(key, '')}' to '{new}', found '{seen.get(key, '')}'")
        return found
