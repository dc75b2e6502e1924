# SPDX-License-Identifier: Apache-2.0
"""PORT and NOTES_DB, read from `.env` beside this file."""
from pathlib import Path

ENV_FILE = Path(__file__).parent / ".env"


def load():
    pairs = (line.split("=", 1) for line in ENV_FILE.read_text().splitlines() if "=" in line and not line.startswith("#"))
    return {key.strip(): value.strip() for key, value in pairs}


def port():
    return int(load()["PORT"])


def database():
    return load()["NOTES_DB"]
