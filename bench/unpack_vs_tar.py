# SPDX-License-Identifier: Apache-2.0
"""Fetch over HTTPS, verification (SHA-256 and minisign) and unpacking of 500 MB by a real `uprev upgrade`, against `tar -xJf`
on the same artifact, which lies on the disk already. Timed from the worker's events: from the first byte that is asked for to the
rename that gives the release its name. Memory is the worker's high-water mark over the whole upgrade."""
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import artifact
import rounds
from rounds import Row

AIM = 1.1
MEMORY_AIM = 64.0
SITE = """\
id: bench
root: {root}
source: {{kind: feed, url: {feed}/feed.json, ca_file: {ca}, allow_private_addresses: true}}
trust:
  require: [sha256, minisign]
  minisign: {{keys: ["{key}"], trusted_comment: "version:${{version}}"}}
services: {{kind: command, commands: {{web: {{start: ["true"], stop: ["true"], reload: ["true"], status: ["true"]}}}}}}
release: {{services: {{web: {{}}}}}}
"""


class Vendor:
    """The web server of bench/vendor.py, over `folder`."""

    def __init__(self, folder):
        import feed_server
        import workplace
        self.certificates = feed_server.make_certificates(workplace.cache() / "certificates")
        self.port = workplace.free_port()
        program = Path(__file__).with_name("vendor.py")
        self.process = subprocess.Popen([sys.executable, "-B", program, str(self.port), self.certificates / "server.pem", self.certificates / "server.key"],
                                        cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise RuntimeError("the vendor's web server does not answer")

    def close(self):
        self.process.kill()
        self.process.wait()


def place(root):
    release = root / "releases" / "20260101000000_v1.0.0"
    release.mkdir(parents=True)
    (root / "shared").mkdir()
    (root / "current").symlink_to("releases/20260101000000_v1.0.0")


class HighWater(threading.Thread):
    """The most memory (MiB) that a `uprev … work` below `state` ever had."""

    def __init__(self, state):
        super().__init__(daemon=True)
        self.state, self.most, self.stop = str(state).encode(), 0.0, threading.Event()

    def worker(self):
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    words = (entry / "cmdline").read_bytes().split(b"\0")
                except OSError:
                    continue
                if b"work" in words and self.state in words:
                    return entry
        return None

    def run(self):
        found = None
        while not self.stop.wait(0.05):
            found = found or self.worker()
            try:
                status = (found / "status").read_text() if found else ""
            except OSError:
                continue
            for line in status.splitlines():
                if line.startswith("VmHWM:"):
                    self.most = max(self.most, int(line.split()[1]) / 1024)


def took(events):
    """Seconds from the fetch to the promoted release."""
    began = next(one["at_ms"] for one in events if one["event"] == "phase" and one["text"].startswith("fetching"))
    ended = next(one["at_ms"] for one in events if one["event"] == "step" and one["step"] == "stage.promote" and one["status"] == "done")
    return (ended - began) / 1000


def by_uprev(feed, address, ca):
    with tempfile.TemporaryDirectory(dir=rounds.folder()) as scratch:
        root, state, site = Path(scratch, "app"), Path(scratch, "state"), Path(scratch, "uprev.yaml")
        place(root)
        site.write_text(SITE.format(root=root, feed=address, ca=ca, key=(feed / "minisign.pub").read_text().split("\n")[1]))
        uprev = [rounds.built("uprev"), "--site", site, "--state", state, "--json"]
        subprocess.run([*uprev, "adopt", "--version", "1.0.0"], check=True, stdout=subprocess.DEVNULL)
        os.sync()
        memory = HighWater(state)
        memory.start()
        done = subprocess.run([*uprev, "upgrade"], check=False, capture_output=True, text=True)
        memory.stop.set()
        memory.join()
        if done.returncode != 0:
            raise RuntimeError(done.stdout + done.stderr)
        events = next(state.glob("bench/ops/*/events.log")).read_text()
        return took([json.loads(line) for line in events.splitlines()]), memory.most


def by_tar(feed):
    with tempfile.TemporaryDirectory(dir=rounds.folder()) as scratch:
        os.sync()
        return rounds.timed(["tar", "-xJf", feed / f"bench-{artifact.VERSION}.tar.xz", "-C", scratch])


def measure(quick):
    megabytes = 60 if quick else 500
    feed = artifact.published(megabytes)
    vendor = Vendor(feed)
    try:
        rivals = {"uprev": lambda: by_uprev(feed, f"https://127.0.0.1:{vendor.port}", vendor.certificates / "ca.pem"), "tar": lambda: by_tar(feed)}
        seen = rounds.interleaved(rivals, 2 if quick else 5)
    finally:
        vendor.close()
    seconds, memory = [one[0] for one in seen["uprev"]], max(one[1] for one in seen["uprev"])
    detail = {"uprev": round(statistics.median(seconds), 2), "tar": round(statistics.median(seen["tar"]), 2)}
    return [Row(f"fetch, verify and unpack {megabytes} MB", "tar -xJf alone", rounds.ratio(seconds, seen["tar"]), AIM, detail=detail),
            Row("memory of the worker meanwhile", "", round(memory, 1), MEMORY_AIM, unit="MiB")]
