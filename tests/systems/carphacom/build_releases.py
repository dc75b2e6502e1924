#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Publishes the shop as its vendor would: `build_releases.py FOLDER` (kept when it is there already and nothing changed).

FOLDER holds carphacom-VERSION.tar.xz, its signature, its release file beside it with a signature of its own, and
minisign.pub. A feed over any choice of them is made by `feed_list` and `feed_simple`. An overlay is a folder whose files
replace the shop's in every release.
"""
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from catalog import RELEASES

HERE = Path(__file__).resolve().parent
VENDOR = "https://carphacom.example"


def quoted(values):
    return ", ".join(f'"{value}"' for value in values)


def release_file(release):
    upgrade_from = f"upgrade_from: [{quoted(release.upgrade_from)}]\n" if release.upgrade_from else ""
    text = (HERE / "shop" / "uprev.release.yaml").read_text()
    for name, value in {
        "@VERSION@": release.version,
        "@COMPATIBLE@": str(release.compatible).lower(),
        "@REQUIRED@": ", ".join(release.required_env),
        "@SCHEMA@": str(release.schema),
        "@READS@": quoted(release.reads),
        "@BREAKING@": str(release.breaking).lower(),
        "@UPGRADE_FROM@": upgrade_from,
    }.items():
        text = text.replace(name, value)
    return text


def write_tree(release, folder):
    shutil.copytree(HERE / "shop", folder, ignore=shutil.ignore_patterns("node_modules", "dist"))
    (folder / "VERSION").write_text(release.version + "\n")
    (folder / "uprev.release.yaml").write_text(release_file(release))
    backend = {"total_column": release.total_column, "throws_at_boot": release.throws_at_boot}
    (folder / "backend" / "release.json").write_text(json.dumps(backend) + "\n")
    for app in ("admin", "storefront"):
        (folder / app / "release.json").write_text(json.dumps({"unwell": release.unwell == app}) + "\n")
    for name, content in release.migrations.items():
        (folder / "backend" / "migrations" / f"{name}.json").write_text(json.dumps(content, indent=2) + "\n")
    if release.version == "1.4.2":  # a patch that touches one folder
        page = folder / "storefront" / "src" / "main.jsx"
        page.write_text(page.read_text().replace("in your basket", "in your cart"))


def sign(path, secret_key, version):
    comment = f"application:carphacom version:{version} file:{path.name}"
    subprocess.run(["minisign", "-S", "-H", "-s", secret_key, "-m", path, "-t", comment],
                   check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)


def publish(release, feed, secret_key, wrong_key, overlay):
    artifact = feed / f"carphacom-{release.version}.tar.xz"
    with tempfile.TemporaryDirectory() as scratch:
        write_tree(release, Path(scratch, f"carphacom-{release.version}"))
        if overlay:
            shutil.copytree(overlay, Path(scratch, f"carphacom-{release.version}"), dirs_exist_ok=True)
        subprocess.run(["tar", "-cJf", artifact, "--owner=0", "--group=0", "--sort=name", "-C", scratch,
                        f"carphacom-{release.version}"], check=True)
    beside = feed / f"carphacom-{release.version}.release.yaml"
    beside.write_text(release_file(release))
    key = wrong_key if release.bad_signature else secret_key
    sign(artifact, key, release.version)
    sign(beside, key, release.version)


def fingerprint(overlay=None):
    digest = hashlib.sha256()
    files = [*HERE.glob("shop/**/*"), HERE / "catalog.py", HERE / "build_releases.py", *(Path(overlay).glob("**/*") if overlay else ())]
    for path in sorted(files):
        if path.is_file() and "node_modules" not in path.parts:
            digest.update(str(path).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def build(feed, overlay=None):
    """Fills `feed` unless it is up to date. Not safe to run twice at once: hold a lock."""
    feed = Path(feed)
    stamp = feed / "built-from"
    if stamp.exists() and stamp.read_text() == fingerprint(overlay):
        return
    shutil.rmtree(feed, ignore_errors=True)
    feed.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as keys:
        secret, wrong = Path(keys, "vendor.key"), Path(keys, "somebody.key")
        for secret_key, public_key in ((secret, feed / "minisign.pub"), (wrong, Path(keys, "somebody.pub"))):
            subprocess.run(["minisign", "-G", "-W", "-p", public_key, "-s", secret_key],
                           check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        shutil.copy(secret, feed / "vendor.key")  # throw-away: scenarios sign forgeries of their own with it
        (feed / "vendor.key").chmod(0o600)
        for release in RELEASES.values():
            publish(release, feed, secret, wrong, overlay)
    stamp.write_text(fingerprint(overlay))


def feed_entry(feed, version):
    release = RELEASES[version]
    artifact = Path(feed, f"carphacom-{version}.tar.xz")
    content = artifact.read_bytes()
    return {
        "version": version,
        "channel": "stable",
        "date": "2026-11-01",
        "artifact": {
            "url": artifact.name,
            "size": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "signature": artifact.name + ".minisig",
        },
        "release_file": f"carphacom-{version}.release.yaml",
        "release_file_signature": f"carphacom-{version}.release.yaml.minisig",
        "changelog": f"{VENDOR}/changelog/{version}",
        "breaking": release.breaking,
        "upgrade_from": list(release.upgrade_from),
        "required_stop": release.required_stop,
    }


def feed_list(feed, versions):
    """The list shape: every release by itself, newest first."""
    return {"releases": [feed_entry(feed, version) for version in sorted(versions, reverse=True)]}


def feed_simple(current, latest):
    """The page's object, to the letter."""
    return {"latest": latest, "current": current, "changelog": f"{VENDOR}/changelog/{latest}", "breaking": RELEASES[latest].breaking}


if __name__ == "__main__":
    build(sys.argv[1])
