#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`uprev upgrade` against the vendor's page as a script (carphacom_page.sh): same shop, same release, in turn, each time
from a fresh 1.4.0 under a customer's load. The shop's own releases are tiny, so that tests are quick; the full-size one brings
what a real shop front does (bench/full_size: React, MUI, Vite), in admin and storefront both. By itself it prints medians of
total time, failed requests and downtime: upgrade_vs_page.py [--rounds N] [--to VERSION …] [--full-size] [--steps]"""
import argparse
import collections
import shutil
import statistics
import sys
import time
from pathlib import Path

import rounds
from rounds import Row

import build_releases
import client
import installation
import oracle
import workplace

HERE = Path(__file__).resolve().parent
AIM = 0.8  # of the script's total
RELEASES = {"1.4.2": "a patch", "1.5.0": "a compatible migration", "1.6.0": "an incompatible migration"}
WITHOUT_FAILURE = "1.5.0"
FULL = "full size, with a compatible migration"


def by_page(shop, version):
    environment = {
        "ROOT": shop.root, "FEED": shop.feed.url, "CA": shop.feed.ca_file, "KEY": shop.releases / "minisign.pub", "PM2": shop.pm2.bin,
        "PM2_HOME": shop.pm2.home, "HEALTH": " ".join(f"http://127.0.0.1:{shop.ports[name]}/health" for name in installation.SERVICES),
        **workplace.npm_environment(shop.user),
    }
    done = workplace.run_as(shop.user, ["bash", HERE / "carphacom_page.sh", version], environment, check=False, timeout=900)
    if done.returncode != 0:
        rounds.say(done.stdout + done.stderr)
    return done.returncode, {}


def by_uprev(shop, version):
    answer = shop.uprev("upgrade", "--to", version, timeout=900)
    if answer.code != 0:
        rounds.say(str(answer))
    steps = {step["id"]: step["took_ms"] for step in answer.json.get("steps", [])} if answer.code == 0 else {}
    return answer.code, steps


def full_size_releases():
    folder = workplace.cache() / "carphacom-full-size"
    with workplace.locked(folder.name):
        build_releases.build(folder, overlay=laid_out())
        stamp = folder / "npm-cache-is-warm"
        if not stamp.exists():  # or the first rival would download for all
            warm_npm_cache(workplace.application_user())
            stamp.touch()
    return folder


def laid_out():
    """bench/full_size as both fronts of a release."""
    overlay = workplace.cache() / "carphacom-full-size-fronts"
    workplace.remove(overlay)
    for app in ("admin", "storefront"):
        shutil.copytree(HERE / "full_size", overlay / app)
    return overlay


def warm_npm_cache(user):
    scratch = workplace.temporary_folder("warm")
    shutil.copytree(HERE / "full_size", scratch / "front")
    workplace.give(scratch, user)
    workplace.run_as(user, ["npm", "ci"], workplace.npm_environment(user), cwd=scratch / "front", timeout=900)
    workplace.remove(scratch)


def once(run, version, full_size):
    shop = installation.Installation(releases=("1.4.0", version), stable="1s", within="20s", feed_folder=full_size_releases() if full_size else None)
    try:
        shop.adopt()
        with client.Client(shop) as customer:
            time.sleep(0.5)
            began = time.monotonic()
            code, steps = run(shop, version)
            took = time.monotonic() - began
            time.sleep(0.5)
        violations = oracle.violations(shop, customer.acknowledged) if run is by_uprev else []
        return {"seconds": round(took, 3), "exit_code": code, "requests": customer.requests, "failed": len(customer.failures),
                "downtime_ms": customer.outage_ms(), "violations": violations, "steps": steps}
    finally:
        shop.close()


def compare(version, count, full_size=False):
    rivals = {"page": lambda: once(by_page, version, full_size), "uprev": lambda: once(by_uprev, version, full_size)}
    seen = rounds.interleaved(rivals, count)
    for one in seen["uprev"]:
        if one["exit_code"] or one["violations"]:
            raise RuntimeError(f"the upgrade to {version} went wrong: exit code {one['exit_code']}, {one['violations']}")
    return seen


def median(seen, key):
    return statistics.median(one[key] for one in seen)


def summary(seen):
    return {name: {key: median(all_of, key) for key in ("seconds", "failed", "downtime_ms")} for name, all_of in seen.items()}


def rows_of(version, seen, what):
    seconds = {name: [one["seconds"] for one in all_of] for name, all_of in seen.items()}
    name, detail = f"upgrade to {version}, {what}", {**summary(seen), "rounds": seen}
    page, ours = detail["page"], detail["uprev"]
    rows = [Row(f"{name}: total", "the page as a script", rounds.ratio(seconds["uprev"], seconds["page"]), AIM if what == FULL else None, detail=detail)]
    failed = max(one["failed"] for one in seen["uprev"]) if version == WITHOUT_FAILURE else ours["failed"]
    rows.append(Row("  failed requests", f"the page: {page['failed']:g}", failed, 0 if version == WITHOUT_FAILURE else None, unit="requests"))
    rows.append(Row("  downtime seen by a customer", f"the page: {page['downtime_ms']:g} ms", ours["downtime_ms"], unit="ms"))
    return rows


def measure(quick):
    full = rows_of(WITHOUT_FAILURE, compare(WITHOUT_FAILURE, 1 if quick else 3, full_size=True), FULL)
    tiny = [row for version, what in RELEASES.items() for row in rows_of(version, compare(version, 1 if quick else 5), what + ", tiny")]
    return full + tiny


def show(version, seen, with_steps):
    detail = summary(seen)
    print(f"1.4.0 -> {version}, medians of {len(seen['page'])}")
    for name in ("page", "uprev"):
        one = detail[name]
        print(f"  {name:<6} {one['seconds']:>7.2f} s   {one['failed']:>5.0f} failed requests   {one['downtime_ms']:>6.0f} ms down")
    ratio = rounds.ratio([one["seconds"] for one in seen["uprev"]], [one["seconds"] for one in seen["page"]])
    print(f"  uprev takes {ratio:.2f} of the page's time (aim: {AIM})", flush=True)
    if not with_steps:
        return
    took = collections.defaultdict(list)
    for one in seen["uprev"]:
        for step, ms in one["steps"].items():
            took[step].append(ms)
    for step, ms in took.items():
        print(f"    {step:<32} {statistics.median(ms):>7.0f} ms")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--to", nargs="+", default=list(RELEASES))
    parser.add_argument("--full-size", action="store_true", help="releases as big as real ones")
    parser.add_argument("--steps", action="store_true", help="where uprev spends the time")
    options = parser.parse_args()
    for version in options.to:
        show(version, compare(version, options.rounds, options.full_size), options.steps)
    return 0


if __name__ == "__main__":
    sys.exit(main())
