# SPDX-License-Identifier: Apache-2.0
"""A release of a stated size, made once for each size: text that packs well beside bytes that don't, in some thousand files,
with the release file first, signed with minisign."""
import hashlib
import io
import json
import random
import shutil
import subprocess
import tarfile

import rounds

TEXT_POOL, LARGEST = 16 << 20, 2 << 20
RELEASE_FILE = 'version: "{version}"\napplication: bench\ndependencies: []\nservices: {{web: {{}}}}\n'
VERSION = "1.1.0"


def words(chance, size):
    """Something like source code: a vocabulary, used unevenly."""
    vocabulary = ["".join(chance.choices("etaoinshrdlucmfw_", k=chance.randint(2, 11))) for _ in range(5000)]
    weights = [1 / (rank + 1) for rank in range(len(vocabulary))]
    ends = [" "] * 8 + [";\n", "(", ") {\n", " = "]
    text, length = [], 0
    while length < size:
        line = "".join(word + chance.choice(ends) for word in chance.choices(vocabulary, weights, k=2000))
        text.append(line)
        length += len(line)
    return "".join(text).encode()[:size]


def members(megabytes):
    """(name, bytes) of each file; half of the bytes are text."""
    chance = random.Random(megabytes)
    pool, made, number = words(chance, TEXT_POOL), 0, 0
    yield "uprev.release.yaml", RELEASE_FILE.format(version=VERSION).encode()
    while made < megabytes << 20:
        size = min(int(chance.lognormvariate(9.5, 1.8)) + 1, LARGEST)
        at = chance.randrange(TEXT_POOL - size)
        content = pool[at:at + size] if number % 2 else chance.randbytes(size)
        yield f"part{number % 97:02}/{number // 97 % 31:02}/file{number}.{'js' if number % 2 else 'bin'}", content
        made += size
        number += 1


def pack(megabytes, path):
    packer = subprocess.Popen(["xz", "-T2", "-1", "-c"], stdin=subprocess.PIPE, stdout=path.open("wb"))
    with tarfile.open(fileobj=packer.stdin, mode="w|", format=tarfile.GNU_FORMAT, bufsize=1 << 20) as tar:
        for name, content in members(megabytes):
            entry = tarfile.TarInfo(f"bench-{VERSION}/{name}")
            entry.size, entry.mtime, entry.mode = len(content), 1_700_000_000, 0o644
            tar.addfile(entry, io.BytesIO(content))
    packer.stdin.close()
    if packer.wait() != 0:
        raise RuntimeError("xz failed")


def published(megabytes):
    """A folder with feed.json, the artifact, its signature and minisign.pub."""
    feed = rounds.folder() / f"artifact-{megabytes}"
    if (feed / "feed.json").exists():
        return feed
    rounds.say(f"making an artifact of {megabytes} MB")
    shutil.rmtree(feed, ignore_errors=True)
    feed.mkdir()
    artifact = feed / f"bench-{VERSION}.tar.xz"
    pack(megabytes, artifact)
    run = lambda *argv: subprocess.run(argv, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    run("minisign", "-G", "-W", "-p", feed / "minisign.pub", "-s", feed / "minisign.key")
    run("minisign", "-S", "-H", "-s", feed / "minisign.key", "-m", artifact, "-t", f"version:{VERSION}")
    with artifact.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    entry = {"version": VERSION, "artifact": {"url": artifact.name, "size": artifact.stat().st_size, "sha256": digest, "signature": artifact.name + ".minisig"}}
    (feed / "feed.json").write_text(json.dumps({"releases": [entry]}))
    return feed
