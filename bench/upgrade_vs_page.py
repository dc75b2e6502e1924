#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`uprev upgrade` against the vendor's page as a script (carphacom_page.sh): same shop, same release, in turn, each time
from a fresh 1.4.0 under a customer's load. Prints total time, failed requests and downtime, medians and their ratio.
Usage: upgrade_vs_page.py [--rounds N] [--to VERSION …] [--json FILE]"""
import argparse
import json
import statistics
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "tests" / "systems" / "carphacom"), str(HERE.parent / "tests" / "support")]

import client  # noqa: E402
import installation  # noqa: E402
import oracle  # noqa: E402
import workplace  # noqa: E402

AIM = 0.8  # of the script's total, for a full release


def by_page(shop, version):
    environment = {
        "ROOT": shop.root, "FEED": shop.feed.url, "CA": shop.feed.ca_file, "KEY": shop.releases / "minisign.pub", "PM2": shop.pm2.bin,
        "PM2_HOME": shop.pm2.home, "HEALTH": " ".join(f"http://127.0.0.1:{shop.ports[name]}/health" for name in installation.SERVICES),
        **workplace.npm_environment(shop.user),
    }
    return workplace.run_as(shop.user, ["bash", HERE / "carphacom_page.sh", version], environment, check=False).returncode


def by_uprev(shop, version):
    answer = shop.uprev("upgrade", "--to", version)
    if answer.code != 0:
        print(answer, file=sys.stderr)
    return answer.code


def measure(run, version):
    shop = installation.Installation(releases=("1.4.0", version), stable="1s", within="20s")
    try:
        shop.adopt()
        with client.Client(shop) as customer:
            time.sleep(0.5)
            began = time.monotonic()
            code = run(shop, version)
            took = time.monotonic() - began
            time.sleep(0.5)
        wrong = [sentence for sentence in oracle.violations(shop, customer.acknowledged) if run is by_uprev or "foreign" not in sentence]
        return {"seconds": round(took, 3), "exit_code": code, "requests": customer.requests, "failed": len(customer.failures),
                "downtime_ms": customer.outage_ms(), "violations": wrong}
    finally:
        shop.close()


def median(rounds, key):
    return statistics.median(one[key] for one in rounds)


def compare(version, count):
    rounds = {"page": [], "uprev": []}
    for number in range(count):
        pair = [("page", by_page), ("uprev", by_uprev)]
        for name, run in pair if number % 2 == 0 else reversed(pair):
            rounds[name].append(measure(run, version))
    summary = {name: {key: median(all_of, key) for key in ("seconds", "failed", "downtime_ms")} for name, all_of in rounds.items()}
    summary["ratio"] = round(summary["uprev"]["seconds"] / summary["page"]["seconds"], 3)
    return {"version": version, "rounds": rounds, **summary}


def show(result):
    print(f"1.4.0 -> {result['version']}, medians of {len(result['rounds']['page'])}")
    for name in ("page", "uprev"):
        one = result[name]
        print(f"  {name:<6} {one['seconds']:>7.2f} s   {one['failed']:>5.0f} failed requests   {one['downtime_ms']:>6.0f} ms down")
    print(f"  uprev takes {result['ratio']:.2f} of the page's time (aim: {AIM})", flush=True)
    for name, all_of in result["rounds"].items():
        for one in all_of:
            if one["exit_code"] or one["violations"]:
                print(f"  {name}: exit code {one['exit_code']}, {one['violations']}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--to", nargs="+", default=["1.4.2", "1.5.0", "1.6.0"])
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    results = [compare(version, options.rounds) for version in options.to]
    for result in results:
        show(result)
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n")
    return 0 if all(one["exit_code"] == 0 and not one["violations"] for result in results for one in result["rounds"]["uprev"]) else 1


if __name__ == "__main__":
    sys.exit(main())
