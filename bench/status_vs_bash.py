# SPDX-License-Identifier: Apache-2.0
"""`uprev status` of an adopted installation, a new process each time, against `bash -c true`."""
import statistics
import subprocess
import tempfile
from pathlib import Path

import rounds
from rounds import Row

AIM = 5.0
SITE = """\
id: bench
root: {root}
source: {{kind: feed, url: {root}/feed}}
trust: {{require: [sha256]}}
services: {{kind: command, commands: {{web: {{start: ["true"], stop: ["true"], status: ["true"]}}}}}}
release: {{services: {{web: {{}}}}}}
"""


def adopted(folder):
    """argv of `uprev status` on an installation in `folder`."""
    release = folder / "releases" / "20260101000000_v1.0.0"
    release.mkdir(parents=True)
    (folder / "shared").mkdir()
    (folder / "current").symlink_to("releases/20260101000000_v1.0.0")
    site = folder / "uprev.yaml"
    site.write_text(SITE.format(root=folder))
    argv = [rounds.built("uprev"), "--site", site, "--state", folder / "state"]
    subprocess.run([*argv, "adopt", "--version", "1.0.0"], check=True, stdout=subprocess.DEVNULL)
    return [*argv, "status"]


def measure(quick):
    with tempfile.TemporaryDirectory(dir=rounds.folder()) as scratch:
        status = adopted(Path(scratch))
        took = rounds.interleaved({"uprev": lambda: rounds.timed(status), "bash": lambda: rounds.timed(["bash", "-c", "true"])}, 20 if quick else 200)
    detail = {name: round(statistics.median(values) * 1000, 2) for name, values in took.items()}
    return [Row("uprev status", "bash -c true", rounds.ratio(took["uprev"], took["bash"]), AIM, detail=detail)]
