#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads the #include lines below src/ and holds them against the arrow in ARCHITECTURE.md.

A folder may include itself and folders before it in ORDER. FORBIDDEN adds what the order alone would allow, and says why.
"""

import pathlib
import re
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2] / "src"
ORDER = "base os release ports journal plan engine preflight steps adapters operations commands cli main".split()
FORBIDDEN = {
    "release": {"os": "values are pure: no file, clock or process decides what a version or a site file means"},
    "plan": {"adapters": "a plan is a pure function of configuration and facts"},
    "preflight": {"adapters": "what is observed is observed through ports"},
    "engine": {"adapters": "a new system is an adapter, never a change to the engine"},
    "steps": {"adapters": "steps speak to ports, so that the simulator can stand in for every system"},
    "adapters": dict.fromkeys(["journal", "plan", "engine", "preflight", "steps"],
                              "an adapter knows its port and nothing of the operation it serves"),
}
# The table of all adapters hands them to the engine in the shape it asks for; no adapter itself may know it.
EXCEPTIONS = {("adapters/registry", "engine")}
INCLUDE = re.compile(r'^\s*#\s*include\s+["<]([a-z]+)/[^">]+[">]', re.M)


def folder_of(path: pathlib.Path, source: pathlib.Path) -> str:
    parts = path.relative_to(source).parts
    return parts[0] if len(parts) > 1 else "main"


def violations(source: pathlib.Path) -> list[str]:
    found = []
    for path in sorted([*source.rglob("*.cpp"), *source.rglob("*.hpp")]):
        own = folder_of(path, source)
        if own not in ORDER:
            found.append(f"{path.relative_to(source)}: folder '{own}' is not in the listing; add it to ORDER and ARCHITECTURE.md")
            continue
        for match in INCLUDE.finditer(path.read_text(encoding="utf-8")):
            other = match.group(1)
            if other == own or other not in ORDER or (str(path.relative_to(source).with_suffix("")), other) in EXCEPTIONS:
                continue
            line = path.read_text(encoding="utf-8").count("\n", 0, match.start(1)) + 1
            where = f"{path.relative_to(source)}:{line}: {own} includes {other}"
            if other in FORBIDDEN.get(own, {}):
                found.append(f"{where}: {FORBIDDEN[own][other]}")
            elif ORDER.index(other) > ORDER.index(own):
                found.append(f"{where}, which stands after it")
    return found


class IncludeGraph(unittest.TestCase):
    def made_of(self, files: dict[str, str]) -> list[str]:
        with tempfile.TemporaryDirectory() as folder:
            for name, text in files.items():
                path = pathlib.Path(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            return violations(pathlib.Path(folder))

    def test_the_repository_keeps_the_arrow(self):
        found = violations(SOURCE)
        self.assertEqual([], found, "\n" + "\n".join(found))

    def test_every_folder_is_read(self):
        read = {folder_of(path, SOURCE) for path in SOURCE.rglob("*.hpp")}
        self.assertLessEqual({"base", "os", "release", "ports"}, read)

    def test_a_downward_include_is_fine(self):
        text = '#include "journal/b.hpp"\n#include <vector>\n#include "engine/a.hpp"\n'
        self.assertEqual([], self.made_of({"engine/a.cpp": text}))

    def test_an_upward_include_is_named_with_its_line(self):
        found = self.made_of({"base/a.hpp": '// x\n  # include "plan/b.hpp"\n'})
        self.assertEqual(["base/a.hpp:2: base includes plan, which stands after it"], found)

    def test_what_the_order_alone_would_allow(self):
        for own, other in [("adapters", "journal"), ("adapters", "steps"), ("release", "os"), ("steps", "plan")]:
            expected = 0 if (own, other) == ("steps", "plan") else 1
            self.assertEqual(expected, len(self.made_of({f"{own}/a.cpp": f'#include "{other}/b.hpp"\n'})), (own, other))

    def test_engine_plan_and_steps_never_see_adapters(self):
        for own in ["engine", "plan", "steps"]:
            self.assertEqual(1, len(self.made_of({f"{own}/a.cpp": '#include "adapters/registry.hpp"\n'})), own)

    def test_only_the_registry_may_know_the_engine(self):
        self.assertEqual([], self.made_of({"adapters/registry.cpp": '#include "engine/step_kind.hpp"\n'}))
        self.assertEqual(1, len(self.made_of({"adapters/registry.cpp": '#include "journal/journal.hpp"\n'})))
        self.assertEqual(1, len(self.made_of({"adapters/source/feed.cpp": '#include "engine/step_kind.hpp"\n'})))

    def test_an_unknown_folder_is_an_error(self):
        self.assertIn("not in the listing", self.made_of({"helpers/a.cpp": ""})[0])


if __name__ == "__main__":
    unittest.main(argv=sys.argv)
