#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Publishes the notebook as its vendor would: `build_releases.py FOLDER`.

FOLDER then holds a signed tarball of each release, feed.json (a list of releases) and minisign.pub. The key is made for
this run and has no password; a real vendor keeps theirs elsewhere.
"""
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
RELEASES = {
    "1.0.0": {"schema": 1, "fields": ["text"]},
    "1.1.0": {"schema": 2, "fields": ["text", "colour"]},
    # Forgot to build the index that its search needs: it starts, but its health says no.
    "1.2.0": {"schema": 2, "fields": ["text", "colour"], "search_index": "/nonexistent/search.idx"},
}


def write_release(version, features, folder):
    shutil.copytree(HERE / "app", folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "VERSION").write_text(version + "\n")
    (folder / "features.json").write_text(json.dumps(features, indent=2) + "\n")
    release_file = folder / "uprev.release.yaml"
    text = release_file.read_text()
    release_file.write_text(text.replace("@VERSION@", version).replace("@SCHEMA@", str(features["schema"])))


def publish(version, features, feed, secret_key):
    name = f"notes-{version}.tar.xz"
    with tempfile.TemporaryDirectory() as scratch:
        write_release(version, features, Path(scratch, f"notes-{version}"))
        subprocess.run(["tar", "-cJf", feed / name, "--owner=0", "--group=0", "-C", scratch, f"notes-{version}"], check=True)
    comment = f"application:notes version:{version} file:{name}"
    subprocess.run(["minisign", "-S", "-H", "-s", secret_key, "-m", feed / name, "-t", comment],
                   check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    content = (feed / name).read_bytes()
    return {
        "version": version,
        "channel": "stable",
        "artifact": {"url": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest(), "signature": name + ".minisig"},
        "changelog": f"https://example.org/notes/changelog/{version}",
        "breaking": False,
    }


def main():
    feed = Path(sys.argv[1])
    feed.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as keys:
        secret_key = Path(keys, "minisign.key")
        subprocess.run(["minisign", "-G", "-W", "-p", feed / "minisign.pub", "-s", secret_key],
                       check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        releases = [publish(version, features, feed, secret_key) for version, features in RELEASES.items()]
    (feed / "feed.json").write_text(json.dumps({"releases": releases[::-1]}, indent=2) + "\n")


if __name__ == "__main__":
    main()
