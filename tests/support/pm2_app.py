# SPDX-License-Identifier: Apache-2.0
"""The test application of pm2_app.js as far as a program that isn't Node can be it: it outlives PM2's daemon."""
import json
import os
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

VERSION = (Path(__file__).resolve().parent / "VERSION").read_text().strip()


class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"version": VERSION, "pid": os.getpid(), "cwd": os.getcwd()}).encode())

    def log_message(self, *_):
        pass


if os.environ.get("PORT"):
    HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Answer).serve_forever()
while True:
    time.sleep(1)
