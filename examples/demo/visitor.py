#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A visitor who never sleeps: `visitor.py PORT FILE` posts ten notes a second until it is told to stop (SIGTERM).

FILE receives one line for each note that the server acknowledged. These must never be lost. At the end it prints how
many requests were answered and how many were not.
"""
import json
import signal
import sys
import time
import urllib.request


def post(port, text):
    body = json.dumps({"text": text}).encode()
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/notes", data=body, timeout=5) as answer:
        return answer.status == 201


def main():
    port, acknowledged = int(sys.argv[1]), open(sys.argv[2], "a", buffering=1, encoding="utf-8")
    stopping = []
    signal.signal(signal.SIGTERM, lambda *_: stopping.append(True))
    answered = failed = 0
    while not stopping:
        text = f"note {answered + failed + 1}"
        try:
            if post(port, text):
                acknowledged.write(text + "\n")
                answered += 1
        except OSError:
            failed += 1
        time.sleep(0.1)
    print(f"{answered} answered, {failed} failed", flush=True)


if __name__ == "__main__":
    main()
