#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A notebook on the web: GET and POST /notes, kept in SQLite; GET /health says which version answers.

Settings come from `.env` beside this file, which the operator owns: PORT and NOTES_DB.
"""
import json
import os
import signal
import sqlite3
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import settings

HERE = Path(__file__).resolve().parent
VERSION = (HERE / "VERSION").read_text().strip()
FEATURES = json.loads((HERE / "features.json").read_text())


def connect():
    connection = sqlite3.connect(settings.database(), timeout=10)
    connection.row_factory = sqlite3.Row
    return connection


def columns(connection):
    return [row["name"] for row in connection.execute("PRAGMA table_info(note)")]


def list_notes():
    with connect() as db:
        return [dict(row) for row in db.execute("SELECT * FROM note ORDER BY id")]


def add_note(body):
    """Writes what this version knows; a column that only a newer version fills stays empty."""
    with connect() as db:
        if "colour" in FEATURES["fields"] and "colour" in columns(db):
            cursor = db.execute("INSERT INTO note (text, colour) VALUES (?, ?)", (body["text"], body.get("colour", "yellow")))
        else:
            cursor = db.execute("INSERT INTO note (text) VALUES (?)", (body["text"],))
        return {"id": cursor.lastrowid, "text": body["text"]}


def health():
    problem = ""
    try:
        list_notes()
        if FEATURES.get("search_index") and not os.path.exists(FEATURES["search_index"]):
            problem = "search index is missing"
    except sqlite3.Error as error:
        problem = f"database: {error}"
    answer = {"ok": not problem, "version": VERSION}
    return answer if not problem else {**answer, "problem": problem}


class Handler(BaseHTTPRequestHandler):
    def reply(self, status, document):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path == "/health":
            answer = health()
            self.reply(200 if answer["ok"] else 503, answer)
        elif self.path == "/notes":
            self.reply(200, list_notes())
        else:
            self.reply(404, {"error": "no such page"})

    def do_POST(self):
        if self.path != "/notes":
            return self.reply(404, {"error": "no such page"})
        try:
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
            self.reply(201, add_note(body))
        except (ValueError, KeyError, TypeError):
            self.reply(400, {"error": 'send {"text": "…"}'})
        except sqlite3.Error as error:
            self.reply(503, {"error": str(error)})

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    allow_reuse_address = True
    daemon_threads = False  # a stop waits for requests in flight


def main():
    server = Server(("127.0.0.1", settings.port()), Handler)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    print(f"notes {VERSION} on port {settings.port()}", flush=True)
    server.serve_forever(poll_interval=0.05)
    server.server_close()


if __name__ == "__main__":
    sys.exit(main())
