"""A receiver of Vedette's webhooks, with the standard library alone.

    SECRET=whsec_… python stdlib_receiver.py 8080 events.db

It verifies each request, keeps each event once, and answers when the event is on the disk. What is
to be done with it is done after that, by whoever reads the table.
"""

import base64
import hmac
import os
import sqlite3
import sys
import time
from collections.abc import Mapping
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

#: Seconds by which a request may be old or early: nobody can send it again later.
FRESH = 300
#: Octets of a body that are read; an event of any depth is far smaller.
LARGEST = 16 * 1024 * 1024


def is_genuine(key: bytes, headers: Mapping[str, str], body: bytes) -> bool:
    """Tell whether a request is from whoever holds the secret, and fresh (Standard Webhooks)."""
    stamp = headers.get("webhook-timestamp", "")
    if not stamp.isdigit() or abs(time.time() - int(stamp)) > FRESH:
        return False
    signed = f"{headers.get('webhook-id', '')}.{stamp}.".encode() + body
    wanted = "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
    # During a change of the secret there are two signatures.
    given = headers.get("webhook-signature", "").split()
    return any(hmac.compare_digest(wanted.encode(), each.encode()) for each in given)


class Receiver(BaseHTTPRequestHandler):
    """Answers one request."""

    key: bytes
    database: str

    def do_POST(self) -> None:
        """Take an event in: 401 for a stranger, 204 once it is kept."""
        length = int(self.headers.get("content-length", "0"))
        if length > LARGEST:
            return self.answer(413)
        body = self.rfile.read(length)
        headers = {name.lower(): value for name, value in self.headers.items()}
        if not is_genuine(self.key, headers, body):
            return self.answer(401)
        # An error here answers nothing, and Vedette tries again.
        with closing(sqlite3.connect(self.database)) as database, database:
            database.execute(
                "INSERT OR IGNORE INTO event (id, body) VALUES (?, ?)",
                (headers["webhook-id"], body),
            )
        return self.answer(204)

    def answer(self, status: int) -> None:
        """Send a status, and nothing else."""
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()


def main() -> None:
    """Serve for ever."""
    port, Receiver.database = int(sys.argv[1]), sys.argv[2]
    Receiver.key = base64.b64decode(os.environ["SECRET"].removeprefix("whsec_"))
    with closing(sqlite3.connect(Receiver.database)) as database, database:
        database.execute("CREATE TABLE IF NOT EXISTS event (id TEXT PRIMARY KEY, body BLOB)")
    ThreadingHTTPServer(("127.0.0.1", port), Receiver).serve_forever()


if __name__ == "__main__":
    main()
