# SPDX-License-Identifier: Apache-2.0
"""A customer who orders and looks at orders all the time, over a new connection each time, and remembers each order that
was acknowledged and each request that failed."""
import http.client
import json
import threading
import time


class Client:
    def __init__(self, installation, pause=0.02, prefix="order"):
        self.ports, self.pause, self.prefix = installation.ports, pause, prefix
        self.acknowledged, self.failures, self.requests = [], [], 0
        self.stopping, self.lock = threading.Event(), threading.Lock()
        self.threads = [threading.Thread(target=work, daemon=True) for work in (self._order, self._look, self._browse)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(30)

    def _ask(self, service, method, path, body=None):
        """The decoded answer, or nothing after noting the failure."""
        connection = http.client.HTTPConnection("127.0.0.1", self.ports[service], timeout=10)
        began, problem = time.monotonic(), ""
        try:
            connection.request(method, path, body)
            answer = connection.getresponse()
            content = answer.read()
            if answer.status in (200, 201):
                return content
            problem = f"status {answer.status} {content[:200]!r}"
        except (OSError, http.client.HTTPException) as error:
            problem = repr(error)
        finally:
            connection.close()
            with self.lock:
                self.requests += 1
                if problem:
                    self.failures.append((began, service, method, path, problem))
        return None

    def _order(self):
        number = 0
        while not self.stopping.wait(self.pause):
            number += 1
            key = f"{self.prefix}-{number}"
            if self._ask("backend", "POST", "/orders", json.dumps({"key": key, "total": number})) is not None:
                self.acknowledged.append(key)

    def _look(self):
        while not self.stopping.wait(self.pause):
            if self.acknowledged:
                self._ask("backend", "GET", f"/orders/{self.acknowledged[-1]}")

    def _browse(self):
        while not self.stopping.wait(self.pause):
            self._ask("storefront", "GET", "/main.js")
            self._ask("admin", "GET", "/")

    def outage_ms(self):
        """From the first to the last failed request; 0 without any."""
        moments = [moment for moment, *_ in self.failures]
        return round((max(moments) - min(moments)) * 1000) if moments else 0
