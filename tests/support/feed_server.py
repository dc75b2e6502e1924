# SPDX-License-Identifier: Apache-2.0
"""A vendor's HTTPS server on loopback, under a certificate authority made for the run. Serves a folder with ranges, and
misbehaves on request: `faults` maps a path to one of the words in FAULTS.
"""
import http.server
import ssl
import subprocess
import threading
import time
from pathlib import Path

import workplace

FAULTS = {"stall", "cut", "html", "error", "endless", "redirect-plain", "truncated-length"}


def make_certificates(folder):
    """ca.pem, server.pem and server.key in `folder`, made once."""
    folder = Path(folder)
    with workplace.locked("certificates"):
        if (folder / "server.pem").exists():
            return folder
        folder.mkdir(parents=True, exist_ok=True)
        run = lambda *words: subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)
        run("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650", "-subj", "/CN=uprev test authority",
            "-addext", "basicConstraints=critical,CA:TRUE", "-keyout", folder / "ca.key", "-out", folder / "ca.pem")
        run("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout", folder / "server.key", "-out", folder / "server.csr")
        (folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        run("x509", "-req", "-in", folder / "server.csr", "-CA", folder / "ca.pem", "-CAkey", folder / "ca.key", "-CAcreateserial",
            "-days", "3650", "-extfile", folder / "names", "-out", folder / "server.pem")
        for name in ("ca.pem", "server.pem"):
            (folder / name).chmod(0o644)
    return folder


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        server = self.server
        path = self.path.split("?")[0]
        server.requests.append((path, dict(self.headers)))
        fault = server.faults.get(path)
        if fault in ("html", "error", "redirect-plain"):
            return self._odd_answer(fault)
        body = server.documents.get(path)
        file = server.folder / path.lstrip("/")
        if body is None and ".." not in path and file.is_file():
            body = file.read_bytes()
        if body is None:
            return self._send(404, b"not found\n", "text/plain")
        self._send_file(body, fault)

    def _odd_answer(self, fault):
        if fault == "html":
            return self._send(200, b"<!doctype html><title>Welcome to the hotel network</title>\n", "text/html")
        if fault == "error":
            return self._send(503, b"busy\n", "text/plain")
        self.send_response(302)
        self.send_header("Location", f"http://127.0.0.1:{self.server.server_port}{self.path}")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send(self, status, body, kind):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _send_file(self, body, fault):
        etag, total = f'"{hash(body) & 0xffffffff:08x}"', len(body)
        start = 0
        wanted = self.headers.get("Range", "")
        if wanted.startswith("bytes=") and self.headers.get("If-Range", etag) == etag:
            start = int(wanted[6:].split("-")[0] or 0)
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("ETag", etag)
        if fault != "endless":
            self.send_header("Content-Length", str(total - start))
        else:
            self.close_connection = True
        self.end_headers()
        self._send_body(body[start:], fault)

    def _send_body(self, body, fault):
        if fault == "cut":  # once: the next request gets everything
            del self.server.faults[self.path.split("?")[0]]
            self.wfile.write(body[: len(body) // 2])
            self.close_connection = True
        elif fault == "truncated-length":
            self.wfile.write(body[: len(body) // 2])
            self.close_connection = True
        elif fault == "stall":
            self.wfile.write(body[: len(body) // 2])
            self.wfile.flush()
            time.sleep(self.server.stall)
            self.close_connection = True
        elif fault == "endless":
            try:
                while not self.server.closing:
                    self.wfile.write(b"x" * 65536)
            except OSError:
                pass
        else:
            self.wfile.write(body)

    def log_message(self, *_):
        pass


class FeedServer:
    """`documents` (path -> bytes) come before files of `folder`."""

    def __init__(self, folder):
        certificates = make_certificates(workplace.cache() / "certificates")
        self.ca_file = certificates / "ca.pem"
        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.http.folder, self.http.documents, self.http.faults = Path(folder), {}, {}
        self.http.requests, self.http.stall, self.http.closing = [], 600, False
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
        self.http.socket = context.wrap_socket(self.http.socket, server_side=True, do_handshake_on_connect=False)
        self.documents, self.faults, self.requests = self.http.documents, self.http.faults, self.http.requests
        self.url = f"https://127.0.0.1:{self.http.server_port}"
        self.thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()

    def close(self):
        self.http.closing = True
        self.http.shutdown()
        self.http.server_close()
